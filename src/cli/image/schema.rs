//! `cotter image schema`.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::cli::Format;
use crate::cli::failure::{Failure, Outcome, finish};
use crate::image::spec::schema;

pub fn run() -> ExitCode {
    let written = writeln!(io::stdout().lock(), "{:#}", schema());
    let outcome = written.map(|()| Outcome::Done).map_err(Failure::output);
    finish(Format::Human, outcome)
}
