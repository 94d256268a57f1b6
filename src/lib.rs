//! cotter: keeps the pins and fixed-output hashes of Nix-built container images in step.
//!
//! One way through: files → [`source`] → [`syntax`] / [`manifest`] → findings → [`plan`] →
//! [`transaction`] → files. Only [`git`], [`nix`] and [`net`] ask the outside world; [`process`] starts other programs.

pub mod bump_hashes;
pub mod check;
pub mod cli;
pub mod config;
pub mod deploy;
pub mod edit;
pub mod fetched;
pub mod fod;
pub mod git;
pub mod hash;
pub mod image;
pub mod manifest;
pub mod naming;
pub mod net;
pub mod nix;
pub mod nixbuild;
pub mod output;
pub mod pin;
pub mod pipeline;
pub mod plan;
pub mod problem;
pub mod process;
pub mod shell;
pub mod source;
pub mod spot;
pub mod syntax;
pub mod transaction;
pub mod work_copy;
