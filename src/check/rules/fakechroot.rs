//! C608: an image that is made with proot, which macOS does not have.

use crate::check::{Asks, Check, Doc, NixView, Report, Rule, Severity};
use crate::image;
use crate::syntax::Value;

pub static RULE: Rule = Rule {
    code: "C608",
    name: "fakechroot",
    severity: Severity::Warning,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "`enableFakechroot = true` of a layered image.",
        why: "It runs `fakeRootCommands` under proot, which is not portable to macOS: nixpkgs refuses to evaluate the image \
              with a Darwin package set. Plain `fakeRootCommands` work everywhere.",
        bad: "pkgs.dockerTools.buildLayeredImage {\n  name = \"kingfisher\";\n  fakeRootCommands = \"mkdir -p /data && chown 1000 /data\";\n  enableFakechroot = true;\n}",
        good: "pkgs.dockerTools.buildLayeredImage {\n  name = \"kingfisher\";\n  fakeRootCommands = \"mkdir -p ./data && chown 1000 ./data\";\n}",
        fix: "Leave it out and write paths relative to the image's root: `./data` for `/data`.",
    },
    checks: &[Check::Nix {
        words: &["enableFakechroot"],
        run,
    }],
};

fn run(view: &NixView, report: &mut Report) {
    const NAME: &str = "enableFakechroot";
    for image in image::images(view.library, view.file) {
        // A builder that does not take it is another rule's.
        let is_on = matches!(image.arguments.get(view.library, NAME), Value::Bool(true));
        if !is_on || !image.builder.takes(NAME) {
            continue;
        }
        let place = image.arguments.place_of(NAME);
        if let Some(place) = place.and_then(|at| view.place_in(&at.file, at.value)) {
            report
                .add(place, "`enableFakechroot = true`, with which the image cannot be built on macOS")
                .help("leave it out, and write paths in `fakeRootCommands` relative to the image's root: `./data`");
        }
    }
}
