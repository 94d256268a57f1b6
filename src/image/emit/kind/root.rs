//! The folder that a source is in.

use std::path::PathBuf;

use crate::image::emit::Request;
use crate::image::emit::facts::Folder;
use crate::image::emit::relative::join;

/// A source's folder: on the disk, and from where the file is emitted.
pub(super) struct Root {
    dir: PathBuf,
    pub path: String,
}

impl Root {
    pub fn of(request: &Request, root: Option<&str>) -> Root {
        let root = root.unwrap_or(".");
        Root {
            dir: match root {
                "." => request.spec_dir(),
                root => request.spec_dir().join(root),
            },
            path: request.way_to(root),
        }
    }

    pub fn folder(&self) -> Folder<'_> {
        Folder { dir: &self.dir }
    }

    pub fn file(&self, name: &str) -> String {
        join(&self.path, name)
    }
}
