//! What a line of stages is made of: its files, commands and config, each with its instruction.

use std::collections::BTreeMap;

use super::act::Act;
use super::base::Base;
use super::read::{Args, Flagged, Given};
use super::scope::{Scope, UnknownName};

/// What a line of stages is made of. Numbers are those of instructions.
#[derive(Debug, Default)]
pub struct Made {
    pub image: Option<Result<String, UnknownName>>,
    pub base: Option<Base>,
    pub scope: Scope,
    /// With the instruction that sets it; `None` for what the base has.
    pub env: BTreeMap<String, (Result<String, UnknownName>, Option<usize>)>,
    pub labels: Vec<Named>,
    pub workdir: String,
    pub workdirs: Vec<(usize, Result<String, UnknownName>)>,
    pub users: Vec<(usize, Result<String, UnknownName>)>,
    pub copies: Vec<Copy>,
    pub runs: Vec<Run>,
    pub entrypoint: Option<(usize, Args)>,
    pub cmd: Option<(usize, Args)>,
    /// Instructions that a later one takes the place of.
    pub replaced: Vec<usize>,
    pub ports: Vec<Named>,
    pub volumes: Vec<Named>,
    pub stop_signal: Option<(usize, Result<String, UnknownName>)>,
    pub healthcheck: Option<(usize, Vec<Flagged>, Option<Args>)>,
    pub shell: Option<(usize, Vec<String>)>,
    pub arguments: Vec<usize>,
    pub maintainer: Option<(usize, String)>,
    pub onbuild: Vec<usize>,
    pub unknown: Vec<usize>,
}

/// A value that an instruction gives; the name is empty for what is in a list.
#[derive(Clone, Debug)]
pub struct Named {
    pub step: usize,
    pub name: String,
    pub value: Result<String, UnknownName>,
}

/// A `COPY` or `ADD`.
#[derive(Clone, Debug)]
pub struct Copy {
    pub step: usize,
    pub is_add: bool,
    /// What `--from` names.
    pub from: Option<String>,
    pub sources: Vec<Given>,
    /// Absolute; a slash at its end says that it is a folder.
    pub dest: Result<String, UnknownName>,
    pub mode: Option<String>,
    pub has_owner: bool,
    /// Options that are not known.
    pub others: Vec<String>,
}

/// A command of a `RUN`.
#[derive(Clone, Debug)]
pub struct Run {
    pub step: usize,
    pub line: usize,
    pub written: String,
    pub act: Act,
    /// Where it is run.
    pub folder: String,
    /// Whether it is given a secret, an SSH agent, or something else of the machine that builds.
    pub has_secret: bool,
}
