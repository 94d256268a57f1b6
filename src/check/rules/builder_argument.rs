//! C604: an argument that the function that builds an image does not take, or not with this value.

use crate::check::{Asks, Check, Doc, NixView, Report, Rule, Severity};
use crate::image::{self, Builder, ImageCall, Key};
use crate::syntax::{Shape, Value};

pub static RULE: Rule = Rule {
    code: "C604",
    name: "builder-argument",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "An argument that dockerTools.buildLayeredImage, streamLayeredImage or buildImage, or nix2container's \
               buildImage or buildLayer does not have; and values and pairs of arguments that it refuses.",
        why: "The builders look alike and take different arguments: what is `contents` for one is `copyToRoot` for \
              another, `architecture` is `arch`. Each refuses what it does not know, but only when somebody evaluates \
              the image, which for a container that is rarely built may be weeks later.",
        bad: "pkgs.dockerTools.buildLayeredImage {\n  name = \"registry.example.org/team/kingfisher\";\n  copyToRoot = [ pkgs.cacert ];\n}",
        good: "pkgs.dockerTools.buildLayeredImage {\n  name = \"registry.example.org/team/kingfisher\";\n  contents = [ pkgs.cacert ];\n}",
        fix: "Give the argument the name that this builder has for it, or build the image with the other one.",
    },
    checks: &[Check::Nix {
        words: image::WORDS,
        run,
    }],
};

fn run(view: &NixView, report: &mut Report) {
    for image in image::images(view.library, view.file) {
        unknown(view, &image, report);
        contents(view, &image, report);
        created(view, &image, report);
    }
}

fn unknown(view: &NixView, image: &ImageCall, report: &mut Report) {
    let builder = image.builder;
    for name in image.arguments.names() {
        if builder.takes(&name) {
            continue;
        }
        let place = image.arguments.place_of(&name);
        let Some(place) = place.and_then(|at| view.place_in(&at.file, at.name)) else {
            continue;
        };
        let message = format!("`{name}` is no argument of {}", builder.name());
        report.add(place, message).help(instead(builder, &name));
    }
}

/// What to do in place of giving `builder` the argument `name`.
fn instead(builder: Builder, name: &str) -> String {
    use Builder::{
        BuildImage, LayeredImage, Nix2Container, Nix2ContainerLayer, StreamLayeredImage,
    };
    let text = match (builder, name) {
        (LayeredImage | StreamLayeredImage, "copyToRoot" | "deps" | "paths") => {
            "call it `contents`"
        }
        (LayeredImage | StreamLayeredImage | BuildImage, "arch") => "call it `architecture`",
        (LayeredImage | StreamLayeredImage | BuildImage, "layers") => {
            "leave it out: only nix2container takes layers"
        }
        (LayeredImage | StreamLayeredImage, "runAsRoot") => {
            "use `fakeRootCommands`, or dockerTools.buildImage, which has it"
        }
        (
            LayeredImage | StreamLayeredImage,
            "keepContentsDirlinks"
            | "diskSize"
            | "buildVMMemorySize"
            | "fromImageName"
            | "fromImageTag",
        ) => "leave it out: only dockerTools.buildImage takes it",
        (StreamLayeredImage, "compressor") => {
            "compress what the script writes, or use dockerTools.buildLayeredImage, which has it"
        }
        (BuildImage, "fakeRootCommands" | "enableFakechroot") => {
            "use `runAsRoot`, or dockerTools.buildLayeredImage, which has it"
        }
        (BuildImage, "maxLayers" | "mtime" | "uname" | "gname" | "includeStorePaths") => {
            "leave it out, or use dockerTools.buildLayeredImage, which has it"
        }
        (Nix2Container, "architecture") => "call it `arch`",
        (Nix2Container, "deps") => "give it to nix2container.buildLayer, and the layer to `layers`",
        (Nix2Container | Nix2ContainerLayer, "uid" | "gid" | "uname" | "gname") => {
            "say it in `perms`, with the path that it is about"
        }
        (
            Nix2Container | Nix2ContainerLayer,
            "extraCommands" | "fakeRootCommands" | "runAsRoot" | "enableFakechroot",
        ) => {
            "make the files in a derivation, give that to `copyToRoot`, and modes and owners to `perms`"
        }
        (Nix2Container, "includeNixDB") => "use `initializeNixDatabase`",
        (Nix2ContainerLayer, "config" | "name" | "tag" | "created" | "arch" | "fromImage") => {
            "give it to nix2container.buildImage: a layer has none"
        }
        _ if Key::of(name).is_some() || Key::in_other_case(name).is_some() => {
            "put it into `config`, which holds what the image is run with"
        }
        _ => {
            let arguments = builder.arguments().join(", ");
            return format!("it takes {arguments}");
        }
    };
    text.to_owned()
}

