//! A build from the flake to the image in its place.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::archive::{Output, kind_of};
use super::load::Loader;
use super::wanted::Wanted;
use super::{NixBuildError, Refused};
use crate::image::archive::{self, Kind, Options};
use crate::manifest::{image_ref, image_tag};
use crate::nix::drv::Derivations;
use crate::nix::{FailureKind, Instantiate, Nix, Progress, Realise, Step, Target};
use crate::process::{Runner, redact};

/// nix2container's attribute for the program that copies the image anywhere.
const COPY_TO: &str = "copyTo";

/// How Nix builds.
#[derive(Clone, Debug)]
pub struct Building<'a> {
    /// As [`Nix::arguments_of`] makes them.
    pub settings: &'a [String],
    /// As Nix's setting of this name has them; `None` is what Nix is set to.
    pub builders: Option<&'a str>,
    pub timeout: Duration,
    /// What this machine is called.
    pub node: &'a str,
    /// A folder of this build's own, for what keeps its results from being collected.
    pub folder: &'a Path,
}

/// An image that was built.
#[derive(Clone, Debug)]
pub struct Built {
    /// Its name, with the tag.
    pub image: String,
    /// The digest of its manifest where it was loaded into something that has one, else of its config.
    pub digest: String,
    /// The digest of its config.
    pub image_id: String,
    /// How many bytes its layers have.
    pub size: u64,
    pub store_path: PathBuf,
    pub kind: Kind,
    /// `None`: it was not loaded.
    pub loaded_into: Option<String>,
    pub node: String,
}

