//! `spork status`.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::json;
use crate::git::{Uncarried, Why};
use crate::pin::held::Base;
use crate::pin::status::{Facts, Keeping, Overlap, Pinned, SporkStatus, Standing, Unknown};

/// The keys of the JSON contract: `{schema, sporks: [{container, file, repository, upstream, features, overlaps, error}]}`.
/// What is not known is null; with `error` nothing is known but what is pinned.
#[derive(Serialize)]
struct Spork<'a> {
    container: &'a str,
    file: String,
    /// Without credentials.
    repository: Option<String>,
    upstream: Option<Pin<'a>>,
    /// In the order in which they are applied.
    features: Vec<Pin<'a>>,
    /// `{features, files, conflicts, same}`: features that change the same files, in which of these they conflict, and
    /// in which they make the same change, whose patch does not apply twice.
    overlaps: Option<Vec<OverlapRow<'a>>>,
    error: Option<String>,
}

#[derive(Serialize)]
struct Pin<'a> {
    name: String,
    /// The feature's name; null for upstream.
    feature: Option<&'a str>,
    rev: Option<&'a str>,
    /// The branch that it follows, and its tip.
    branch: Option<&'a str>,
    tip: Option<String>,
    /// Commits of the pin that the tip lacks: some where the branch was rebased.
    ahead: Option<usize>,
    /// Commits of the tip that the pin lacks.
    behind: Option<usize>,
    /// `upstream` (stands on it), `same` (is its commit), `merged` (is in its past), `other`; null for upstream.
    base: Option<&'static str>,
    /// Commits of the feature that the pinned upstream lacks, and the other way round; null for upstream.
    own: Option<usize>,
    lacks: Option<usize>,
    /// `stable`, `unstable` (only by the force-pushed refs of `held_by`), `nothing`, `absent` (the repository does not
    /// have it).
    held: Option<&'static str>,
    held_by: &'a [String],
    /// `{path, why}`: changes that no patch of text carries, why being `binary`, `kind` (a file that becomes a link or a
    /// folder, or the other way round) or `submodule`; null for upstream.
    uncarried: Option<Vec<Lost<'a>>>,
}

#[derive(Serialize)]
struct Lost<'a> {
    path: &'a str,
    why: &'static str,
}

#[derive(Serialize)]
struct OverlapRow<'a> {
    features: &'a [String],
    files: &'a [String],
    conflicts: &'a [String],
    same: &'a [String],
}

/// `{schema, sporks: […]}`
pub fn spork_status_json(sink: &mut impl Write, sporks: &[SporkStatus]) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        sporks: Vec<Spork<'a>>,
    }
    let sporks = sporks.iter().map(spork).collect();
    json(sink, &Document { sporks })
}

fn spork(status: &SporkStatus) -> Spork<'_> {
    let (upstream, features): (Vec<_>, Vec<_>) = pins(status)
        .into_iter()
        .partition(|pin| pin.feature.is_none());
    Spork {
        container: &status.container,
        file: status.file.to_string(),
        repository: status.place.as_ref().map(ToString::to_string),
        upstream: upstream.into_iter().next(),
        features,
        overlaps: status
            .facts
            .as_ref()
            .ok()
            .map(|facts| facts.overlaps.iter().map(overlap_row).collect()),
        error: status.facts.as_ref().err().map(why),
    }
}

fn overlap_row(overlap: &Overlap) -> OverlapRow<'_> {
    OverlapRow {
        features: &overlap.features,
        files: &overlap.files,
        conflicts: &overlap.conflicts,
        same: &overlap.same,
    }
}

/// The pins with what is known of each, upstream's first.
fn pins(status: &SporkStatus) -> Vec<Pin<'_>> {
    let facts = status.facts.as_ref().ok();
    let rows = status.pinned.iter();
    rows.map(|pinned| row(pinned, facts)).collect()
}

