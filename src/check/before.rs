//! The content as it was: the commit that a change is compared with.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use crate::fod::lock::{self, Lock};
use crate::git::{Base, Changed, Index};
use crate::source::{Content, Contents, RelPath, SourceFile, Workspace};

/// HEAD, or where a branch left the one that `--base` names; and what has changed since.
pub struct Before<'a> {
    base: Arc<Base>,
    index: &'a Index,
    files: &'a [RelPath],
    on_disk: bool,
    changed: OnceLock<Changed>,
    workspace: OnceLock<Option<Workspace>>,
    lock: OnceLock<Lock>,
}

impl<'a> Before<'a> {
    /// `files` are those of now, sorted: as they lie on the disk, or as `index` has them.
    pub fn new(base: Base, index: &'a Index, files: &'a [RelPath], on_disk: bool) -> Before<'a> {
        Before {
            base: Arc::new(base),
            index,
            files,
            on_disk,
            changed: OnceLock::new(),
            workspace: OnceLock::new(),
            lock: OnceLock::new(),
        }
    }

    /// What has changed since, looked for once. A repository that cannot be read tells nothing.
    pub fn changed(&self) -> &Changed {
        self.changed.get_or_init(|| {
            self.base
                .changed(self.files, self.index, self.on_disk)
                .unwrap_or_default()
        })
    }

    /// Whether `file` is new, or another than it was.
    pub fn has_changed(&self, file: &RelPath) -> bool {
        self.changed().changed.binary_search(file).is_ok()
    }

    /// The file as it was; `None` where it was not there, or is no text.
    pub fn file(&self, path: &RelPath) -> Option<Arc<SourceFile>> {
        let bytes = self.base.read(path).ok()??;
        let file = SourceFile::from_bytes(path.clone(), bytes).ok()?;
        Some(Arc::new(file))
    }

    /// The workspace at `root` as it was.
    pub fn workspace(&self, root: &Path) -> Option<&Workspace> {
        let then = self.workspace.get_or_init(|| {
            let contents = Arc::new(Then(self.base.clone()));
            let workspace = Workspace::at(root).ok()?;
            Some(workspace.with_contents(contents).remembering())
        });
        then.as_ref()
    }

    /// `cotter.lock` as it was; an empty one where it was not there, or says nothing.
    pub fn lock(&self) -> &Lock {
        self.lock.get_or_init(|| {
            let file = RelPath::new(lock::FILE).and_then(|path| self.file(&path));
            file.and_then(|file| Lock::parse(&file).ok())
                .unwrap_or_default()
        })
    }

    pub fn base(&self) -> &Base {
        &self.base
    }
}

/// What files held.
struct Then(Arc<Base>);

impl fmt::Debug for Then {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Then").field(&self.0.commit()).finish()
    }
}

impl Contents for Then {
    fn look_up(&self, path: &RelPath) -> io::Result<Content> {
        let bytes = self.0.read(path).map_err(io::Error::other)?;
        Ok(bytes.map_or(Content::Absent, Content::Bytes))
    }
}
