//! `cotter check`: what is wrong in a workspace before it is committed. Rules, what they may ask, and running them.
//!
//! By default nothing outside of the workspace is asked: no Nix, no network. What a rule cannot know it does not say.
//! Not here: showing findings (`output`), reading the staged content (`git`), and writing fixes (`transaction`).

mod allowance;
mod argv;
pub mod baseline;
mod before;
mod clones;
mod finding;
pub mod fix;
mod kinds;
mod kustomized;
mod locality;
mod pass;
mod place;
mod relation;
mod report;
mod revision;
mod rule;
pub mod rules;
mod scripts;
mod subject;
mod view;
mod words;

pub use allowance::Allowance;
pub use before::Before;
pub use clones::Clones;
pub use finding::{Finding, Fix, Place, Related, Severity};
pub use pass::{Checked, run};
pub use report::Report;
pub use rule::{Asks, Check, Doc, Rule};
pub use subject::{Scope, Subject};
pub use view::{ContainerView, NixView, TextView, YamlView};
