//! Where the content of files is taken from, when that is not the disk: what git has staged, for one.
//!
//! Not here: texts that cotter itself puts in the place of a file; those are the workspace's overlay.

use std::fmt;
use std::io;

use super::RelPath;

/// A place other than the disk that knows what files hold.
pub trait Contents: Send + Sync + fmt::Debug {
    /// What the file at `path` holds. Nothing larger than [`MAX_FILE`](super::MAX_FILE) need be read for that.
    fn look_up(&self, path: &RelPath) -> io::Result<Content>;
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// What lies on the disk.
    OnDisk,
    Bytes(Vec<u8>),
    /// More bytes than cotter reads: so many.
    TooLarge(u64),
    /// There is no such file.
    Absent,
}
