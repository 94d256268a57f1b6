//! `cotter explain`.

use std::process::ExitCode;

use clap::Args;

use super::Format;
use super::failure::{Failure, Outcome, finish};
use crate::check::{Rule, rules};
use crate::output;

#[derive(Debug, Args)]
pub struct Arguments {
    /// A rule, by code or name; nothing lists all of them
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

impl Arguments {
    pub fn run(&self) -> ExitCode {
        finish(Format::Human, self.explain())
    }

    fn explain(&self) -> Result<Outcome, Failure> {
        let mut sink = anstream::stdout().lock();
        match &self.code {
            Some(word) => output::rule(&mut sink, rule(word)?),
            None => output::rules(&mut sink, rules::ALL),
        }
        .map_err(Failure::output)?;
        Ok(Outcome::Done)
    }
}

/// The rule that `word` means.
pub fn rule(word: &str) -> Result<&'static Rule, Failure> {
    rules::by_word(word).ok_or_else(|| {
        let hint = "`cotter explain` lists all rules".to_owned();
        Failure::usage(format!("`{word}` is no rule of cotter's"), Some(hint))
    })
}
