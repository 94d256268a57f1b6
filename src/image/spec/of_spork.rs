//! The spec of a spork's image, from what a clone says of the spork. Plain values come in: how they are found is of
//! another room.

use super::check;
use super::source::{EmittedLock, Feature, Source, Spork, SporkBuild};
use super::{Spec, check::Step};

/// What there is to say of a spork.
#[derive(Clone, Debug)]
pub struct SporkFacts {
    pub url: String,
    pub main: String,
    /// A full SHA.
    pub upstream_rev: String,
    /// `None` for the short SHA of upstream.
    pub version: Option<String>,
    /// In the order in which they are applied.
    pub features: Vec<SporkFeature>,
    pub build: SporkBuild,
    pub pname: String,
    pub program: Option<String>,
    pub fetches: bool,
    pub build_script: bool,
    /// The `Cargo.lock` of a Rust project.
    pub lock: Option<EmittedLock>,
}

#[derive(Clone, Debug)]
pub struct SporkFeature {
    pub name: String,
    pub branch: Option<String>,
    /// A full SHA.
    pub rev: String,
}

/// The image `name` of a spork: as `base`, where there is one, else with the defaults. The source is the spork, whatever
/// it was; of an earlier one it has what the build needs. Gives what is wrong in it as lines, each with the key.
pub fn of_spork(name: &str, base: Option<&Spec>, facts: SporkFacts) -> Result<Spec, Vec<String>> {
    let feature = |feature: SporkFeature| Feature {
        name: feature.name,
        branch: feature.branch,
        rev: feature.rev,
    };
    let (build_inputs, native_build_inputs) = match base.map(|base| &base.source) {
        Some(Source::Spork(base)) => (base.build_inputs.clone(), base.native_build_inputs.clone()),
        _ => Default::default(),
    };
    let source = Source::Spork(Spork {
        build_inputs,
        native_build_inputs,
        url: facts.url,
        upstream_rev: facts.upstream_rev,
        main: Some(facts.main),
        features: facts.features.into_iter().map(feature).collect(),
        build: facts.build,
        pname: facts.pname,
        version: facts.version,
        program: facts.program,
        lockfile: None,
        fetches: facts.fetches,
        build_script: facts.build_script,
        emitted_lock: facts.lock,
    });
    let spec = match base {
        Some(base) => Spec {
            name: name.to_owned(),
            source,
            ..base.clone()
        },
        None => Spec::new(name, source),
    };
    let faults = check::faults(&spec);
    match faults.is_empty() {
        true => Ok(spec),
        false => Err(faults
            .iter()
            .map(|fault| format!("`{}`: {}", dotted(&fault.path), fault.message))
            .collect()),
    }
}

fn dotted(path: &[Step]) -> String {
    let steps = path.iter().map(|step| match step {
        Step::Key(key) => key.clone(),
        Step::Index(index) => index.to_string(),
    });
    steps.collect::<Vec<_>>().join(".")
}
