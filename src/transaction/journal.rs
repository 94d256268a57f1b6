//! What a run writes down before it does it, so that the next can finish or undo it: `journal.json` in the state folder.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::disk;
use super::fault;
use super::state::State;
use super::{FileChange, TransactionError};
use crate::source::{RelPath, Stamp};

const VERSION: u64 = 1;
const NAME: &str = "journal.json";
/// The journal while it is being written; never read.
const NEW_NAME: &str = "journal.new";
const BACKUP: &str = "backup-";
const TEMPORARY_MARK: &str = ".cotter-";

/// How far a run got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Phase {
    /// Temporaries and backups are being written; no file of the user's is touched.
    Staging,
    /// All is staged; files are being renamed into place.
    Commit,
    /// Something failed; files are being put back.
    Undo,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Journal {
    version: u64,
    /// Names this run's kept copies.
    pub id: String,
    pub phase: Phase,
    pub files: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    path: Named,
    /// `None`: the run creates the file.
    before: Option<Hex>,
    after: Hex,
    /// A name in the file's own folder.
    temporary: String,
}

/// A path from the base, as text.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Named(RelPath);

impl TryFrom<String> for Named {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Named, Self::Error> {
        RelPath::new(&text)
            .filter(|path| path.as_str() == text && !path.is_root())
            .map(Named)
            .ok_or("not a path below the base")
    }
}

impl From<Named> for String {
    fn from(named: Named) -> String {
        named.0.as_str().into()
    }
}

/// A stamp in base 16.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Hex(Stamp);

impl TryFrom<String> for Hex {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Hex, Self::Error> {
        let bytes = HEXLOWER.decode(text.as_bytes()).ok();
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map(|digest| Hex(Stamp(digest)))
            .ok_or("not a SHA-256 in base 16")
    }
}

impl From<Hex> for String {
    fn from(hex: Hex) -> String {
        HEXLOWER.encode(&hex.0.0)
    }
}

impl Entry {
    pub fn path(&self) -> &RelPath {
        &self.path.0
    }

    pub fn before(&self) -> Option<Stamp> {
        self.before.map(|hex| hex.0)
    }

    pub fn after(&self) -> Stamp {
        self.after.0
    }

    pub fn target(&self, state: &State) -> PathBuf {
        self.path().to_path(&state.base)
    }

    pub fn folder(&self, state: &State) -> PathBuf {
        self.path().parent().to_path(&state.base)
    }

    pub fn temporary(&self, state: &State) -> PathBuf {
        self.folder(state).join(&self.temporary)
    }

    fn is_sound(&self) -> bool {
        let name = &self.temporary;
        name.starts_with('.') && name.contains(TEMPORARY_MARK) && !name.contains('/')
    }
}

/// What lies in the state folder.
pub(super) enum Leftover {
    Nothing,
    Run(Journal),
    /// Not a journal that this program wrote in full.
    Garbled(Vec<u8>),
}

impl Journal {
    /// A run that turns `changes` of the files at the paths beside them, seen from the base.
    pub fn new<'a>(changes: impl IntoIterator<Item = (RelPath, &'a FileChange)>) -> Journal {
        let id = random_id();
        let entry = |(index, (path, change)): (usize, (RelPath, &FileChange))| Entry {
            temporary: temporary_name(path.file_name(), &id, index),
            path: Named(path),
            before: change.before.map(Hex),
            after: Hex(Stamp::of(&change.after)),
        };
        Journal {
            version: VERSION,
            phase: Phase::Staging,
            files: changes.into_iter().enumerate().map(entry).collect(),
            id,
        }
    }

    pub fn read(state: &State) -> Result<Leftover, TransactionError> {
        let path = state.file(NAME);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Leftover::Nothing),
            Err(e) => return Err(TransactionError::io(path, "read the journal")(e)),
        };
        #[derive(Deserialize)]
        struct Head {
            version: u64,
        }
        if let Ok(Head { version }) = serde_json::from_slice(&bytes)
            && version > VERSION
        {
            return Err(TransactionError::NewerJournal { path, version });
        }
        Ok(match serde_json::from_slice::<Journal>(&bytes) {
            Ok(journal) if journal.is_sound() => Leftover::Run(journal),
            _ => Leftover::Garbled(bytes),
        })
    }

    fn is_sound(&self) -> bool {
        let mut seen = HashSet::new();
        self.version == VERSION
            && self.id.bytes().all(|b| b.is_ascii_alphanumeric())
            && self
                .files
                .iter()
                .all(|entry| entry.is_sound() && seen.insert(entry.path()))
    }

    /// Puts the journal in place, whole or not at all; a crash leaves the one that was there.
    pub fn write(&self, state: &State) -> Result<(), TransactionError> {
        let path = state.file(NAME);
        let written = (|| {
            let bytes = serde_json::to_vec_pretty(self)?;
            let new = state.file(NEW_NAME);
            disk::remove(&new)?;
            disk::write_new(
                &new,
                &bytes,
                None,
                &["", "journal-half-written", "journal-written"],
            )?;
            fs::rename(&new, &path)?;
            fault::point("journal-in-place");
            disk::sync_folder(&state.dir)
        })();
        written.map_err(TransactionError::io(path, "write the journal"))
    }

    /// Ends the run: the journal goes first, for it is what gives the rest a meaning.
    pub fn clear(state: &State) -> Result<(), TransactionError> {
        let cleared = (|| {
            if disk::remove(&state.file(NAME))? {
                disk::sync_folder(&state.dir)?;
                fault::point("journal-removed");
            }
            disk::remove(&state.file(NEW_NAME))?;
            for backup in backups(state)? {
                disk::remove(&backup)?;
                fault::point("backup-removed");
            }
            Ok(())
        })();
        cleared.map_err(TransactionError::io(&state.dir, "remove the journal"))
    }

    /// Moves a garbled journal and the backups beside it to `folder`, the journal last.
    pub fn set_aside(state: &State, folder: &Path) -> io::Result<()> {
        let mut from = backups(state)?;
        from.push(state.file(NAME));
        for path in from {
            if let Some(name) = path.file_name() {
                fs::rename(&path, folder.join(name))?;
                fault::point("set-aside");
            }
        }
        disk::sync_folder(folder)?;
        disk::sync_folder(&state.dir)
    }
}

