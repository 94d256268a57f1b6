//! C102: a pinned commit that only a force-pushed ref holds.

use crate::check::clones::commit_of;
use crate::check::{Asks, Check, ContainerView, Doc, Report, Rule, Severity};
use crate::pin::held::Held;

pub static RULE: Rule = Rule {
    code: "C102",
    name: "unstable-rev",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Clone,
    doc: Doc {
        what: "A pinned commit that no branch or tag holds but such as are force-pushed: `deploy`, or what `unstable` of \
               cotter.toml names.",
        why: "A deploy branch is force-pushed at every mirror sync. The commit that is pinned is then held by nothing, and \
              garbage collection takes it: the same build fails a week later.",
        bad: "upstreamRev = \"2ada072147988e6c2cdf8a4506c4a5e166a01127\"; # the tip of deploy",
        good: "upstreamRev = \"1d37d2983cd4a58c12663dd8df0e79dfe89a5d75\"; # on main, which only moves forward",
        fix: "Pin upstream's main and each feature branch instead, as `cotter pin bump` does; or keep the commit by a branch \
              of its own, with `cotter pin protect`.",
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
        let found = clones.held(view, &repo, commit);
        if let (Some(Held::OnlyUnstable(names)), Some(place)) = (found, view.place_of(pin)) {
            let message = format!(
                "only {} of {}, which is force-pushed, holds this commit",
                names.join(", "),
                repo.location
            );
            report
                .add(place, message)
                .help("pin a commit of a branch that is never force-pushed");
        }
    }
}
