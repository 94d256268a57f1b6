//! C303: a `Cargo.lock` beside a spork that is not the one of the source that is built.

use std::sync::Arc;

use crate::check::clones::{PinnedRepo, commit_of};
use crate::check::{Asks, Check, ContainerView, Doc, Place, Report, Rule, Severity};
use crate::git::{GitError, Oid};
use crate::pin::lockfile::{self, Choice, LOCK};
use crate::pin::{Pin, Role};
use crate::source::SourceFile;

pub static RULE: Rule = Rule {
    code: "C303",
    name: "lock-file-drifted",
    severity: Severity::Error,
    fixable: false,
    asks: Asks::Clone,
    doc: Doc {
        what: "A `Cargo.lock` beside a spork that differs from the one in upstream's tree at the pinned commit, or in that \
               of a feature that changes it; or one that fits neither.",
        why: "If dependencies changed, the lock file has to be copied again. nixpkgs compares it with the one in the source \
              and refuses another; where the expression puts its own there, cargo refuses one that does not fit.",
        bad: "upstreamRev = \"a3c9e6ff81b83af4be5189dc25afa662cd789a33\"; # bumped\ncargoLock.lockFile = ./Cargo.lock; # of the commit before",
        good: "upstreamRev = \"a3c9e6ff81b83af4be5189dc25afa662cd789a33\";\ncargoLock.lockFile = ./Cargo.lock; # `git show a3c9e6f:Cargo.lock`",
        fix: "`cotter pin bump` takes the lock file along. By hand: `git show REV:Cargo.lock` in the clone.",
    },
    checks: &[Check::Container { run }],
};

fn run(view: &ContainerView, report: &mut Report) {
    let Some(clones) = view.subject.clones else {
        return;
    };
    let is_upstream = |pin: &&Pin| matches!(&pin.role, Role::Spork(role) if role.feature.is_none());
    let upstreams: Vec<&Pin> = view.pins.iter().copied().filter(is_upstream).collect();
    let beside: Vec<Option<Beside>> = upstreams.iter().map(|pin| beside(view, pin)).collect();
    if beside.iter().all(Option::is_none) {
        return;
    }
    let repos = clones.of(view, &upstreams);
    for ((pin, beside), repo) in upstreams.iter().zip(beside).zip(repos) {
        if let (Some(beside), Some(repo), Some(commit)) = (beside, repo, commit_of(pin)) {
            // What cannot be read is told by the rules that ask for the commits themselves.
            let _ = compare(view, pin, &beside, &repo, commit, report);
        }
    }
}

/// The lock file beside a spork.
struct Beside {
    lock: Arc<SourceFile>,
    /// Whether the expression puts it into the source itself: then it may be another, as long as it fits.
    is_put_there: bool,
}

fn beside(view: &ContainerView, pin: &Pin) -> Option<Beside> {
    let spot = pin.spot.as_ref()?;
    let configured = view.config.and_then(|config| config.lockfile.as_ref());
    let name = configured.map_or(LOCK, |name| name.get_ref().as_str());
    let path = spot.file.parent().join(name)?;
    if !view.subject.has_file(&path) {
        return None;
    }
    let workspace = view.subject.workspace;
    let nix = workspace.read(&spot.file).ok()?;
    let copies = |line: &str| {
        let commands = ["cp ", "ln ", "install ", "cat "];
        line.contains(LOCK) && commands.iter().any(|command| line.contains(command))
    };
    Some(Beside {
        lock: workspace.read(&path).ok()?,
        is_put_there: nix.text().lines().any(copies),
    })
}

fn compare(
    view: &ContainerView,
    pin: &Pin,
    beside: &Beside,
    repo: &PinnedRepo,
    commit: Oid,
    report: &mut Report,
) -> Result<(), GitError> {
    let Some(upstream) = lockfile::text_at(&repo.repo, commit, LOCK)? else {
        return Ok(());
    };
    let mut features = Vec::new();
    for other in view.pins {
        if let (Role::Spork(role), Role::Spork(own)) = (&other.role, &pin.role)
            && let Some(feature) = &role.feature
            && role.spork == own.spork
        {
            // A feature that cannot be looked up may be the one that has the lock file.
            let Some(tip) = commit_of(other).filter(|tip| repo.repo.has_commit(*tip)) else {
                return Ok(());
            };
            features.push((feature.name.as_str(), tip));
        }
    }
    let Some(of_pin) = view.place_of(pin) else {
        return Ok(());
    };
    let help = format!("`cotter pin bump {}` takes it along", view.name);
    let (wanted, whose) = match lockfile::choose(&repo.repo, commit, &features, &upstream)? {
        Choice::Upstream => (upstream, format!("upstream at {}", commit.short(12))),
        Choice::Feature { name, text, .. } => (text, format!("the feature `{name}`")),
        Choice::None(reason) => {
            if !beside.is_put_there {
                let place = Place::whole(beside.lock.path());
                let added = report
                    .add(place, reason)
                    .help("let `cargo` make one that fits");
                added.related(of_pin, "the upstream commit");
            }
            return Ok(());
        }
    };
    let misfit = lockfile::misfit_at(&repo.repo, commit, beside.lock.text())?;
    let differing = differing_line(beside.lock.text(), &wanted);
    let (place, message) = match (misfit, differing) {
        (_, Some(line)) if !beside.is_put_there => (
            line_of(&beside.lock, line),
            format!("{LOCK} differs from here on from the one of {whose}"),
        ),
        (Some(reason), _) => (
            Place::whole(beside.lock.path()),
            format!("{LOCK} does not fit Cargo.toml of upstream: {reason}"),
        ),
        _ => return Ok(()),
    };
    let added = report.add(place, message).help(help);
    added.related(of_pin, "the upstream commit");
    Ok(())
}

/// The first line, from 0, in which the two differ; line endings do not count.
fn differing_line(one: &str, other: &str) -> Option<usize> {
    let (mut one, mut other) = (one.lines(), other.lines());
    for line in 0.. {
        match (one.next(), other.next()) {
            (None, None) => return None,
            (a, b) if a != b => return Some(line),
            _ => {}
        }
    }
    None
}

fn line_of(file: &SourceFile, line: usize) -> Place {
    let text = file.text();
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    // Behind the last line there is nothing to show.
    let start = start.min(text.trim_end().rfind('\n').map_or(0, |end| end + 1));
    Place::of(file, start..start + file.line_at(start).len())
}
