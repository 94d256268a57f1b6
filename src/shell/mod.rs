//! Shell text as commands: which words are run with which arguments, and where each stands in its file.
//!
//! The only room that names tree-sitter. Nothing here runs or expands anything: what a variable holds is unknown.
//! Not here: where a file keeps its shell text, and which argument is a secret (`check`).

mod command;
mod statement;
mod text;

pub use command::{Command, Piece, Word, commands};
pub use statement::{Done, Statement, statements};
pub use text::ShellText;