/// `contents` where it is going away, or where it contradicts `copyToRoot`.
fn contents(view: &NixView, image: &ImageCall, report: &mut Report) {
    let is_given = |name: &str| {
        image.arguments.has(view.library, name)
            && !matches!(image.arguments.get(view.library, name), Value::Null)
    };
    let takes_both = image.builder.takes("contents") && image.builder.takes("copyToRoot");
    if !takes_both || !is_given("contents") {
        return;
    }
    let place = image.arguments.place_of("contents");
    let Some(place) = place.and_then(|at| view.place_in(&at.file, at.name)) else {
        return;
    };
    let builder = image.builder.name();
    // Of two values of which one may be null nothing is known.
    let is_certain = |name: &str| {
        let value = image.arguments.expression(view.library, name);
        value.is_some_and(|value| {
            let call = value.call(view.library);
            value.shape(view.library) == Shape::List
                || call.is_some_and(|call| {
                    matches!(call.function.as_str(), "buildEnv" | "symlinkJoin")
                })
        })
    };
    if is_given("copyToRoot") && is_certain("copyToRoot") && is_certain("contents") {
        let message = format!("`contents` beside `copyToRoot`, which {builder} refuses");
        report
            .add(place, message)
            .help("put all of it into `copyToRoot`");
    } else if image.builder.is_nix2container() {
        let message = format!("`contents` of {builder} is deprecated, and will be removed");
        report
            .add(place, message)
            .help("call it `copyToRoot`; what belongs into `/bin` goes through buildEnv");
    }
}

/// nix2container reads the time as RFC 3339; dockerTools knows `now` too.
fn created(view: &NixView, image: &ImageCall, report: &mut Report) {
    if !image.builder.is_nix2container() || !image.builder.takes("created") {
        return;
    }
    let Some(text) = image.arguments.get(view.library, "created").text() else {
        return;
    };
    let value = text.value();
    if is_rfc3339(&value) {
        return;
    }
    let place = image.arguments.place_of("created");
    let Some(place) = place.and_then(|at| view.place_in(&at.file, at.value)) else {
        return;
    };
    let message = format!("`{value}` is no RFC 3339 time, as nix2container wants it for `created`");
    report.add(place, message).help(
        "write a time such as `2024-05-13T09:31:10Z`, or leave it out: the image is then the same every time",
    );
}

fn is_rfc3339(text: &str) -> bool {
    let Ok(time) = text.parse::<toml::value::Datetime>() else {
        return false;
    };
    time.date.is_some() && time.time.is_some() && time.offset.is_some() && text.contains('T')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for good in ["2024-05-13T09:31:10Z", "2024-05-13T09:31:10.5+02:00"] {
            assert!(is_rfc3339(good), "{good}");
        }
        for bad in [
            "now",
            "",
            "2024-05-13",
            "2024-05-13T09:31:10",
            "2024-05-13 09:31:10Z",
            "20240513093110",
        ] {
            assert!(!is_rfc3339(bad), "{bad}");
        }
    }
}
