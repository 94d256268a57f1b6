//! What a rule is: its name and text, what it looks at, and the function that looks.

use super::{ContainerView, NixView, Report, Severity, Subject, TextView, YamlView};
use crate::source::RelPath;

/// One kind of fault. Each is a file of `rules/`, named after what it finds.
#[derive(Debug)]
pub struct Rule {
    /// `C101`: what `explain`, `--rule` and allowances take. Never given to another rule.
    pub code: &'static str,
    /// `abbreviated-rev`, which they take too.
    pub name: &'static str,
    pub severity: Severity,
    /// Whether some of its findings have a fix.
    pub fixable: bool,
    pub asks: Asks,
    pub doc: Doc,
    pub checks: &'static [Check],
}

/// What a rule has to know beside the content of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Nothing: the same files give the same findings everywhere.
    Files,
    /// The commit that the files are compared with, or this repository's history.
    History,
    /// A local clone of what is pinned or, with `--remote`, the remote.
    Clone,
    /// Nix, with `--eval`.
    Nix,
}

/// The text of `cotter explain`. Each is plain text, wrapped by the reader; examples are shown as they are.
#[derive(Debug)]
pub struct Doc {
    /// What it finds, in one sentence.
    pub what: &'static str,
    /// Why that is wrong: what happens.
    pub why: &'static str,
    pub bad: &'static str,
    pub good: &'static str,
    /// How it is put right.
    pub fix: &'static str,
}

/// A function that looks, and what it looks at. A file in which none of the `words` stands is not even parsed: choose
/// words that few files hold and that none at fault lacks.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Each Nix file.
    Nix {
        words: &'static [&'static str],
        run: fn(&NixView, &mut Report),
    },
    /// Each YAML file.
    Yaml {
        words: &'static [&'static str],
        run: fn(&YamlView, &mut Report),
    },
    /// Each file of another kind whose path `is` accepts. No words: every such file.
    Text {
        is: fn(&RelPath) -> bool,
        words: &'static [&'static str],
        run: fn(&TextView, &mut Report),
    },
    /// Each container: the files of one name, and what `cotter.toml` says belongs to them.
    Container {
        run: fn(&ContainerView, &mut Report),
    },
    /// Everything at once: for what is not a file's or a container's.
    Workspace { run: fn(&Subject, &mut Report) },
}