/// Evaluates and builds what `wanted` names; `on_progress` is told how that goes.
pub fn build(
    wanted: &Wanted,
    building: &Building,
    runner: &dyn Runner,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<Output, NixBuildError> {
    let nix = Nix::find(runner)?
        .settings(building.settings)
        .timeout(building.timeout);
    let attrs = wanted.attrs();
    let mut node = building.node.to_owned();
    let mut watch = |progress: Progress| {
        if let Step::Started {
            machine: Some(machine),
        } = progress.step
        {
            node = redact(machine);
        }
        on_progress(progress);
    };
    let store_path = realise(&nix, wanted, &attrs, building, "image", &mut watch)?;
    let kind = kind_of(&store_path)?;
    let copy_to = match kind {
        Kind::Nix2Container => {
            let attrs: Vec<String> = attrs.into_iter().chain([COPY_TO.to_owned()]).collect();
            let built = realise(&nix, wanted, &attrs, building, COPY_TO, &mut |_| {})?;
            Some(program_in(&built)?)
        }
        _ => None,
    };
    Ok(Output {
        store_path,
        kind,
        copy_to,
        node,
    })
}

/// The store path of the package that `attrs` lead to.
fn realise(
    nix: &Nix,
    wanted: &Wanted,
    attrs: &[String],
    building: &Building,
    name: &str,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<PathBuf, NixBuildError> {
    let roots = building.folder.join(name);
    let evaluated = nix.instantiate(&Instantiate {
        target: Target::Package {
            flake_ref: &wanted.flake_url,
            system: &wanted.system,
            attrs,
        },
        system: None,
        dir: building.folder,
        roots: &roots,
    })?;
    let found = evaluated.map_err(|failure| NixBuildError::Eval {
        package: format!("packages.{}.{}", wanted.system, attrs.join(".")),
        flake: redact(&wanted.flake_url),
        message: failure.message,
    })?;
    let realised = nix.realise(
        &Realise {
            drvs: &found.roots,
            max_jobs: None,
            build_timeout: Some(building.timeout),
            substitute: true,
            builders: building.builders,
            roots: &roots,
            deadline: building.timeout,
        },
        on_progress,
    )?;
    let [drv] = found.roots.as_slice() else {
        return Err(NixBuildError::NotBuilt(
            "Nix made no derivation of it".into(),
        ));
    };
    let mut failures = realised.failures;
    // What failed for itself says why.
    failures.sort_by_key(|failure| failure.kind == FailureKind::DependencyFailed);
    if let Some(failure) = failures.into_iter().next() {
        return Err(NixBuildError::Build(Box::new(failure)));
    }
    if let Some(mismatch) = realised.mismatches.first() {
        return Err(NixBuildError::NotBuilt(format!(
            "hash mismatch in {}: specified {}, got {}",
            mismatch
                .drv
                .as_deref()
                .unwrap_or("a fixed-output derivation"),
            mismatch.specified,
            mismatch.got
        )));
    }
    let derivations = Derivations::new();
    let outputs = &derivations.get(drv)?.outputs;
    let output = outputs
        .iter()
        .find(|output| output.name == "out")
        .or(outputs.first());
    let path = output
        .map(|output| output.path.as_str())
        .filter(|path| !path.is_empty());
    let path = path.or(realised.built.first().map(String::as_str));
    let Some(path) = path.filter(|_| !realised.built.is_empty()) else {
        let words = match (realised.deadline_passed, realised.unattributed) {
            (true, _) => format!("{drv} was not built in {} s", building.timeout.as_secs()),
            (false, Some(said)) => format!("{drv} was not built: {said}"),
            (false, None) => format!("{drv} was not built, and Nix does not say why"),
        };
        return Err(NixBuildError::NotBuilt(words));
    };
    nix.keep(path, &roots.join("out"))?;
    Ok(derivations.on_disk(path))
}

/// The one program of a package.
fn program_in(package: &Path) -> Result<PathBuf, NixBuildError> {
    let bin = package.join("bin");
    let entries = fs::read_dir(&bin).map_err(NixBuildError::file(&bin, "read the folder"))?;
    let programs: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    match programs.as_slice() {
        [program] => Ok(program.clone()),
        _ => Err(NixBuildError::NotBuilt(format!(
            "{} has {} programs, not one",
            bin.display(),
            programs.len()
        ))),
    }
}

/// Checks what was built against what `wanted` says of it, and puts it where `loader` does. `folder` is for what is
/// large and soon gone; `rename` when another name is taken as well.
pub fn load(
    output: &Output,
    wanted: &Wanted,
    loader: Option<&Loader>,
    runner: &dyn Runner,
    folder: &Path,
    rename: bool,
) -> Result<Built, NixBuildError> {
    let file = tempfile::Builder::new()
        .prefix("image")
        .suffix(".tar")
        .tempfile_in(folder)
        .map_err(NixBuildError::file(folder, "write into the folder"))?
        .into_temp_path();
    // Those who write it want it not to be there.
    fs::remove_file(&file).map_err(NixBuildError::file(file.to_path_buf(), "remove it"))?;
    let names = output.docker_archive(&wanted.image_tag, &file, runner)?;
    let image = archive::read(&file, &Options::default(), runner)?;
    check(wanted, &names, &image, rename)?;
    let loaded = match loader {
        Some(loader) => Some(loader.load(&file, &wanted.image_tag, &image.config.platform())?),
        None => None,
    };
    let digest_file = file.with_extension("digest");
    if digest_file.exists() {
        let _ = fs::remove_file(digest_file);
    }
    let image_id = image.config_digest.unwrap_or_default();
    let sizes = image
        .layers
        .iter()
        .filter_map(|layer| layer.size.or(layer.stored));
    let digest = loaded.as_ref().and_then(|loaded| loaded.digest.clone());
    Ok(Built {
        image: wanted.image_tag.clone(),
        digest: digest.unwrap_or_else(|| image_id.clone()),
        image_id,
        size: sizes.sum(),
        store_path: output.store_path.clone(),
        kind: output.kind,
        loaded_into: loaded.map(|loaded| loaded.into),
        node: output.node.clone(),
    })
}

fn check(
    wanted: &Wanted,
    names: &[String],
    image: &archive::Image,
    rename: bool,
) -> Result<(), Refused> {
    let platform = image.config.platform();
    if platform.os != "linux" || platform.architecture != wanted.architecture() {
        return Err(Refused::Architecture {
            found: platform.to_string(),
            wanted: wanted.system.clone(),
        });
    }
    let full =
        |reference: &str| image_tag::full_name(image_ref::read(reference).name_in(reference));
    let is_named = |name: &String| full(name) == full(&wanted.image_tag);
    match names.first() {
        Some(first) if !rename && !names.iter().any(is_named) => Err(Refused::Name {
            found: first.clone(),
            wanted: wanted.image_tag.clone(),
        }),
        _ => Ok(()),
    }
}
