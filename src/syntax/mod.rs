//! Nix text as a tree: parsing, finding what an expression is bound to, decoding and writing strings.
//!
//! The only room that names rnix. Nothing here evaluates Nix: a value that cannot be read off the text is
//! unknown, never guessed. Not here: which values are pins (`pin`).

mod apply;
mod around;
mod attrs;
mod behind;
mod call;
mod comment;
mod depth;
mod entries;
#[cfg(test)]
mod entries_tests;
mod file;
mod layout;
mod resolve;
mod scope;
mod string;
#[cfg(test)]
mod tests;
mod text;

pub use around::Consumer;
pub use attrs::Attrs;
pub use call::{Call, calls, sets_with};
pub use depth::STACK_SIZE;
pub use entries::{EntryChange, EntryError, NewEntry, NewValue};
pub use file::{Library, NixFile, SyntaxProblem};
pub use resolve::{List, Value};
pub use string::{Quoting, decode_double_quoted, encode_double_quoted};
pub use text::{Part, Text};
