//! The light tree that all three formats are read into. It knows where each value's token lies and nothing of layout.

use std::ops::Range;
use std::sync::Arc;

use super::{Format, Style};

/// A file as it was read: one document for JSON and TOML, any number for YAML.
#[derive(Clone, Debug)]
pub struct Tree {
    pub documents: Vec<Node>,
    pub format: Format,
}

/// A value with its place. Spans count bytes.
#[derive(Clone, Debug)]
pub struct Node {
    pub kind: Kind,
    /// A scalar's or an alias's token. Of a mapping or sequence only the start means a place: its first byte.
    pub span: Range<usize>,
    /// A YAML tag as it was resolved, `tag:yaml.org,2002:str` or `!local`.
    pub tag: Option<String>,
    /// Whether a YAML anchor marks it: then a change of it is a change at each of its aliases.
    pub anchored: bool,
}

#[derive(Clone, Debug)]
pub enum Kind {
    /// Keys and values in the order of the file; YAML's keys may be anything. No scalar key comes twice, save `<<`.
    Mapping(Vec<(Node, Node)>),
    Sequence(Vec<Node>),
    Scalar(Arc<Scalar>),
    /// A YAML alias. Only a scalar's is followed, by sharing it; containers behind aliases are not looked into.
    Alias(Option<Arc<Scalar>>),
}

/// A scalar: what it says and where it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// Decoded: quotes and escapes resolved, lines folded. Never typed: `1.10` is these four characters.
    pub value: String,
    /// The token with its quotes, without anchor, tag and comment. Of a block scalar: its text, from the first
    /// line's first character to the last line's last.
    pub span: Range<usize>,
    pub style: Style,
    /// Whether it stands inside YAML's `[…]` or `{…}`, where plain values may hold less.
    pub in_flow: bool,
}

impl Scalar {
    /// The value without the line breaks that end a block scalar.
    pub fn text(&self) -> &str {
        match self.style {
            Style::Literal | Style::Folded => self.value.trim_end_matches('\n'),
            _ => &self.value,
        }
    }

    /// Whether nothing stands there, as in YAML's `key:`.
    pub fn is_absent(&self) -> bool {
        self.style == Style::Plain && self.value.is_empty()
    }
}

impl Tree {
    /// All scalars in the order of the file, keys included, those behind aliases not.
    pub fn scalars(&self) -> Vec<&Scalar> {
        let mut found = Vec::new();
        let mut open: Vec<&Node> = self.documents.iter().rev().collect();
        while let Some(node) = open.pop() {
            match &node.kind {
                Kind::Mapping(pairs) => {
                    open.extend(pairs.iter().rev().flat_map(|(key, value)| [value, key]))
                }
                Kind::Sequence(items) => open.extend(items.iter().rev()),
                Kind::Scalar(scalar) => found.push(&**scalar),
                Kind::Alias(_) => {}
            }
        }
        found
    }
}

impl Node {
    /// A node of a language that has no tags and anchors.
    pub(super) fn bare(kind: Kind, span: Range<usize>) -> Node {
        Node {
            kind,
            span,
            tag: None,
            anchored: false,
        }
    }

    /// A scalar without tag and anchor.
    pub(super) fn scalar(scalar: Scalar) -> Node {
        Node {
            span: scalar.span.clone(),
            kind: Kind::Scalar(Arc::new(scalar)),
            tag: None,
            anchored: false,
        }
    }

    /// The value under a key; `None` also when this is no mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.pairs()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }

    /// The value under one key after the other.
    pub fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// A mapping's entries that have a scalar key; empty when this is no mapping.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &Node)> {
        let pairs: &[(Node, Node)] = match &self.kind {
            Kind::Mapping(pairs) => pairs,
            _ => &[],
        };
        pairs
            .iter()
            .filter_map(|(key, value)| Some((key.as_str()?, value)))
    }

    /// A sequence's values; empty when this is no sequence.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The scalar that stands here, or whose alias does.
    pub fn as_scalar(&self) -> Option<&Arc<Scalar>> {
        match &self.kind {
            Kind::Scalar(scalar) | Kind::Alias(Some(scalar)) => Some(scalar),
            _ => None,
        }
    }

    /// The scalar's text, see [`Scalar::text`].
    pub fn as_str(&self) -> Option<&str> {
        self.as_scalar().map(|scalar| scalar.text())
    }
}
