//! Flakes that are emitted: beside `default.nix`, alone, and for several systems from one machine.

use crate::project::Project;
use crate::support::image::Image;
use crate::support::images::{self, Nix};

const SPEC: &str = "[image]\nname = \"registry.example.org/team/answer\"\ntag = \"1\"\nsystems = [\"x86_64-linux\", \"aarch64-linux\"]\ncross = \"pkgs-cross\"\n\
                    [image.source]\nkind = \"python\"\npath = \"answer.py\"\n";

fn read(nix: &Nix, project: &Project, builder: &str, output: &str) -> Image {
    let inputs: &[&str] = match builder {
        "nix2container" => &["nixpkgs", "nix2container"],
        _ => &["nixpkgs"],
    };
    let flake = |attribute: &str| format!("{}#{attribute}", project.path().display());
    let built = nix
        .build_flake(&flake(output), inputs)
        .unwrap_or_else(|e| panic!("{output}: {e}"));
    match Image::is_nix2container(&built) {
        true => {
            let copy = nix
                .build_flake(&flake(&format!("{output}.copyTo")), inputs)
                .unwrap();
            Image::copied_by(&copy.join("bin/copy-to")).unwrap()
        }
        false => Image::read(&built).unwrap(),
    }
}

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
                    let image = read(&nix, &project, builder, output);
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
    let image = read(&nix, &project, "layered", "oci-image");
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
