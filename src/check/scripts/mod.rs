//! Where files of each kind keep shell text.
//!
//! Not here: reading it (`shell`).

mod dockerfile;
mod nix;
mod yaml;

pub use dockerfile::runs;
pub use nix::in_nix;
pub use yaml::in_yaml;

use crate::source::RelPath;

/// Folders whose files are programs, whatever they are called.
const FOLDERS: [&str; 6] = ["scripts", "script", "bin", "hack", "hooks", ".githooks"];

/// Whether a file may be a shell script by its name.
pub fn may_be_script(file: &RelPath) -> bool {
    let name = file.file_name();
    match name.rsplit_once('.') {
        Some((before, ending)) if !before.is_empty() => {
            matches!(ending, "sh" | "bash" | "zsh" | "ksh")
        }
        Some(_) => name == ".envrc",
        None => FOLDERS.contains(&file.parent().file_name()),
    }
}

/// Whether a file that may be a script is one by what it begins with. Of a file named so, that is all it takes.
pub fn is_script(file: &RelPath, text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    match first.strip_prefix("#!") {
        Some(program) => is_shell(program),
        None => file.file_name().contains('.'),
    }
}

/// Whether the line behind `#!` names a shell.
fn is_shell(line: &str) -> bool {
    line.split_whitespace().any(|word| {
        let name = word.rsplit_once('/').map_or(word, |(_, name)| name);
        matches!(name, "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh")
    })
}
