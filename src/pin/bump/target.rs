//! What each selected pin is to become.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{BumpError, Context, given, location};
use crate::git::{GitError, Location, Oid, Refs};
use crate::pin::{Follow, Moves, Pin, PinKind, Problem, Role, Selection, tag};

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

/// Targets and what they were found with.
pub struct Targets {
    /// By pin. A pin that stays, or that nothing is known about, is not here.
    pub by_pin: BTreeMap<usize, Target>,
    pub refs: BTreeMap<Location, Arc<Refs>>,
    /// Where each pin is asked.
    pub locations: BTreeMap<usize, Location>,
    /// The pins that `--to` is about.
    given: BTreeSet<usize>,
}

impl Targets {
    /// Where a pin is asked, and what was answered.
    pub fn known(&self, at: usize) -> Option<(&Location, &Refs)> {
        let place = self.locations.get(&at)?;
        Some((place, self.refs.get(place)?.as_ref()))
    }

    /// Whether `--to` says where the pin goes.
    pub fn is_given(&self, at: usize) -> bool {
        self.given.contains(&at)
    }
}

impl Targets {
    /// A line for every selected pin that was asked about: where, and what was answered.
    pub fn trail(&self, context: &Context) -> Vec<String> {
        let line = |(at, place): (&usize, &Location)| {
            let name = &context.pin(*at).name;
            match self.by_pin.get(at) {
                Some(Target {
                    value,
                    from: Some(from),
                    ..
                }) => format!("{name}: {from} of {place} is at {value}"),
                Some(Target {
                    value, from: None, ..
                }) => format!("{name}: {value}, as was asked for, is in {place}"),
                None => format!("{name}: up to date with {place}"),
            }
        };
        self.locations.iter().map(line).collect()
    }
}

/// Why a pin has no target: something in the source, or something about the repository.
pub enum Miss {
    Wrong(Problem),
    Git(GitError),
}

/// Asks every remote once, all at the same time, and works out what the selected pins become.
pub fn targets(context: &Context, selection: &Selection) -> Result<Targets, BumpError> {
    let to = pins_meant(context, selection)?;
    let mut follows = BTreeMap::new();
    let mut locations = BTreeMap::new();
    for at in &selection.pins {
        let pin = context.pin(*at);
        let follow = Follow::of(
            pin,
            context.config,
            context.containers.config(&pin.name.container),
        );
        let asks = to.contains(at) || follow != Follow::Stay || matches!(pin.role, Role::Spork(_));
        if let Some(location) = location::of(context, pin).filter(|_| asks && pin.spot.is_some()) {
            locations.insert(*at, location);
        }
        follows.insert(*at, follow);
    }
    let repositories: BTreeSet<&str> = selection
        .pins
        .iter()
        .filter_map(|at| context.pin(*at).repository.as_deref())
        .collect();
    location::check_clone(
        context.request.clone.as_deref(),
        &Vec::from_iter(repositories),
    )?;

    let mut targets = Targets {
        by_pin: BTreeMap::new(),
        refs: ask(context, &locations)?,
        locations,
        given: to,
    };
    let (mut problems, mut failures) = (Vec::new(), Vec::new());
    for (at, follow) in &follows {
        let pin = context.pin(*at);
        let found = match (targets.is_given(*at), targets.known(*at)) {
            (true, known) => given::target(context, pin, known).map(Some),
            (false, Some((place, refs))) => followed(context, pin, follow, place, refs),
            (false, None) if matches!(pin.role, Role::Spork(_)) => Err(Miss::Wrong(context.problem(
                pin,
                format!("no remote is known for `{}`", pin.name),
                Some("name one in the source (`url`), or a clone in cotter.toml or with `--clone`"),
            ))),
            (false, None) => Ok(None),
        };
        match found {
            Ok(Some(target)) => drop(targets.by_pin.insert(*at, target)),
            Ok(None) => {}
            Err(Miss::Wrong(problem)) => problems.push(problem),
            Err(Miss::Git(error)) => failures.push(error),
        }
    }
    match (failures.is_empty(), problems.is_empty()) {
        (false, _) => Err(BumpError::Git(failures)),
        (_, false) => Err(BumpError::Source(problems)),
        _ => Ok(targets),
    }
}

