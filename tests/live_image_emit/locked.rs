//! Flakes as they come from `image emit`, and once what it says is left to do was done: `check` finds nothing.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::folder;
use crate::support::image_project::Project;
use crate::support::images;

const SPEC: &str = "[image]\nname = \"registry.example.org/team/answer\"\ntag = \"1\"\nsystems = [\"x86_64-linux\", \"aarch64-linux\"]\ncross = \"pkgs-cross\"\n\
                    [image.publish]\nusername = \"ci\"\n[image.source]\nkind = \"python\"\npath = \"answer.py\"\n";

const LIBRARY: &str = "git+https://git.example.org/team/cotter.git";

/// The flake that `--lib` takes, as far as it is the library.
fn library(dir: &TempDir) -> PathBuf {
    let (root, to) = (
        Path::new(env!("CARGO_MANIFEST_DIR")),
        dir.path().join("cotter"),
    );
    for part in ["nix", "templates/flake"] {
        folder::copy(&root.join(part), &to.join(part));
    }
    std::fs::copy(root.join("flake.nix"), to.join("flake.nix")).unwrap();
    to
}

fn codes(findings: &Value) -> Vec<&str> {
    let findings = findings["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| finding["code"].as_str().unwrap())
        .collect()
}

#[test]
fn a_flake_is_clean_when_it_is_locked() {
    let dir = tempfile::tempdir().unwrap();
    let (library, nixpkgs, nix2container) =
        (library(&dir), images::nixpkgs(), images::nix2container());
    let nix = images::host();
    for builder in ["layered", "nix2container"] {
        for form in [
            &["--flake"][..],
            &["--flake=alone"],
            &["--flake", "--lib", LIBRARY],
            &["--flake=alone", "--lib", LIBRARY],
        ] {
            let about = format!("{builder} {form:?}");
            let project = Project::new(Some("python"), SPEC);
            project.stage();
            let arguments = [
                &[
                    "image",
                    "emit",
                    "image.toml",
                    "--builder",
                    builder,
                    "--format",
                    "json",
                ],
                form,
            ]
            .concat();
            let told = project.cotter(&arguments).expect(0).json();
            let next: Vec<&str> = told["next"]
                .as_array()
                .unwrap()
                .iter()
                .map(|step| step.as_str().unwrap())
                .collect();
            let [add, lock, add_lock] = next[..] else {
                panic!("{about}: {told}");
            };
            assert!(
                add.starts_with("git add ") && add.contains("flake.nix"),
                "{about}: {add}"
            );
            assert_eq!(
                (lock, add_lock),
                ("nix flake lock", "git add flake.lock"),
                "{about}"
            );
            let unlocked = project
                .cotter(&["check", "--all-files", "--format", "json"])
                .expect(1)
                .json();
            assert_eq!(codes(&unlocked), ["C401"], "{about}");

            project.git(add);
            let mut inputs = vec![("nixpkgs", nixpkgs.as_path())];
            if builder == "nix2container" {
                inputs.push(("nix2container", nix2container.as_path()));
            }
            if form.contains(&"--lib") {
                inputs.push(("cotter", library.as_path()));
            }
            project.lock(&nix, &inputs);
            project.git(add_lock);
            project.cotter(&["check", "--all-files"]).expect(0);
            // Nothing is left, and the lock file is one that Nix takes.
            let again = project.cotter(&arguments).expect(0).json();
            assert_eq!(again["next"], json!([]), "{about}");
            let outputs = [
                ".#packages.x86_64-linux.oci-image-arm64.drvPath",
                ".#apps.x86_64-linux.publish.program",
            ];
            for output in outputs {
                let mut eval = nix.command("nix");
                eval.current_dir(project.path()).args([
                    "eval",
                    "--raw",
                    "--no-update-lock-file",
                    output,
                ]);
                crate::support::run_ok(&mut eval, "nix-bin");
            }
        }
    }
}

#[test]
fn another_input_is_locked_anew() {
    let project = Project::new(Some("python"), SPEC);
    project.emit(&["--flake"]);
    project.stage();
    let (nixpkgs, nix2container) = (images::nixpkgs(), images::nix2container());
    project.lock(&images::host(), &[("nixpkgs", &nixpkgs)]);
    project.stage();
    let run = project
        .cotter(&[
            "image",
            "emit",
            "image.toml",
            "--flake",
            "--builder",
            "nix2container",
        ])
        .expect(0);
    assert!(run.out.ends_with("next: nix flake lock\n"), "{}", run.out);
    project.lock(
        &images::host(),
        &[("nixpkgs", &nixpkgs), ("nix2container", &nix2container)],
    );
    project.cotter(&["check", "--all-files"]).expect(0);
}
