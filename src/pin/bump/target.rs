//! What a pin is to become: at a commit, or at a tag.

use super::Context;
use crate::git::{GitError, Oid};
use crate::pin::{Moves, Pin};
use crate::problem::Problem;

pub const TAGS: &str = "refs/tags/";

/// A pin's next value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What is to stand in the pin's place.
    pub value: String,
    pub commit: Option<Oid>,
    /// The tag that was followed or named.
    pub tag: Option<String>,
    /// The full name of the ref that it was taken from; `None` for a commit that was named.
    pub from: Option<String>,
}

/// Why a pin has no target: something in the source, or something about the repository.
pub enum Miss {
    Wrong(Problem),
    Git(GitError),
}

pub fn branch_ref(name: &str) -> String {
    format!("refs/heads/{name}")
}

/// The pin at a commit; `None` when it is there already, be it by an abbreviation.
pub fn at_commit(
    context: &Context,
    pin: &Pin,
    id: Oid,
    from: Option<String>,
) -> Result<Option<Target>, Miss> {
    let value = id.to_string();
    let now = pin.spot.as_ref().map_or("", |spot| spot.value.as_str());
    if let Moves::Tag { .. } = pin.moves {
        let message = format!("`{now}` is a tag or part of one; a commit cannot be written there");
        return Err(Miss::Wrong(context.problem(
            pin,
            message,
            Some("follow a pattern of tags: `# tags/…`"),
        )));
    }
    if now == value || (now.len() >= 7 && value.starts_with(now)) {
        return Ok(None);
    }
    Ok(Some(Target {
        value,
        commit: Some(id),
        tag: None,
        from,
    }))
}

/// The pin at a tag; `None` when it is there already.
pub fn at_tag(context: &Context, pin: &Pin, name: &str, id: Oid) -> Result<Option<Target>, Miss> {
    let from = Some(format!("refs/tags/{name}"));
    let Moves::Tag { prefix, suffix } = &pin.moves else {
        let target = at_commit(context, pin, id, from)?;
        return Ok(target.map(|target| Target {
            tag: Some(name.to_owned()),
            ..target
        }));
    };
    let now = pin.spot.as_ref().map_or("", |spot| spot.value.as_str());
    let full = if now.starts_with(TAGS) {
        format!("{TAGS}{name}")
    } else {
        name.to_owned()
    };
    let prefix = prefix.strip_prefix(TAGS).unwrap_or(prefix);
    match full
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_suffix(suffix.as_str()))
    {
        Some(value) if value == now => Ok(None),
        Some(value) => Ok(Some(Target {
            value: value.to_owned(),
            commit: Some(id),
            tag: Some(name.to_owned()),
            from,
        })),
        None => Err(Miss::Wrong(context.problem(
            pin,
            format!(
                "the tag `{name}` does not have the form `{prefix}…{suffix}` that `{}` has here",
                pin.name
            ),
            Some("follow a pattern of tags of that form: `# tags/…`"),
        ))),
    }
}
