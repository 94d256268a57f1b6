//! The package sets of `fixtures/` themselves: each builder that the tests of images rely on builds with the host's Nix
//! and with a newer one, refuses what the real one refuses, and gives images that are read back and run.
//! Needs Nix, skopeo, umoci, runc, and what `scripts/image-tools.sh` installs.

#[path = "../support/mod.rs"]
mod support;

mod basics;
mod docker;
mod languages;
mod nix2container;

use support::container::Container;
use support::image::Image;

/// Starts a container of the image with `PORT` set and gives what it answers; where the machine runs no containers it
/// says why, and there is nothing to compare.
fn assert_answers(image: &Image, expected: &str) {
    let port = support::container::free_port();
    match image.start(&[("PORT", &port.to_string())]) {
        Ok(mut container) => assert_body(&mut container, port, expected),
        Err(why) => say_why_not(&why),
    }
}

fn assert_body(container: &mut Container, port: u16, expected: &str) {
    let (status, body) = container.get(port, "/").unwrap();
    assert_eq!((status, body.trim_end()), (200, expected));
}

/// What a container of the image prints with this command line; `None` where the machine runs none.
fn printed(image: &Image, args: Option<&[&str]>) -> Option<String> {
    match image.run(args) {
        Ok(said) => {
            assert!(said.success, "{said:?}");
            Some(said.stdout)
        }
        Err(why) => {
            say_why_not(&why);
            None
        }
    }
}

/// Only where no container runs at all may a test go on without.
fn say_why_not(why: &str) {
    let reason = support::container::possible().expect_err(why);
    eprintln!("not run: {reason}");
}
