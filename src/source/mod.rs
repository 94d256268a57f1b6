//! The user's files as they are: where they lie, their text, and where a byte is in lines and columns.
//!
//! Not here: what the text means (`syntax`, `manifest`) and how it changes (`edit`, `transaction`).

mod contents;
mod file;
mod ignored;
mod path;
mod workspace;

pub use contents::{Content, Contents};
pub use file::{Position, SourceFile, Stamp};
pub use path::RelPath;
pub use workspace::{MAX_FILE, SourceError, Workspace};

#[cfg(test)]
mod contents_tests;
