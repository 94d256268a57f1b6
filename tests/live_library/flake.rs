//! The flake: its outputs, and its templates as somebody who starts with one gets them. The inputs are taken from here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::images::{self, Nix};
use crate::support::run_ok;
use crate::support::spork::Scene;

const NIXPKGS: &str = "github:NixOS/nixpkgs/nixos-25.11";
const COTTER: &str = "git+https://git.example.org/team/cotter.git";

struct Flake {
    dir: TempDir,
    nix: Nix,
}

impl Flake {
    /// The repository's flake, with the package set of the tests for its input.
    fn new(nix: Nix) -> Flake {
        let dir = tempfile::tempdir().unwrap();
        let flake = Flake { dir, nix };
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for name in ["Cargo.lock", "Cargo.toml", "README.md", "flake.nix"] {
            fs::copy(root.join(name), flake.path("cotter").join(name)).unwrap();
        }
        for name in ["benches", "nix", "src", "templates"] {
            flake.copy(&root.join(name), "cotter");
        }
        flake.copy(&root.join("fixtures/nixpkgs"), ".");
        flake.take_inputs_from_here("cotter");
        for template in ["script", "spork", "publish"] {
            flake.take_inputs_from_here(&format!("cotter/templates/flake/{template}"));
        }
        flake
    }

    fn path(&self, name: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    }

    fn copy(&self, from: &Path, to: &str) {
        let mut cp = crate::support::command("cp", self.dir.path());
        run_ok(cp.arg("-r").arg(from).arg(self.path(to)), "coreutils");
    }

    fn take_inputs_from_here(&self, dir: &str) {
        let here = |name: &str| format!("path:{}", self.dir.path().join(name).display());
        self.edit(dir, NIXPKGS, &here("nixpkgs"));
        if dir != "cotter" {
            self.edit(dir, COTTER, &here("cotter"));
        }
    }

    fn edit(&self, dir: &str, from: &str, to: &str) {
        let file = self.path(dir).join("flake.nix");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{from} is not in {}", file.display());
        fs::write(file, text.replace(from, to)).unwrap();
    }

    fn nix(&self, args: &[&str]) -> Command {
        let mut nix = self.nix.command("nix");
        nix.args(["--extra-experimental-features", "nix-command flakes"])
            .args(args);
        nix
    }

    /// What `apply` makes of an output, as JSON.
    fn eval(&self, dir: &str, output: &str, apply: &str) -> Value {
        let flake = format!("path:{}#{output}", self.dir.path().join(dir).display());
        // What is applied reads files of the machine.
        let args = [
            "eval",
            "--impure",
            "--json",
            "--no-write-lock-file",
            &flake,
            "--apply",
            apply,
        ];
        serde_json::from_str(&run_ok(&mut self.nix(&args), "nix-bin")).unwrap()
    }

    /// A new project from a template.
    fn begin(&self, template: &str) -> String {
        let project = format!("project-{template}");
        let flake = format!(
            "path:{}#{template}",
            self.dir.path().join("cotter").display()
        );
        let mut init = self.nix(&["flake", "init", "-t", &flake]);
        run_ok(init.current_dir(self.path(&project)), "nix-bin");
        project
    }
}

/// With each Nix.
fn with_each(test: impl Fn(&Flake)) {
    for nix in images::all() {
        test(&Flake::new(nix));
    }
}

#[test]
fn the_library_is_an_output_and_an_overlay() {
    with_each(|flake| {
        let names = flake.eval(
            "cotter",
            "lib",
            "lib: builtins.attrNames (lib // lib.image)",
        );
        let names: Vec<&str> = names
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        for name in [
            "caBundle",
            "mkPublishApps",
            "ociArchitecture",
            "sporkSource",
            "staticServer",
            "tmp",
            "userFiles",
        ] {
            assert!(names.contains(&name), "{names:?}");
        }
        let of_overlay = flake.eval(
        "cotter",
        "overlays.default",
        &format!(
            "overlay: let pkgs = import {} {{ system = \"x86_64-linux\"; overlays = [ overlay ]; }}; in \
             {{ tmp = pkgs.cotterLib.image.tmp.extraCommands; user = (pkgs.cotterLib.image.userFiles {{ uid = 5; }}).user; }}",
            flake.path("nixpkgs").display()
        ),
    );
        assert_eq!(of_overlay["user"], "5:5");
        assert!(of_overlay["tmp"].as_str().unwrap().contains("1777"));
    });
}

