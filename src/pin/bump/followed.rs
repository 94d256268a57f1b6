//! Where a pin goes by what it follows.

use super::Context;
use super::target::{Miss, Target, at_commit, at_tag, branch_ref};
use crate::git::{Location, Refs};
use crate::pin::follow::is_feature_branch;
use crate::pin::{Follow, Moves, Pin, tag};

/// What `pin` comes to by what it follows; `None` when it stays.
pub fn target(
    context: &Context,
    pin: &Pin,
    follow: &Follow,
    place: &Location,
    refs: &Refs,
) -> Result<Option<Target>, Miss> {
    let wrong =
        |message: String, hint: &str| Miss::Wrong(context.problem(pin, message, Some(hint)));
    match follow {
        Follow::Stay => Ok(None),
        Follow::Head => match &refs.head {
            Some(head) => at_commit(
                context,
                pin,
                head.id,
                head.branch.as_deref().map(branch_ref),
            ),
            None => Err(wrong(
                format!("{place} does not say which branch is its default"),
                "write the branch to follow in a comment behind the value: `# main`",
            )),
        },
        Follow::Branch(name) => match (refs.branch(name), refs.tag(name)) {
            (Some(id), _) => at_commit(context, pin, id, Some(branch_ref(name))),
            (None, Some(id)) => at_tag(context, pin, name, id),
            (None, None) => Err(wrong(
                format!(
                    "`{name}`, which `{}` follows, is no branch or tag of {place}",
                    pin.name
                ),
                "correct the name, or write `# pin` behind the value to keep it",
            )),
        },
        Follow::Feature(name) => {
            let mut matching = refs
                .branches()
                .filter(|(branch, _)| is_feature_branch(branch, name));
            let hint = "name the feature's branch: `branch = \"…\";`";
            match (matching.next(), matching.next()) {
                (Some((branch, id)), None) => at_commit(context, pin, id, Some(branch_ref(branch))),
                (None, _) => Err(wrong(
                    format!("{place} has no branch `feature/*/{name}` or `feature/{name}`"),
                    hint,
                )),
                (Some((a, _)), Some((b, _))) => Err(wrong(
                    format!("`{name}` can be the branch `{a}` or `{b}` of {place}"),
                    hint,
                )),
            }
        }
        Follow::Tags(pattern) => {
            match tag::newest_matching(pattern, refs.tags().map(|(name, _)| name)) {
                Ok(newest) => match newest.and_then(|name| Some((name, refs.tag(name)?))) {
                    Some((name, id)) => at_tag(context, pin, name, id),
                    None => Err(wrong(
                        format!(
                            "no release tag of {place} matches `{pattern}`, which `{}` follows",
                            pin.name
                        ),
                        "correct the pattern, or write `# pin` behind the value to keep it",
                    )),
                },
                Err(reason) => Err(wrong(
                    format!("`tags/{pattern}` is no pattern: {reason}"),
                    "a pattern is a glob, as in `v*`",
                )),
            }
        }
        Follow::Releases => {
            let Moves::Tag { prefix, suffix } = &pin.moves else {
                return Ok(None);
            };
            let value = pin.spot.as_ref().map_or("", |spot| spot.value.as_str());
            let newest = tag::Shape::of(prefix, value, suffix)
                .and_then(|shape| shape.newest(refs.tags().map(|(name, _)| name)));
            match newest.and_then(|name| Some((name, refs.tag(name)?))) {
                Some((name, id)) => at_tag(context, pin, name, id),
                None => Ok(None),
            }
        }
    }
}
