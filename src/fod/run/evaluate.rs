//! The work copy and its evaluation: what each literal says there, and the derivations that Nix makes of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::RehashError;
use super::evaluation::{Evaluation, folder, moved};
use super::native;
use super::subject::{How, Says, Subject};
use super::unevaluated::Unevaluated;
use crate::fod;
use crate::fod::literal::Literal;
use crate::fod::target::Target;
use crate::git;
use crate::hash::Hash;
use crate::nix::{EvalFailure, FileTarget, Instantiate, Nix, Target as NixTarget, attr_names};
use crate::source::{RelPath, SourceFile, Workspace};
use crate::work_copy::{WorkCopy, WorkCopyError};

/// What an older Nix says of a flake in a folder of a tree that is no repository.
const NO_FOLDER: &str = "unsupported parameter 'dir'";

pub struct Evaluator<'a> {
    workspace: &'a Workspace,
    copy: &'a WorkCopy,
    nix: Nix<'a>,
    how: &'a Evaluation,
    include: Vec<String>,
    dir: PathBuf,
    targets: Vec<Target>,
    /// The targets that were left out since they cannot be evaluated.
    pub unevaluated: Vec<Unevaluated>,
    /// What the work copy says now, by literal.
    said: HashMap<usize, Hash>,
    folders: usize,
    /// Whether the work copy was made a git repository.
    is_repository: bool,
}

impl<'a> Evaluator<'a> {
    pub fn new(
        workspace: &'a Workspace,
        copy: &'a WorkCopy,
        nix: Nix<'a>,
        how: &'a Evaluation,
        targets: &[Target],
    ) -> Evaluator<'a> {
        Evaluator {
            workspace,
            copy,
            nix,
            how,
            include: how
                .include
                .iter()
                .map(|include| moved(include, workspace, copy))
                .collect(),
            dir: folder(copy, &how.dir),
            targets: targets.to_vec(),
            unevaluated: Vec::new(),
            said: HashMap::new(),
            folders: 0,
            is_repository: false,
        }
    }

    /// Whether the work copy already says what the subjects are to say.
    pub fn is_current(&self, subjects: &[Subject]) -> bool {
        wanted(subjects) == self.said
    }

    /// The `.drv` files of the targets, with every literal saying what it is to say. A fake that Nix meets while it
    /// evaluates, in `builtins.fetchTarball` or in what is imported from a derivation, is settled at once.
    pub fn evaluate(&mut self, subjects: &mut [Subject]) -> Result<Vec<String>, RehashError> {
        self.track()?;
        loop {
            self.write(subjects)?;
            let failure = match self.instantiate(&self.targets.clone())? {
                Ok(roots) => return Ok(roots),
                Err(failure) => failure,
            };
            if learn(subjects, &failure) {
                continue;
            }
            if let [target] = self.targets.as_slice() {
                let target = target.clone();
                self.unevaluated
                    .push(Unevaluated::of(self.copy, target, failure));
                self.targets.clear();
            }
            for target in std::mem::take(&mut self.targets) {
                match self.instantiate(std::slice::from_ref(&target))? {
                    Ok(_) => self.targets.push(target),
                    Err(failure) if learn(subjects, &failure) => self.targets.push(target),
                    Err(failure) => {
                        let failed = Unevaluated::of(self.copy, target, failure);
                        self.unevaluated.push(failed);
                    }
                }
            }
            if self.targets.is_empty() {
                return Err(RehashError::Evaluation(std::mem::take(
                    &mut self.unevaluated,
                )));
            }
        }
    }

    /// Makes the work copy a git repository, where the workspace is one and has flakes: these see what git tracks, and
    /// nothing else.
    fn track(&mut self) -> Result<(), RehashError> {
        let has_flake = self
            .targets
            .iter()
            .any(|target| matches!(target, Target::Flake { .. }));
        if self.is_repository || !has_flake {
            return Ok(());
        }
        let mut tracked = git::tracked_files(self.workspace.root())?;
        tracked.retain(|path| path.to_path(self.copy.root()).symlink_metadata().is_ok());
        match tracked.is_empty() {
            true => Ok(()),
            false => self.make_repository(tracked.iter().map(RelPath::as_str)),
        }
    }

    fn make_repository<'p>(
        &mut self,
        paths: impl Iterator<Item = &'p str>,
    ) -> Result<(), RehashError> {
        let list = self.copy.dir().join("tracked");
        let text: String = paths.flat_map(|path| [path, "\0"]).collect();
        std::fs::write(&list, text).map_err(|source| WorkCopyError::Cache {
            path: list.clone(),
            doing: "write the list of files",
            source,
        })?;
        self.nix.make_repository(self.copy.root(), &list)?;
        self.is_repository = true;
        Ok(())
    }

    /// A target that was left out and may have had what stands in `file`.
    pub fn unevaluated_over(&self, file: &RelPath) -> Option<&Unevaluated> {
        let mut left_out = self.unevaluated.iter();
        left_out.find(|one| one.is_over(file))
    }

    fn write(&mut self, subjects: &mut [Subject]) -> Result<(), RehashError> {
        for subject in subjects.iter_mut().filter(|subject| subject.is_open()) {
            subject.was_faked = true;
        }
        let wanted = wanted(subjects);
        let says: Vec<(&Literal, &Hash)> = wanted
            .iter()
            .map(|(at, hash)| (subjects[*at].literal, hash))
            .collect();
        let mut files: BTreeMap<RelPath, SourceFile> = fod::apply(self.workspace, says)?
            .into_iter()
            .map(|file| (file.path().clone(), file))
            .collect();
        let changed: BTreeSet<&RelPath> = (0..subjects.len())
            .filter(|at| wanted.get(at) != self.said.get(at))
            .map(|at| subjects[at].literal.path())
            .collect();
        for path in changed {
            match files.remove(path) {
                Some(file) => self.copy.write(&file)?,
                None => self.copy.write(&*self.workspace.read(path)?)?,
            }
        }
        self.said = wanted;
        Ok(())
    }

    fn instantiate(
        &mut self,
        targets: &[Target],
    ) -> Result<Result<Vec<String>, EvalFailure>, RehashError> {
        let result = self.instantiate_once(targets)?;
        let wants_repository = |failure: &EvalFailure| failure.message.contains(NO_FOLDER);
        if !self.is_repository && result.as_ref().is_err_and(wants_repository) {
            self.make_repository(["."].into_iter())?;
            return self.instantiate_once(targets);
        }
        Ok(result)
    }

    fn instantiate_once(
        &mut self,
        targets: &[Target],
    ) -> Result<Result<Vec<String>, EvalFailure>, RehashError> {
        let mut roots = Vec::new();
        for target in self.requests(targets) {
            let links = self.links();
            let request = match &target {
                Together::Files { files, attrs } => Instantiate {
                    target: NixTarget::Files(FileTarget {
                        files,
                        attrs,
                        args: &self.how.args,
                        argstrs: &self.how.argstrs,
                        include: &self.include,
                    }),
                    system: self.how.system.as_deref(),
                    dir: &self.dir,
                    roots: &links,
                },
                Together::Flake { flake_ref, attrs } => Instantiate {
                    target: NixTarget::Flake { flake_ref, attrs },
                    system: self.how.system.as_deref(),
                    dir: &self.dir,
                    roots: &links,
                },
            };
            match self.nix.instantiate(&request)? {
                Ok(found) => roots.extend(found.roots),
                Err(failure) => return Ok(Err(failure)),
            }
        }
        Ok(Ok(roots))
    }

    /// A new folder for links that keep derivations.
    pub fn links(&mut self) -> PathBuf {
        self.folders += 1;
        self.copy.dir().join(format!("roots-{}", self.folders))
    }

    /// What can be evaluated in one go: all files of which nothing in particular is asked for, each other alone.
    fn requests(&self, targets: &[Target]) -> Vec<Together> {
        let place = |path: &RelPath| path.to_path(self.copy.root());
        let mut whole = Vec::new();
        let mut alone = Vec::new();
        for target in targets {
            match target {
                Target::File { path, attrs } if attrs.is_empty() => whole.push(place(path)),
                Target::File { path, attrs } => alone.push(Together::Files {
                    files: vec![place(path)],
                    attrs: attrs.clone(),
                }),
                Target::Flake { dir, attr } => alone.push(Together::Flake {
                    flake_ref: flake_ref(self.copy.root(), dir, self.is_repository),
                    attrs: attr.iter().flat_map(|attr| attr_names(attr)).collect(),
                }),
            }
        }
        if !whole.is_empty() {
            alone.insert(
                0,
                Together::Files {
                    files: whole,
                    attrs: Vec::new(),
                },
            );
        }
        alone
    }
}

