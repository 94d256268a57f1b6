//! The command line: one file per command with its arguments and its wiring, no logic.

mod check;
mod check_eval;
mod check_scope;
mod ci;
mod deploy;
mod emitted;
mod explain;
mod failure;
mod fod_rehash;
mod image;
mod nixbuild;
mod nixbuild_build;
mod nixbuild_emit;
mod nixbuild_watch;
mod pin;
mod pin_bump;
mod pin_list;
mod pin_protect;
mod rehash;
mod setup;
mod shell;
mod spork;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ColorChoice, Parser, Subcommand, ValueEnum};

pub use failure::{Failure, Outcome};
use setup::Globals;

/// Keeps the pins and fixed-output hashes of Nix-built container images in step.
///
/// Exit codes: 0 done, or nothing to do; 1 `check` found something, a dry run would change something, or a hash could not
/// be computed; 2 the command line, cotter.toml or a source file is wrong; 3 something outside failed, nothing was lost; 4
/// an invariant does not hold, nothing was written.
#[derive(Debug, Parser)]
#[command(name = "cotter", version, max_term_width = 100)]
pub struct Arguments {
    /// The workspace: a git work tree or a folder [default: the nearest one upwards with cotter.toml or .git]
    #[arg(long, global = true, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Use this file instead of cotter.toml at the root
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// When to colour what is shown
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
    /// Show errors only
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Show more of what is done: which remote was asked, and what it answered
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Find pins and move them
    #[command(subcommand)]
    Pin(pin::Command),
    /// Make every fixed-output hash right, in the fewest builds
    FodRehash(fod_rehash::Arguments),
    /// Find what is wrong before it is committed
    Check(check::Arguments),
    /// Make NixBuilds, and build and load what they name
    #[command(name = "nixbuild", subcommand)]
    NixBuild(nixbuild::Command),
    /// Write a new tag to every manifest of a container
    Deploy(deploy::Arguments),
    /// Say what a rule of `check` finds, why that is wrong, and what to do
    Explain(explain::Arguments),
    /// Describe images, write what builds them, and look into them
    #[command(subcommand)]
    Image(image::Command),
    /// Write the expression that builds a spork, and say how sporks stand
    #[command(subcommand)]
    Spork(spork::Command),
    /// Run cotter where commits are made
    #[command(subcommand)]
    Ci(ci::Command),
    /// Print completions for a shell
    Completions { shell: clap_complete::Shell },
    /// Print the manual page
    Man,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Human,
    Json,
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let globals = Globals {
        root: arguments.root,
        config: arguments.config,
        quiet: arguments.quiet,
        verbose: arguments.verbose,
    };
    match arguments.color {
        ColorChoice::Always => anstream::ColorChoice::Always.write_global(),
        ColorChoice::Never => anstream::ColorChoice::Never.write_global(),
        ColorChoice::Auto => {}
    }
    setup::on_big_stack(move || match arguments.command {
        Command::Pin(command) => command.run(&globals),
        Command::FodRehash(arguments) => arguments.run(&globals),
        Command::Check(arguments) => arguments.run(&globals),
        Command::Deploy(arguments) => arguments.run(&globals),
        Command::Explain(arguments) => arguments.run(),
        Command::Image(command) => command.run(&globals),
        Command::NixBuild(command) => command.run(&globals),
        Command::Spork(command) => command.run(&globals),
        Command::Ci(command) => command.run(),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man => shell::man(),
    })
}
