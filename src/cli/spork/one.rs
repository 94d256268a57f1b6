//! One spork that is to be emitted: what is said of it on the command line, in cotter.toml and in the files that are
//! there, and the files that come of that.

use super::emit::Arguments;
use super::facts::{asked, facts, listed};
use crate::cli::emitted::{self, Planned, invalid_spec};
use crate::cli::failure::{Failure, FailureKind, of_problem};
use crate::cli::setup::{Globals, Opened};
use crate::config::Container;
use crate::git::{Git, Location, Need, Repo, without_credentials};
use crate::image::emit::{self, EmitError, Request, with_own_pins};
use crate::image::spec::{self, EmittedLock, Method, Source, Spec, Spork, of_spork};
use crate::naming::Containers;
use crate::output::Diagnostic;
use crate::pin::fork::{self, Build, Existing, Fork, ForkError, Given, Wanted};
use crate::pin::location::Places;
use crate::pin::{self, Found, lockfile};
use crate::source::RelPath;

/// A spork by its name.
pub struct Subject<'a> {
    arguments: &'a Arguments,
    opened: &'a Opened,
    name: &'a str,
    container: Option<&'a Container>,
    /// The folder that the files come to stand in.
    out: RelPath,
    /// The `[image.NAME]` of cotter.toml.
    base: Option<Spec>,
    /// The pins of the files that are written over.
    found: Found,
    existing: Option<Existing>,
    lock: Lock<'a>,
}

/// The `Cargo.lock` beside the expression.
struct Lock<'a> {
    /// From the folder of the expression.
    name: &'a str,
    path: RelPath,
    there: Option<String>,
}

