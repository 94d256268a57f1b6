//! C401: flake.nix and flake.lock disagree.
//!
//! What Nix takes for up to date is no finding, with one exception: a revision that flake.nix names and that the lock
//! file has otherwise in `locked`, which Nix never compares. Not here: how references are compared (`pin`).

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::check::{Asks, Check, Doc, NixView, Place, Report, Rule, Severity};
use crate::manifest::{self, Node};
use crate::nix::{FlakeLock, InputLink, Source};
use crate::pin::{Asked, Declared, FlakeInputs, FlakeKind, FlakeRef};
use crate::process::redact;
use crate::source::{RelPath, SourceFile};

pub static RULE: Rule = Rule {
    code: "C401",
    name: "flake-lock-behind",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "A flake.nix whose inputs are not those of its flake.lock: an input that the lock lacks or still has, another \
               URL, branch, revision or `follows` than it was locked for, or no flake.lock that git knows.",
        why: "Nix then locks anew by itself, on whichever machine builds first, and to whatever the branch is at that moment; \
              where it may not write the lock file, as in CI, it stops. What is reviewed is not what is built.",
        bad: "# flake.nix\ninputs.nixpkgs.url = \"github:NixOS/nixpkgs/nixos-25.05\";\n\n# flake.lock\n\"original\": { \"owner\": \"NixOS\", \"ref\": \"nixos-24.11\", \"repo\": \"nixpkgs\", \"type\": \"github\" }",
        good: "# flake.nix\ninputs.nixpkgs.url = \"github:NixOS/nixpkgs/nixos-25.05\";\n\n# flake.lock\n\"original\": { \"owner\": \"NixOS\", \"ref\": \"nixos-25.05\", \"repo\": \"nixpkgs\", \"type\": \"github\" }",
        fix: "Run `nix flake lock` beside the flake and commit flake.lock with flake.nix. `cotter pin bump` writes both.",
    },
    checks: &[Check::Nix {
        words: &["outputs"],
        run,
    }],
};

const RELOCK: &str = "run `nix flake lock` in this folder, and commit flake.lock";

fn run(view: &NixView, report: &mut Report) {
    if view.file.path().file_name() != "flake.nix" {
        return;
    }
    let Some(flake) = FlakeInputs::read(view.library, view.file) else {
        return;
    };
    let Some(path) = view.file.path().parent().join("flake.lock") else {
        return;
    };
    if !is_seen(view, &path) {
        return without_lock(view, report, &flake, &path);
    }
    let Ok(source) = view.subject.workspace.read(&path) else {
        return;
    };
    // One that cannot be read is reported where it is looked through for pins.
    let Ok(lock) = FlakeLock::parse(source.text()) else {
        return;
    };
    let tree = manifest::parse(&source).ok();
    let nodes = tree.as_ref().and_then(|tree| tree.documents.first());
    Comparison {
        view,
        flake: &flake,
        lock: &lock,
        source: &source,
        nodes: nodes.and_then(|document| document.get("nodes")),
    }
    .run(report);
}

/// Whether Nix sees the lock file: of a flake that git tracks, it sees what git tracks.
fn is_seen(view: &NixView, lock: &RelPath) -> bool {
    let tracks = |file: &RelPath| {
        let tracked = view.subject.tracked;
        tracked.is_some_and(|tracked| tracked.binary_search(file).is_ok())
    };
    match tracks(view.file.path()) {
        true => tracks(lock),
        false => view.subject.has_file(lock),
    }
}

fn without_lock(view: &NixView, report: &mut Report, flake: &FlakeInputs, lock: &RelPath) {
    let needs_lock = |input: &&Declared| match &input.asked {
        Asked::Ref(reference) => reference.kind != FlakeKind::Path,
        _ => false,
    };
    // A template is copied, and locked where it is used.
    let is_template = Path::new(view.file.path().as_str())
        .iter()
        .any(|folder| folder == "templates" || folder == "template");
    let Some(first) = flake.inputs.iter().find(needs_lock) else {
        return;
    };
    // What only `outputs` names comes from the registry of whoever builds, for a trial mostly.
    let has_inputs = view.source().text().get(flake.place.clone()) == Some("inputs");
    if is_template || !has_inputs {
        return;
    }
    let place = view.place(flake.place.clone());
    if lock.to_path(view.subject.workspace.root()).is_file() {
        report
            .add(
                place,
                "the flake.lock beside this flake is not tracked by git, so that Nix does not see it",
            )
            .help("add flake.lock to git, and take it out of .gitignore if it stands there");
    } else {
        report
            .add(
                place,
                format!(
                    "no flake.lock beside this flake, which has inputs such as `{}`",
                    first.name
                ),
            )
            .help(RELOCK);
    }
}

struct Comparison<'a> {
    view: &'a NixView<'a>,
    flake: &'a FlakeInputs,
    lock: &'a FlakeLock,
    source: &'a Arc<SourceFile>,
    /// The nodes of the lock file, as they are written.
    nodes: Option<&'a Node>,
}

