//! `cotter spork emit`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::one::Subject;
use crate::cli::emitted;
use crate::cli::failure::{Failure, Outcome, finish};
use crate::cli::setup::{Globals, Opened, cache_dir, recover};
use crate::git::{Git, GitOptions};
use crate::image::emit::command_word;
use crate::image::spec::Method;
use crate::source::RelPath;

/// Upstream at its pinned commit, each feature at its own, and the image around what is built of them. Pins that are
/// there stay, new features are pinned at the tips of their branches.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Containers: those of cotter.toml, or with --out any name
    #[arg(value_name = "NAME", required = true)]
    pub(super) names: Vec<String>,
    /// Read this local clone or bare mirror [default: `clone` in cotter.toml, else the URL is fetched from]
    #[arg(long, value_name = "DIR")]
    pub(super) clone: Option<PathBuf>,
    /// Where the expression fetches from [default: as it does already, else the clone's `origin`]
    #[arg(long)]
    pub(super) url: Option<String>,
    /// Upstream's branch [default: as it is pinned already, else `main` in cotter.toml, else main]
    #[arg(long, value_name = "BRANCH")]
    pub(super) main: Option<String>,
    /// A feature by its branch, once for each, in the order in which they are applied [default: all branches below
    /// feature/, first those below feature/upstream/]
    #[arg(long, value_name = "[NAME=]BRANCH")]
    pub(super) feature: Vec<String>,
    /// Leave out features whose branch is gone or not named, and those that upstream has by now
    #[arg(long)]
    pub(super) prune: bool,
    /// What builds the project [default: by its files]
    #[arg(long, value_enum)]
    pub(super) build: Option<Kind>,
    /// The package's name [default: the project's, else NAME]
    #[arg(long, value_name = "NAME")]
    pub(super) pname: Option<String>,
    /// The program that the image runs [default: the project's]
    #[arg(long, value_name = "NAME")]
    pub(super) program: Option<String>,
    /// The image's name without tag [default: `image` in cotter.toml, else NAME]
    #[arg(long, value_name = "IMAGE")]
    pub(super) image: Option<String>,
    /// What builds the image [default: that of `[image.NAME]`, else layered]
    #[arg(long, value_enum)]
    pub(super) builder: Option<Method>,
    /// Where to write [default: the folder of the container's Nix file]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// A flake too, which imports default.nix; with `alone`, a flake that holds all of it and no default.nix
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "beside", require_equals = true)]
    pub(super) flake: Option<emitted::Flake>,
    /// Take the library that makes the source, and the flake's apps, from this reference of cotter's flake, instead of
    /// bringing its parts along: as the flake's input, or else by the commit that it names
    #[arg(long, value_name = "FLAKE")]
    pub(super) lib: Option<String>,
    /// Take templates from this folder, each in the place of the one of cotter's with its path
    #[arg(long, value_name = "DIR")]
    pub(super) templates: Option<PathBuf>,
    /// Ask no remote: clones, local paths and what was fetched before
    #[arg(long)]
    pub(super) offline: bool,
    /// How long a remote may stay silent
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(super) timeout: u64,
    #[command(flatten)]
    pub(super) writing: emitted::Writing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
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
            planned.extend(Subject::new(self, globals, opened, name)?.files(globals, &git)?);
        }
        emitted::write_planned(globals, opened, &planned, &self.writing)
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

    /// What makes the files in `out` again, from the root of the workspace. Where upstream is, and its branch, the files
    /// say themselves.
    pub(super) fn command(
        &self,
        name: &str,
        out: &RelPath,
        library: Option<&emitted::Library>,
    ) -> String {
        let mut command = format!("cotter spork emit {}", command_word(name));
        let mut add = |flag: &str, value: &str| {
            command += &format!(" {flag} {}", command_word(value));
        };
        for (flag, value) in [
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
        if self.out.is_some() {
            add("--out", out.as_str());
        }
        command += emitted::flake_argument(self.flake);
        command += &emitted::library_argument(library);
        command
    }
}
