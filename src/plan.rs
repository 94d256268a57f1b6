//! A plan: which places of which files become what, and why. Every writing command makes one; it is printed
//! (`--dry-run`, `--diff`, JSON) or committed, so what is shown and what is done cannot differ.
//!
//! Not here: finding the places (`pin`, `fod` and their siblings) and writing the files (`transaction`).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::edit::{self, Edit, EditError};
use crate::source::{Position, RelPath, SourceError, SourceFile, Stamp, Workspace};

/// One value of one file that gets another value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The pin's name, `container:attrpath`.
    pub name: String,
    pub file: RelPath,
    /// Where the changed bytes begin; both 1-based.
    pub line: usize,
    pub column: usize,
    /// What kind of value it is: `rev`, `hash`, `version`, `Cargo.lock`, `newTag`, ...
    pub field: String,
    /// The values as a person reads them, without quotes and escapes.
    pub old: String,
    pub new: String,
    /// Offsets count in the text that [`Change::stamp`] is of.
    #[serde(skip)]
    pub edit: Edit,
    /// Stamp of the file that the edit was made for.
    #[serde(skip)]
    pub stamp: Stamp,
}

impl Change {
    /// `edit` of `source`, in which `field` of the pin `name` goes from `old` to `new`.
    pub fn new(
        name: impl Into<String>,
        source: &SourceFile,
        field: impl Into<String>,
        old: impl Into<String>,
        new: impl Into<String>,
        edit: Edit,
    ) -> Change {
        let Position { line, column } = source.position(edit.range.start);
        Change {
            name: name.into(),
            file: source.path().clone(),
            line,
            column,
            field: field.into(),
            old: old.into(),
            new: new.into(),
            edit,
            stamp: source.stamp(),
        }
    }
}

/// The pin, the field and the place, for messages.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change {
            name, field, line, ..
        } = self;
        write!(f, "{name} ({field}, {line}:{})", self.column)
    }
}

/// Changes of which all are made or none: a rev and its hash, a spork's revs and its lock file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditGroup {
    /// What the changes have in common: the pin's or container's name.
    pub name: String,
    pub changes: Vec<Change>,
}

/// What a command is about to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub groups: Vec<EditGroup>,
    /// Names of the pins that were looked at and stay.
    pub unchanged: Vec<String>,
}

/// A file as it is and as the plan makes it.
#[derive(Debug)]
pub struct Rewritten {
    pub before: Arc<SourceFile>,
    pub after: SourceFile,
}

/// A plan that cannot be made true.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("{file}: {first} and {second} change the same bytes to different ends")]
    Overlap {
        file: RelPath,
        first: String,
        second: String,
    },
    /// The edit does not fit the text that it was made for.
    #[error("{file}: {change}: {source}")]
    Edit {
        file: RelPath,
        change: String,
        source: EditError,
    },
    /// Another program wrote the file while the plan was made: its offsets mean nothing any more.
    #[error("{file}: changed since it was read; nothing was written; run again")]
    Stale { file: RelPath },
}

impl Plan {
    pub fn is_empty(&self) -> bool {
        self.changes().next().is_none()
    }

    /// All changes, group by group.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.groups.iter().flat_map(|group| &group.changes)
    }

    /// The files as the plan makes them, sorted by path; those whose text stays are left out.
    ///
    /// A change that several pins share (one literal) is made once. Errors: a file that cannot be read, that is not
    /// the one the plan was made for, or of which two changes contradict each other.
    pub fn apply(&self, workspace: &Workspace) -> Result<Vec<Rewritten>, PlanError> {
        let mut by_file: BTreeMap<&RelPath, Vec<&Change>> = BTreeMap::new();
        for change in self.changes() {
            by_file.entry(&change.file).or_default().push(change);
        }
        let mut rewritten = Vec::new();
        for (path, changes) in by_file {
            let before = workspace.read(path)?;
            let stamp = before.stamp();
            if changes.iter().any(|change| change.stamp != stamp) {
                return Err(PlanError::Stale { file: path.clone() });
            }
            let edits: Vec<Edit> = changes.iter().map(|change| change.edit.clone()).collect();
            let text =
                edit::apply(before.text(), &edits).map_err(|e| explain(path, &changes, e))?;
            if text != before.text() {
                let after = before.with_text(text);
                rewritten.push(Rewritten { before, after });
            }
        }
        Ok(rewritten)
    }
}

/// Says whose edits they are that do not go together.
fn explain(file: &RelPath, changes: &[&Change], error: EditError) -> PlanError {
    let file = file.clone();
    let at = |range: &_| changes.iter().find(|change| change.edit.range == *range);
    match &error {
        EditError::Overlap(a, b) => {
            let first = at(a);
            let second = changes.iter().find(|change| {
                change.edit.range == *b && first.is_none_or(|first| first.edit != change.edit)
            });
            let name =
                |change: Option<&&Change>| change.map_or_else(String::new, |c| c.to_string());
            PlanError::Overlap {
                file,
                first: name(first),
                second: name(second),
            }
        }
        EditError::OutOfText(range) => PlanError::Edit {
            file,
            change: at(range).map_or_else(String::new, |c| c.to_string()),
            source: error,
        },
    }
}

