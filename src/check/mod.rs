//! `cotter check`: what is wrong in a workspace before it is committed. Rules, what they may ask, and running them.
//!
//! By default nothing outside of the workspace is asked: no Nix, no network. What a rule cannot know it does not say.
//! Not here: showing findings (`output`), reading the staged content (`git`), and writing fixes (`transaction`).

mod allowance;
mod argv;
mod finding;
pub mod fix;
mod kinds;
mod pass;
mod relation;
mod report;
mod rule;
pub mod rules;
mod scripts;
mod subject;
mod view;
mod words;

pub use allowance::Allowance;
pub use finding::{Finding, Fix, Place, Related, Severity};
pub use pass::{Checked, run};
pub use report::Report;
pub use rule::{Asks, Check, Doc, Rule};
pub use subject::{Scope, Subject};
pub use view::{ContainerView, NixView, TextView, YamlView};
