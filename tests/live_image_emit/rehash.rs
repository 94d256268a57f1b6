//! Hashes of what is emitted for nix2container, whose default for that tool is fetched by hash: given in `cotter.toml` it
//! is neither fetched nor changed.

use serde_json::Value;

use cotter::image::emit::NIX2CONTAINER;

use crate::support::image_project::Project;
use crate::support::images;

fn project() -> Project {
    let project = Project::new(None, "");
    let dir = project.path().display();
    let spec = format!(
        "[image]\nname = \"registry.example.org/team/tool\"\ncontents = [\"busybox\"]\n[image.source]\nkind = \"binary\"\n\
         pname = \"tool\"\nversion = \"1.4\"\nurl = {{ x86_64-linux = \"file://{dir}/tool-1.4\" }}\n"
    );
    project.write("image.toml", &spec);
    project.write("tool-1.4", "#!/bin/sh\necho tool speaks\n");
    project
}

/// The tool by another name than that under which the tests have it.
fn configuration() -> String {
    format!(
        "[nix]\ninclude = {{ our-tools = \"{}\" }}\nargs = {{ nix2container = \"(import <our-tools> {{ }}).nix2container\" }}\n",
        images::nix2container().display()
    )
}

fn statuses(fods: &Value) -> Vec<(&str, &str)> {
    let fods = fods["fods"].as_array().unwrap().iter();
    let pairs = fods.map(|fod| {
        (
            fod["name"].as_str().unwrap(),
            fod["status"].as_str().unwrap(),
        )
    });
    pairs.collect()
}

#[test]
fn an_argument_of_the_configuration_takes_the_place_of_its_default() {
    let project = project();
    project.write("cotter.toml", &configuration());
    let told = project
        .cotter(&[
            "image",
            "emit",
            "image.toml",
            "--builder",
            "nix2container",
            "--format",
            "json",
        ])
        .expect(0);
    assert_eq!(
        told.json()["next"],
        serde_json::json!(["cotter fod-rehash default.nix"])
    );
    project.stage();
    let nix = images::host();
    let before = project.read("default.nix");
    let run = project
        .cotter_with(&nix, &["fod-rehash", "--format", "json"])
        .expect(0);
    let (pin, tool) = (
        "default:nix2container.sha256",
        "default:app.src.x86_64-linux.hash",
    );
    assert_eq!(
        statuses(&run.json()),
        [(pin, "unreached"), (tool, "updated")]
    );
    let after = project.read("default.nix");
    let changed: Vec<(&str, &str)> = before
        .lines()
        .zip(after.lines())
        .filter(|(old, new)| old != new)
        .collect();
    let [(old, new)] = changed[..] else {
        panic!("{changed:?}");
    };
    assert!(
        old.contains("hash = lib.fakeHash;") && new.contains("hash = \"sha256-"),
        "{old} {new}"
    );
    assert!(
        after.contains(&format!("sha256 = \"{}\"", NIX2CONTAINER.hash())),
        "{after}"
    );
    project.stage();
    project.cotter(&["check", "--all-files"]).expect(0);
    project
        .cotter_with(&nix, &["check", "--all-files", "--eval"])
        .expect(0);
    // The hash is right, and looked into no more.
    project.image(&nix, "nix2container");
    let again = project
        .cotter_with(&nix, &["fod-rehash", "--format", "json"])
        .expect(0)
        .json();
    assert_eq!(again["written"], false);
    assert_eq!(project.read("default.nix"), after);
}

#[test]
fn what_cannot_be_fetched_can_be_given() {
    let project = project();
    project.emit(&["--builder", "nix2container"]);
    // Nothing listens there.
    let text = project
        .read("default.nix")
        .replace("https://github.com/", "http://127.0.0.1:9/");
    project.write("default.nix", &text);
    project.stage();
    let run = project
        .cotter_with(&images::host(), &["fod-rehash"])
        .expect(3);
    run.says(&[
        "127.0.0.1:9",
        "--arg NAME EXPR",
        "`args` in `[nix]` of cotter.toml",
    ]);
    assert_eq!(project.read("default.nix"), text);
}

#[test]
fn a_flake_has_it_as_an_input() {
    let nix = images::host();
    let (nixpkgs, nix2container) = (images::nixpkgs(), images::nix2container());
    for form in ["--flake", "--flake=alone"] {
        let project = project();
        project.write("cotter.toml", &configuration());
        project.emit(&["--builder", "nix2container", form]);
        project.stage();
        project.lock(
            &nix,
            &[("nixpkgs", &nixpkgs), ("nix2container", &nix2container)],
        );
        project.stage();
        project.cotter_with(&nix, &["fod-rehash"]).expect(0);
        project.stage();
        let file = match form {
            "--flake" => "default.nix",
            _ => "flake.nix",
        };
        assert!(!project.read(file).contains("fakeHash"), "{form}");
        project.cotter(&["check", "--all-files"]).expect(0);
        project.flake_image(&nix, "nix2container", "oci-image");
    }
}
