//! What git knows: refs of clones and remotes, ancestry, trees. The only room that names gix.

mod oid;
mod repo;

pub use oid::Oid;
pub use repo::{GitError, Repo};
