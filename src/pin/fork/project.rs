//! What builds a project, what it is called and what it is run by, read off the tree of its commit.

use super::{Build, ForkError, Project, Wanted, npm, rust};
use crate::git::{Oid, Repo};
use crate::manifest::go_mod;
use crate::pin::lockfile::text_at;

/// The tree of a commit.
#[derive(Clone, Copy)]
pub struct Tree<'a> {
    pub repo: &'a Repo,
    pub commit: Oid,
}

impl Tree<'_> {
    pub fn text(&self, path: &str) -> Result<Option<String>, ForkError> {
        Ok(text_at(self.repo, self.commit, path)?)
    }

    pub fn has(&self, path: &str) -> Result<bool, ForkError> {
        Ok(self.repo.read_file(self.commit, path)?.is_some())
    }

    /// The names in a folder: files, and folders with a `/` behind them.
    pub fn names(&self, path: &str) -> Result<Vec<String>, ForkError> {
        let entries = self.repo.list_dir(self.commit, path)?.unwrap_or_default();
        let name = |entry: crate::git::DirEntry| match entry.is_folder {
            true => format!("{}/", entry.name),
            false => entry.name,
        };
        Ok(entries.into_iter().map(name).collect())
    }

    /// A message about a file of the tree.
    pub fn wrong(&self, path: &str, message: impl std::fmt::Display, hint: &str) -> ForkError {
        ForkError::wrong(
            format!("{path} at {}: {message}", self.commit.short(12)),
            hint,
        )
    }
}

/// What a program may be called where a project has several, and which are certain.
pub struct Names {
    /// `None` where the project says none.
    pub pname: Option<String>,
    /// The programs that building it makes, as far as that is known.
    pub programs: Vec<String>,
    /// The one of them that is the project's own.
    pub main: Option<String>,
}

/// What upstream's tree says, of which the features change some.
pub fn of(wanted: &Wanted, upstream: Oid, features: &[Oid]) -> Result<Project, ForkError> {
    let tree = |commit: Oid| Tree {
        repo: wanted.repo,
        commit,
    };
    let of_upstream = tree(upstream);
    let build = match wanted.project.build {
        Some(build) => build,
        None => detected(&of_upstream)?,
    };
    let all: Vec<Tree> = std::iter::once(upstream)
        .chain(features.iter().copied())
        .map(tree)
        .collect();
    let (mut fetches, mut has_build_script) = (true, true);
    let names = match build {
        Build::Rust => rust::names(&of_upstream)?,
        Build::Go => {
            fetches = go_fetches(&all)?;
            go(&of_upstream)?
        }
        Build::Npm => {
            let (lock, script) = npm::needs(&all)?;
            (fetches, has_build_script) = (lock, script);
            npm::names(&of_upstream)?
        }
        Build::Make => Names {
            pname: None,
            programs: Vec::new(),
            main: Some(wanted.name.to_owned()),
        },
    };
    let program = match (wanted.project.program, wanted.project.needs_no_program) {
        (Some(program), _) => Some(program.to_owned()),
        (None, true) => names.main.clone(),
        (None, false) => Some(program(wanted, &names)?),
    };
    let pname = wanted.project.pname.map(str::to_owned);
    Ok(Project {
        build,
        pname: pname
            .or(names.pname)
            .unwrap_or_else(|| wanted.name.to_owned()),
        program,
        fetches,
        has_build_script,
    })
}

fn detected(tree: &Tree) -> Result<Build, ForkError> {
    for (file, build) in [
        ("Cargo.toml", Build::Rust),
        ("go.mod", Build::Go),
        ("package.json", Build::Npm),
    ] {
        if tree.has(file)? {
            return Ok(build);
        }
    }
    Ok(Build::Make)
}

fn program(wanted: &Wanted, names: &Names) -> Result<String, ForkError> {
    let named_so = |name: &&String| *name == wanted.name;
    match (&names.main, names.programs.as_slice()) {
        (Some(main), _) => Ok(main.clone()),
        (None, [one]) => Ok(one.clone()),
        (None, []) => Err(ForkError::wrong(
            format!(
                "which program runs `{}` cannot be read off its files",
                wanted.name
            ),
            "name it: `--program NAME`",
        )),
        (None, several) => several.iter().find(named_so).cloned().ok_or_else(|| {
            ForkError::wrong(
                format!(
                    "`{}` has several programs: {}",
                    wanted.name,
                    several.join(", ")
                ),
                "name the one that the image runs: `--program NAME`",
            )
        }),
    }
}

/// A module's program is called as the last part of its name, and those of `cmd` as their folders.
fn go(tree: &Tree) -> Result<Names, ForkError> {
    let module = tree
        .text("go.mod")?
        .as_deref()
        .and_then(go_mod::program_name);
    let mut is_program = false;
    for name in tree.names("")? {
        if name.ends_with(".go") && !name.ends_with("_test.go") {
            let text = tree.text(&name)?.unwrap_or_default();
            is_program |= text.lines().any(|line| {
                let mut words = line.split_whitespace();
                words.next() == Some("package") && words.next() == Some("main")
            });
        }
    }
    let commands = tree.names("cmd")?;
    let commands = commands
        .iter()
        .filter_map(|name| name.strip_suffix('/'))
        .map(str::to_owned)
        .collect();
    Ok(Names {
        main: module.clone().filter(|_| is_program),
        pname: module,
        programs: commands,
    })
}

/// Whether a Go module of upstream or a feature takes others that are not in its `vendor` folder.
fn go_fetches(all: &[Tree]) -> Result<bool, ForkError> {
    let Some((upstream, _)) = all.split_first() else {
        return Ok(true);
    };
    if upstream.has("vendor/modules.txt")? {
        return Ok(false);
    }
    for tree in all {
        if tree.has("go.sum")? {
            return Ok(true);
        }
    }
    Ok(false)
}
