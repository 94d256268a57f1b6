//! What git knows: refs of clones and remotes, ancestry, trees, merges. The only room that names gix.
//!
//! Not here: what a pin is, and changing any repository: clones are only read, and what is fetched
//! goes into cotter's own cache.

mod applied;
mod ask;
mod base;
mod cache;
mod changes;
mod checkout;
mod compared;
mod content;
mod credentials;
mod error;
mod history;
mod http;
mod index;
mod index_file;
mod index_layout;
mod location;
mod main_branch;
mod merge;
mod nar;
mod object;
mod oid;
mod on_disk;
mod origin;
mod read_ahead;
mod refs;
mod remote;
mod repo;
mod ssh;
mod staged;
mod tracked;
mod tree;
mod uncarried;
mod watch;
mod work_tree;

pub use base::{Base, Changed};
pub use checkout::{CheckoutTrait, FetchMethod, TraitKind, obstacles};
pub use content::DirEntry;
pub use error::GitError;
pub use history::Ancestry;
pub use index::Index;
pub use location::{Location, without_credentials};
pub use main_branch::OnMain;
pub use merge::Conflict;
pub use oid::{NotAnOid, Oid};
pub use refs::{Head, Refs, is_ref_name};
pub use remote::{Git, GitOptions, Need};
pub use repo::{CommitTime, Repo};
pub use staged::Staged;
pub use tracked::tracked_files;
pub use tree::TreeError;
pub use uncarried::{Uncarried, Why};
