//! `flake.lock`, versions 5 to 7: what it says and where in its text it names a revision.
//!
//! Not here: writing one, which Nix does (`flake_update`). What cotter has no use for is not read.
//! Source of the format: the Nix manual, `nix flake`, "Lock files".

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// How many `follows` one input may go through before they count as a circle.
const MAX_FOLLOWS: usize = 1000;

/// Why a text is no lock file. `line` and `column` are 1-based; the column counts bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        line: usize,
        column: usize,
        message: String,
    },
    #[error("lock file version {0}; cotter knows 5, 6 and 7")]
    Version(u64),
    #[error("node `{node}` is named by {by}, but there is none")]
    NoSuchNode { node: String, by: String },
}

/// A lock file: a graph of nodes, in which the root's inputs are those of the flake itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlakeLock {
    pub version: u64,
    pub root: String,
    pub nodes: BTreeMap<String, Node>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub inputs: BTreeMap<String, InputLink>,
    /// What is fetched; `None` only for the root.
    pub locked: Option<Source>,
    /// What `flake.nix` asks for.
    pub original: Option<Source>,
    /// False for an input with `flake = false`.
    pub is_flake: bool,
    /// The bytes of the text between the quotes of `locked.rev`.
    pub rev_span: Option<Range<usize>>,
}

/// Where an input leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputLink {
    Node(String),
    /// The input at this path from the root; the empty path is the root flake itself.
    Follows(Vec<String>),
}

/// The attributes of a flake reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Source {
    /// `git`, `github`, `gitlab`, `sourcehut`, `tarball`, `file`, `path`, `indirect`, `hg`, ...
    #[serde(rename = "type")]
    pub kind: String,
    pub owner: Option<String>,
    pub repo: Option<String>,
    pub host: Option<String>,
    pub url: Option<String>,
    pub path: Option<String>,
    pub id: Option<String>,
    pub dir: Option<String>,
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    pub rev: Option<String>,
    /// SRI.
    #[serde(rename = "narHash")]
    pub nar_hash: Option<String>,
    /// Seconds since 1970.
    #[serde(rename = "lastModified")]
    pub last_modified: Option<i64>,
    /// All that has no field of its own, such as `submodules`.
    #[serde(flatten)]
    pub other: BTreeMap<String, serde_json::Value>,
}

impl FlakeLock {
    /// Reads a lock file. The spans count bytes of `text`.
    pub fn parse(text: &str) -> Result<FlakeLock, LockError> {
        let raw: RawLock = serde_json::from_str(text)?;
        if !(5..=7).contains(&raw.version) {
            return Err(LockError::Version(raw.version));
        }
        let nodes = raw
            .nodes
            .into_iter()
            .map(|(name, node)| Ok((name, node.place(text)?)))
            .collect::<Result<_, LockError>>()?;
        let lock = FlakeLock {
            version: raw.version,
            root: raw.root,
            nodes,
        };
        lock.check_links()?;
        Ok(lock)
    }

    /// The flake's own inputs.
    pub fn inputs(&self) -> impl Iterator<Item = (&str, &InputLink)> {
        let root = self.nodes.get(&self.root);
        root.into_iter()
            .flat_map(|node| &node.inputs)
            .map(|(name, link)| (name.as_str(), link))
    }

    /// Where the input at `path` leads: `nixpkgs`, or `a/b` for the input `b` of the input `a`.
    pub fn link(&self, path: &str) -> Option<&InputLink> {
        let mut node = self.nodes.get(&self.root)?;
        let mut names = path.split('/').peekable();
        while let Some(name) = names.next() {
            let link = node.inputs.get(name)?;
            if names.peek().is_none() {
                return Some(link);
            }
            node = self.nodes.get(self.follow(link, &mut { MAX_FOLLOWS })?)?;
        }
        None
    }

    /// The name of the node that the input at `path` is, through any `follows`.
    pub fn node_name(&self, path: &str) -> Option<&str> {
        self.follow(self.link(path)?, &mut { MAX_FOLLOWS })
    }

    /// The node that the input at `path` is, through any `follows`.
    pub fn input(&self, path: &str) -> Option<&Node> {
        self.nodes.get(self.node_name(path)?)
    }