fn row<'a>(pinned: &'a Pinned, facts: Option<&'a Facts>) -> Pin<'a> {
    let Pinned { name, feature, rev } = pinned;
    let of_feature = facts
        .zip(feature.as_ref())
        .and_then(|(facts, feature)| facts.features.iter().find(|known| known.name == *feature));
    let standing = match feature {
        Some(_) => of_feature.map(|known| &known.standing),
        None => facts.map(|facts| &facts.upstream),
    };
    let from_tip = standing.and_then(|standing| standing.from_tip);
    let over = of_feature.and_then(|known| known.over_upstream);
    let (held, held_by) = held(standing);
    Pin {
        name: name.to_string(),
        feature: feature.as_deref(),
        rev: rev.as_deref(),
        branch: standing.and_then(|standing| standing.branch.as_deref()),
        tip: standing.and_then(|standing| Some(standing.tip?.to_string())),
        ahead: from_tip.map(|way| way.ahead),
        behind: from_tip.map(|way| way.behind),
        base: of_feature.and_then(|known| base(known.base)),
        own: over.map(|way| way.ahead),
        lacks: over.map(|way| way.behind),
        held,
        held_by,
        uncarried: of_feature.map(|known| lost(&known.uncarried)),
    }
}

fn lost(uncarried: &[Uncarried]) -> Vec<Lost<'_>> {
    let row = |one: &'_ Uncarried| match one.why {
        Why::Binary => "binary",
        Why::Kind => "kind",
        Why::Submodule => "submodule",
    };
    uncarried
        .iter()
        .map(|one| Lost {
            path: &one.path,
            why: row(one),
        })
        .collect()
}

fn base(base: Base) -> Option<&'static str> {
    Some(match base {
        Base::Upstream => "upstream",
        Base::Same => "same",
        Base::Merged => "merged",
        Base::Other => "other",
        Base::Unknown => return None,
    })
}

fn held(standing: Option<&Standing>) -> (Option<&'static str>, &[String]) {
    match standing.map(|standing| &standing.keeping) {
        Some(Keeping::Stable) => (Some("stable"), &[]),
        Some(Keeping::OnlyUnstable(names)) => (Some("unstable"), names),
        Some(Keeping::Nothing) => (Some("nothing"), &[]),
        Some(Keeping::Absent) => (Some("absent"), &[]),
        Some(Keeping::Unknown) | None => (None, &[]),
    }
}

fn why(unknown: &Unknown) -> String {
    match unknown {
        Unknown::NoPlace => "no repository is known that has its commits".to_owned(),
        Unknown::Git(error) => error.to_string(),
    }
}

/// A paragraph per spork: a line per pin, and lines about what wants attention.
pub fn spork_status_human(sink: &mut impl Write, sporks: &[SporkStatus]) -> io::Result<()> {
    let mut sink = io::BufWriter::new(sink);
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    for (at, status) in sporks.iter().enumerate() {
        if at > 0 {
            writeln!(sink)?;
        }
        let place = status.place.as_ref().map(ToString::to_string);
        writeln!(
            sink,
            "{bold}{}{bold:#}  {dim}{}  {}{dim:#}",
            status.container,
            status.file,
            place.unwrap_or_default()
        )?;
        match &status.facts {
            Ok(facts) => paragraph(&mut sink, status, facts)?,
            Err(unknown) => writeln!(sink, "  unknown: {}", why(unknown))?,
        }
    }
    sink.flush()
}

