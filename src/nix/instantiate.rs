//! Nix files and flakes evaluated by Nix, once, to the derivations that they stand for.
//!
//! What the user wrote reaches Nix as arguments of its own, never as part of an expression. Not here: which files and
//! flakes a workspace has, and reading `.drv` files.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::events::{Event, Position};
use super::mismatch::Mismatch;
use super::{Nix, NixError};
use crate::process::Invocation;

/// See there.
const FLAKE_TARGETS: &str = include_str!("flake_targets.nix");
/// See there.
const FLAKE_PACKAGE: &str = include_str!("flake_package.nix");
/// How many of the last lines of what Nix said are kept.
const MESSAGE_LINES: usize = 25;

/// What is to be instantiated, in one evaluation.
#[derive(Clone, Debug)]
pub struct Instantiate<'a> {
    pub target: Target<'a>,
    /// Such as `aarch64-linux`; `None` is this machine's.
    pub system: Option<&'a str>,
    /// The folder that relative paths in arguments are seen from.
    pub dir: &'a Path,
    /// Where links are made that keep the derivations from being collected as garbage: a folder of this one
    /// evaluation's own, made if need be. They are of no effect any more once it is removed.
    pub roots: &'a Path,
}

#[derive(Clone, Debug)]
pub enum Target<'a> {
    Files(FileTarget<'a>),
    Flake {
        /// Such as `path:/copy?dir=sub`.
        flake_ref: &'a str,
        /// The names that lead to an attribute, looked for as `nix build` does. Empty: all `packages` and `checks`.
        attrs: &'a [String],
    },
    /// One of a flake's `packages`, evaluated with nothing but what the flake says.
    Package {
        /// At a revision, such as `git+https://host/x?rev=…`.
        flake_ref: &'a str,
        /// Such as `aarch64-linux`.
        system: &'a str,
        /// The names that lead to it below `packages.SYSTEM`.
        attrs: &'a [String],
    },
}

/// Nix files, and arguments for those that are functions.
#[derive(Clone, Debug, Default)]
pub struct FileTarget<'a> {
    pub files: &'a [PathBuf],
    /// Attribute paths, each taken of every file: `-A`. None: all that the files hold.
    pub attrs: &'a [String],
    /// Names and Nix expressions: `--arg`.
    pub args: &'a [(String, String)],
    /// Names and texts: `--argstr`.
    pub argstrs: &'a [(String, String)],
    /// Of `-I`: `PATH` or `NAME=PATH`.
    pub include: &'a [String],
}

/// The derivations that there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instantiated {
    /// Store paths of `.drv` files, each once, in the order of the evaluation.
    pub roots: Vec<String>,
}

/// What is wrong with what was evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvalFailure {
    /// Of what is fetched, or built, during evaluation.
    pub mismatches: Vec<Mismatch>,
    /// The last 25 lines of what Nix says, without colours and credentials.
    pub message: String,
    /// Where Nix says that it is: as a path of the files that were given to it.
    pub position: Option<Position>,
}

