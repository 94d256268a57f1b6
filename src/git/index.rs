//! The index of a work tree: which files the next commit would hold, and what is in them.
//!
//! Not here: what its file looks like (`index_file`), whether the disk agrees (`on_disk`), what is new against a
//! commit (`staged`, `base`).

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use gix::index::entry::{Flags, Mode, Stat};
use gix::index::extension::Tree;

use super::index_file::{self, IndexFile, RawEntry};
use super::object::{Kind, Object, object};
use super::work_tree::WorkTree;
use super::{GitError, Location};
use crate::source::{Content, Contents, MAX_FILE, RelPath};

/// The index of a work tree: what the next commit would hold, as it was when it was opened. Paths are
/// relative to the folder that it was opened for.
pub struct Index {
    pub(super) repo: gix::ThreadSafeRepository,
    pub(super) location: Location,
    pub(super) root: PathBuf,
    /// The folder as git names it: `""`, or a path with `/` at its end.
    pub(super) prefix: String,
    /// Files and links in order of path; of a conflict our side.
    pub(super) entries: Vec<Entry>,
    /// Which folders, from the top of the work tree, are as in which tree, where git remembers it.
    pub(super) trees: Option<Tree>,
    pub(super) written: (i64, i64),
    /// Whether files may have other line endings on the disk than in git.
    pub(super) converts_lines: bool,
    pub(super) trusts_ctime: bool,
    /// Which folders are on the disk and lie where their name says.
    pub(super) folders: Mutex<HashMap<RelPath, bool>>,
    files: Vec<RelPath>,
    links: Vec<RelPath>,
}

/// A file or a link that is staged.
pub(super) struct Entry {
    pub path: RelPath,
    pub id: gix::ObjectId,
    pub kind: Kind,
    pub stat: Stat,
    /// Not to be on the disk, by `git sparse-checkout` or `git update-index --skip-worktree`.
    pub skipped: bool,
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index")
            .field("root", &self.root)
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

impl Index {
    /// The index of the work tree around `root`; `None` where `root` is in no work tree. `index_file` is the value of
    /// `GIT_INDEX_FILE`, which git sets for the hooks of `git commit FILE`; a relative one is seen from the top of the
    /// work tree.
    pub fn open(root: &Path, index_file: Option<&Path>) -> Result<Option<Index>, GitError> {
        let Some(tree) = WorkTree::around(root)? else {
            return Ok(None);
        };
        let path = match index_file {
            Some(path) => tree.top.join(path),
            None => tree.repo.index_path(),
        };
        let file = index_file::read(&path, tree.repo.git_dir())
            .map_err(|e| tree.unreadable("the index", &e))?;
        let config = tree.repo.config_snapshot();
        let converts_lines = config
            .string("core.autocrlf")
            .is_some_and(|value| value.eq_ignore_ascii_case(b"input"))
            || config.boolean("core.autocrlf") == Some(true);
        let trusts_ctime = config.boolean("core.trustCTime") != Some(false);
        let location = tree.location();
        let mut index = Index {
            entries: entries(&tree, &file)?,
            repo: tree.repo.into_sync(),
            location,
            root: tree.root,
            prefix: tree.prefix,
            trees: file.trees,
            written: file.written,
            converts_lines,
            trusts_ctime,
            folders: Mutex::default(),
            files: Vec::new(),
            links: Vec::new(),
        };
        for entry in &index.entries {
            match entry.kind {
                Kind::Link => index.links.push(entry.path.clone()),
                Kind::File | Kind::Executable => index.files.push(entry.path.clone()),
            }
        }
        Ok(Some(index))
    }

    /// The files, in order; neither links nor submodules, nor what `git add --intent-to-add` only announces.
    pub fn files(&self) -> &[RelPath] {
        &self.files
    }

    /// The symbolic links, in order.
    pub fn links(&self) -> &[RelPath] {
        &self.links
    }

    pub(super) fn entry(&self, path: &RelPath) -> Option<&Entry> {
        let at = self.entries.binary_search_by(|entry| entry.path.cmp(path));
        self.entries.get(at.ok()?)
    }