impl Comparison<'_> {
    fn run(&self, report: &mut Report) {
        for input in &self.flake.inputs {
            match self.lock.link(&input.name) {
                Some(link) => {
                    self.input(report, input, &input.name, &self.lock.root, link);
                    if let InputLink::Node(node) = link {
                        self.overrides(report, input, node);
                    }
                }
                None if input.asked == Asked::Unknown => {}
                None => {
                    report
                        .add(
                            self.view.place(input.place.clone()),
                            format!("the input `{}` is not in flake.lock", input.name),
                        )
                        .help(RELOCK)
                        .related(self.written(&[&self.lock.root]), "the inputs of flake.lock");
                }
            }
        }
        for (name, _) in self.lock.inputs().filter(|_| self.flake.is_complete) {
            if self.flake.get(name).is_none() {
                report
                    .add(
                        self.view.place(self.flake.place.clone()),
                        format!("flake.lock has an input `{name}`, which this flake does not have"),
                    )
                    .help(RELOCK)
                    .related(
                        self.written(&[&self.lock.root, "inputs", name]),
                        format!("`{name}` is here"),
                    );
            }
        }
    }

    /// What is said of `input`, whose path from the flake is `name`, against what the lock file says, where it is an
    /// input of the node `parent`.
    fn input(
        &self,
        report: &mut Report,
        input: &Declared,
        name: &str,
        parent: &str,
        link: &InputLink,
    ) {
        let at_link = || self.written(&[parent, "inputs", &input.name]);
        match (&input.asked, link) {
            (Asked::Unknown | Asked::Nothing, _) => {}
            (Asked::Follows(wanted), InputLink::Follows(locked)) if wanted == locked => {}
            (Asked::Follows(wanted), link) => {
                let locked = match link {
                    InputLink::Follows(path) => format!("follows {}", shown(path)),
                    InputLink::Node(_) => "is locked by itself".to_owned(),
                };
                let message = format!(
                    "the input `{name}` follows {}, but in flake.lock it {locked}",
                    shown(wanted)
                );
                report
                    .add(self.view.place(input.place.clone()), message)
                    .help(RELOCK)
                    .related(at_link(), "locked here");
            }
            (Asked::Ref(_), InputLink::Follows(locked)) => {
                let message = format!(
                    "the input `{name}` follows nothing, but in flake.lock it follows {}",
                    shown(locked)
                );
                report
                    .add(self.view.place(input.place.clone()), message)
                    .help(RELOCK)
                    .related(at_link(), "locked here");
            }
            (Asked::Ref(wanted), InputLink::Node(node)) => {
                self.reference(report, input, name, wanted, node);
            }
        }
    }

    fn reference(
        &self,
        report: &mut Report,
        input: &Declared,
        name: &str,
        wanted: &FlakeRef,
        node: &str,
    ) {
        let known = self.lock.nodes.get(node);
        let Some(original) = known.and_then(|node| node.original.as_ref()) else {
            return;
        };
        let Some(locked_for) = FlakeRef::of_source(original) else {
            return;
        };
        let difference = match (wanted.kind, locked_for.kind) {
            // What Nix makes of a folder differs from version to version.
            (FlakeKind::Path, FlakeKind::Path | FlakeKind::Git | FlakeKind::Download) => None,
            _ => wanted.difference(&locked_for),
        };
        if let Some(attribute) = difference {
            let place = input.attributes.get(attribute).unwrap_or(&input.place);
            let message = format!(
                "the input `{name}` is `{}`, but flake.lock was made for `{}`",
                redact(&wanted.to_string()),
                redact(&locked_for.to_string())
            );
            report
                .add(self.view.place(place.clone()), message)
                .help(RELOCK)
                .related(self.written(&[node, "original"]), "locked here");
            return;
        }
        let locked: Option<&Source> = known.and_then(|node| node.locked.as_ref());
        if let (Some(rev), Some(locked)) = (wanted.get("rev"), locked.and_then(|l| l.rev.as_ref()))
            && rev != locked
        {
            let place = input.attributes.get("rev").unwrap_or(&input.place);
            let message =
                format!("the input `{name}` names the revision {rev}, but flake.lock has {locked}");
            report
                .add(self.view.place(place.clone()), message)
                .help(format!(
                    "run `nix flake lock --update-input {name}` in this folder (from Nix 2.19 on `nix flake update {name}`), and commit flake.lock"
                ))
                .related(self.written(&[node, "locked"]), "locked here");
        }
    }

    /// What is said of the inputs of `input`, which is `node` in the lock file.
    fn overrides(&self, report: &mut Report, input: &Declared, node: &str) {
        let Some(known) = self.lock.nodes.get(node) else {
            return;
        };
        for own in &input.overrides {
            // An input that there is not is overridden in vain, and Nix says so.
            if let Some(link) = known.inputs.get(&own.name) {
                let path = format!("{}/{}", input.name, own.name);
                self.input(report, own, &path, node, link);
            }
        }
        if self.lock.version < 7 || !self.flake.is_complete {
            return;
        }
        for (name, link) in &known.inputs {
            let InputLink::Follows(path) = link else {
                continue;
            };
            // What the input's own flake says leads to one of its own inputs.
            let is_its_own = path.first() == Some(&input.name);
            if is_its_own || input.overrides.iter().any(|own| own.name == *name) {
                continue;
            }
            report
                .add(
                    self.view.place(input.place.clone()),
                    format!(
                        "in flake.lock the input `{}/{name}` follows {}, which this flake does not say",
                        input.name,
                        shown(path)
                    ),
                )
                .help(RELOCK)
                .related(self.written(&[node, "inputs", name]), "locked here");
        }
    }

    /// Where the value at `keys` of the lock file's nodes stands.
    fn written(&self, keys: &[&str]) -> Place {
        let span = self
            .nodes
            .and_then(|nodes| nodes.at(keys))
            .map(|node| &node.span);
        match span {
            Some(span) => Place::of(self.source, one_line(self.source.text(), span)),
            None => Place::whole(self.source.path()),
        }
    }
}

/// Of a value of many lines, the first.
fn one_line(text: &str, span: &Range<usize>) -> Range<usize> {
    let length = text.get(span.clone()).and_then(|value| value.find('\n'));
    span.start..length.map_or(span.end, |length| span.start + length)
}

fn shown(path: &[String]) -> String {
    match path.is_empty() {
        true => "the flake itself".to_owned(),
        false => format!("`{}`", path.join("/")),
    }
}
