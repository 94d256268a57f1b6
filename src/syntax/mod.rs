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
mod formals;
mod layout;
mod path;
mod places;
mod reads;
mod resolve;
mod scope;
mod site;
mod string;
mod strings;
#[cfg(test)]
mod tests;
mod text;
mod top_level;

pub use around::Consumer;
pub use attrs::Attrs;
pub use call::{Call, calls, sets_with};
pub use depth::STACK_SIZE;
pub use entries::{EntryChange, EntryError, NewEntry, NewValue};
pub use file::{Library, NixFile, SyntaxProblem};
pub use path::paths;
pub use places::AttrPlace;
pub use reads::{Read, ReadAs, reads};
pub use resolve::{List, Value};
pub use site::{Role, Site, is_system};
pub use string::{Quoting, decode_double_quoted, encode_double_quoted};
pub use strings::{NamedExpression, StringLiteral, named_expressions, strings};
pub use text::{Part, Text};
pub use top_level::{TopLevel, top_level};
