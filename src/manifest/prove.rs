//! The proof of an edit: the changed text, read again, differs from the old in the wanted values and nowhere else.

use super::tree::{Kind, Node, Scalar, Tree};

/// The value that differs: where its token starts in the old text, what it says there, and what it must say now.
pub(super) struct Wanted<'a> {
    pub start: usize,
    pub old: &'a str,
    pub new: &'a str,
}

/// `Err` says in words what differs.
pub(super) fn prove(old: &Tree, new: &Tree, wanted: &Wanted<'_>) -> Result<(), String> {
    let is_there = |scalar: &&Scalar| {
        scalar.span.start == wanted.start && !scalar.is_absent() && scalar.text() == wanted.old
    };
    if !old.scalars().iter().any(is_there) {
        return Err("the file is not the one that it was found in".to_owned());
    }
    if old.documents.len() != new.documents.len() {
        return Err("the number of documents would change".to_owned());
    }
    old.documents
        .iter()
        .zip(&new.documents)
        .try_for_each(|(old, new)| same(old, new, wanted))
}

/// Whether two nodes say the same, written the same way.
pub(super) fn same_node(old: &Node, new: &Node) -> Result<(), String> {
    // No token begins there.
    let nothing = Wanted {
        start: usize::MAX,
        old: "",
        new: "",
    };
    same(old, new, &nothing)
}

/// Depth is bounded by the parsers.
fn same(old: &Node, new: &Node, wanted: &Wanted<'_>) -> Result<(), String> {
    if old.tag != new.tag || old.anchored != new.anchored {
        return Err("a tag or an anchor would change".to_owned());
    }
    match (&old.kind, &new.kind) {
        (Kind::Mapping(old), Kind::Mapping(new)) if old.len() == new.len() => {
            old.iter().zip(new).try_for_each(|(old, new)| {
                same(&old.0, &new.0, wanted)?;
                same(&old.1, &new.1, wanted)
            })
        }
        (Kind::Sequence(old), Kind::Sequence(new)) if old.len() == new.len() => old
            .iter()
            .zip(new)
            .try_for_each(|(old, new)| same(old, new, wanted)),
        (Kind::Scalar(old), Kind::Scalar(new)) => same_scalar(old, new, wanted),
        (Kind::Alias(Some(old)), Kind::Alias(Some(new))) => same_scalar(old, new, wanted),
        (Kind::Alias(None), Kind::Alias(None)) => Ok(()),
        _ => Err("the structure would change".to_owned()),
    }
}

fn same_scalar(old: &Scalar, new: &Scalar, wanted: &Wanted<'_>) -> Result<(), String> {
    if old.span.start == wanted.start && !old.is_absent() {
        if new.text() != wanted.new {
            return Err(format!("it would read back as `{}`", new.text()));
        }
        // What ends a block scalar is not part of the text and stays.
        if old.value.len() - old.text().len() != new.value.len() - new.text().len() {
            return Err("its line endings would change".to_owned());
        }
        return Ok(());
    }
    if old.value != new.value || old.style != new.style {
        return Err(format!("`{}` would become `{}`", old.value, new.value));
    }
    Ok(())
}