enum Together {
    Files {
        files: Vec<PathBuf>,
        attrs: Vec<String>,
    },
    Flake {
        flake_ref: String,
        attrs: Vec<String>,
    },
}

/// A flake in the folder `dir` of the tree at `root`, for which it is the whole tree that it sees.
fn flake_ref(root: &Path, dir: &RelPath, is_repository: bool) -> String {
    let escaped = |text: &str| {
        let is_plain = |b: &u8| b.is_ascii_alphanumeric() || b"/-_.~+".contains(b);
        text.bytes()
            .map(|b| match is_plain(&b) {
                true => char::from(b).to_string(),
                false => format!("%{b:02X}"),
            })
            .collect::<String>()
    };
    let root = escaped(&root.to_string_lossy());
    let scheme = match is_repository {
        true => "git+file://",
        false => "path:",
    };
    match dir.is_root() {
        true => format!("{scheme}{root}"),
        false => format!("{scheme}{root}?dir={}", escaped(dir.as_str())),
    }
}

fn wanted(subjects: &[Subject]) -> HashMap<usize, Hash> {
    let says = |subject: &Subject| match subject.says() {
        Says::Own => None,
        Says::Hash(hash) => Some(hash.clone()),
    };
    subjects
        .iter()
        .enumerate()
        .filter_map(|(at, subject)| Some((at, says(subject)?)))
        .collect()
}

/// Settles the open subjects whose fake Nix has met.
fn learn(subjects: &mut [Subject], failure: &EvalFailure) -> bool {
    let mut learned = false;
    for mismatch in &failure.mismatches {
        let met = subjects
            .iter_mut()
            .filter(|subject| subject.is_open())
            .find_map(|subject| Some((mismatch.got_for(&subject.fake)?.clone(), subject)));
        if let Some((hash, subject)) = met {
            subject.record = native::record(subject, &hash);
            subject.settle(hash, How::Evaluated);
            subject.drv = mismatch.drv.clone();
            learned = true;
        }
    }
    learned
}
