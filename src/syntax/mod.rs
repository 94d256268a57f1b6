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
mod embedded;
mod entries;
#[cfg(test)]
mod entries_tests;
mod fallback;
mod file;
mod formals;
mod given;
mod layout;
mod origin;
mod path;
mod path_uses;
mod places;
mod reads;
mod resolve;
mod scope;
mod shape;
mod site;
mod sources;
mod string;
mod strings;
mod systems;
#[cfg(test)]
mod tests;
mod text;
mod top_level;
mod written;
#[cfg(test)]
mod written_tests;

pub use around::Consumer;
pub use attrs::Attrs;
pub use call::{Call, calls, sets_with};
pub use depth::STACK_SIZE;
pub use embedded::{Around, WrittenPiece, WrittenString, used_names, written_strings};
pub use entries::{EntryChange, EntryError, NewEntry, NewValue};
pub use fallback::{SearchPath, is_fallback, search_paths};
pub use file::{Library, NixFile, SyntaxProblem};
pub use origin::Names;
pub use path::{path_literals, paths};
pub use path_uses::{PathUse, path_uses, paths_asked_for};
pub use places::AttrPlace;
pub use reads::{Read, ReadAs, reads};
pub use resolve::{List, Value};
pub use shape::{Element, Elements, Shape};
pub use site::{Role, Site, is_system};
pub use sources::SourceText;
pub use string::{Quoting, decode_double_quoted, encode_double_quoted};
pub use strings::{NamedExpression, StringLiteral, named_expressions, strings};
pub use text::{Part, Text};
pub use top_level::{TopLevel, top_level};
pub use written::{Plain, Written, written_beside};
