//! What keeps a file from being taken as text.

use std::fmt;
use std::io;
use std::path::PathBuf;

use rustix::io::Errno;

use super::RelPath;

/// In bytes. No source file that a person wrote is larger; a larger one is reported, not read.
pub const MAX_FILE: u64 = 8 << 20;

/// A file that cannot be taken as text. Shown as the place and the reason.
#[derive(Debug)]
pub enum SourceError {
    Io {
        path: PathBuf,
        source: io::Error,
    },
    NotUtf8 {
        path: RelPath,
        line: usize,
        offset: usize,
    },
    TooLarge {
        path: RelPath,
        size: u64,
    },
    Outside {
        path: PathBuf,
        root: PathBuf,
    },
    NotAFile {
        path: RelPath,
    },
}

impl std::error::Error for SourceError {}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceError::Io { path, .. } | SourceError::Outside { path, .. } => {
                write!(f, "{}", path.display())?
            }
            SourceError::NotUtf8 { path, line, .. } => write!(f, "{path}:{line}")?,
            SourceError::TooLarge { path, .. } | SourceError::NotAFile { path } => {
                write!(f, "{path}")?
            }
        }
        write!(f, ": {}", self.reason())
    }
}

impl SourceError {
    /// Of `bytes`, which are not UTF-8 from `offset` on.
    pub(super) fn not_utf8(path: &RelPath, bytes: &[u8], offset: usize) -> SourceError {
        let before = bytes.iter().take(offset);
        SourceError::NotUtf8 {
            path: path.clone(),
            line: before.filter(|b| **b == b'\n').count() + 1,
            offset,
        }
    }

    /// What is wrong, without the place.
    pub fn reason(&self) -> String {
        match self {
            SourceError::Io { source, .. } => describe_io(source),
            SourceError::NotUtf8 { offset, .. } => format!("not UTF-8 from byte {offset} on"),
            SourceError::TooLarge { size, .. } => {
                format!("{size} bytes, more than the {MAX_FILE} that cotter reads")
            }
            SourceError::Outside { root, .. } => {
                format!("outside of the workspace {}", root.display())
            }
            SourceError::NotAFile { .. } => "not a regular file".into(),
        }
    }
}

/// "Too many levels of symbolic links" and its kin, in words that say what to do.
fn describe_io(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            "a symbolic link that leads to itself".into()
        }
        _ => error.to_string(),
    }
}
