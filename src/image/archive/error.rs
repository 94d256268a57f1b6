//! Why an image cannot be read.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::process::ProcessError;

/// Every variant names the archive, and the entry or blob where there is one.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("{}: {source}", Shown::path(.path))]
    Open { path: PathBuf, source: io::Error },
    #[error("{archive}: {reason}")]
    Unreadable { archive: String, reason: String },
    #[error("{archive}: {}: {reason}", Shown(.entry))]
    Entry {
        archive: String,
        entry: Vec<u8>,
        reason: String,
    },
    #[error("{}: this is no image that cotter knows", Shown::path(.path))]
    NoImage { path: PathBuf },
    #[error("{archive} holds several images: {}", .found.join(", "))]
    Several { archive: String, found: Vec<String> },
    #[error("{archive} has no image {wanted}, only {}", .found.join(", "))]
    NoneSuch {
        archive: String,
        wanted: String,
        found: Vec<String>,
    },
    #[error(transparent)]
    Process(#[from] ProcessError),
}

impl ArchiveError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            ArchiveError::NoImage { .. } => Some(
                "cotter reads what `docker save`, `skopeo copy` to `docker-archive:`, `oci:` or `oci-archive:`, dockerTools and nix2container write",
            ),
            ArchiveError::Several { .. } => Some(
                "choose one with `--platform OS/ARCHITECTURE`, or name it: docker-archive:FILE:NAME:TAG, oci:FOLDER:TAG",
            ),
            ArchiveError::Unreadable { .. } | ArchiveError::Entry { .. } => {
                Some("was it copied or downloaded whole? write or fetch it again")
            }
            _ => None,
        }
    }
}

/// Names out of an archive as text for a person: what is no UTF-8 is replaced, and what would move the cursor or break
/// the line is escaped.
pub struct Shown<'a>(pub &'a [u8]);

impl Shown<'_> {
    pub fn path(path: &std::path::Path) -> Shown<'_> {
        Shown(path.as_os_str().as_encoded_bytes())
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for c in String::from_utf8_lossy(self.0).chars() {
            // Marks that turn the direction of writing would let a name pass for another.
            let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            match c.is_control() || turns {
                true => write!(f, "{}", c.escape_default())?,
                false => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_on_their_line() {
        let name = b"a\nb\x1b[31m\xff\xe2\x80\xaec \xc3\xa9";
        assert_eq!(
            Shown(name).to_string(),
            "a\\nb\\u{1b}[31m\u{fffd}\\u{202e}c \u{e9}"
        );
    }
}
