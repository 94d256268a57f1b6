//! Shell text in Nix strings: phases of builds, scripts that are written to the store, hooks.

use std::collections::BTreeSet;

use crate::shell::ShellText;
use crate::syntax::{Around, NixFile, WrittenPiece, WrittenString, used_names, written_strings};

/// Functions whose text arguments are scripts.
const WRITERS: [&str; 16] = [
    "writeShellScript",
    "writeShellScriptBin",
    "writeScript",
    "writeScriptBin",
    "writeBash",
    "writeBashBin",
    "writeDash",
    "writeDashBin",
    "runCommand",
    "runCommandLocal",
    "runCommandCC",
    "runCommandNoCC",
    "runCommandNoCCLocal",
    "runCommandWith",
    "mkScript",
    "mkShellScript",
];

/// Functions whose text arguments are read by people, or are data.
const READ: [&str; 8] = [
    "throw",
    "abort",
    "trace",
    "warn",
    "assertMsg",
    "throwIf",
    "throwIfNot",
    "writeText",
];

const PROSE: [&str; 7] = [
    "description",
    "longDescription",
    "message",
    "help",
    "usage",
    "readme",
    "example",
];

/// Attributes whose text is a script, beside those that [`is_script_name`] knows by their ending.
const SCRIPTS: [&str; 7] = [
    "script",
    "command",
    "exec",
    "run",
    "runAsRoot",
    "ExecStart",
    "ExecStartPre",
];

/// What one string is, as far as is told by what it is part of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Script,
    Other,
    /// What the name is used as that it is bound to.
    Named(String),
}

/// The shell texts of `file`.
pub fn in_nix(file: &NixFile) -> Vec<ShellText> {
    let strings: Vec<(WrittenString, Kind)> = written_strings(file)
        .into_iter()
        .map(|string| {
            let kind = match kind(&string.around) {
                Kind::Named(_) if begins_as_script(&string) => Kind::Script,
                kind => kind,
            };
            (string, kind)
        })
        .collect();
    let scripts = names_of_scripts(file);
    let source = file.source().text();
    strings
        .iter()
        .filter(|(_, kind)| match kind {
            Kind::Script => true,
            Kind::Named(name) => scripts.contains(name),
            Kind::Other => false,
        })
        .map(|(string, _)| shell_text(source, string))
        .collect()
}

/// The names that stand for a script, or for a part of one, somewhere.
fn names_of_scripts(file: &NixFile) -> BTreeSet<String> {
    let uses: Vec<(String, Kind)> = used_names(file)
        .into_iter()
        .map(|(name, around)| (name, kind(&around)))
        .collect();
    let mut names = BTreeSet::new();
    loop {
        let before = names.len();
        for (name, kind) in &uses {
            let is_script = match kind {
                Kind::Script => true,
                Kind::Named(of) => names.contains(of),
                Kind::Other => false,
            };
            if is_script {
                names.insert(name.clone());
            }
        }
        if names.len() == before {
            return names;
        }
    }
}

fn kind(around: &[Around]) -> Kind {
    let mut around = around.iter();
    while let Some(one) = around.next() {
        match one {
            Around::Call(name) if WRITERS.contains(&name.as_str()) => return Kind::Script,
            Around::Call(name) if READ.contains(&name.as_str()) => return Kind::Other,
            Around::Call(_) => {}
            Around::Attr(None) => return Kind::Other,
            Around::Attr(Some(name)) if name == "text" => {
                let is_application =
                    matches!(around.next(), Some(Around::Call(f)) if f == "writeShellApplication");
                return match is_application {
                    true => Kind::Script,
                    false => Kind::Named(name.clone()),
                };
            }
            Around::Attr(Some(name)) if PROSE.contains(&name.as_str()) => return Kind::Other,
            Around::Attr(Some(name)) if is_script_name(name) => return Kind::Script,
            Around::Attr(Some(name)) => return Kind::Named(name.clone()),
        }
    }
    Kind::Named(String::new())
}

fn is_script_name(name: &str) -> bool {
    let is_part_of_phase = |prefix: &str| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
    };
    SCRIPTS.contains(&name)
        || ["Phase", "Script", "Hook", "Command", "Commands"]
            .iter()
            .any(|ending| name.ends_with(ending))
        || is_part_of_phase("pre")
        || is_part_of_phase("post")
}

fn begins_as_script(string: &WrittenString) -> bool {
    let first = string.pieces.iter().find_map(|piece| match piece {
        WrittenPiece::Text { value, .. } => Some(value.trim_start()),
        WrittenPiece::Interpolation { .. } => None,
    });
    let first = first.unwrap_or_default();
    match first.strip_prefix("#!") {
        // What the interpreter is may be filled in: `#!${pkgs.runtimeShell}`.
        Some(rest) => {
            let line = rest.lines().next().unwrap_or_default();
            super::is_shell(line) || line.trim().is_empty()
        }
        None => ["set -e", "set -x", "set -o", "set -u"]
            .iter()
            .any(|set| first.starts_with(set)),
    }
}

fn shell_text(source: &str, string: &WrittenString) -> ShellText {
    let mut text = ShellText::default();
    for piece in &string.pieces {
        match piece {
            WrittenPiece::Text { value, range } => {
                let written = source.get(range.clone()).unwrap_or_default();
                text.push_decoded(value, written, range.start);
            }
            WrittenPiece::Interpolation { range } => {
                let written = source.get(range.clone()).unwrap_or_default();
                text.push_hole(written, range.clone());
            }
        }
    }
    text
}
