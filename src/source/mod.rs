//! The user's files as they are: where they lie, their text, and where a byte is in lines and columns.
//!
//! Not here: what the text means (`syntax`, `manifest`) and how it changes (`edit`, `transaction`).

mod file;
mod path;
mod workspace;

pub use file::{Position, SourceFile, Stamp};
pub use path::RelPath;
pub use workspace::{SourceError, Workspace};
