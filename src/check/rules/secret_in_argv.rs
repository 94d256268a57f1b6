//! C609: a secret among the arguments of a command.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::check::argv;
use crate::check::kinds::is_dockerfile;
use crate::check::scripts;
use crate::check::{Asks, Check, Doc, NixView, Place, Report, Rule, Severity, TextView, YamlView};
use crate::shell::{ShellText, commands};
use crate::source::SourceFile;

pub static RULE: Rule = Rule {
    code: "C609",
    name: "secret-in-argv",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "A password or token among the arguments of a command: in shell scripts, in the scripts of Nix files, in the \
               steps of CI workflows, in `RUN` of Dockerfiles.",
        why: "The arguments of a running program can be read by every user and every container with the host's process list, \
              and end in logs, in traces of the shell and in crash reports. A token that pushes images is then anybody's. \
              What is echoed into a program's standard input is not: `echo` and `printf` are built into the shell.",
        bad: "skopeo copy --dest-creds \"ci:$REGISTRY_TOKEN\" docker-archive:result \\\n  docker://registry.example.org/team/bridge:1.2.3",
        good: "printf %s \"$REGISTRY_TOKEN\" |\n  skopeo login --username ci --password-stdin registry.example.org\nskopeo copy docker-archive:result docker://registry.example.org/team/bridge:1.2.3",
        fix: "Give it through standard input (`--password-stdin`, `--pass-stdin`), a file (`--authfile`, `-H @FILE`, \
              `--netrc-file`) or the environment, whichever the program takes. A secret that is written out has to be \
              replaced by another one too.",
    },
    checks: &[
        Check::Nix {
            words: WORDS,
            run: nix,
        },
        Check::Yaml {
            words: WORDS,
            run: yaml,
        },
        Check::Text {
            is: scripts::may_be_script,
            words: WORDS,
            run: script,
        },
        Check::Text {
            is: is_dockerfile,
            words: WORDS,
            run: dockerfile,
        },
    ],
};

const WORDS: &[&str] = &[
    "-creds",
    "-password",
    "-registry-token",
    " login",
    "curl",
    "wget",
    "sshpass",
    "authtoken",
    "helm ",
    "ctr ",
    "git clone",
    "git push",
    "git fetch",
    "git pull",
    "git remote",
    "git ls-remote",
    "git config",
    "git submodule",
    "git -",
    "pip ",
    "pip3 ",
    "hg ",
];

fn nix(view: &NixView, report: &mut Report) {
    for text in scripts::in_nix(view.file) {
        look(view.source(), &text, report);
    }
}

fn yaml(view: &YamlView, report: &mut Report) {
    for text in scripts::in_yaml(view.file.text(), view.tree) {
        look(view.file, &text, report);
    }
}

fn script(view: &TextView, report: &mut Report) {
    if scripts::is_script(view.file.path(), view.file.text()) {
        look(view.file, &ShellText::verbatim(view.file.text(), 0), report);
    }
}

fn dockerfile(view: &TextView, report: &mut Report) {
    for text in scripts::runs(view.file.text()) {
        look(view.file, &text, report);
    }
}

fn look(file: &Arc<SourceFile>, text: &ShellText, report: &mut Report) {
    // Reading shell text costs more than looking for a word in it.
    if !WORDS.iter().any(|word| text.mentions(word.trim())) {
        return;
    }
    let mut seen = BTreeSet::new();
    for secret in commands(text).iter().flat_map(argv::secrets) {
        if seen.insert((secret.range.start, secret.range.end)) {
            report
                .add(Place::of(file, secret.range), secret.message)
                .help(secret.help);
        }
    }
}
