//! Flakes that are emitted: beside `default.nix`, alone, and for several systems from one machine.

use crate::support::image_project::Project;
use crate::support::images::{self, Nix};
use crate::support::run;

const SPEC: &str = "[image]\nname = \"registry.example.org/team/answer\"\ntag = \"1\"\nsystems = [\"x86_64-linux\", \"aarch64-linux\"]\ncross = \"pkgs-cross\"\n\
                    [image.source]\nkind = \"python\"\npath = \"answer.py\"\n";

#[test]
fn a_flake_has_an_image_for_every_architecture() {
    for builder in ["layered", "nix2container"] {
        for form in ["--flake", "--flake=alone"] {
            let project = Project::new(Some("python"), SPEC);
            project.emit(&["--builder", builder, form]);
            assert_eq!(project.file("default.nix").exists(), form == "--flake");
            project.stage();
            for nix in images::all() {
                for (output, architecture) in [
                    ("oci-image", "amd64"),
                    ("oci-image-amd64", "amd64"),
                    ("oci-image-arm64", "arm64"),
                ] {
                    let image = project.flake_image(&nix, builder, output);
                    assert_eq!(
                        image.config["architecture"], architecture,
                        "{builder} {form} {output}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_package_of_the_flake_is_handed_over() {
    let spec = "[image]\nname = \"registry.example.org/team/answer\"\ntag = \"1\"\n[image.source]\nkind = \"package\"\noutput = \"greet\"\nprogram = \"greet\"\n";
    let project = Project::new(None, spec);
    project.emit(&[]);
    // A flake of one's own takes the emitted function.
    project.write(
        "flake.nix",
        "{\n  outputs =\n    { nixpkgs, self }:\n    let\n      pkgs = nixpkgs.legacyPackages.x86_64-linux;\n    in\n    {\n      packages.x86_64-linux = {\n        \
         greet = pkgs.writeShellScriptBin \"greet\" \"echo good day\";\n        oci-image = import ./default.nix {\n          inherit pkgs;\n          package = \
         self.packages.x86_64-linux.greet;\n        };\n      };\n    };\n}\n",
    );
    project.stage();
    let nix = images::host();
    let image = project.flake_image(&nix, "layered", "oci-image");
    assert!(
        image.setting("Entrypoint")[0]
            .as_str()
            .unwrap()
            .ends_with("/bin/greet")
    );
}

#[test]
fn another_system_is_refused_with_a_hint() {
    let spec = "[image]\nname = \"registry.example.org/team/answer\"\ntag = \"1\"\n[image.source]\nkind = \"python\"\npath = \"answer.py\"\n";
    let project = Project::new(Some("python"), spec);
    project.emit(&[]);
    let expression = format!(
        "import {} {{ pkgs = import <nixpkgs> {{ system = \"aarch64-linux\"; }}; }}",
        project.path().display()
    );
    let error = images::host().build_expression(&expression).unwrap_err();
    assert!(
        error.contains("this image is for x86_64-linux, not for aarch64-linux"),
        "{error}"
    );
}

/// `nix run` of an app, with the package sets of the tests; what it printed.
fn run_app(nix: &Nix, project: &Project, app: &str, arguments: &[&str]) -> String {
    let mut command = nix.command("nix");
    command.args([
        "run",
        "--impure",
        "--no-write-lock-file",
        "--override-input",
        "nixpkgs",
    ]);
    command.arg(format!("path:{}", images::nixpkgs().display()));
    command
        .arg(format!("{}#{app}", project.path().display()))
        .arg("--")
        .args(arguments);
    let output = run(&mut command, "nix-bin");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{app}: {}{}",
        said(&output.stdout),
        said(&output.stderr)
    );
    said(&output.stdout) + &said(&output.stderr)
}

#[test]
fn a_flake_comes_with_what_publishes_it() {
    let spec = SPEC.replace("tag = \"1\"", "tag = \"1.2.3\"").replace(
        "[image.source]",
        "[image.publish]\nusername = \"ci\"\n[image.source]",
    );
    let project = Project::new(Some("python"), &spec);
    project.emit(&["--flake"]);
    project
        .cotter(&["check", "--all-files", "--rule", "C609"])
        .expect(0);
    project.stage();
    let nix = images::host();
    let staged = run_app(&nix, &project, "stage-arm64", &[]);
    assert!(staged.contains("arm64"), "{staged}");
    // Nothing is asked of a registry, and both architectures are there.
    let digests = run_app(&nix, &project, "verify-digest", &[]);
    assert_eq!(digests.matches("sha256:").count(), 2, "{digests}");
    assert!(
        digests.contains("amd64") && digests.contains("arm64"),
        "{digests}"
    );
}