/// The pins that `--to` is about.
fn pins_meant(context: &Context, selection: &Selection) -> Result<BTreeSet<usize>, BumpError> {
    let Some(to) = &context.request.to else {
        return Ok(BTreeSet::new());
    };
    if !selection.is_explicit {
        return Err(BumpError::Request(format!(
            "`--to {to}` needs the name of the pin that it is for"
        )));
    }
    let meant: BTreeSet<usize> = match selection.named.is_empty() {
        false => selection.named.iter().copied().collect(),
        // Of a whole spork the upstream rev is meant; its features go on following their branches.
        true => {
            let is_upstream = |at: &&usize| context.pin(**at).kind == PinKind::SporkUpstream;
            let upstream: BTreeSet<usize> =
                selection.pins.iter().filter(is_upstream).copied().collect();
            match upstream.is_empty() {
                false => upstream,
                true => selection.pins.iter().copied().collect(),
            }
        }
    };
    let sources: BTreeSet<Option<&str>> = meant
        .iter()
        .map(|at| context.pin(*at).repository.as_deref())
        .collect();
    if sources.len() > 1 || (sources.contains(&None) && meant.len() > 1) {
        let names: Vec<String> = meant
            .iter()
            .map(|at| context.pin(*at).name.to_string())
            .collect();
        return Err(BumpError::Request(format!(
            "`--to {to}` is one revision, but the words mean {} pins of different sources: {}",
            names.len(),
            names.join(", ")
        )));
    }
    Ok(meant)
}

fn ask(
    context: &Context,
    locations: &BTreeMap<usize, Location>,
) -> Result<BTreeMap<Location, Arc<Refs>>, BumpError> {
    let distinct: Vec<Location> = locations
        .values()
        .cloned()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let answers = context.world.git.refs_of_all(&distinct);
    let of = |wanted: &Location| locations.iter().find(|(_, location)| *location == wanted);
    let mut refs = BTreeMap::new();
    let mut failures = Vec::new();
    for (location, answer) in distinct.into_iter().zip(answers) {
        match answer {
            Ok(known) => drop(refs.insert(location, known)),
            Err(error @ GitError::Open { .. }) => match (&location, of(&location)) {
                (Location::Clone(_), Some((pin, _))) => {
                    return Err(not_a_clone(context, *pin, &error));
                }
                _ => failures.push(error),
            },
            Err(error) => failures.push(error),
        }
    }
    if failures.is_empty() {
        Ok(refs)
    } else {
        Err(BumpError::Git(failures))
    }
}

/// A clone that the command line or `cotter.toml` names, and that is none.
fn not_a_clone(context: &Context, pin: usize, error: &GitError) -> BumpError {
    let message =
        format!("{error}; name a clone or a bare mirror, or leave it out to ask the remote");
    match &context.request.clone {
        Some(_) => BumpError::Request(format!("`--clone`: {message}")),
        None => {
            let container = &context.pin(pin).name.container;
            BumpError::Config(context.config.clone_error(container, message))
        }
    }
}

/// What `pin` comes to by what it follows; `None` when it stays.
fn followed(
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

pub fn branch_ref(name: &str) -> String {
    format!("refs/heads/{name}")
}

/// Whether `branch` is what a feature `name` follows when nothing else is said.
fn is_feature_branch(branch: &str, name: &str) -> bool {
    let Some(rest) = branch.strip_prefix("feature/") else {
        return false;
    };
    rest == name
        || rest
            .strip_suffix(name)
            .is_some_and(|before| before.ends_with('/') && before.len() > 1)
}

/// The pin at a commit; `None` when it is there already, be it by an abbreviation.
fn at_commit(
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

pub const TAGS: &str = "refs/tags/";

#[cfg(test)]
mod tests {
    use super::is_feature_branch;

    #[test]
    fn a_feature_is_found_by_its_name() {
        for (branch, name, expected) in [
            ("feature/upstream/clone-url-base", "clone-url-base", true),
            ("feature/clone-url-base", "clone-url-base", true),
            ("feature/a/b/clone-url-base", "clone-url-base", true),
            ("feature/my-clone-url-base", "clone-url-base", false),
            ("feature//x", "x", false),
            ("main", "main", false),
        ] {
            assert_eq!(is_feature_branch(branch, name), expected, "{branch}");
        }
    }
}
