//! C603: a value of an image's config that has not the shape that its key wants.

use crate::check::{Asks, Check, Doc, NixView, Report, Rule, Severity};
use crate::edit::Edit;
use crate::image::{self, Key, Port, Wanted, port};
use crate::syntax::{Attrs, Element, Shape};

/// No config that a person wrote has more in one list or set; of what goes on, the beginning is told.
const MOST_ENTRIES: usize = 200;

pub static RULE: Rule = Rule {
    code: "C603",
    name: "config-shape",
    severity: Severity::Error,
    fixable: true,
    asks: Asks::Files,
    doc: Doc {
        what: "A value in the `config` of an image of another shape than its key has: `ExposedPorts` or `Volumes` as a list, \
               `Env` as a set, `Cmd` or `Entrypoint` as a string, `User` as a number, an `Env` entry without `=`, a port \
               that is none.",
        why: "dockerTools writes whatever it is given. What is wrong comes up when the image is loaded, pushed or run, with a \
              message of Docker's or the registry's that does not name the Nix file.",
        bad: "config = {\n  Cmd = \"/bin/kingfisher\";\n  Env = { PORT = \"8080\"; };\n  ExposedPorts = [ \"8080/tcp\" ];\n};",
        good: "config = {\n  Cmd = [ \"/bin/kingfisher\" ];\n  Env = [ \"PORT=8080\" ];\n  ExposedPorts = { \"8080/tcp\" = { }; };\n};",
        fix: "Write it as in the example. `cotter check --fix` does where there is one way only: it quotes a number, and makes \
              a list of a command that is one word.",
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
            if let Some(key) = Key::of(&name).or_else(|| Key::in_other_case(&name)) {
                let looked = Looked {
                    view,
                    config: &config,
                    name: &name,
                    key,
                };
                looked.at(report);
            }
        }
    }
}

/// A key of a config that is looked at.
struct Looked<'a> {
    view: &'a NixView<'a>,
    config: &'a Attrs,
    /// As it is written.
    name: &'a str,
    key: &'static Key,
}

impl Looked<'_> {
    fn at(&self, report: &mut Report) {
        let library = self.view.library;
        // `ExposedPorts."8080/tcp" = { };` has no expression of its own.
        if let Some(value) = self.config.expression(library, self.name) {
            let shape = value.shape(library);
            if !fits(self.key.wanted, shape) {
                return self.whole(&value, shape, report);
            }
            if matches!(self.key.wanted, Wanted::Texts | Wanted::Environment) {
                self.items(&value, report);
            }
        }
        if matches!(
            self.key.wanted,
            Wanted::Labels | Wanted::Ports | Wanted::Paths
        ) {
            self.entries(report);
        }
    }

    /// The value as a whole has the wrong shape.
    fn whole(&self, value: &Element, shape: Shape, report: &mut Report) {
        // Where it is given to the key: what a name stands for may be right elsewhere.
        let at = self.config.place_of(self.name);
        let place = at.and_then(|at| self.view.place_in(&at.file, at.value));
        let (Some(place), Some(found)) = (place, noun(shape)) else {
            return;
        };
        let name = self.name;
        let wanted = self.key.wanted;
        let message = format!(
            "`{name}` is {found}, where {} is wanted",
            wanted_noun(wanted)
        );
        let added = report.add(place, message).help(example(self.key));
        let text = match (wanted, shape) {
            (Wanted::Text, Shape::Number) => self.in_quotes(value),
            // One with a space may be several words, or a line for a shell.
            (Wanted::Texts, Shape::Text) if self.is_one_word(value) => {
                self.written(value).map(|text| format!("[ {text} ]"))
            }
            _ => None,
        };
        if let (Some(text), true) = (text, self.is_own(value)) {
            let source = value.file().source();
            let old = self.written(value).unwrap_or_default().to_owned();
            let edit = Edit {
                range: value.range(),
                text: text.clone(),
            };
            added.fix(source, &old, &text, edit);
        }
    }

    /// The elements of a list of strings.
    fn items(&self, list: &Element, report: &mut Report) {
        let library = self.view.library;
        for item in list.elements(library).items.into_iter().take(MOST_ENTRIES) {
            let shape = item.shape(library);
            let Some(place) = self.view.place_in(item.file().path(), item.range()) else {
                continue;
            };
            let name = self.name;
            if matches!(shape, Shape::Number | Shape::Bool | Shape::List)
                || self.is_plain_set(&item, shape)
            {
                let Some(found) = noun(shape) else {
                    continue;
                };
                let message = format!("{found} in `{name}`, which is a list of strings");
                let added = report.add(place, message).help(example(self.key));
                if let (Wanted::Texts, Shape::Number, Some(text)) =
                    (self.key.wanted, shape, self.in_quotes(&item))
                {
                    let old = self.written(&item).unwrap_or_default().to_owned();
                    let edit = Edit {
                        range: item.range(),
                        text: text.clone(),
                    };
                    added.fix(item.file().source(), &old, &text, edit);
                }
            } else if self.key.wanted == Wanted::Environment
                && let Some(entry) = known(item.pieces(library))
                && !entry.contains('=')
            {
                let message = format!("`{entry}` in `{name}` has no `=`");
                report
                    .add(place, message)
                    .help("write `NAME=value`; an empty value is `NAME=`");
            }
        }
    }

    /// What is in a set: labels, ports or paths.
    fn entries(&self, report: &mut Report) {
        let library = self.view.library;
        let Some(set) = self.config.set(library, self.name) else {
            return;
        };
        let name = self.name;
        for entry in set.names().into_iter().take(MOST_ENTRIES) {
            let Some(at) = set.place_of(&entry) else {
                continue;
            };
            if self.key.wanted == Wanted::Ports && port(&entry) == Port::Bad {
                let Some(place) = self.view.place_in(&at.file, at.name.clone()) else {
                    continue;
                };
                let message = format!("`{entry}` in `{name}` is no port");
                report.add(place, message).help(
                    "write a number from 1 to 65535 and the protocol: `\"8080/tcp\"`, `\"53/udp\"`",
                );
            }
            let Some(value) = set.expression(library, &entry) else {
                continue;
            };
            let shape = value.shape(library);
            let is_label = self.key.wanted == Wanted::Labels;
            let fits = match is_label {
                true => {
                    matches!(
                        shape,
                        Shape::Text | Shape::Path | Shape::Null | Shape::Unknown
                    ) || shape == Shape::Set && !self.is_plain_set(&value, shape)
                }
                false => matches!(shape, Shape::Set | Shape::Null | Shape::Unknown),
            };
            let place = self.view.place_in(&at.file, at.value.clone());
            let (false, Some(place), Some(found)) = (fits, place, noun(shape)) else {
                continue;
            };
            let wanted = if is_label { "a string" } else { "an empty set" };
            let message = format!("`{entry}` in `{name}` is {found}, where {wanted} is wanted");
            let added = report.add(place, message).help(example(self.key));
            let is_own = value.range() == at.value && *value.file().path() == at.file;
            if let (true, Shape::Number, true, Some(text)) =
                (is_label, shape, is_own, self.in_quotes(&value))
            {
                let old = self.written(&value).unwrap_or_default().to_owned();
                let edit = Edit {
                    range: value.range(),
                    text: text.clone(),
                };
                added.fix(value.file().source(), &old, &text, edit);
            }
        }
    }

    /// Whether it is a set that is no string either: a derivation is written into the config as its path.
    fn is_plain_set(&self, value: &Element, shape: Shape) -> bool {
        let set = value.set(self.view.library);
        let names = set.names();
        shape == Shape::Set
            && !set.may_hold_more()
            && !names
                .iter()
                .any(|name| name == "outPath" || name == "__toString")
    }

    fn written<'e>(&self, value: &'e Element) -> Option<&'e str> {
        value.file().source().text().get(value.range())
    }

    /// The number that it is, as a string. `None` where it is one in another place that others may use too.
    fn in_quotes(&self, value: &Element) -> Option<String> {
        let text = self.written(value)?;
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        // `0080` is 80.
        (is_number && (text == "0" || !text.starts_with('0'))).then(|| format!("\"{text}\""))
    }

    /// Whether `value` stands right behind the key, and not where a name leads.
    fn is_own(&self, value: &Element) -> bool {
        self.config
            .place_of(self.name)
            .is_some_and(|at| at.value == value.range() && at.file == *value.file().path())
    }

    /// Whether it is one path, in the image or in the store: `"${pkgs.bash}/bin/sh"`.
    fn is_one_word(&self, value: &Element) -> bool {
        let pieces = value.pieces(self.view.library).unwrap_or_default();
        let rest = match pieces.as_slice() {
            [None, rest @ ..] => rest,
            all => all,
        };
        let rest: Option<String> = rest.iter().cloned().collect();
        rest.is_some_and(|rest| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
            rest.starts_with('/') && rest.chars().all(is_plain)
        })
    }
}

