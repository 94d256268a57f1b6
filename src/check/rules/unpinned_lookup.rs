//! C105: `<nixpkgs>`, looked up on the machine that builds.

use crate::check::{Asks, Check, Doc, NixView, Report, Rule, Severity};
use crate::syntax::search_paths;

pub static RULE: Rule = Rule {
    code: "C105",
    name: "unpinned-lookup",
    severity: Severity::Warning,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "`<nixpkgs>`, `<nixpkgs/nixos>` or any other `<...>` that Nix looks up in NIX_PATH, where nothing else can be \
               given in its place.",
        why: "What it finds is up to the machine: its channels, its environment, its age. The image that is built here is \
              not the one that is built there, and in a flake it fails. As a default it is fine, since a caller gives the \
              pinned one: of an argument, behind `or`, or where an `if` found that there is none. So is Nix's own \
              `<nix/...>`. `shell.nix` is left out, since no image is built of it; a test is not: run with another \
              nixpkgs, it tells nothing of the image.",
        bad: "let\n  pkgs = import <nixpkgs> { };\nin\npkgs.dockerTools.buildLayeredImage { name = \"bridge\"; }",
        good: "{ pkgs ? import <nixpkgs> { } }:\npkgs.dockerTools.buildLayeredImage { name = \"bridge\"; }",
        fix: "Make it an argument with the lookup as its default, or import what the repository pins: a flake input, or \
              `fetchTarball` with `sha256`.",
    },
    checks: &[Check::Nix {
        // What such a path can begin with; `<` alone is in every comparison.
        words: &[
            "<a", "<b", "<c", "<d", "<e", "<f", "<g", "<h", "<i", "<j", "<k", "<l", "<m", "<n",
            "<o", "<p", "<q", "<r", "<s", "<t", "<u", "<v", "<w", "<x", "<y", "<z", "<A", "<B",
            "<C", "<D", "<E", "<F", "<G", "<H", "<I", "<J", "<K", "<L", "<M", "<N", "<O", "<P",
            "<Q", "<R", "<S", "<T", "<U", "<V", "<W", "<X", "<Y", "<Z", "<0", "<1", "<2", "<3",
            "<4", "<5", "<6", "<7", "<8", "<9", "<_", "<.", "<+",
        ],
        run,
    }],
};

/// What Nix brings along: `<nix/fetchurl.nix>`.
const OF_NIX: &str = "nix";
/// The file that a developer's shell is made of.
const SHELL: &str = "shell.nix";

fn run(view: &NixView, report: &mut Report) {
    if view.file.path().file_name() == SHELL {
        return;
    }
    for path in search_paths(view.file) {
        let first = path.name.split('/').next();
        if path.is_fallback || first == Some(OF_NIX) {
            continue;
        }
        report
            .add(
                view.place(path.range),
                format!(
                    "`<{}>` is whatever NIX_PATH has on the machine that builds",
                    path.name
                ),
            )
            .help("take it as an argument, with this as its default, or import what is pinned");
    }
}