#[test]
fn the_package_has_all_that_cargo_asks_for() {
    with_each(|flake| {
        // The set of the tests has no installShellFiles; what is looked at here is the source.
        let expression = format!(
            "let pkgs = import {} {{ }}; in (pkgs.callPackage {}/nix/package.nix {{ installShellFiles = null; }}).src",
            flake.path("nixpkgs").display(),
            flake.path("cotter").display()
        );
        let args = [
            "--eval",
            "--read-write-mode",
            "--json",
            "--expr",
            &format!("\"${{{expression}}}\""),
        ];
        let mut instantiate = flake.nix.command("nix-instantiate");
        let source = run_ok(instantiate.args(args), "nix-bin");
        let source: PathBuf = serde_json::from_str(&source).unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args([
                "metadata",
                "--offline",
                "--no-deps",
                "--format-version",
                "1",
                "--manifest-path",
            ])
            .arg(source.join("Cargo.toml"));
        let metadata: Value = serde_json::from_str(&run_ok(&mut cargo, "cargo")).unwrap();
        assert_eq!(metadata["packages"][0]["name"], "cotter");
        // What the sources take in by `include_str!` is beside them.
        for file in ["src/main.rs", "templates/ci/pre-commit.yaml"] {
            assert!(source.join(file).exists(), "{file}");
        }
    });
}

#[test]
fn the_module_declares_packages_and_apps() {
    // flake-parts is not here: its part, to call the module of each system, is played.
    with_each(|flake| {
        let module = r#"module:
      let
        pkgs = import NIXPKGS { system = "x86_64-linux"; };
        lib = pkgs.lib // { mkMerge = builtins.foldl' (a: b: a // b) { }; };
        perSystem = (module { inherit lib; flake-parts-lib.mkPerSystemOption = declare: declare; }).options.perSystem;
        image = version: {
          inherit version;
          name = "hello"; registry = "registry.example.org/team"; username = "ci"; publish = { };
          architectures = {
            amd64 = pkgs.dockerTools.streamLayeredImage { name = "hello"; };
            arm64 = { dockerfile = NIXPKGS/default.nix; };
          };
        };
        config = images: (perSystem { inherit pkgs; config.cotter = { inherit images; }; }).config;
        names = images: builtins.mapAttrs (_: builtins.attrNames) { inherit (config images) apps packages; };
      in
      { one = names { hello = image "1"; }; two = names { hello = image "1"; other = image "2"; }; }"#;
        let here = flake.path("nixpkgs").display().to_string();
        let module = module.replace("NIXPKGS", &here);
        let found = flake.eval("cotter", "flakeModules.default", &module);
        let apps = [
            "publish",
            "publish-amd64",
            "publish-arm64",
            "publish-index",
            "push-image",
            "stage-amd64",
            "stage-arm64",
            "verify-digest",
        ];
        assert_eq!(found["one"]["apps"], serde_json::json!(apps));
        // A Dockerfile is no package.
        assert_eq!(found["one"]["packages"], serde_json::json!(["hello-amd64"]));
        let of_two = found["two"]["apps"].as_array().unwrap();
        assert_eq!(of_two.len(), 16);
        assert!(of_two.contains(&serde_json::json!("other-publish")));
    });
}

#[test]
fn a_project_of_the_script_template_has_images_and_apps() {
    with_each(|flake| {
        let project = flake.begin("script");
        for (output, has) in [("packages", "hello-arm64"), ("apps", "publish")] {
            let names = flake.eval(
                &project,
                &format!("{output}.x86_64-linux"),
                "builtins.attrNames",
            );
            assert!(
                names.as_array().unwrap().iter().any(|name| name == has),
                "{names}"
            );
        }
        let program = flake.eval(&project, "apps.x86_64-linux.publish.program", "toString");
        assert!(program.as_str().unwrap().ends_with("/bin/publish"));
        let drv = flake.eval(
            &project,
            "packages.x86_64-linux.hello-arm64",
            "image: image.drvPath",
        );
        assert!(drv.as_str().unwrap().ends_with(".drv"));
    });
}

#[test]
fn a_project_of_the_publish_template_has_apps() {
    with_each(|flake| {
        let project = flake.begin("publish");
        let programs = flake.eval(
            &project,
            "apps.x86_64-linux",
            "builtins.mapAttrs (_: app: app.program)",
        );
        assert_eq!(programs.as_object().unwrap().len(), 8);
    });
}

#[test]
fn a_project_of_the_spork_template_builds_its_source_once_it_has_pins() {
    with_each(|flake| {
        let scene = Scene::new();
        let project = flake.begin("spork");
        let none = "0000000000000000000000000000000000000000";
        let url = format!("file://{}", scene.path("srv/kf.git").display());
        flake.edit(&project, "https://git.example.org/team/tool.git", &url);
        flake.edit(
            &project,
            &format!("rev = \"{none}\""),
            &format!("rev = \"{}\"", scene.rev("feature/local/two")),
        );
        flake.edit(&project, none, &scene.rev("main"));
        let installable = format!("path:{}#source", flake.dir.path().join(&project).display());
        let out = flake.path("built").join("result");
        let mut build = flake.nix(&["build", "--no-write-lock-file", &installable, "--out-link"]);
        run_ok(build.arg(&out), "nix-bin");
        let two = fs::read_to_string(out.join("extra/two.txt")).unwrap();
        assert_eq!(two, "two\n");
    });
}