impl Rewritten {
    pub fn path(&self) -> &RelPath {
        self.before.path()
    }

    /// The file's unified diff. A byte order mark is part of the first line, as it is for `patch`.
    pub fn diff(&self) -> String {
        let text = |file: &SourceFile| match file.has_bom() {
            true => format!("\u{feff}{}", file.text()),
            false => file.text().to_owned(),
        };
        edit::unified(
            self.path().as_str(),
            &text(&self.before),
            &text(&self.after),
        )
    }
}

/// The unified diffs of all files, in their order: what `--diff` prints and `git apply` takes.
pub fn diff(files: &[Rewritten]) -> String {
    files.iter().map(Rewritten::diff).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> SourceFile {
        SourceFile::from_text(RelPath::new(path).unwrap(), text.to_owned())
    }

    fn change(name: &str, source: &SourceFile, old: &str, new: &str) -> Change {
        let start = source.text().find(old).unwrap();
        let edit = Edit {
            range: start..start + old.len(),
            text: new.into(),
        };
        Change::new(name, source, "rev", old, new, edit)
    }

    fn plan(changes: Vec<Change>) -> Plan {
        let name = "k".to_owned();
        Plan {
            groups: vec![EditGroup { name, changes }],
            unchanged: Vec::new(),
        }
    }

    /// A workspace in which the files stand in the overlay alone.
    fn workspace(files: Vec<SourceFile>) -> (tempfile::TempDir, Workspace) {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(dir.path()).unwrap().with_overlay(files);
        (dir, workspace)
    }

    #[test]
    fn contradiction_names_both_changes() {
        let file = source("a.nix", "x\nrev = \"abc\";\n");
        let plan = plan(vec![
            change("k:one", &file, "abc", "def"),
            change("k:two", &file, "abc", "fed"),
            change("k:one", &file, "abc", "def"),
        ]);
        let (_dir, workspace) = workspace(vec![file]);
        let error = plan.apply(&workspace).unwrap_err().to_string();
        assert_eq!(
            error,
            "a.nix: k:one (rev, 2:8) and k:two (rev, 2:8) change the same bytes to different ends"
        );
    }

    #[test]
    fn shared_literal_changes_once() {
        let file = source("a.nix", "rev = \"abc\";\n");
        let plan = plan(vec![
            change("k:one", &file, "abc", "defg"),
            change("k:two", &file, "abc", "defg"),
        ]);
        let (_dir, workspace) = workspace(vec![file]);
        let files = plan.apply(&workspace).unwrap();
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].after.text(), "rev = \"defg\";\n");
    }

    #[test]
    fn mark_and_line_endings_keep_their_bytes() {
        let file = source("a.nix", "\u{feff}# ä\r\nrev = \"abc\";\r\nb = 1;\n");
        let plan = plan(vec![change("k", &file, "abc", "def")]);
        assert_eq!(
            (
                plan.groups[0].changes[0].line,
                plan.groups[0].changes[0].column
            ),
            (2, 8)
        );
        let (_dir, workspace) = workspace(vec![file]);
        let files = plan.apply(&workspace).unwrap();
        assert_eq!(
            files[0].after.to_bytes(),
            "\u{feff}# ä\r\nrev = \"def\";\r\nb = 1;\n".as_bytes()
        );
        assert_eq!(
            diff(&files),
            "--- a/a.nix\n+++ b/a.nix\n@@ -1,3 +1,3 @@\n \u{feff}# ä\r\n-rev = \"abc\";\r\n+rev = \"def\";\r\n b = 1;\n"
        );
    }

    #[test]
    fn files_come_sorted_and_only_those_that_change() {
        let (a, b, c) = (source("a", "1"), source("b", "1"), source("c", "1"));
        let plan = plan(vec![
            change("k", &c, "1", "2"),
            change("k", &b, "1", "1"),
            change("k", &a, "1", "2"),
        ]);
        assert!(!plan.is_empty());
        let (_dir, workspace) = workspace(vec![a, b, c]);
        let files = plan.apply(&workspace).unwrap();
        let paths: Vec<&str> = files.iter().map(|file| file.path().as_str()).collect();
        assert_eq!(paths, ["a", "c"]);
    }

    #[test]
    fn stale_offsets_are_refused() {
        let file = source("a.nix", "rev = \"abc\";\n");
        let plan = plan(vec![change("k", &file, "abc", "def")]);
        let (_dir, workspace) = workspace(vec![source("a.nix", "# note\nrev = \"abc\";\n")]);
        assert!(matches!(
            plan.apply(&workspace),
            Err(PlanError::Stale { .. })
        ));
    }

    #[test]
    fn json_has_the_keys_of_the_contract() {
        let file = source("a.nix", "rev = \"abc\";\n");
        assert_eq!(
            serde_json::to_string(&change("k:r", &file, "abc", "def")).unwrap(),
            r#"{"name":"k:r","file":"a.nix","line":1,"column":8,"field":"rev","old":"abc","new":"def"}"#
        );
    }
}
