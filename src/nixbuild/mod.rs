//! NixBuilds: which package of a flake at which revision becomes an image, and under which tag. What a cluster's operator
//! does with them, on one machine: build with Nix, load where the image is to be run, write down what became of it.
//!
//! Where `nix`, `manifest` and `image::archive` meet. Not here: tags that change in manifests that exist (`deploy`).

mod archive;
mod build;
mod emit;
mod error;
mod flake_ref;
mod given;
mod load;
mod rename;
mod status;
mod wanted;
mod watch;

pub use archive::{Output, kind_of};
pub use build::{Building, Built, build, load as load_built};
pub use emit::{Existing, Values};
pub use error::{NixBuildError, Refused};
pub use given::Given;
pub use load::{Containerd, Load, LoadTo, Loader};
pub use status::{Outcome, Status};
pub use wanted::{Wanted, read};
pub use watch::{Board, Report, Watch};
