//! C104: a pinned commit that nothing holds any more.

use crate::check::clones::commit_of;
use crate::check::{Asks, Check, ContainerView, Doc, Report, Rule, Severity};
use crate::pin::held::Held;

pub static RULE: Rule = Rule {
    code: "C104",
    name: "unheld-rev",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Clone,
    doc: Doc {
        what: "A pinned commit that no branch or tag of its repository holds, or that is gone from there.",
        why: "The branch was rebased and force-pushed since. Who has the commit already builds on; everybody else fails, now \
              or after the next garbage collection. A work clone that may be behind is not believed when it lacks a commit: \
              a mirror is, and with `--remote` the remote itself.",
        bad: "{\n  name = \"clone-url-base\";\n  rev = \"677c7a5d5fc42b655d38fbf95dc8b814d89ceabb\"; # before the rebase\n}",
        good: "{\n  name = \"clone-url-base\";\n  rev = \"9f31c0e7f0a4d1b2c3d4e5f60718293a4b5c6d7e\"; # the tip of feature/upstream/clone-url-base\n}",
        fix: "Let the pin follow its branch: `cotter pin bump`. Where that very commit is wanted, push it to a branch of its \
              own; `cotter pin protect` does for commits that are still there.",
    },
    checks: &[Check::Container { run }],
};

fn run(view: &ContainerView, report: &mut Report) {
    let Some(clones) = view.subject.clones else {
        return;
    };
    for (pin, repo) in view.pins.iter().zip(clones.of(view, view.pins)) {
        let (Some(repo), Some(commit)) = (repo, commit_of(pin)) else {
            continue;
        };
        let message = match repo.repo.has_commit(commit) {
            true => match clones.held(view, &repo, commit) {
                Some(Held::Nowhere) => {
                    format!("no branch or tag of {} holds this commit", repo.location)
                }
                _ => continue,
            },
            false if repo.is_whole && !repo.repo.is_shallow() => {
                format!("{} has no such commit", repo.location)
            }
            false => continue,
        };
        if let Some(place) = view.place_of(pin) {
            let bump = format!("let it follow its branch: `cotter pin bump {}`", pin.name);
            report.add(place, message).help(match repo.is_whole {
                true => bump,
                false => format!("`git fetch` there; if nothing holds it then, {bump}"),
            });
        }
    }
}
