//! What `--to` makes of a pin.

use super::Context;
use super::target::{Miss, TAGS, Target, at_tag, branch_ref};
use crate::git::{Location, Need, Oid, Refs};
use crate::pin::{Moves, Pin, PinKind, Role, tag};

/// The pin at what `--to` says: a tag or version for what names tags, else any revision.
pub fn target(
    context: &Context,
    pin: &Pin,
    known: Option<(&Location, &Refs)>,
) -> Result<Target, Miss> {
    let word = context.request.to.as_deref().unwrap_or_default();
    if pin.moves == Moves::Given {
        return literal(context, pin, word);
    }
    let Some((place, refs)) = known else {
        return Err(Miss::Wrong(context.problem(
            pin,
            format!(
                "no git remote is known for `{}`, so `--to {word}` cannot be looked up",
                pin.name
            ),
            Some("name a clone with `--clone`"),
        )));
    };
    match &pin.moves {
        Moves::Tag { prefix, suffix } => by_tag(context, pin, word, (prefix, suffix), place, refs),
        _ => by_revision(context, pin, word, place, refs),
    }
}

/// What no git remote knows is taken as it is given, when it has the form of what stands there.
fn literal(context: &Context, pin: &Pin, word: &str) -> Result<Target, Miss> {
    let (fits, expected) = match pin.kind {
        PinKind::ImageDigest => (
            word.strip_prefix("sha256:")
                .is_some_and(|hex| hex.len() == 64 && tag::is_hex(hex)),
            "a digest, `sha256:` and 64 hexadecimal digits,",
        ),
        _ if pin
            .spot
            .as_ref()
            .is_some_and(|spot| spot.via() == Some("version"))
            || !is_url(pin) =>
        {
            (is_word(word), "a version")
        }
        // A part of an address cannot be given without the rest.
        _ => (
            is_word(word)
                && word.contains("://")
                && pin.spot.as_ref().map(|spot| &spot.value) == pin.url.as_ref(),
            "the whole address, in a literal that holds it whole,",
        ),
    };
    match fits {
        true => Ok(Target {
            value: word.to_owned(),
            commit: None,
            tag: None,
            from: None,
        }),
        false => {
            let message = format!("`--to {word}`: {expected} is expected for `{}`", pin.name);
            Err(Miss::Wrong(context.problem(pin, message, None)))
        }
    }
}

fn is_word(word: &str) -> bool {
    !word.is_empty() && !word.contains(char::is_whitespace)
}

/// Whether the value is an address or the beginning of one, not a release of a registry.
fn is_url(pin: &Pin) -> bool {
    pin.spot
        .as_ref()
        .is_some_and(|spot| spot.value.contains("://"))
}

fn by_tag(
    context: &Context,
    pin: &Pin,
    word: &str,
    (prefix, suffix): (&str, &str),
    place: &Location,
    refs: &Refs,
) -> Result<Target, Miss> {
    let word = word.strip_prefix(TAGS).unwrap_or(word);
    let full = format!(
        "{}{word}{suffix}",
        prefix.strip_prefix(TAGS).unwrap_or(prefix)
    );
    let candidates = [word.to_owned(), full.clone(), format!("v{word}")];
    match candidates
        .iter()
        .find_map(|name| Some((name, refs.tag(name)?)))
    {
        Some((name, id)) => Ok(at_tag(context, pin, name, id)?.unwrap_or_else(|| Target {
            value: pin
                .spot
                .as_ref()
                .map_or_else(String::new, |spot| spot.value.clone()),
            commit: Some(id),
            tag: Some(name.clone()),
            from: None,
        })),
        None => Err(Miss::Wrong(context.problem(
            pin,
            format!("{place} has no tag `{full}`"),
            Some("give `--to` a tag, or the version in it"),
        ))),
    }
}

fn by_revision(
    context: &Context,
    pin: &Pin,
    word: &str,
    place: &Location,
    refs: &Refs,
) -> Result<Target, Miss> {
    let at = |id: Oid, tag: Option<&str>, from: Option<String>| Target {
        value: id.to_string(),
        commit: Some(id),
        tag: tag.map(str::to_owned),
        from,
    };
    let branch = word.strip_prefix("refs/heads/").unwrap_or(word);
    if let Some(id) = refs.branch(branch) {
        return Ok(at(id, None, Some(branch_ref(branch))));
    }
    let name = word.strip_prefix(TAGS).unwrap_or(word);
    if let Some(id) = refs.tag(name) {
        return Ok(at(id, Some(name), Some(format!("{TAGS}{name}"))));
    }
    // One commit can be fetched alone; an abbreviation can only be looked up among all.
    let need = match (word.parse::<Oid>(), &pin.role) {
        (Ok(id), Role::Single | Role::FlakeInput(_) | Role::NixBuild { .. }) => {
            Need::Commits(vec![id])
        }
        _ => Need::History,
    };
    let repo = context.world.git.repo(place, &need).map_err(Miss::Git)?;
    repo.resolve(word)
        .map(|id| at(id, None, None))
        .map_err(Miss::Git)
}
