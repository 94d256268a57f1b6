//! The Dockerfile of five lines: an image for each of two architectures, from one machine, with nothing left to decide.

use serde_json::json;

use crate::case::{CA, has_config};
use crate::support::container;
use crate::support::image::Image;
use crate::support::image_project::{BUILDERS, Project};
use crate::support::images;

fn check(image: &Image, architecture: &str, about: &str) {
    assert_eq!(image.config["architecture"], architecture, "{about}");
    assert_eq!(image.config["os"], "linux", "{about}");
    let config = json!({
        "Entrypoint": ["*/bin/python3", "/app/bridge.py"],
        "Env": ["LANG=C.UTF-8", CA],
        "ExposedPorts": { "8080/tcp": {} },
        "WorkingDir": "/app",
    });
    has_config(image, &config, about);
    assert!(image.file("/app/bridge.py").is_some(), "{about}");
}

fn runs(image: &Image, about: &str) {
    if let Err(reason) = container::possible() {
        eprintln!("left out: running {about}: {reason}");
        return;
    }
    let mut container = image.start_apart().unwrap();
    let answer = container.get_apart(8080, "/").unwrap();
    assert_eq!(answer, (200, "the bridge answers\n".to_owned()), "{about}");
}

#[test]
fn the_file_of_five_lines_is_an_image_of_two_architectures() {
    let project = Project::of_dockerfile("python-script");
    let run = project
        .cotter(&["image", "migrate", "Dockerfile"])
        .expect(0);
    assert!(
        run.out.contains("nothing is left to decide: all of 5"),
        "{}",
        run.out
    );
    // What is written at once, beside the spec.
    for nix in images::all() {
        let about = format!("default.nix, {}", nix.name);
        let image = project.image(&nix, "layered");
        check(&image, "amd64", &about);
        runs(&image, &about);
        let of_arm = project.image_with(
            &nix,
            "pkgs = (import <nixpkgs> { }).pkgsCross.aarch64-multiplatform;",
        );
        check(&of_arm, "arm64", &about);
    }
}

#[test]
fn a_flake_of_it_has_both_from_one_machine() {
    let project = Project::of_dockerfile("python-script");
    project
        .cotter(&["image", "migrate", "Dockerfile"])
        .expect(0);
    for builder in BUILDERS {
        project.emit(&["--builder", builder, "--flake"]);
        project.stage();
        for nix in images::all() {
            // That newer Nix evaluates it is enough to be seen once.
            if nix.name != images::host().name && builder != "nix2container" {
                continue;
            }
            for architecture in ["amd64", "arm64"] {
                let about = format!("{builder}, {architecture}, {}", nix.name);
                let output = format!("oci-image-{architecture}");
                let image = project.flake_image(&nix, builder, &output);
                check(&image, architecture, &about);
                if architecture == "amd64" && builder == "nix2container" {
                    runs(&image, &about);
                }
            }
        }
    }
}
