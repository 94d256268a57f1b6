//! `cotter nixbuild build`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use clap::Args;

use super::Format;
use super::failure::{Failure, Outcome, finish};
use super::nixbuild::{BuildOptions, node, settings};
use super::setup::{Globals, Opened, cache_dir};
use crate::nixbuild::{
    self, Building, Built, LoadTo, NixBuildError, Outcome as Ended, Status, Wanted,
};
use crate::output::{self, Builds, Diagnostic, Severity};
use crate::process::{System, at_interrupt};
use crate::source::{RelPath, SourceFile, Workspace};
use crate::work_copy::Scratch;

/// Builds the package that a NixBuild, or the annotations on a pod, name; checks that the image is the one that the
/// manifest says; and loads it under its `imageTag`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The file with a NixBuild, or with a Deployment or its kin that has the annotations
    #[arg(value_name = "MANIFEST")]
    manifest: PathBuf,
    /// Which of several in the file: the name of the object
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    options: BuildOptions,
    /// Write the status that the object is to have, as YAML
    #[arg(long, value_name = "FILE")]
    status: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        finish(self.format, self.build(globals))
    }

    fn build(&self, globals: &Globals) -> Result<Outcome, Failure> {
        let opened = globals.open()?;
        let (workspace, file) = read(&opened.base, &self.manifest)?;
        let wanted = self
            .choose(&file)
            .map_err(|error| Failure::from(error).shown_in(&workspace))?;
        let node = node();
        let status_file = self.status.as_ref().map(|file| opened.base.join(file));
        let write = |outcome: &Ended| match &status_file {
            Some(file) => Status {
                wanted: Some(&wanted),
                outcome,
                node: &node,
                at: SystemTime::now(),
            }
            .write(file),
            None => Ok(()),
        };
        let has_ended = Arc::new(AtomicBool::new(false));
        if let Some(file) = status_file.clone() {
            told_at_interrupt(wanted.clone(), node.clone(), file, has_ended.clone())?;
        }
        write(&Ended::Building)?;
        let built = self.built(globals, &opened, &wanted, &node);
        let outcome = match &built {
            Ok(built) => Ended::Succeeded(built.clone()),
            Err(failure) => Ended::Failed(failure.words()),
        };
        has_ended.store(true, Ordering::SeqCst);
        write(&outcome)?;
        let built = built?;
        self.tell(globals, &built);
        match self.format {
            Format::Json => output::built_json(&mut io::stdout().lock(), &built),
            Format::Human => output::built_human(&mut anstream::stdout().lock(), &built),
        }
        .map_err(Failure::output)?;
        Ok(Outcome::Done)
    }

    fn built(
        &self,
        globals: &Globals,
        opened: &Opened,
        wanted: &Wanted,
        node: &str,
    ) -> Result<Built, Failure> {
        let scratch = Scratch::make(&cache_dir()?)?;
        let settings = settings(opened);
        let building = Building {
            settings: &settings,
            builders: self.options.builders.as_deref(),
            timeout: self.options.timeout(),
            node,
            folder: scratch.dir(),
        };
        let mut shown = Builds::new(globals.quiet);
        let output = nixbuild::build(wanted, &building, &System, &mut |progress| {
            shown.show(&progress);
        });
        shown.finish();
        let loader = self.options.loader(opened, &System);
        Ok(nixbuild::load_built(
            &output?,
            wanted,
            loader.as_ref(),
            &System,
            scratch.dir(),
            self.options.rename,
        )?)
    }

    fn choose(&self, file: &SourceFile) -> Result<Wanted, NixBuildError> {
        let this_system = Wanted::this_system();
        let system = self.options.system.as_deref().unwrap_or(&this_system);
        let found =
            nixbuild::read(file, system).map_err(|problem| NixBuildError::Source(vec![problem]))?;
        let is_meant = |wanted: &Wanted| self.name.as_ref().is_none_or(|name| *name == wanted.name);
        let mut problems = Vec::new();
        let mut wanted: Vec<Wanted> = Vec::new();
        for each in found {
            match each {
                Ok(each) if is_meant(&each) => wanted.push(each),
                Ok(_) => {}
                Err(problem) => problems.push(problem),
            }
        }
        // The annotations of several pods may ask for one and the same build.
        wanted.dedup_by(|a, b| a.key() == b.key() && a.image_tag == b.image_tag);
        let file = file.path();
        if let [wanted] = wanted.as_slice()
            && (problems.is_empty() || self.name.is_some())
        {
            return Ok(wanted.clone());
        }
        if !problems.is_empty() {
            return Err(NixBuildError::Source(problems));
        }
        let names: Vec<&str> = wanted.iter().map(|wanted| wanted.name.as_str()).collect();
        let (message, hint) = match (names.is_empty(), &self.name) {
            (true, Some(name)) => (format!("{file} asks for no build named `{name}`"), None),
            (true, None) => {
                let hint = "a NixBuild has flakeUrl, imageTag and packageName; pods have annotations of these names";
                (format!("{file} asks for no build"), Some(hint.to_owned()))
            }
            (false, _) => (
                format!("{file} asks for several builds: {}", names.join(", ")),
                Some(
                    "choose one with `--name`, or let `nixbuild watch` build all of a folder"
                        .to_owned(),
                ),
            ),
        };
        Err(NixBuildError::Request { message, hint })
    }

    fn tell(&self, globals: &Globals, built: &Built) {
        if self.options.load != Some(LoadTo::Containerd) {
            return;
        }
        let note = Diagnostic {
            severity: Severity::Note,
            hint: Some(format!(
                "run its pods here with `nodeSelector: {{kubernetes.io/hostname: {}}}`, or share images between nodes \
                 with Spegel",
                node()
            )),
            ..Diagnostic::error(format!("only this node's containerd has `{}`", built.image))
        };
        globals.tell(None, &[note]);
    }
}

/// Has `file` say that the build was interrupted, if it is.
fn told_at_interrupt(
    wanted: Wanted,
    node: String,
    file: PathBuf,
    has_ended: Arc<AtomicBool>,
) -> Result<(), Failure> {
    at_interrupt(move || {
        if has_ended.load(Ordering::SeqCst) {
            return;
        }
        let why = Ended::Failed("interrupted before the build had ended".to_owned());
        let status = Status {
            wanted: Some(&wanted),
            outcome: &why,
            node: &node,
            at: SystemTime::now(),
        };
        // Nobody is left to tell when it cannot be written.
        let _ = status.write(&file);
    })
    .map_err(|error| Failure::outside(format!("signals cannot be heard: {error}"), None))
}

/// The file at `path`, as seen from `base`, and the folder that it is in.
fn read(base: &Path, path: &Path) -> Result<(Workspace, Arc<SourceFile>), Failure> {
    let full = base.join(path);
    let missing = || Failure::usage(format!("{}: no such file", path.display()), None);
    let folder = full.parent().ok_or_else(missing)?;
    let name = full
        .file_name()
        .and_then(RelPath::new)
        .ok_or_else(missing)?;
    let workspace = Workspace::at(folder)?;
    if !workspace.has_file(&name) {
        return Err(missing());
    }
    let file = workspace.read(&name)?;
    Ok((workspace, file))
}