    /// Where the links of this index lead from `path`, whatever lies on the disk.
    fn resolve(&self, path: &RelPath) -> io::Result<Option<RelPath>> {
        let mut path = path.clone();
        for _ in 0..MAX_LINKS {
            let Some((link, rest)) = self.link_in(&path) else {
                return Ok(Some(path));
            };
            let Object::Bytes(target) = self.blob(link)? else {
                return Ok(None);
            };
            let target = String::from_utf8(target).ok();
            let next = target
                .and_then(|target| link.path.parent().join(target))
                .and_then(|target| target.join(rest));
            match next {
                Some(next) => path = next,
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The first link on the way to `path`, and the way from there.
    fn link_in<'a>(&self, path: &'a RelPath) -> Option<(&Entry, &'a str)> {
        if self.links.is_empty() {
            return None;
        }
        let text = path.as_str();
        let ends = text.match_indices('/').map(|(at, _)| at);
        ends.chain([text.len()]).find_map(|end| {
            let (start, rest) = text.split_at_checked(end)?;
            let entry = self.entry(&RelPath::new(start)?)?;
            (entry.kind == Kind::Link).then(|| (entry, rest.trim_start_matches('/')))
        })
    }

    fn blob(&self, entry: &Entry) -> io::Result<Object> {
        let repo = self.repo.to_thread_local();
        object(&repo, entry.id, gix::object::Kind::Blob, MAX_FILE).map_err(io::Error::other)
    }
}

/// As many as Linux follows.
const MAX_LINKS: usize = 40;

impl Contents for Index {
    fn look_up(&self, path: &RelPath) -> io::Result<Content> {
        let Some(real) = self.resolve(path)? else {
            return Ok(Content::Absent);
        };
        let Some(entry) = self.entry(&real) else {
            return Ok(Content::Absent);
        };
        // Through a link the disk may lead elsewhere.
        if real == *path && self.is_on_disk(path) {
            return Ok(Content::OnDisk);
        }
        Ok(match self.blob(entry)? {
            Object::Bytes(bytes) => Content::Bytes(bytes),
            Object::TooLarge(size) => Content::TooLarge(size),
        })
    }
}

fn entries(tree: &WorkTree, file: &IndexFile) -> Result<Vec<Entry>, GitError> {
    let mut entries = Vec::with_capacity(file.entries.len());
    for raw in &file.entries {
        if raw.flags.contains(Flags::INTENT_TO_ADD) || !matches!(raw.flags.stage_raw(), 0 | 2) {
            continue;
        }
        if raw.mode == Mode::DIR {
            folder(tree, raw, &mut entries)?;
            continue;
        }
        let Some(kind) = Kind::of_index(raw.mode) else {
            continue;
        };
        let own = raw.path.strip_prefix(tree.prefix.as_bytes());
        let Some(path) = own.and_then(plain_path) else {
            continue;
        };
        entries.push(Entry {
            path,
            id: raw.id,
            kind,
            stat: raw.stat,
            skipped: raw.flags.contains(Flags::SKIP_WORKTREE),
        });
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    entries.dedup_by(|a, b| a.path == b.path);
    Ok(entries)
}

/// The files of a folder that a sparse index has as one entry.
fn folder(tree: &WorkTree, raw: &RawEntry, entries: &mut Vec<Entry>) -> Result<(), GitError> {
    let unreadable = |e: &(dyn std::error::Error + 'static)| {
        tree.unreadable(String::from_utf8_lossy(&raw.path), e)
    };
    let within = raw.path.starts_with(tree.prefix.as_bytes());
    if !within && !tree.prefix.as_bytes().starts_with(&raw.path) {
        return Ok(());
    }
    let mut files = Vec::new();
    let start = raw.path.strip_suffix(b"/").unwrap_or(&raw.path);
    super::object::walk(&tree.repo, raw.id, start, |_, _| false, &mut files)
        .map_err(|e| unreadable(&e))?;
    for (path, id, kind) in files {
        let own = path.strip_prefix(tree.prefix.as_bytes());
        if let Some(path) = own.and_then(plain_path) {
            entries.push(Entry {
                path,
                id,
                kind,
                stat: Stat::default(),
                skipped: true,
            });
        }
    }
    Ok(())
}

/// A path of git as one of the workspace; `None` for what git itself would not write to the disk, and for what is not
/// UTF-8.
pub(super) fn plain_path(bytes: &[u8]) -> Option<RelPath> {
    let text = std::str::from_utf8(bytes).ok()?;
    let path = RelPath::new(text)?;
    let is_plain = path.as_str() == text
        && !path.is_root()
        && !text
            .split('/')
            .any(|part| part.eq_ignore_ascii_case(".git"));
    is_plain.then_some(path)
}
