//! What users call the places in their files: the containers of a workspace, names such as `kingfisher:src.hash`, and
//! which places the words of a command line mean.
//!
//! Not here: the places themselves (`pin`, `fod`).

mod containers;
mod name;
mod select;

pub use containers::Containers;
pub use name::Name;
pub use select::{Named, Selection, SelectionError, refuse_twins, select};