    fn follow<'a>(&'a self, link: &'a InputLink, left: &mut usize) -> Option<&'a str> {
        match link {
            InputLink::Node(name) => Some(name),
            InputLink::Follows(path) => {
                *left = left.checked_sub(1)?;
                let mut name = self.root.as_str();
                for step in path {
                    let link = self.nodes.get(name)?.inputs.get(step)?;
                    name = self.follow(link, left)?;
                }
                Some(name)
            }
        }
    }

    fn check_links(&self) -> Result<(), LockError> {
        let missing = |node: &str, by: String| LockError::NoSuchNode {
            node: node.into(),
            by,
        };
        if !self.nodes.contains_key(&self.root) {
            return Err(missing(&self.root, "`root`".into()));
        }
        for (name, node) in &self.nodes {
            for (input, link) in &node.inputs {
                if let InputLink::Node(target) = link
                    && !self.nodes.contains_key(target)
                {
                    return Err(missing(target, format!("input `{input}` of `{name}`")));
                }
            }
        }
        Ok(())
    }
}

impl From<serde_json::Error> for LockError {
    fn from(error: serde_json::Error) -> LockError {
        let text = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        LockError::Syntax {
            line: error.line(),
            column: error.column(),
            message: text.strip_suffix(&place).unwrap_or(&text).to_owned(),
        }
    }
}

#[derive(Deserialize)]
struct RawLock<'a> {
    version: u64,
    root: String,
    #[serde(borrow)]
    nodes: BTreeMap<String, RawNode<'a>>,
}

#[derive(Deserialize)]
struct RawNode<'a> {
    #[serde(default)]
    inputs: BTreeMap<String, InputLink>,
    #[serde(borrow)]
    locked: Option<&'a RawValue>,
    original: Option<Source>,
    #[serde(default = "yes")]
    flake: bool,
}

#[derive(Deserialize)]
struct RawLocked<'a> {
    #[serde(borrow)]
    rev: Option<&'a RawValue>,
}

fn yes() -> bool {
    true
}

impl RawNode<'_> {
    fn place(self, text: &str) -> Result<Node, LockError> {
        let (mut locked, mut rev_span) = (None, None);
        if let Some(raw) = self.locked {
            locked = Some(read_part(text, raw)?);
            let spans: RawLocked = read_part(text, raw)?;
            rev_span = spans.rev.and_then(|rev| {
                let start = offset(text, rev)?;
                let is_string = rev.get().len() >= 2 && rev.get().starts_with('"');
                is_string.then(|| start + 1..start + rev.get().len() - 1)
            });
        }
        Ok(Node {
            inputs: self.inputs,
            locked,
            original: self.original,
            is_flake: self.flake,
            rev_span,
        })
    }
}

/// Reads a part of `text`; the place of an error is that in the whole.
fn read_part<'a, T: Deserialize<'a>>(text: &str, raw: &'a RawValue) -> Result<T, LockError> {
    serde_json::from_str(raw.get()).map_err(|error| {
        let mut error = LockError::from(error);
        if let LockError::Syntax { line, column, .. } = &mut error
            && let Some(before) = offset(text, raw).and_then(|at| text.get(..at))
        {
            if *line == 1 {
                *column += before.len() - before.rfind('\n').map_or(0, |newline| newline + 1);
            }
            *line += before.matches('\n').count();
        }
        error
    })
}

/// Where `raw`, which was borrowed from `text`, begins in it.
fn offset(text: &str, raw: &RawValue) -> Option<usize> {
    let start = (raw.get().as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    text.get(start..)?.starts_with(raw.get()).then_some(start)
}

impl<'de> Deserialize<'de> for InputLink {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<InputLink, D::Error> {
        struct Link;
        impl<'de> Visitor<'de> for Link {
            type Value = InputLink;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("the name of a node or the path of an input")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<InputLink, E> {
                Ok(InputLink::Node(name.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut path: A) -> Result<InputLink, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = path.next_element()? {
                    names.push(name);
                }
                Ok(InputLink::Follows(names))
            }
        }
        deserializer.deserialize_any(Link)
    }
}

#[cfg(test)]
#[path = "flake_lock_tests.rs"]
mod tests;
