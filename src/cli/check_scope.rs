//! What `cotter check` looks at: which content, and whose findings.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::check::Arguments;
use super::failure::Failure;
use super::setup::{Globals, Opened};
use crate::check::{Before, Scope};
use crate::git::Index;
use crate::output::Diagnostic;
use crate::source::{Contents, RelPath};

/// The index that git names to a hook.
const INDEX_FILE: &str = "GIT_INDEX_FILE";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// What the next commit would hold.
    Staged,
    OnDisk,
}

/// The workspace as it is looked at.
pub struct Looked {
    pub opened: Opened,
    pub content: Content,
    /// `None` outside of a git work tree.
    pub index: Option<Arc<Index>>,
    /// All files, sorted.
    pub files: Vec<RelPath>,
    /// What git tracks, sorted.
    pub tracked: Option<Vec<RelPath>>,
    /// What is staged, where that is what was asked for.
    staged: Option<BTreeSet<RelPath>>,
}

impl Looked {
    pub fn at(arguments: &Arguments, globals: &Globals) -> Result<Looked, Failure> {
        let hook = env::var_os(INDEX_FILE).map(PathBuf::from);
        let plain = globals.workspace()?;
        let index = Index::open(plain.root(), hook.as_deref())?.map(Arc::new);
        let is_whole = arguments.all_files || arguments.work_tree || arguments.fix;
        let mut content = match &index {
            Some(_) if !is_whole => Content::Staged,
            _ => Content::OnDisk,
        };
        let mut staged = None;
        if let (Content::Staged, Some(index), true) = (content, &index, arguments.paths.is_empty())
        {
            let now = index.staged()?;
            let all = with_siblings(&now.changed, &now.removed, index.files());
            let is_asked = arguments.base.is_none() && (hook.is_some() || !all.is_empty());
            match is_asked {
                true => staged = Some(all),
                // Nobody commits anything: then it is the work that is asked about.
                false => content = Content::OnDisk,
            }
        }
        let workspace = match (content, &index) {
            (Content::Staged, Some(index)) => {
                let contents: Arc<dyn Contents> = index.clone();
                plain.with_contents(contents)
            }
            _ => plain,
        };
        let opened = globals.open_in(workspace)?;
        let tracked = index.as_ref().map(|index| {
            let mut tracked = [index.files(), index.links()].concat();
            tracked.sort_unstable();
            tracked
        });
        let files = match (content, &index) {
            (Content::Staged, Some(index)) => index.files().to_vec(),
            _ => {
                let tracked = tracked.as_deref().unwrap_or_default();
                opened.workspace.files(&RelPath::root(), tracked)
            }
        };
        Ok(Looked {
            opened,
            content,
            index,
            files,
            tracked,
            staged,
        })
    }

    /// Whose findings are asked for.
    pub fn scope(&self, arguments: &Arguments, before: Option<&Before>) -> Result<Scope, Failure> {
        if !arguments.paths.is_empty() {
            let mut asked = BTreeSet::new();
            for path in &arguments.paths {
                asked.extend(self.meant(path)?);
            }
            return Ok(Scope::Files(asked));
        }
        if arguments.all_files {
            return Ok(Scope::All);
        }
        if let Some(staged) = &self.staged {
            return Ok(Scope::Files(staged.clone()));
        }
        Ok(match before.filter(|_| arguments.base.is_some()) {
            Some(before) => {
                let since = before.changed();
                let files = &self.files;
                Scope::Files(with_siblings(&since.changed, &since.removed, files))
            }
            None => Scope::All,
        })
    }

    /// The files that a path of the command line means.
    fn meant(&self, path: &Path) -> Result<Vec<RelPath>, Failure> {
        let workspace = &self.opened.workspace;
        let by_name = || {
            let full = self.opened.base.join(path);
            RelPath::new(full.strip_prefix(workspace.root()).ok()?)
        };
        let at = match workspace.locate(&self.opened.base, path) {
            Ok(at) => at,
            // What is staged need not be on the disk any more.
            Err(error) => by_name().ok_or(error)?,
        };
        let within = |files: &[RelPath]| -> Vec<RelPath> {
            let files = files.iter().filter(|file| file.is_within(&at));
            files.cloned().collect()
        };
        let found = within(&self.files);
        if !found.is_empty() {
            return Ok(found);
        }
        let is_there = at.to_path(workspace.root()).exists();
        Err(match (self.content, is_there) {
            (Content::Staged, true) => Failure::usage(
                format!("{at}: git has staged no such file"),
                Some("`git add` it, or look at the disk with `--work-tree`".to_owned()),
            ),
            (_, true) => Failure::usage(
                format!("{at}: there is no file in it that git does not ignore"),
                None,
            ),
            (_, false) => Failure::usage(format!("{at}: no such file or folder"), None),
        })
    }

    /// Says what is looked at where that may surprise.
    pub fn tell(&self, globals: &Globals, scope: &Scope) {
        let (Content::Staged, Some(index), Scope::Files(files)) =
            (self.content, &self.index, scope)
        else {
            return;
        };
        let differs = |file: &&RelPath| !index.is_on_disk(file);
        let unstaged = files.iter().filter(differs).count();
        if unstaged > 0 {
            let (count, has) = match unstaged {
                1 => ("1 file".to_owned(), "has"),
                _ => (format!("{unstaged} files"), "have"),
            };
            let message = format!(
                "looked at what is staged; {count} of it {has} other content on the disk (`--work-tree` looks at that)"
            );
            globals.tell(None, &[Diagnostic::note(message)]);
        }
    }
}

/// What has changed and, since a file that is gone can be missed by those beside it, these too.
fn with_siblings(changed: &[RelPath], removed: &[RelPath], files: &[RelPath]) -> BTreeSet<RelPath> {
    let mut all: BTreeSet<RelPath> = changed.iter().chain(removed).cloned().collect();
    let folders: BTreeSet<RelPath> = removed.iter().map(RelPath::parent).collect();
    if !folders.is_empty() {
        let siblings = files.iter().filter(|file| folders.contains(&file.parent()));
        all.extend(siblings.cloned());
    }
    all
}
