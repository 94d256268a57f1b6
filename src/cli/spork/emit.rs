//! `cotter spork emit`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::emitted::{self, Planned, invalid_spec, way_between};
use crate::cli::failure::{Failure, FailureKind, Outcome, finish};
use crate::cli::setup::{Globals, Opened, cache_dir, recover};
use crate::config::Container;
use crate::git::{Git, GitOptions, Location, Need};
use crate::image::emit::{self, EmitError, Request, command_word, with_own_pins};
use crate::image::spec::{
    self, EmittedLock, Method, Source, Spec, SporkBuild, SporkFacts, SporkFeature, of_spork,
};
use crate::naming::Containers;
use crate::output::Diagnostic;
use crate::pin::fork::{self, Asked, Build, Existing, Fork, ForkError, Given, Wanted};
use crate::pin::location::Places;
use crate::pin::{self, Found, lockfile};
use crate::source::RelPath;

/// Upstream at its pinned commit, each feature at its own, and the image around what is built of them. Pins that are
/// there stay, new features are pinned at the tips of their branches.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Containers: those of cotter.toml, or with --out any name
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    /// Read this local clone or bare mirror [default: `clone` in cotter.toml, else the URL is fetched from]
    #[arg(long, value_name = "DIR")]
    clone: Option<PathBuf>,
    /// Where the expression fetches from [default: as it does already, else the clone's `origin`]
    #[arg(long)]
    url: Option<String>,
    /// Upstream's branch [default: as it is pinned already, else `main` in cotter.toml, else main]
    #[arg(long, value_name = "BRANCH")]
    main: Option<String>,
    /// A feature by its branch, once for each, in the order in which they are applied [default: all branches below
    /// feature/, first those below feature/upstream/]
    #[arg(long, value_name = "[NAME=]BRANCH")]
    feature: Vec<String>,
    /// Leave out features whose branch is gone or not named, and those that upstream has by now
    #[arg(long)]
    prune: bool,
    /// What builds the project [default: by its files]
    #[arg(long, value_enum)]
    build: Option<Kind>,
    /// The package's name [default: the project's, else NAME]
    #[arg(long, value_name = "NAME")]
    pname: Option<String>,
    /// The program that the image runs [default: the project's]
    #[arg(long, value_name = "NAME")]
    program: Option<String>,
    /// The image's name without tag [default: `image` in cotter.toml, else NAME]
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// What builds the image [default: that of `[image.NAME]`, else layered]
    #[arg(long, value_enum)]
    builder: Option<Method>,
    /// Where to write [default: the folder of the container's Nix file]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A flake too, which imports default.nix; with `alone`, a flake that holds all of it and no default.nix
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "beside", require_equals = true)]
    flake: Option<emitted::Flake>,
    /// Take templates from this folder, each in the place of the one of cotter's with its path
    #[arg(long, value_name = "DIR")]
    templates: Option<PathBuf>,
    /// Ask no remote: clones, local paths and what was fetched before
    #[arg(long)]
    offline: bool,
    /// How long a remote may stay silent
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    #[command(flatten)]
    writing: emitted::Writing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Rust,
    Go,
    Npm,
    Make,
}

impl Arguments {
    pub fn run(&self, globals: &Globals) -> ExitCode {
        finish(self.writing.format, self.emit(globals))
    }

    fn emit(&self, globals: &Globals) -> Result<Outcome, Failure> {
        let opened = globals.open()?;
        self.emit_in(globals, &opened)
            .map_err(|failure| failure.shown_in(&opened.workspace))
    }

    fn emit_in(&self, globals: &Globals, opened: &Opened) -> Result<Outcome, Failure> {
        recover(opened, globals, self.writing.dry_run)?;
        self.refuse_one_for_many()?;
        let git = Git::new(GitOptions {
            cache_dir: cache_dir()?,
            offline: self.offline,
            timeout: Duration::from_secs(self.timeout),
        });
        let mut planned = Vec::new();
        for name in &self.names {
            planned.extend(self.one(globals, opened, &git, name)?);
        }
        emitted::write_planned(globals, opened, planned, &self.writing)
    }