fn paragraph(sink: &mut impl Write, status: &SporkStatus, facts: &Facts) -> io::Result<()> {
    let (green, red) = (AnsiColor::Green.on_default(), AnsiColor::Red.on_default());
    let rows = pins(status);
    let title = |pin: &Pin| pin.feature.unwrap_or("upstream").to_owned();
    let width = |of: fn(&Pin) -> usize| rows.iter().map(of).max().unwrap_or(0).min(48);
    let titles = width(|pin| pin.feature.unwrap_or("upstream").chars().count());
    let branches = width(|pin| pin.branch.unwrap_or("-").chars().count());
    for pin in &rows {
        let rev: String = pin.rev.unwrap_or("-").chars().take(12).collect();
        let (title, branch) = (title(pin), pin.branch.unwrap_or("-"));
        let words = [to_branch(pin), to_upstream(pin)];
        let words: Vec<String> = words.into_iter().flatten().collect();
        writeln!(
            sink,
            "  {title:titles$}  {green}{rev}{green:#}  {branch:branches$}  {}",
            words.join("; ")
        )?;
    }
    for overlap in &facts.overlaps {
        let (features, files) = (listed(&overlap.features), overlap.files.join(", "));
        match (overlap.conflicts.as_slice(), overlap.same.as_slice()) {
            ([], []) => writeln!(sink, "  {features} touch the same files: {files}"),
            ([], same) => writeln!(
                sink,
                "  {red}{features} make the same change{red:#} in {}: a patch does not apply twice",
                same.join(", ")
            ),
            (conflicts, _) => writeln!(
                sink,
                "  {red}{features} conflict{red:#} in {}",
                conflicts.join(", ")
            ),
        }?;
    }
    for feature in facts
        .features
        .iter()
        .filter(|feature| !feature.uncarried.is_empty())
    {
        let paths: Vec<String> = feature
            .uncarried
            .iter()
            .map(|one| format!("{} ({})", one.path, one.why.word()))
            .collect();
        writeln!(
            sink,
            "  {red}{}{red:#} changes what a patch of text does not carry: {}",
            feature.name,
            paths.join(", ")
        )?;
    }
    let mut is_at_risk = false;
    for pin in &rows {
        let told = match (pin.held, pin.held_by) {
            (Some("unstable"), names) => {
                format!("only {} holds it, which is force-pushed", listed(names))
            }
            (Some("nothing"), _) => "no branch or tag holds it".to_owned(),
            (Some("absent"), _) => "the repository does not have it".to_owned(),
            _ => continue,
        };
        is_at_risk = true;
        writeln!(sink, "  {red}{}{red:#}: {told}", pin.name)?;
    }
    if is_at_risk {
        let container = &status.container;
        writeln!(
            sink,
            "  A garbage collection loses what nothing lasting holds: `cotter pin protect {container}` keeps it"
        )?;
    }
    Ok(())
}

fn to_branch(pin: &Pin) -> Option<String> {
    let (Some(ahead), Some(behind)) = (pin.ahead, pin.behind) else {
        return Some(match pin.branch {
            Some(_) => "how it stands to its branch is not known".to_owned(),
            None => "follows no branch that is there".to_owned(),
        });
    };
    Some(match (ahead, behind) {
        (0, 0) => "up to date".to_owned(),
        (0, behind) => format!("{behind} behind"),
        (ahead, 0) => format!("{ahead} ahead"),
        (ahead, behind) => format!("{ahead} ahead, {behind} behind"),
    })
}

fn to_upstream(pin: &Pin) -> Option<String> {
    pin.feature?;
    let commits = |count: usize| match count {
        1 => "1 commit".to_owned(),
        count => format!("{count} commits"),
    };
    Some(match (pin.base, pin.own, pin.lacks) {
        (Some("upstream"), Some(own), _) => format!("{} on upstream", commits(own)),
        (Some("upstream"), ..) => "on upstream".to_owned(),
        (Some("same"), ..) => "is upstream itself".to_owned(),
        (Some("merged"), ..) => "upstream has it".to_owned(),
        (Some("other"), Some(own), Some(lacks)) => format!(
            "does not stand on upstream: {} of its own, lacks {}",
            commits(own),
            commits(lacks)
        ),
        (Some(_), ..) => "does not stand on upstream".to_owned(),
        (None, ..) => "how it stands to upstream is not known".to_owned(),
    })
}

fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
