//! What git knows: refs of clones and remotes, ancestry, trees. The only room that names gix.

mod checkout;
mod nar;
mod oid;
mod read_ahead;
mod repo;
mod tree;

pub use checkout::{CheckoutTrait, FetchMethod, TraitKind, obstacles};
pub use oid::Oid;
pub use repo::{GitError, Repo};
pub use tree::TreeError;