    /// What is said of one spork cannot hold of several.
    fn refuse_one_for_many(&self) -> Result<(), Failure> {
        let mut names = self.names.clone();
        names.sort();
        names.dedup();
        if names.len() != self.names.len() {
            return Err(Failure::usage("a NAME is given twice", None));
        }
        let of_one = [
            ("--clone", self.clone.is_some()),
            ("--url", self.url.is_some()),
            ("--feature", !self.feature.is_empty()),
            ("--pname", self.pname.is_some()),
            ("--program", self.program.is_some()),
            ("--image", self.image.is_some()),
            ("--out", self.out.is_some()),
        ];
        match of_one.iter().find(|(_, is_given)| *is_given) {
            Some((flag, _)) if names.len() > 1 => Err(Failure::usage(
                format!("`{flag}` is of one spork, and {} are named", names.len()),
                Some("run the command once for each of them".into()),
            )),
            _ => Ok(()),
        }
    }

    /// The files of one spork.
    fn one(
        &self,
        globals: &Globals,
        opened: &Opened,
        git: &Git,
        name: &str,
    ) -> Result<Vec<Planned>, Failure> {
        let container = opened.config.container.get(name);
        let out = self.out(opened, name, container)?;
        let base = of_config(opened, name)?;
        let base = base.as_ref();
        let spork = base.and_then(|spec| match &spec.source {
            Source::Spork(spork) => Some(spork),
            _ => None,
        });
        let found = pins_in(opened, &out);
        let existing = Existing::of(&found.pins).map_err(|_| {
            let message = format!("the files in {out} hold more than one spork");
            Failure::usage(
                message,
                Some("emit each into a folder of its own: `--out DIR`".into()),
            )
        })?;
        let existing = existing.as_ref();
        let place = self.place(
            opened,
            &found,
            container,
            spork.map(|spork| spork.url.as_str()),
        )?;
        let refs = git.refs(&place).map_err(ForkError::from)?;
        let repo = git.repo(&place, &Need::History).map_err(ForkError::from)?;
        let lock_name = container
            .and_then(|container| container.lockfile.as_ref())
            .map_or(lockfile::LOCK, |lockfile| lockfile.get_ref());
        let lock_path = out.join(lock_name).ok_or_else(|| {
            Failure::usage(format!("{lock_name} leads out of the workspace"), None)
        })?;
        let lock_there = match opened.workspace.has_file(&lock_path) {
            true => Some(opened.workspace.read(&lock_path)?),
            false => None,
        };
        let main = self
            .main
            .as_deref()
            .or_else(|| existing?.main.as_deref())
            .or_else(|| spork?.main.as_deref())
            .unwrap_or_else(|| container.map_or("main", Container::main_branch));
        let features = match (self.feature.as_slice(), spork) {
            ([], Some(spork)) => spork.features.iter().map(listed).collect(),
            (given, _) => given
                .iter()
                .map(|text| asked(text, |branch| refs.branch(branch).is_some()))
                .collect::<Vec<_>>(),
        };
        let fork = fork::draw(&Wanted {
            name,
            place: &place,
            repo: &repo,
            refs: &refs,
            container,
            existing,
            main,
            features: &features,
            prune: self.prune,
            project: Given {
                build: self
                    .build
                    .map(Build::from)
                    .or_else(|| Some(spork?.build.into())),
                pname: self.pname.as_deref().or_else(|| Some(&spork?.pname)),
                program: self
                    .program
                    .as_deref()
                    .or_else(|| spork?.program.as_deref()),
                needs_no_program: base.is_some_and(|spec| spec.config.entrypoint.is_some()),
            },
            lock: lock_there.as_ref().map(|file| file.text()),
        })?;
        tell(globals, name, &fork);
        let url = match (
            &self.url,
            existing.and_then(|existing| existing.url.as_ref()),
            spork,
        ) {
            (Some(url), _, _) => crate::git::without_credentials(url),
            (None, Some(url), _) => url.clone(),
            (None, None, Some(spork)) => spork.url.clone(),
            (None, None, None) => {
                fork::of_origin(repo.origin().as_deref(), &repo.top()).map_err(|error| {
                    let message = format!(
                        "{place}: {error}, so where the expression fetches from is not known"
                    );
                    Failure::usage(message, Some("say it: `--url URL`".into()))
                })?
            }
        };
        let lock_text = match (&fork.lock, &lock_there) {
            (Some(lock), _) => Some(lock.text.as_str()),
            (None, Some(there)) if fork.project.build == Build::Rust => Some(there.text()),
            _ => None,
        };
        // Paths of a spec in cotter.toml are from there.
        let folder = match (base, opened.config.source()) {
            (Some(_), Some(source)) => source.path().parent(),
            _ => out.clone(),
        };
        let lock = lock_text.map(|text| EmittedLock {
            path: lock_name.to_owned(),
            text: text.to_owned(),
        });
        let image = self
            .image
            .as_deref()
            .or_else(|| container?.image.as_deref())
            .unwrap_or(name);
        let spec = of_spork(image, base, facts(&fork, url, lock)).map_err(|faults| {
            let shown = faults.into_iter().map(|fault| Diagnostic {
                hint: Some(
                    "flags of `cotter spork emit` say what its files do not: `--help` lists them"
                        .into(),
                ),
                ..Diagnostic::error(format!("the spork `{name}`: {fault}"))
            });
            Failure::all(FailureKind::Usage, shown.collect())
        })?;
        let method = self.builder.or(spec.builder).unwrap_or(Method::Layered);
        let templates = emitted::templates(opened, self.templates.as_deref());
        let files = emit::emit(&Request {
            workspace: &opened.workspace,
            spec: &spec,
            origin: origin(name, base, &spec),
            command: self.command(name),
            spec_dir: &folder.to_path(opened.workspace.root()),
            from_out: way_between(&out, &folder),
            method,
            form: emitted::form(self.flake),
            nixpkgs: emitted::nixpkgs(opened),
            templates: templates.as_deref(),
        })
        .map_err(|error| failed(error, name))?;
        let mut planned = Vec::new();
        for file in files {
            if let Some(path) = out.join(file.name) {
                planned.push(emitted::planned(opened, path, &with_own_pins(file))?);
            }
        }
        if let Some(lock) = &fork.lock {
            let ours: Vec<&str> = lock.before.as_deref().into_iter().collect();
            let hint = "the one that fits these commits is another: take that with `--force`";
            planned.push(emitted::planned_whole(
                opened, lock_path, &lock.text, &ours, hint,
            )?);
        }
        Ok(planned)
    }

