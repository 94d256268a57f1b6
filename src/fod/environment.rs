//! The environment that a hash literal was written for: the attributes beside an `outputHash` whose values stand in the
//! text, as digests.
//!
//! It is told without Nix, so only of what is written out, and what cannot be known is never taken for a change. Not
//! here: reading the set (`syntax`), and where digests are kept (`lock`).

use std::collections::{BTreeMap, BTreeSet};

use super::literal::{Literal, may_be_literal};
use super::lock::digest;
use crate::hash::Hash;
use crate::syntax::{Library, Plain, written_beside};

const HASH: &str = "outputHash";

/// Attributes that say nothing of what is built, or change with each version of it.
const LEFT_OUT: [&str; 8] = [
    HASH,
    "outputHashAlgo",
    "outputHashMode",
    "meta",
    "passthru",
    "name",
    "pname",
    "version",
];

/// The set whose attributes are environment variables, as those beside it are.
const ENV: &str = "env";

/// The attributes beside a literal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// The digests of the values that stand in the text, by name; `env.NAME` for one of the set `env`.
    pub values: BTreeMap<String, Hash>,
    /// The names of all others, where it is known that there are no more: those of a set that a function which makes
    /// derivations is called on.
    pub computed: Option<BTreeSet<String>>,
}

impl Environment {
    /// What is written beside `literal`, which was found in the files of `library`. Of one that is no `outputHash` of a
    /// set, nothing.
    pub fn beside(library: &Library, literal: &Literal) -> Environment {
        let path = literal.path();
        if !path.file_name().ends_with(".nix") {
            return Environment::default();
        }
        let written = library
            .get(path)
            .and_then(|file| written_beside(library, &file, literal.spot.offset(), HASH));
        let Some(written) = written else {
            return Environment::default();
        };
        let mut environment = Environment::default();
        let mut computed = BTreeSet::new();
        for (path, value) in &written.values {
            match (name(path), path.as_slice()) {
                // A literal of its own, which is not the environment of this one.
                (Name::Variable(name), [.., last]) if is_literal(last, value) => {
                    computed.insert(name);
                }
                (Name::Variable(name), _) => {
                    environment.values.insert(name, value_digest(value));
                }
                (Name::Other(name), _) => {
                    computed.insert(name);
                }
                (Name::LeftOut, _) => {}
            }
        }
        for path in &written.others {
            match name(path) {
                Name::Variable(name) | Name::Other(name) => {
                    computed.insert(name);
                }
                Name::LeftOut => {}
            }
        }
        let makes = written.function.as_deref().is_some_and(makes_derivation);
        environment.computed = (written.is_whole && makes).then_some(computed);
        environment
    }

    /// The names of what is surely not as it was in `before`: another value, or a name that came or went where all
    /// names are known of both.
    pub fn differences(&self, before: &Environment) -> Vec<String> {
        let mut names = BTreeSet::new();
        for (name, was) in &before.values {
            match self.value(name) {
                Some(is) if is != was => {
                    names.insert(name.clone());
                }
                Some(_) => {}
                None if self.lacks(name) && before.computed.is_some() => {
                    names.insert(name.clone());
                }
                None => {}
            }
        }
        for name in self.values.keys() {
            if before.lacks(name) && self.computed.is_some() {
                names.insert(name.clone());
            }
        }
        names.into_iter().collect()
    }

    /// The value of the variable `name`, written beside the literal or in `env`: both are the same to Nix.
    fn value(&self, name: &str) -> Option<&Hash> {
        let twin = || self.values.get(&twin(name));
        self.values.get(name).or_else(twin)
    }

    /// Whether it is known that there is no variable `name`.
    fn lacks(&self, name: &str) -> bool {
        let Some(computed) = &self.computed else {
            return false;
        };
        self.value(name).is_none()
            && [name, &twin(name), ENV]
                .iter()
                .all(|name| !computed.contains(*name))
    }
}

fn twin(name: &str) -> String {
    match name
        .strip_prefix(ENV)
        .and_then(|rest| rest.strip_prefix('.'))
    {
        Some(name) => name.to_owned(),
        None => format!("{ENV}.{name}"),
    }
}

enum Name {
    Variable(String),
    /// A set, which is no variable as it stands.
    Other(String),
    LeftOut,
}

fn name(path: &[String]) -> Name {
    match path {
        [name, ..] if LEFT_OUT.contains(&name.as_str()) => Name::LeftOut,
        [set, name] if set == ENV && LEFT_OUT.contains(&name.as_str()) => Name::LeftOut,
        [set, name] if set == ENV => Name::Variable(format!("{ENV}.{name}")),
        [name] => Name::Variable(name.clone()),
        [set, ..] => Name::Other(set.clone()),
        [] => Name::LeftOut,
    }
}

/// Whether Nix or nixpkgs makes a derivation of what `function` is called on, with each attribute in it.
fn makes_derivation(function: &str) -> bool {
    function == "derivation"
        || function.ends_with("mkDerivation")
        || function.starts_with("runCommand")
}

fn is_literal(name: &str, value: &Plain) -> bool {
    match value {
        Plain::Text(text) => may_be_literal(name, text),
        Plain::Int(_) | Plain::Bool(_) => false,
    }
}

/// Of the text that a builder is given for the value.
fn value_digest(value: &Plain) -> Hash {
    match value {
        Plain::Text(text) => digest(text.as_bytes()),
        Plain::Int(number) => digest(number.to_string().as_bytes()),
        Plain::Bool(true) => digest(b"1"),
        Plain::Bool(false) => digest(b""),
    }
}
