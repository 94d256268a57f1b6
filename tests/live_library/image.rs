//! The parts of images, in images that each Nix builds, read back and run.

use serde_json::json;

use crate::support::container::{Container, free_port, possible};
use crate::support::image::Image;
use crate::support::images;

/// An attribute of `image.nix`, with the server at a port.
fn expression(attribute: &str, port: u16) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    format!(
        "(import {root}/tests/live_library/image.nix {{ library = {root}/nix; port = {port}; }}).{attribute}"
    )
}

/// A container of the image; `None` where the machine runs none at all.
fn started(image: &Image) -> Option<Container> {
    match image.start(&[]) {
        Ok(container) => Some(container),
        Err(why) => {
            let reason = possible().expect_err(&why);
            eprintln!("not run: {reason}");
            None
        }
    }
}

#[test]
fn a_layered_image_has_a_user_a_tmp_certificates_and_a_server() {
    for nix in images::all() {
        let port = free_port();
        let image = nix.image(&expression("application", port)).unwrap();
        assert_eq!(
            image.text("/etc/passwd").unwrap(),
            "root:x:0:0:root:/root:/bin/sh\napp:x:1000:100:app:/data:/bin/sh\n"
        );
        assert_eq!(image.text("/etc/group").unwrap(), "root:x:0:\napp:x:100:\n");
        assert_eq!(image.owner("/tmp"), Some((0o1777, 0, 0)));
        assert_eq!(image.setting("User"), "1000:100");
        assert_eq!(
            image.setting("ExposedPorts"),
            &json!({ format!("{port}/tcp"): {} })
        );
        assert_eq!(image.setting("StopSignal"), "SIGQUIT");
        for (at, name) in ["SSL_CERT_FILE=", "NIX_SSL_CERT_FILE="].iter().enumerate() {
            let variable = image.setting("Env")[at].as_str().unwrap();
            let bundle = variable.strip_prefix(name).unwrap();
            assert!(image.text(bundle).unwrap().contains("BEGIN CERTIFICATE"));
        }
        let Some(mut server) = started(&image) else {
            continue;
        };
        for (path, body) in [
            ("/", "home\n"),
            ("/sub/page.html", "sub\n"),
            ("/route/of/the/application", "home\n"),
        ] {
            assert_eq!(server.get(port, path).unwrap(), (200, body.to_owned()));
        }
    }
}

#[test]
fn a_server_without_a_fallback_has_nothing_where_nothing_is() {
    let port = free_port();
    let image = images::host().image(&expression("files", port)).unwrap();
    if let Some(mut server) = started(&image) {
        assert_eq!(server.get(port, "/").unwrap().0, 200);
        assert_eq!(server.get(port, "/nothing").unwrap().0, 404);
    }
}

#[test]
fn an_image_of_nix2container_has_a_tmp() {
    for nix in images::all() {
        let image = nix.image(&expression("nix2container", 8081)).unwrap();
        assert_eq!(image.owner("/tmp").unwrap().0, 0o1777, "{}", nix.name);
    }
}

#[test]
fn architectures_have_the_names_of_oci() {
    let named = images::host().evaluate(&expression("architectures", 8081));
    assert_eq!(named.unwrap(), json!(["amd64", "arm64", "arm"]));
}

#[test]
fn wrong_arguments_are_named() {
    for (attribute, words) in [
        ("darwin", "no image has programs for `aarch64-darwin`"),
        ("root", "root is there anyway"),
        ("uid", "root is there anyway"),
        ("name", "a user's name"),
        ("home", "a home is an absolute path"),
        ("port", "from 1024 to 65535"),
        ("fallback", "a path below root"),
    ] {
        for nix in images::all() {
            let wrong = expression(&format!("wrong.{attribute}"), 8081);
            let said = nix.evaluate(&wrong).unwrap_err();
            assert!(said.contains(words), "{attribute}: {said}");
        }
    }
}