/// The string, where all of it is known.
fn known(pieces: Option<Vec<Option<String>>>) -> Option<String> {
    pieces?.into_iter().collect::<Option<String>>()
}

fn fits(wanted: Wanted, shape: Shape) -> bool {
    if matches!(shape, Shape::Unknown | Shape::Null | Shape::Function) {
        return true;
    }
    match wanted {
        // A path is written into the config as a string; a set may be a derivation.
        Wanted::Text => matches!(shape, Shape::Text | Shape::Path | Shape::Set),
        Wanted::Texts | Wanted::Environment => shape == Shape::List,
        Wanted::Labels | Wanted::Ports | Wanted::Paths | Wanted::Set => shape == Shape::Set,
        Wanted::Bool => shape == Shape::Bool,
        Wanted::Number => shape == Shape::Number,
    }
}

fn noun(shape: Shape) -> Option<&'static str> {
    Some(match shape {
        Shape::Text => "a string",
        Shape::List => "a list",
        Shape::Set => "a set",
        Shape::Number => "a number",
        Shape::Bool => "a boolean",
        Shape::Path => "a path",
        Shape::Null | Shape::Function | Shape::Unknown => return None,
    })
}

fn wanted_noun(wanted: Wanted) -> &'static str {
    match wanted {
        Wanted::Text => "a string",
        Wanted::Texts | Wanted::Environment => "a list of strings",
        Wanted::Labels => "a set of strings",
        Wanted::Ports | Wanted::Paths | Wanted::Set => "a set",
        Wanted::Bool => "a boolean",
        Wanted::Number => "a number",
    }
}

fn example(key: &Key) -> String {
    let name = key.name;
    match key.wanted {
        Wanted::Text if name == "User" => "write `User = \"1000\";`, quotes and all".into(),
        Wanted::Text => format!("write `{name} = \"…\";`"),
        Wanted::Texts => format!("write `{name} = [ \"/bin/program\" \"--option\" ];`"),
        Wanted::Environment => "write `Env = [ \"NAME=value\" ];`".into(),
        Wanted::Labels => "write `Labels = { \"name\" = \"value\"; };`".into(),
        Wanted::Ports => "write `ExposedPorts = { \"8080/tcp\" = { }; };`".into(),
        Wanted::Paths => "write `Volumes = { \"/data\" = { }; };`".into(),
        Wanted::Bool => format!("write `{name} = true;`"),
        Wanted::Number => format!("write `{name} = 1;`"),
        Wanted::Set => format!("write `{name} = {{ … }};`"),
    }
}