impl<'a> Subject<'a> {
    pub fn new(
        arguments: &'a Arguments,
        globals: &Globals,
        opened: &'a Opened,
        name: &'a str,
    ) -> Result<Subject<'a>, Failure> {
        let container = opened.config.container.get(name);
        let out = out(arguments, opened, name, container)?;
        let files = ["default.nix", "flake.nix"];
        let files = files.iter().filter_map(|name| out.join(name));
        let files = files.filter(|file| opened.workspace.has_file(file));
        let found = pin::find(&opened.workspace, &opened.config, files.collect());
        // What cannot be read may hold pins, which would be lost.
        let problems: Vec<Diagnostic> = found.problems.iter().map(of_problem).collect();
        match arguments.writing.force {
            false if !problems.is_empty() => {
                return Err(Failure::all(FailureKind::Usage, problems));
            }
            _ => globals.tell(Some(&opened.workspace), &problems),
        }
        let existing = Existing::of(&found.pins).map_err(|_| {
            Failure::usage(
                format!("the files in {out} hold more than one spork"),
                Some("emit each into a folder of its own: `--out DIR`".into()),
            )
        })?;
        Ok(Subject {
            lock: Lock::beside(opened, &out, container)?,
            base: of_config(opened, name)?,
            arguments,
            opened,
            name,
            container,
            out,
            found,
            existing,
        })
    }

    /// What `[image.NAME]` says of the spork.
    fn given(&self) -> Option<&Spork> {
        match &self.base.as_ref()?.source {
            Source::Spork(spork) => Some(spork),
            _ => None,
        }
    }

    /// The files as they are to be.
    pub fn files(&self, globals: &Globals, git: &Git) -> Result<Vec<Planned>, Failure> {
        let place = self.place()?;
        let repo = git.repo(&place, &Need::History).map_err(ForkError::from)?;
        let fork = self.fork(git, &place, &repo)?;
        tell(globals, self.name, &fork);
        let spec = self.spec(&fork, &place, &repo)?;
        let mut planned = self.expressions(&spec)?;
        if let Some(lock) = &fork.lock {
            let ours: Vec<&str> = lock.before.as_deref().into_iter().collect();
            planned.push(emitted::planned_whole(
                self.opened,
                self.lock.path.clone(),
                &lock.text,
                &ours,
                "the one that fits these commits is another: take that with `--force`",
            )?);
        }
        Ok(planned)
    }

    /// The repository that is asked.
    fn place(&self) -> Result<Location, Failure> {
        let Subject {
            arguments, opened, ..
        } = self;
        let clone = arguments.clone.as_ref().map(|dir| opened.base.join(dir));
        let configured = || {
            let dir = self.container?.clone.as_deref()?;
            Some(opened.workspace.root().join(dir))
        };
        if let Some(dir) = clone.or_else(configured) {
            return Ok(Location::Clone(dir.canonicalize().unwrap_or(dir)));
        }
        if let Some(url) = &arguments.url {
            return Ok(Location::Remote(url.clone()));
        }
        let places = Places {
            workspace: &opened.workspace,
            containers: &Containers::new(&opened.config, &self.found.files),
            pins: &self.found.pins,
            clone: None,
        };
        let pinned = self.found.pins.iter().find_map(|pin| places.of(pin));
        let of_spec = || Some(Location::Remote(self.given()?.url.clone()));
        pinned.or_else(of_spec).ok_or_else(|| {
            Failure::usage(
                "no repository is known that has upstream and its feature branches",
                Some(
                    "name a clone with `--clone DIR` or as `clone` in cotter.toml, or a remote with `--url URL`"
                        .into(),
                ),
            )
        })
    }

    fn fork(&self, git: &Git, place: &Location, repo: &Repo) -> Result<Fork, Failure> {
        let (arguments, given) = (self.arguments, self.given());
        let existing = self.existing.as_ref();
        let refs = git.refs(place).map_err(ForkError::from)?;
        let main = arguments
            .main
            .as_deref()
            .or_else(|| existing?.main.as_deref())
            .or_else(|| given?.main.as_deref())
            .or_else(|| Some(self.container?.main_branch()));
        let features: Vec<_> = match (arguments.feature.as_slice(), given) {
            ([], Some(spork)) => spork.features.iter().map(listed).collect(),
            (named, _) => {
                let is_branch = |name: &str| refs.branch(name).is_some();
                named.iter().map(|text| asked(text, is_branch)).collect()
            }
        };
        let has_entrypoint = |spec: &Spec| spec.config.entrypoint.is_some();
        let build = arguments.build.map(Build::from);
        let program = arguments.program.as_deref();
        Ok(fork::draw(&Wanted {
            name: self.name,
            place,
            repo,
            refs: &refs,
            container: self.container,
            existing,
            main: main.unwrap_or("main"),
            features: &features,
            prune: arguments.prune,
            project: Given {
                build: build.or_else(|| Some(given?.build.into())),
                pname: arguments.pname.as_deref().or_else(|| Some(&given?.pname)),
                program: program.or_else(|| given?.program.as_deref()),
                needs_no_program: self.base.as_ref().is_some_and(has_entrypoint),
            },
            lock: self.lock.there.as_deref(),
        })?)
    }

    /// Where the expression fetches from.
    fn url(&self, place: &Location, repo: &Repo) -> Result<String, Failure> {
        let pinned = || self.existing.as_ref()?.url.clone();
        let of_spec = || Some(self.given()?.url.clone());
        let asked = self.arguments.url.as_deref().map(without_credentials);
        if let Some(url) = asked.or_else(pinned).or_else(of_spec) {
            return Ok(url);
        }
        fork::of_origin(repo.origin().as_deref(), &repo.top()).map_err(|error| {
            let message =
                format!("{place}: {error}, so where the expression fetches from is not known");
            Failure::usage(message, Some("say it: `--url URL`".into()))
        })
    }

    fn spec(&self, fork: &Fork, place: &Location, repo: &Repo) -> Result<Spec, Failure> {
        let lock_text = match (&fork.lock, fork.project.build) {
            (Some(lock), _) => Some(&lock.text),
            (None, Build::Rust) => self.lock.there.as_ref(),
            (None, _) => None,
        };
        let lock = lock_text.map(|text| EmittedLock {
            path: self.lock.name.to_owned(),
            text: text.clone(),
        });
        let mut facts = facts(fork, self.url(place, repo)?, lock);
        if facts.version.is_none() {
            facts.version = self.given().and_then(|spork| spork.version.clone());
        }
        let image = (self.arguments.image.as_deref())
            .or_else(|| Some(self.base.as_ref()?.name.as_str()))
            .or_else(|| self.container?.image.as_deref())
            .unwrap_or(self.name);
        of_spork(image, self.base.as_ref(), facts).map_err(|faults| {
            let hint =
                "flags of `cotter spork emit` say what its files do not: `--help` lists them";
            let shown = faults.into_iter().map(|fault| Diagnostic {
                hint: Some(hint.into()),
                ..Diagnostic::error(format!("the spork `{}`: {fault}", self.name))
            });
            Failure::all(FailureKind::Usage, shown.collect())
        })
    }

    fn expressions(&self, spec: &Spec) -> Result<Vec<Planned>, Failure> {
        let Subject {
            arguments, opened, ..
        } = self;
        // Paths of a spec in cotter.toml are from there.
        let folder = match (&self.base, opened.config.source()) {
            (Some(_), Some(source)) => source.path().parent(),
            _ => self.out.clone(),
        };
        let templates = emitted::templates(opened, arguments.templates.as_deref());
        let request = Request {
            workspace: &opened.workspace,
            spec,
            origin: self.origin(spec),
            command: arguments.command(self.name, &self.out),
            folder: &folder,
            out: &self.out,
            method: (arguments.builder.or(spec.builder)).unwrap_or(Method::Layered),
            form: emitted::form(arguments.flake),
            nixpkgs: emitted::nixpkgs(opened),
            library: None,
            templates: templates.as_deref(),
        };
        let files = emit::emit(&request).map_err(|error| match error {
            EmitError::Refused { .. } => error.into(),
            error => Failure::usage(format!("{}: {error}", self.name), None),
        })?;
        files
            .into_iter()
            .filter_map(|file| Some((self.out.join(file.name)?, file)))
            .map(|(path, file)| emitted::planned(opened, path, &with_own_pins(file)))
            .collect()
    }

    /// In words.
    fn origin(&self, spec: &Spec) -> String {
        let url = match &spec.source {
            Source::Spork(spork) => spork.url.as_str(),
            _ => "",
        };
        match &self.base {
            Some(_) => format!("[image.{}] and the branches of {url}", self.name),
            None => format!("the branches of {url}"),
        }
    }
}