    /// The folder that the files come to stand in.
    fn out(
        &self,
        opened: &Opened,
        name: &str,
        container: Option<&Container>,
    ) -> Result<RelPath, Failure> {
        if let Some(dir) = &self.out {
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

    /// The repository that is asked.
    fn place(
        &self,
        opened: &Opened,
        found: &Found,
        container: Option<&Container>,
        of_spec: Option<&str>,
    ) -> Result<Location, Failure> {
        let clone = self.clone.as_ref().map(|dir| opened.base.join(dir));
        let containers = Containers::new(&opened.config, &found.files);
        let places = Places {
            workspace: &opened.workspace,
            containers: &containers,
            pins: &found.pins,
            clone: clone.as_deref(),
        };
        let configured = container
            .and_then(|container| container.clone.as_deref())
            .map(|dir| opened.workspace.root().join(dir));
        if let Some(dir) = clone.clone().or(configured) {
            return Ok(Location::Clone(dir.canonicalize().unwrap_or(dir)));
        }
        let pinned = || found.pins.iter().find_map(|pin| places.of(pin));
        let url = self.url.as_deref().or(of_spec);
        match (&self.url, pinned()) {
            (None, Some(place)) => Ok(place),
            _ => url.map(|url| Location::Remote(url.to_owned())).ok_or_else(|| {
                Failure::usage(
                    "no repository is known that has upstream and its feature branches",
                    Some("name a clone with `--clone DIR` or as `clone` in cotter.toml, or a remote with `--url URL`".into()),
                )
            }),
        }
    }

    /// What makes the files again.
    fn command(&self, name: &str) -> String {
        let mut command = format!("cotter spork emit {}", command_word(name));
        let mut add = |flag: &str, value: &str| {
            command += &format!(" {flag} {}", command_word(value));
        };
        if let Some(url) = &self.url {
            add("--url", &crate::git::without_credentials(url));
        }
        for (flag, value) in [
            ("--main", &self.main),
            ("--pname", &self.pname),
            ("--program", &self.program),
            ("--image", &self.image),
        ] {
            if let Some(value) = value {
                add(flag, value);
            }
        }
        for feature in &self.feature {
            add("--feature", feature);
        }
        if let Some(kind) = self.build.as_ref().and_then(ValueEnum::to_possible_value) {
            add("--build", kind.get_name());
        }
        if let Some(builder) = self.builder {
            add("--builder", builder.name());
        }
        if let Some(out) = &self.out {
            add("--out", &out.to_string_lossy());
        }
        command += emitted::flake_argument(self.flake);
        command
    }
}

/// `[NAME=]BRANCH`; the name of a branch may hold a `=`.
fn asked(text: &str, is_branch: impl Fn(&str) -> bool) -> Asked {
    match text.split_once('=') {
        Some((name, branch)) if !is_branch(text) => Asked {
            name: Some(name.to_owned()),
            branch: branch.to_owned(),
        },
        _ => Asked {
            name: None,
            branch: text.to_owned(),
        },
    }
}

/// A feature that a spec lists.
fn listed(feature: &spec::Feature) -> Asked {
    Asked {
        name: Some(feature.name.clone()),
        branch: feature
            .branch
            .clone()
            .unwrap_or_else(|| feature.name.clone()),
    }
}

/// The `[image.NAME]` of cotter.toml, where there is one.
fn of_config(opened: &Opened, name: &str) -> Result<Option<Spec>, Failure> {
    let Some(source) = opened.config.source() else {
        return Ok(None);
    };
    let spec = spec::all_of_config(source)
        .map_err(invalid_spec)?
        .remove(name);
    match spec {
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

/// The pins of the files that are written over.
fn pins_in(opened: &Opened, out: &RelPath) -> Found {
    let names = ["default.nix", "flake.nix"];
    let files = names.iter().filter_map(|name| out.join(name));
    let files = files
        .filter(|file| opened.workspace.has_file(file))
        .collect();
    pin::find(&opened.workspace, &opened.config, files)
}

fn origin(name: &str, base: Option<&Spec>, spec: &Spec) -> String {
    let url = match &spec.source {
        Source::Spork(spork) => spork.url.as_str(),
        _ => "",
    };
    match base {
        Some(_) => format!("[image.{name}] and the branches of {url}"),
        None => format!("the branches of {url}"),
    }
}

fn facts(fork: &Fork, url: String, lock: Option<EmittedLock>) -> SporkFacts {
    let project = &fork.project;
    let feature = |feature: &fork::Feature| SporkFeature {
        name: feature.name.clone(),
        branch: feature.branch.clone(),
        rev: feature.commit.to_string(),
    };
    SporkFacts {
        url,
        main: fork.main.clone(),
        upstream_rev: fork.upstream.to_string(),
        version: fork.version.clone(),
        features: fork.features.iter().map(feature).collect(),
        build: match project.build {
            Build::Rust => SporkBuild::Rust,
            Build::Go => SporkBuild::Go,
            Build::Npm => SporkBuild::Npm,
            Build::Make => SporkBuild::Make,
        },
        pname: project.pname.clone(),
        program: project.program.clone(),
        fetches: project.fetches,
        build_script: project.has_build_script,
        lock,
    }
}

fn tell(globals: &Globals, name: &str, fork: &Fork) {
    let warnings = fork
        .warnings
        .iter()
        .map(|text| Diagnostic::warning(format!("{name}: {text}")));
    let notes = fork
        .notes
        .iter()
        .map(|text| Diagnostic::note(format!("{name}: {text}")));
    globals.tell(None, &warnings.chain(notes).collect::<Vec<_>>());
}

fn failed(error: EmitError, name: &str) -> Failure {
    match error {
        EmitError::Refused { .. } => error.into(),
        error => Failure::usage(format!("{name}: {error}"), None),
    }
}

impl From<Kind> for Build {
    fn from(kind: Kind) -> Build {
        match kind {
            Kind::Rust => Build::Rust,
            Kind::Go => Build::Go,
            Kind::Npm => Build::Npm,
            Kind::Make => Build::Make,
        }
    }
}

impl From<SporkBuild> for Build {
    fn from(build: SporkBuild) -> Build {
        match build {
            SporkBuild::Rust => Build::Rust,
            SporkBuild::Go => Build::Go,
            SporkBuild::Npm => Build::Npm,
            SporkBuild::Make => Build::Make,
        }
    }
}

impl From<ForkError> for Failure {
    fn from(error: ForkError) -> Failure {
        match error {
            ForkError::Wrong { message, hint } => Failure::usage(message, Some(hint)),
            ForkError::Invariant(faults) => {
                let shown = faults.into_iter().map(|fault| Diagnostic {
                    hint: Some(fault.hint),
                    ..Diagnostic::error(fault.message)
                });
                Failure::all(FailureKind::Invariant, shown.collect())
            }
            ForkError::Git(error) if error.is_about_a_name() => {
                Failure::usage(error.to_string(), error.hint().map(str::to_owned))
            }
            ForkError::Git(error) => error.into(),
        }
    }
}