/// Whether a run left a journal.
pub(super) fn exists(state: &State) -> bool {
    state.file(NAME).exists()
}

/// Where the old content of the run's file number `index` is kept.
pub(super) fn backup(state: &State, index: usize) -> PathBuf {
    state.file(&format!("{BACKUP}{index}"))
}

fn backups(state: &State) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(&state.dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(BACKUP));
        if number.is_some_and(|n| n.parse::<usize>().is_ok()) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// `.NAME.cotter-ID-INDEX`.
fn temporary_name(name: &str, id: &str, index: usize) -> String {
    format!(".{}{TEMPORARY_MARK}{id}-{index}", cut(name))
}

/// A name short enough to get something put before and behind it: a file system takes 255 bytes at most.
pub(super) fn cut(name: &str) -> &str {
    let mut end = name.len().min(200);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or_default()
}

/// 64 bits from the system, by way of the seed of std's hash maps.
fn random_id() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> (tempfile::TempDir, State) {
        let dir = tempfile::tempdir().unwrap();
        let state = State {
            base: dir.path().into(),
            dir: dir.path().into(),
        };
        (dir, state)
    }

    fn journal() -> Journal {
        let change = FileChange {
            path: RelPath::new("a/b.nix").unwrap(),
            before: Some(Stamp::of(b"old")),
            after: b"new".to_vec(),
        };
        Journal::new([(change.path.clone(), &change)])
    }

    #[test]
    fn comes_back_as_it_was_written() {
        let (_dir, state) = state();
        let written = journal();
        written.write(&state).unwrap();
        let Ok(Leftover::Run(read)) = Journal::read(&state) else {
            panic!("not read back");
        };
        assert_eq!(format!("{read:?}"), format!("{written:?}"));
        Journal::clear(&state).unwrap();
        assert_eq!(fs::read_dir(&state.dir).unwrap().count(), 0);
    }

    #[test]
    fn takes_nothing_but_its_own() {
        let (_dir, state) = state();
        journal().write(&state).unwrap();
        let whole = fs::read_to_string(state.file(NAME)).unwrap();
        let cut = (0..whole.len()).map(|end| whole[..end].to_owned());
        let evil = [
            whole.replace("a/b.nix", "../b.nix"),
            whole.replace("a/b.nix", "/etc/passwd"),
            whole.replace("a/b.nix", ""),
            whole.replace("\".b.nix.cotter-", "\"../b.nix.cotter-"),
            whole.replace("\".b.nix.cotter-", "\"b.nix"),
            whole.replace("\"version\": 1", "\"version\": 0"),
            whole.replace("\"id\": \"", "\"id\": \"../"),
        ];
        for text in cut.chain(evil) {
            assert_ne!(text, whole);
            fs::write(state.file(NAME), &text).unwrap();
            assert!(
                matches!(Journal::read(&state), Ok(Leftover::Garbled(_))),
                "{text}"
            );
        }
        fs::write(
            state.file(NAME),
            whole.replace("\"version\": 1", "\"version\": 2"),
        )
        .unwrap();
        assert!(matches!(
            Journal::read(&state),
            Err(TransactionError::NewerJournal { version: 2, .. })
        ));
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        let name = temporary_name(&"ä".repeat(127), "0123456789abcdef", 12);
        assert!(name.len() < 255 && name.starts_with(".ä"));
    }
}