impl<'a> Lock<'a> {
    fn beside(
        opened: &Opened,
        out: &RelPath,
        container: Option<&'a Container>,
    ) -> Result<Lock<'a>, Failure> {
        let name = container
            .and_then(|container| container.lockfile.as_ref())
            .map_or(lockfile::LOCK, |lockfile| lockfile.get_ref());
        let path = out
            .join(name)
            .ok_or_else(|| Failure::usage(format!("{name} leads out of the workspace"), None))?;
        let there = match opened.workspace.has_file(&path) {
            true => Some(opened.workspace.read(&path)?.text().to_owned()),
            false => None,
        };
        Ok(Lock { name, path, there })
    }
}

fn out(
    arguments: &Arguments,
    opened: &Opened,
    name: &str,
    container: Option<&Container>,
) -> Result<RelPath, Failure> {
    if let Some(dir) = &arguments.out {
        return Ok(opened.workspace.locate_new(&opened.base, dir)?);
    }
    match container.and_then(Container::nix_file) {
        Some(nix) if matches!(nix.file_name(), "default.nix" | "flake.nix") => Ok(nix.parent()),
        Some(nix) => Err(Failure::usage(
            format!("the Nix file of `{name}` is {nix}, and what is emitted is a default.nix"),
            Some("say where it is to come: `--out DIR`".into()),
        )),
        None => Err(Failure::usage(
            format!("where the files of `{name}` come to stand is not known"),
            Some(format!(
                "say `--out DIR`, or `nix = \"containers/{name}/default.nix\"` in `[container.{name}]`"
            )),
        )),
    }
}

/// The `[image.NAME]` of cotter.toml, where there is one.
fn of_config(opened: &Opened, name: &str) -> Result<Option<Spec>, Failure> {
    let Some(source) = opened.config.source() else {
        return Ok(None);
    };
    let mut specs = spec::all_of_config(source).map_err(invalid_spec)?;
    match specs.remove(name) {
        Some(spec) if !matches!(spec.source, Source::Spork(_)) => Err(Failure::usage(
            format!(
                "`[image.{name}]` of {} is made from `{}`, which is no spork",
                source.path(),
                spec.source.kind()
            ),
            Some(format!("`cotter image emit {name}` writes its expression")),
        )),
        spec => Ok(spec),
    }
}

fn tell(globals: &Globals, name: &str, fork: &Fork) {
    let warnings = fork.warnings.iter();
    let warnings = warnings.map(|text| Diagnostic::warning(format!("{name}: {text}")));
    let notes = fork.notes.iter();
    let notes = notes.map(|text| Diagnostic::note(format!("{name}: {text}")));
    globals.tell(None, &warnings.chain(notes).collect::<Vec<_>>());
}