impl Nix<'_> {
    /// Evaluates, and writes the derivations into the store. `Err` is for Nix not being there, or taking too long.
    pub fn instantiate(
        &self,
        request: &Instantiate,
    ) -> Result<Result<Instantiated, EvalFailure>, NixError> {
        self.instantiate_arguments(self.arguments_for(request), request.dir, request.roots)
    }

    /// [`Nix::instantiate`] of what the arguments for `nix-instantiate` say.
    pub(super) fn instantiate_arguments(
        &self,
        arguments: Vec<OsString>,
        dir: &Path,
        folder: &Path,
    ) -> Result<Result<Instantiated, EvalFailure>, NixError> {
        let roots_error = |source: io::Error| NixError::Roots {
            path: folder.to_owned(),
            source,
        };
        fs::create_dir_all(folder).map_err(roots_error)?;
        let roots = folder.canonicalize().map_err(roots_error)?;
        let invocation = Invocation::new("nix-instantiate")
            .args(arguments)
            .args(["--log-format", "internal-json", "--indirect", "--add-root"])
            .args([roots.join("drv")])
            .dir(dir)
            .timeout(self.time_limit());
        let mut said = Said::default();
        let mut on_line = |line: &[u8]| said.take(Event::parse(line));
        let output = self.runner().run_watched(&invocation, &mut on_line)?;
        if !output.status.success() {
            return Ok(Err(said.failure()));
        }
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let drv = linked_drv(line).map_err(roots_error)?;
            if seen.insert(drv.clone()) {
                found.push(drv);
            }
        }
        Ok(Ok(Instantiated { roots: found }))
    }

    fn arguments_for(&self, request: &Instantiate) -> Vec<OsString> {
        let mut args: Vec<OsString> = Vec::new();
        let mut add = |words: &[&str]| args.extend(words.iter().map(OsString::from));
        match &request.target {
            Target::Files(target) => {
                for attr in target.attrs {
                    add(&["-A", attr]);
                }
                for (name, expression) in target.args {
                    add(&["--arg", name, expression]);
                }
                for (name, text) in target.argstrs {
                    add(&["--argstr", name, text]);
                }
                for path in target.include {
                    add(&["-I", path]);
                }
                // A path that begins with a dash is none of Nix's arguments.
                for file in target.files {
                    let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
                    args.push(file.into());
                }
            }
            Target::Flake { flake_ref, attrs } => {
                let attrs = serde_json::Value::from(attrs.to_vec()).to_string();
                add(&["--extra-experimental-features", "nix-command flakes"]);
                add(&["--argstr", "flake", flake_ref, "--argstr", "attrs", &attrs]);
                add(&["--expr", FLAKE_TARGETS]);
            }
            Target::Package {
                flake_ref,
                system,
                attrs,
            } => {
                let attrs = serde_json::Value::from(attrs.to_vec()).to_string();
                add(&["--extra-experimental-features", "nix-command flakes"]);
                add(&["--option", "pure-eval", "true"]);
                add(&["--argstr", "flake", flake_ref, "--argstr", "attrs", &attrs]);
                add(&["--argstr", "system", system]);
                add(&["--expr", FLAKE_PACKAGE]);
            }
        }
        // After the rest, where the first `-I` wins, but the last `--option`.
        args.extend(self.evaluation_settings().into_iter().map(OsString::from));
        if let Some(system) = request.system {
            args.extend(["--option", "system", system].map(OsString::from));
        }
        args
    }
}

/// The names of an attribute path such as `packages.x86_64-linux."a.b"`.
pub fn attr_names(attrpath: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut is_quoted = false;
    for c in attrpath.chars() {
        match (c, names.last_mut()) {
            ('"', _) => is_quoted = !is_quoted,
            ('.', _) if !is_quoted => names.push(String::new()),
            (c, Some(name)) => name.push(c),
            (_, None) => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// The derivation that a printed link, `LINK` or `LINK!OUTPUT`, leads to.
fn linked_drv(line: &str) -> io::Result<String> {
    let target = fs::read_link(line).or_else(|error| match line.rsplit_once('!') {
        Some((link, _)) => fs::read_link(link),
        None => Err(error),
    })?;
    Ok(target.to_string_lossy().into_owned())
}

/// What Nix said, as far as it is about errors.
#[derive(Default)]
struct Said {
    lines: Vec<String>,
    mismatches: Vec<Mismatch>,
    position: Option<Position>,
}

impl Said {
    fn take(&mut self, event: Event) {
        let text = match event {
            Event::Message(message) if message.level == 0 => {
                self.mismatches.extend(Mismatch::parse_all(&message.text));
                self.position = message.position.or(self.position.take());
                message.text
            }
            Event::Plain(text) => text,
            _ => return,
        };
        if text.starts_with("(use '--show-trace'") {
            return;
        }
        self.lines.extend(text.lines().map(str::to_owned));
        let surplus = self.lines.len().saturating_sub(MESSAGE_LINES);
        self.lines.drain(..surplus);
    }

    fn failure(mut self) -> EvalFailure {
        let mut seen = HashSet::new();
        let key = |m: &Mismatch| (m.specified.clone(), m.got.clone());
        self.mismatches
            .retain(|mismatch| seen.insert(key(mismatch)));
        EvalFailure {
            mismatches: self.mismatches,
            message: self.lines.join("\n"),
            position: self.position,
        }
    }
}
