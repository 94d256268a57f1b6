//! The stages of a Dockerfile: what each one begins from, and which of them the image is made of.

use std::collections::BTreeSet;
use std::ops::Range;

use super::read::{Document, What};
use super::scope::{Scope, UnknownName, Value, predefined, split};
use crate::image::spec::LinuxSystem;

#[derive(Clone, Debug)]
pub struct Stage {
    pub name: Option<String>,
    /// The number of its `FROM`.
    pub from: usize,
    pub origin: Origin,
    pub platform: Option<String>,
    /// The numbers of its other instructions.
    pub steps: Range<usize>,
}

#[derive(Clone, Debug)]
pub enum Origin {
    Stage(usize),
    /// The image's name, or the variable of which it is made and whose value is not known.
    Image(Result<String, UnknownName>),
}

#[derive(Debug)]
pub struct Stages {
    pub all: Vec<Stage>,
    /// The variables before the first stage.
    pub global: Scope,
    /// The one that the image is.
    pub target: usize,
    /// Those that the image is made of: the target, what it begins from, and what files are copied from.
    pub reached: BTreeSet<usize>,
    /// The target and what it begins from, the first one first.
    pub line: Vec<usize>,
}

/// There is no stage of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoStage(pub Vec<String>);

impl Stages {
    pub fn of(
        document: &Document,
        target: Option<&str>,
        arguments: &[(String, String)],
        system: LinuxSystem,
    ) -> Result<Stages, NoStage> {
        let mut all: Vec<Stage> = Vec::new();
        let mut global = Scope::default();
        for name in [
            "TARGETARCH",
            "TARGETOS",
            "TARGETPLATFORM",
            "TARGETVARIANT",
            "BUILDARCH",
            "BUILDOS",
            "BUILDPLATFORM",
            "BUILDVARIANT",
        ] {
            if let Some(value) = predefined(name, system) {
                global.set(name, Value::Known(value));
            }
        }
        for (number, step) in document.steps.iter().enumerate() {
            match &step.what {
                What::Arg(text) if all.is_empty() => {
                    declare(text, &mut global, None, arguments, document.escape, system)
                }
                What::From {
                    image,
                    name,
                    platform,
                } => {
                    let expanded = global.expand(image, document.escape);
                    let earlier = expanded
                        .as_ref()
                        .ok()
                        .and_then(|image| by_name(&all, image));
                    all.push(Stage {
                        name: name.clone(),
                        from: number,
                        origin: earlier.map_or(Origin::Image(expanded), Origin::Stage),
                        platform: platform
                            .as_ref()
                            .map(|text| global.expand(text, document.escape).unwrap_or_default()),
                        steps: number + 1..number + 1,
                    });
                }
                _ => {}
            }
            if let Some(stage) = all.last_mut() {
                stage.steps.end = number + 1;
            }
        }
        let target = match target {
            None => all.len().saturating_sub(1),
            Some(name) => by_name_or_number(&all, name).ok_or_else(|| {
                NoStage(all.iter().filter_map(|stage| stage.name.clone()).collect())
            })?,
        };
        let mut stages = Stages {
            all,
            global,
            target,
            reached: BTreeSet::new(),
            line: Vec::new(),
        };
        stages.line = stages.line_of(target);
        stages.reach(document);
        Ok(stages)
    }

    /// `stage` and what it begins from, the first one first.
    pub fn line_of(&self, stage: usize) -> Vec<usize> {
        let mut line = vec![stage];
        // A stage begins from an earlier one.
        while let Some(Origin::Stage(before)) = line
            .last()
            .and_then(|at| self.all.get(*at))
            .map(|stage| stage.origin.clone())
        {
            line.push(before);
        }
        line.reverse();
        line
    }

    /// The stage that `COPY --from` names in a stage.
    pub fn named(&self, name: &str) -> Option<usize> {
        by_name_or_number(&self.all, name)
    }

    /// The image that the first of `line` begins from.
    pub fn image_of(&self, line: &[usize]) -> Result<String, UnknownName> {
        match line
            .first()
            .and_then(|first| self.all.get(*first))
            .map(|stage| &stage.origin)
        {
            Some(Origin::Image(image)) => image.clone(),
            _ => Ok(String::new()),
        }
    }

    fn reach(&mut self, document: &Document) {
        let mut open = vec![self.target];
        while let Some(at) = open.pop() {
            if !self.reached.insert(at) {
                continue;
            }
            let Some(stage) = self.all.get(at) else {
                continue;
            };
            if let Origin::Stage(before) = stage.origin {
                open.push(before);
            }
            for step in document.steps.get(stage.steps.clone()).unwrap_or_default() {
                match &step.what {
                    What::Copy(copy) => {
                        let from = copy.options.iter().find(|option| option.name == "from");
                        open.extend(from.and_then(|from| self.named(&from.value)));
                    }
                    What::Run { options, .. } => {
                        let mounts = options.iter().filter(|option| option.name == "mount");
                        let sources = mounts.flat_map(|mount| mount.value.split(','));
                        let names = sources.filter_map(|part| part.strip_prefix("from="));
                        open.extend(names.filter_map(|name| self.named(name)));
                    }
                    _ => {}
                }
            }
        }
    }
}

fn by_name(all: &[Stage], name: &str) -> Option<usize> {
    let is_it = |stage: &Stage| {
        stage
            .name
            .as_deref()
            .is_some_and(|own| own.eq_ignore_ascii_case(name))
    };
    all.iter().rposition(is_it)
}

fn by_name_or_number(all: &[Stage], name: &str) -> Option<usize> {
    by_name(all, name).or_else(|| name.parse().ok().filter(|number| *number < all.len()))
}

/// Takes in `ARG A=1 B`: what the command line says counts, then the default, then what is said before the first stage.
pub fn declare(
    text: &str,
    scope: &mut Scope,
    global: Option<&Scope>,
    arguments: &[(String, String)],
    escape: char,
    system: LinuxSystem,
) {
    for word in split(text, escape) {
        let (name, default) = match word.split_once('=') {
            Some((name, default)) => (name, Some(default)),
            None => (word.as_str(), None),
        };
        let given = arguments.iter().rev().find(|(given, _)| given == name);
        let value = match (given, default) {
            (Some((_, value)), _) => Value::Known(value.clone()),
            (None, Some(default)) => scope
                .expand(default, escape)
                .map_or(Value::Unknown, Value::Known),
            (None, None) => match global.filter(|global| global.has(name)) {
                Some(global) => global.get(name),
                None => predefined(name, system).map_or(Value::Unknown, Value::Known),
            },
        };
        // An `ENV` of the same name counts more, and stays.
        scope.set(name, value);
    }
}
