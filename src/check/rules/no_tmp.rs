//! C606: an image for a user who is not root, and in which nobody made `/tmp`.

use crate::check::{Asks, Check, Doc, NixView, Report, Rule, Severity};
use crate::image::{self, ImageCall};

pub static RULE: Rule = Rule {
    code: "C606",
    name: "no-tmp",
    severity: Severity::Warning,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "An image whose `User` is not root, with no `/tmp` that this user may write to.",
        why: "An image that Nix makes has no `/tmp` unless something puts it there, and a user who is not root cannot make \
              it. What needs a temporary file fails then, often only under load: uploads, spooled requests, caches.",
        bad: "dockerTools.buildLayeredImage {\n  name = \"linnet\";\n  contents = [ site ];\n  config.User = \"65534\";\n}",
        good: "dockerTools.buildLayeredImage {\n  name = \"linnet\";\n  contents = [ site ];\n  extraCommands = \"mkdir -m 1777 tmp\";\n  config.User = \"65534\";\n}",
        fix: "Make it: `extraCommands = \"mkdir -m 1777 tmp\"`, with nix2container a folder in `copyToRoot` and `perms` for \
              it; or mount a volume there and say so with `TMPDIR`.",
    },
    checks: &[Check::Nix {
        words: image::WORDS,
        run,
    }],
};

fn run(view: &NixView, report: &mut Report) {
    // Whoever speaks of it, in whatever way, has thought of it.
    if view.source().text().to_ascii_lowercase().contains("tmp") {
        return;
    }
    for image in image::images(view.library, view.file) {
        let Some(user) = image.user(view.library) else {
            continue;
        };
        if !image.builder.makes_image() || is_root(&user) || may_have_tmp(view, &image) {
            continue;
        }
        let place = image
            .config(view.library)
            .and_then(|config| config.place_of("User"));
        if let Some(place) = place.and_then(|at| view.place_in(&at.file, at.value)) {
            report
                .add(
                    place,
                    format!("the user `{user}` has no /tmp in this image"),
                )
                .help("make it with mode 1777, by `extraCommands` or `perms`");
        }
    }
}

fn is_root(user: &str) -> bool {
    let name = user.split(':').next().unwrap_or_default();
    matches!(name, "" | "0" | "root")
}

fn may_have_tmp(view: &NixView, image: &ImageCall) -> bool {
    image.has_base(view.library)
        || image.arguments.may_hold_more()
        || image.contents(view.library).is_open
}
