//! Running rules: every file once, in parallel, and only those whose bytes promise something; then the containers,
//! each by itself; then what is about everything.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::rc::Rc;
use std::sync::Arc;

use rayon::prelude::*;

use super::allowance::{self, Allowance};
use super::relation::{self, Related};
use super::rules::{allowance_without_reason, unreadable, unused_allowance};
use super::words::{ALLOWANCES, PINS, Wanted, Words};
use super::{
    Asks, Check, ContainerView, Finding, NixView, Report, Rule, Scope, Subject, TextView, YamlView,
};
use crate::manifest;
use crate::pin::{self, Pin};
use crate::problem::Problem;
use crate::source::{RelPath, SourceError, SourceFile};
use crate::syntax::{Library, NixFile};

/// What came of a run.
#[derive(Debug, Default)]
pub struct Checked {
    /// By file and place.
    pub findings: Vec<Finding>,
    /// How many files were looked at.
    pub files: usize,
}

/// What one file gave.
#[derive(Default)]
struct OfFile {
    findings: Vec<Finding>,
    pins: Vec<Pin>,
    problems: Vec<Problem>,
    allowances: Vec<Allowance>,
}

/// Runs `rules` and keeps the findings that are about something in `scope`.
pub fn run(subject: &Subject, rules: &[&'static Rule], scope: &Scope) -> Checked {
    let words = Words::of(rules);
    let scope = &relation::widened(scope);
    let Related { files, containers } = relation::of(subject, scope);
    let of_files: Vec<OfFile> = files
        .par_iter()
        .map(|path| in_file(subject, &words, path))
        .collect();
    let mut findings = Vec::new();
    let mut pins = Vec::new();
    let mut problems = Vec::new();
    let mut allowances = Vec::new();
    for one in of_files {
        findings.extend(one.findings);
        pins.extend(one.pins);
        problems.extend(one.problems);
        allowances.extend(one.allowances);
    }
    pin::together(&mut pins);
    if let Some(clones) = subject.clones
        && rules.iter().any(|rule| rule.asks == Asks::Clone)
    {
        clones.ask_all(subject, &pins);
    }
    findings.extend(in_containers(subject, rules, containers, &pins));
    for (rule, run) in checks(rules, |check| match check {
        Check::Workspace { run } => Some(run),
        _ => None,
    }) {
        let mut report = Report::new(rule);
        run(subject, &mut report);
        findings.extend(report.findings);
    }
    findings.extend(unreadable::of(&problems, rules));
    let is_asked = |file: &RelPath| scope.has(file);
    findings.retain(|finding| finding.touches(is_asked));
    allow(&allowances, &mut findings, rules, scope);
    findings.sort_by(|a, b| a.key().cmp(&b.key()));
    findings.dedup_by(|a, b| a.key() == b.key());
    Checked {
        findings,
        files: files.len(),
    }
}

/// The checks of one kind, with their rules.
fn checks<F>(
    rules: &[&'static Rule],
    wanted: impl Fn(&'static Check) -> Option<F>,
) -> Vec<(&'static Rule, F)> {
    let mut found = Vec::new();
    for rule in rules {
        found.extend(
            rule.checks
                .iter()
                .filter_map(&wanted)
                .map(|run| (*rule, run)),
        );
    }
    found
}

fn allow(
    allowances: &[Allowance],
    findings: &mut Vec<Finding>,
    rules: &[&'static Rule],
    scope: &Scope,
) {
    let is_there = |rule: &Rule| rules.iter().any(|r| r.code == rule.code);
    // What depends on more than the files may be there elsewhere, or tomorrow.
    let did_run = |rule: &Rule| rule.asks == Asks::Files && is_there(rule);
    let mut without_reason = Report::new(&allowance_without_reason::RULE);
    let mut unused = Report::new(&unused_allowance::RULE);
    allowance::apply(
        allowances,
        findings,
        did_run,
        scope,
        &mut without_reason,
        &mut unused,
    );
    let own = without_reason.findings.into_iter().chain(unused.findings);
    findings.extend(own.filter(|finding| is_there(finding.rule)));
}

fn in_file(subject: &Subject, words: &Words, path: &RelPath) -> OfFile {
    let mut of_file = OfFile::default();
    let kind = Kind::of(path);
    // Checks that look at every such file.
    let always: Wanted = words
        .checks
        .iter()
        .filter(|numbered| match numbered.check {
            Check::Nix { words, .. } => kind == Kind::Nix && words.is_empty(),
            Check::Yaml { words, .. } => kind == Kind::Yaml && words.is_empty(),
            Check::Text { is, words, .. } => words.is_empty() && is(path),
            _ => false,
        })
        .fold(0, |bits, numbered| bits | numbered.bit);
    let takes_any = words
        .checks
        .iter()
        .any(|numbered| matches!(numbered.check, Check::Text { is, .. } if is(path)));
    if kind == Kind::Other && !takes_any {
        return of_file;
    }
    let flake = match path.file_name() {
        "flake.nix" => PINS,
        _ => 0,
    };
    let wanted = Cell::new(0);
    let read = subject.workspace.read_if(path, |bytes| {
        wanted.set(words.wanted(bytes) | always | flake);
        wanted.get() != 0
    });
    let wanted = wanted.get();
    match read {
        Ok(Some(file)) => {
            let view = FileView {
                subject,
                words,
                wanted,
                container: subject.containers.name_of(path),
            };
            match kind {
                Kind::Nix => view.nix(file, &mut of_file),
                Kind::Yaml => view.yaml(file, &mut of_file),
                Kind::Other => view.text(file, &mut of_file),
            }
        }
        Ok(None) => {}
        // Vanished since the folder was read, or of a size that nobody wrote by hand: nothing is known of it.
        Err(SourceError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {}
        Err(SourceError::TooLarge { .. } | SourceError::NotAFile { .. }) => {}
        Err(SourceError::NotUtf8 { .. }) if wanted == 0 || kind == Kind::Other => {}
        Err(error) => of_file.problems.push(Problem::unreadable(path, &error)),
    }
    of_file
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nix,
    Yaml,
    Other,
}

impl Kind {
    fn of(path: &RelPath) -> Kind {
        match path.file_name().rsplit_once('.').map(|(_, ending)| ending) {
            Some("nix") => Kind::Nix,
            Some("yaml" | "yml") => Kind::Yaml,
            _ => Kind::Other,
        }
    }
}

/// What is wanted of one file.
struct FileView<'a> {
    subject: &'a Subject<'a>,
    words: &'a Words,
    wanted: Wanted,
    container: String,
}

impl FileView<'_> {
    /// Runs the checks of which the file has a word.
    fn checks(&self, of_file: &mut OfFile, run: impl Fn(&Check, &mut Report)) {
        for numbered in &self.words.checks {
            if self.wanted & numbered.bit != 0 {
                let mut report = Report::new(numbered.rule);
                run(numbered.check, &mut report);
                of_file.findings.extend(report.findings);
            }
        }
    }

    fn nix(&self, source: Arc<SourceFile>, of_file: &mut OfFile) {
        let file = match NixFile::parse(source) {
            Ok(file) => Rc::new(file),
            Err(problem) => return of_file.problems.push(problem.into()),
        };
        let library = Library::new(self.subject.workspace);
        library.add(file.clone());
        if self.wanted & PINS != 0 {
            let (workspace, problems) = (self.subject.workspace, &mut of_file.problems);
            of_file.pins = pin::in_nix(workspace, &self.container, &library, &file, problems);
        }
        if self.wanted & ALLOWANCES != 0 {
            of_file.allowances = Allowance::in_nix(&file);
        }
        let pins = std::mem::take(&mut of_file.pins);
        let view = NixView {
            subject: self.subject,
            library: &library,
            file: &file,
            container: &self.container,
            pins: &pins,
        };
        self.checks(of_file, |check, report| {
            if let Check::Nix { run, .. } = check {
                run(&view, report);
            }
        });
        of_file.pins = pins;
    }

    fn yaml(&self, file: Arc<SourceFile>, of_file: &mut OfFile) {
        let tree = match manifest::parse(&file) {
            Ok(tree) => tree,
            // A template of another language: only a file that is nothing but YAML can be wrong.
            Err(_) if file.text().contains("{{") => return,
            Err(error) => {
                let problem = Problem::of_manifest(file.path(), &error);
                return of_file.problems.push(problem);
            }
        };
        if self.wanted & PINS != 0 {
            of_file.pins = pin::in_manifest(&self.container, &file, &mut of_file.problems);
        }
        if self.wanted & ALLOWANCES != 0 {
            of_file.allowances = Allowance::in_yaml(&file, &tree);
        }
        let pins = std::mem::take(&mut of_file.pins);
        let view = YamlView {
            subject: self.subject,
            file: &file,
            tree: &tree,
            container: &self.container,
            pins: &pins,
        };
        self.checks(of_file, |check, report| {
            if let Check::Yaml { run, .. } = check {
                run(&view, report);
            }
        });
        of_file.pins = pins;
    }

    fn text(&self, file: Arc<SourceFile>, of_file: &mut OfFile) {
        if self.wanted & ALLOWANCES != 0 {
            of_file.allowances = Allowance::in_text(&file);
        }
        let view = TextView {
            subject: self.subject,
            file: &file,
            container: &self.container,
        };
        self.checks(of_file, |check, report| {
            if let Check::Text { is, run, .. } = check
                && is(file.path())
            {
                run(&view, report);
            }
        });
    }
}

fn in_containers(
    subject: &Subject,
    rules: &[&'static Rule],
    containers: BTreeMap<String, Vec<RelPath>>,
    pins: &[Pin],
) -> Vec<Finding> {
    let checks = checks(rules, |check| match check {
        Check::Container { run } => Some(*run),
        _ => None,
    });
    if checks.is_empty() {
        return Vec::new();
    }
    let mut by_name: BTreeMap<&str, Vec<&Pin>> = BTreeMap::new();
    for pin in pins {
        by_name.entry(&pin.name.container).or_default().push(pin);
    }
    containers
        .par_iter()
        .map(|(name, files)| {
            let library = Library::new(subject.workspace);
            let view = ContainerView {
                subject,
                name,
                config: subject.containers.config(name),
                files,
                pins: by_name.get(name.as_str()).map_or(&[][..], Vec::as_slice),
                library: &library,
            };
            let mut found = Vec::new();
            for (rule, run) in &checks {
                let mut report = Report::new(rule);
                run(&view, &mut report);
                found.extend(report.findings);
            }
            found
        })
        .flatten()
        .collect()
}
