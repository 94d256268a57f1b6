//! What each selected pin is to become: every remote is asked once, all at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::target::{Miss, Target};
use super::{BumpError, Context, followed, given, location};
use crate::git::{GitError, Location, Refs};
use crate::naming::Selection;
use crate::pin::{Follow, PinKind, Role};

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

/// Asks every remote once, all at the same time, and works out what the selected pins become.
pub fn targets(context: &Context, selection: &Selection) -> Result<Targets, BumpError> {
    let to = pins_meant(context, selection)?;
    let mut follows = BTreeMap::new();
    let mut locations = BTreeMap::new();
    for at in &selection.chosen {
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
        .chosen
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
            (false, Some((place, refs))) => followed::target(context, pin, follow, place, refs),
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
            let upstream: BTreeSet<usize> = selection
                .chosen
                .iter()
                .filter(is_upstream)
                .copied()
                .collect();
            match upstream.is_empty() {
                false => upstream,
                true => selection.chosen.iter().copied().collect(),
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
