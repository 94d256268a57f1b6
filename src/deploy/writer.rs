//! What is to change, what stays, and what cannot be written, gathered while the manifests are gone through.

use super::Remark;
use super::target::Stale;
use crate::edit::Edit;
use crate::manifest::{Located, ManifestError};
use crate::plan::Change;
use crate::source::SourceFile;

/// Gathers changes of one container.
pub struct Writer {
    name: String,
    pub changes: Vec<Change>,
    /// Places that already say it.
    pub unchanged: Vec<String>,
    pub refused: Vec<Remark>,
    pub warnings: Vec<Remark>,
    /// What some place says, or is to.
    said: Vec<String>,
}

impl Writer {
    pub fn new(name: &str) -> Writer {
        Writer {
            name: name.to_owned(),
            said: Vec::new(),
            changes: Vec::new(),
            unchanged: Vec::new(),
            refused: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Whether no place was found at all.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.unchanged.is_empty() && self.refused.is_empty()
    }

    /// Whether some place says `text`, alone or with more.
    pub fn says(&self, text: &str) -> bool {
        self.said.iter().any(|said| said.contains(text))
    }

    /// `located` is to say `new`.
    pub fn value(
        &mut self,
        file: &SourceFile,
        located: &Located,
        field: &str,
        new: &str,
    ) -> Result<(), ManifestError> {
        self.said.push(new.to_owned());
        if located.value == new {
            self.unchanged.push(self.place(located.path.as_str()));
            return Ok(());
        }
        let edit = located.replace(file, new)?;
        self.edit(
            file,
            located.path.as_str(),
            field,
            (&located.value, new),
            edit,
        );
        Ok(())
    }

    /// An edit by which the value at `path` changes.
    pub fn edit(
        &mut self,
        file: &SourceFile,
        path: &str,
        field: &str,
        (old, new): (&str, &str),
        edit: Edit,
    ) {
        self.said.push(new.to_owned());
        let change = Change::new(self.place(path), file, field, old, new, edit);
        // Two places may share one value by an alias.
        let is_known = self
            .changes
            .iter()
            .any(|other| other.file == change.file && other.edit == change.edit);
        if !is_known {
            self.changes.push(change);
        }
    }

    /// A digest stays where it is, and would be what is deployed.
    pub fn stale(&mut self, file: &SourceFile, located: &Located, stale: &Stale) {
        let message = format!(
            "the digest {} would still be what is deployed, whatever the tag beside it says",
            short(&stale.digest)
        );
        self.refused.push(
            Remark::at(file, located.span.start, message)
                .hint("give the new image's digest with `--digest`, or take digests away with `--drop-digest`"),
        );
    }

    fn place(&self, path: &str) -> String {
        format!("{}:{path}", self.name)
    }
}

/// `sha256:` and the first digits.
fn short(digest: &str) -> String {
    match digest.char_indices().nth(19) {
        Some((end, _)) => format!("`{}…`", digest.get(..end).unwrap_or(digest)),
        None => format!("`{digest}`"),
    }
}
