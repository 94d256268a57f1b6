//! The content as it was: the commit that a change is compared with.

use std::sync::{Arc, OnceLock};

use crate::git::{Base, Changed, Index};
use crate::source::{RelPath, SourceFile};

/// HEAD, or where a branch left the one that `--base` names; and what has changed since.
pub struct Before<'a> {
    base: Base,
    index: &'a Index,
    files: &'a [RelPath],
    on_disk: bool,
    changed: OnceLock<Changed>,
}

impl<'a> Before<'a> {
    /// `files` are those of now, sorted: as they lie on the disk, or as `index` has them.
    pub fn new(base: Base, index: &'a Index, files: &'a [RelPath], on_disk: bool) -> Before<'a> {
        Before {
            base,
            index,
            files,
            on_disk,
            changed: OnceLock::new(),
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

    pub fn base(&self) -> &Base {
        &self.base
    }
}
