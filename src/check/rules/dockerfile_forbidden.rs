//! C611: a Dockerfile where the policy forbids it.

use crate::check::kinds::is_dockerfile;
use crate::check::{Asks, Check, Doc, Place, Report, Rule, Severity, TextView};
use crate::config::Dockerfiles;

pub static RULE: Rule = Rule {
    code: "C611",
    name: "dockerfile-forbidden",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "A Dockerfile or Containerfile in a workspace whose policy says `dockerfiles = \"forbid\"`.",
        why: "Where every image in production is built with Nix, one that is built otherwise has no pinned inputs: the same \
              file gives another image next week.",
        bad: "# Dockerfile\nFROM python:3.12-alpine\nCOPY bridge.py /app/bridge.py",
        good: "# default.nix\n{ pkgs ? import <nixpkgs> { } }:\npkgs.dockerTools.buildLayeredImage { name = \"bridge\"; }",
        fix: "Build the image with Nix and remove the file, or take `dockerfiles` out of `[policy]` in cotter.toml.",
    },
    checks: &[Check::Text {
        is: is_dockerfile,
        words: &[],
        run,
    }],
};

fn run(view: &TextView, report: &mut Report) {
    if view.subject.config.policy.dockerfiles == Some(Dockerfiles::Forbid) {
        report
            .add(
                Place::whole(view.file.path()),
                "a Dockerfile, which the policy of cotter.toml forbids",
            )
            .help("build this image with Nix, or change `dockerfiles` in `[policy]`");
    }
}
