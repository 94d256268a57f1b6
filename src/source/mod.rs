//! The user's files as they are: where they lie, their text, and where a byte is in lines and columns.
//!
//! Not here: what the text means (`syntax`, `manifest`) and how it changes (`edit`, `transaction`).

mod contents;
mod error;
mod file;
mod ignored;
mod path;
mod walk;
mod workspace;

pub use contents::{Content, Contents};
pub use error::{MAX_FILE, SourceError};
pub use file::{Position, SourceFile, Stamp};
pub use path::RelPath;
pub use workspace::Workspace;

#[cfg(test)]
mod contents_tests;
