//! C601: a key of an image's config that is OCI's but for the case of its letters.

use crate::check::{Asks, Check, Doc, NixView, Report, Rule, Severity};
use crate::edit::Edit;
use crate::image::{self, Builder, ImageCall, Key, Wanted};
use crate::syntax::{AttrPlace, Attrs};

pub static RULE: Rule = Rule {
    code: "C601",
    name: "config-key-case",
    severity: Severity::Error,
    fixable: true,
    asks: Asks::Files,
    doc: Doc {
        what: "A key in the `config` of an image, such as `env`, `cmd` or `exposedPorts`, that OCI spells in another case.",
        why: "OCI's names are `Env`, `Cmd`, `Entrypoint`. dockerTools writes the config into the image as it stands. Some \
              programs that read it do not mind the case, others ignore a key that they do not know; and where dockerTools \
              adds an `Env` of its own, as it does with an image below, the `env` beside it is lost. nix2container \
              happens to read keys without their case.",
        bad: "config = {\n  entrypoint = [ \"/bin/kingfisher\" ];\n  env = [ \"PORT=8080\" ];\n};",
        good: "config = {\n  Entrypoint = [ \"/bin/kingfisher\" ];\n  Env = [ \"PORT=8080\" ];\n};",
        fix: "Write the key as OCI does; `cotter check --fix` does, where no other place of the file may mean the old name. \
              Where both spellings stand in one config, put what is in them together by hand.",
    },
    checks: &[Check::Nix {
        words: image::WORDS,
        run,
    }],
};

fn run(view: &NixView, report: &mut Report) {
    for image in image::images(view.library, view.file) {
        let Some(config) = image.config(view.library) else {
            continue;
        };
        for name in config.names() {
            if let Some(key) = Key::in_other_case(&name).filter(|_| Key::of(&name).is_none()) {
                wrong(view, &image, &config, &name, key, report);
            }
        }
    }
}

fn wrong(
    view: &NixView,
    image: &ImageCall,
    config: &Attrs,
    name: &str,
    key: &Key,
    report: &mut Report,
) {
    let places = config.places_of(name);
    let Some(place) = places.first() else {
        return;
    };
    let Some(at) = view.place_in(&place.file, place.name.clone()) else {
        return;
    };
    let right = key.name;
    let others = config
        .names()
        .into_iter()
        .filter(|other| other != name && (other == right || other.eq_ignore_ascii_case(right)));
    if let Some(other) = others.min() {
        let is_merged = matches!(key.wanted, Wanted::Labels | Wanted::Ports | Wanted::Paths);
        let message = match is_merged {
            // Some readers put both together.
            true => format!(
                "`{name}` beside `{other}`: OCI has only `{right}`, and who keeps to it drops the other"
            ),
            false => format!(
                "`{name}` beside `{other}`: OCI has only `{right}`, so one of the two is lost"
            ),
        };
        report
            .add(at, message)
            .help(format!("put both together as `{right}`"));
        return;
    }
    let message = message(view, image, name, right);
    let added = report.add(at, message).help(format!("write `{right}`"));
    if !is_safe(view, image, config, name, &places) {
        return;
    }
    let mut added = added;
    for place in &places {
        let source = view.source();
        let Some(written) = source.text().get(place.name.clone()) else {
            return;
        };
        let edit = Edit {
            range: place.name.clone(),
            text: written.replace(name, right),
        };
        added = added.fix(source, name, right, edit);
    }
}

fn message(view: &NixView, image: &ImageCall, name: &str, right: &str) -> String {
    let builder = image.builder;
    let adds_its_own =
        builder == Builder::BuildImage || builder.is_docker_tools() && image.has_base(view.library);
    if right == "Env" && adds_its_own {
        format!(
            "`{name}` is `{right}` in OCI: beside the `{right}` that dockerTools adds it is lost"
        )
    } else if builder.is_docker_tools() {
        format!(
            "`{name}` is `{right}` in OCI: dockerTools writes it as it is, for readers that may not know it"
        )
    } else if builder.is_nix2container() {
        format!(
            "`{name}` is `{right}` in OCI: nix2container takes it only because it reads keys without their case"
        )
    } else {
        format!("`{name}` is `{right}` in OCI")
    }
}

/// Whether the name may be changed at `places`: nothing else can mean it there.
fn is_safe(
    view: &NixView,
    image: &ImageCall,
    config: &Attrs,
    name: &str,
    places: &[AttrPlace],
) -> bool {
    let here = view.file.path();
    let text = view.source().text();
    let in_this_file = places.iter().all(|place| place.file == *here);
    // `inherit env;` takes the value by the name.
    let is_inherited = places.iter().any(|place| place.name == place.value);
    if !in_this_file || is_inherited {
        return false;
    }
    let call = image.call.range();
    let is_own = places
        .iter()
        .all(|place| call.start <= place.name.start && place.name.end <= call.end);
    let whole = config.whole().and_then(|(_, range)| text.get(range));
    let is_recursive = whole.is_none_or(|text| text.starts_with("rec"));
    is_own && !is_recursive || text.matches(name).count() == places.len()
}
