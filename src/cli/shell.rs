//! `cotter completions` and `cotter man`.

use std::io::Write;
use std::process::ExitCode;

use clap::CommandFactory;

use super::Arguments;
use super::failure::{Failure, finish};

pub fn completions(shell: clap_complete::Shell) -> ExitCode {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "cotter", &mut out);
    finish(super::Format::Human, print(&out))
}

pub fn man() -> ExitCode {
    let mut out = Vec::new();
    let page = clap_mangen::Man::new(Arguments::command())
        .render(&mut out)
        .map_err(Failure::output);
    finish(super::Format::Human, page.and_then(|()| print(&out)))
}

fn print(bytes: &[u8]) -> Result<super::Outcome, Failure> {
    std::io::stdout()
        .lock()
        .write_all(bytes)
        .map_err(Failure::output)?;
    Ok(super::Outcome::Done)
}
