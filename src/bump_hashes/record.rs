//! What cotter.lock is to record of a bump.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::BumpHashes;
use crate::fod;
use crate::fod::lock::Entry;
use crate::pin;
use crate::source::{RelPath, Workspace};
use crate::transaction::FileChange;

impl BumpHashes<'_> {
    /// What cotter.lock is to say once the files and their pins are those of `after`; `None` where it says so. What is
    /// fetched by another revision now is recorded with its new hash.
    pub fn lock_change(
        &self,
        before: (&Workspace, &pin::Found),
        after: (&Workspace, &pin::Found),
        clone: Option<&Path>,
    ) -> Option<FileChange> {
        let config = self.config;
        let literals = fod::find(after.0, config, &after.1.files).literals;
        let fetched = |(workspace, found): (&Workspace, &pin::Found)| {
            let literals = fod::find(workspace, config, &found.files).literals;
            let places: HashMap<(RelPath, usize), String> =
                pin::fetched(workspace, config, found, clone)
                    .into_iter()
                    .filter(|one| one.obstacle.is_none())
                    .filter_map(|one| Some(((one.file, one.offset), one.what.identity()?)))
                    .collect();
            literals
                .into_iter()
                .filter_map(|literal| {
                    let place = (literal.path().clone(), literal.spot.offset());
                    let identity = places.get(&place)?.clone();
                    Some(((place.0, literal.name.attrpath), identity))
                })
                .collect::<BTreeMap<(RelPath, String), String>>()
        };
        let (then, now) = (fetched(before), fetched(after));
        let known = self.known.borrow();
        let mut lock = self.lock.clone();
        for literal in &literals {
            let key = (literal.path().clone(), literal.name.attrpath.clone());
            let Some(hash) = literal.hash() else { continue };
            let entry = match (known.landed.get(&key), now.get(&key)) {
                (Some(entry), _) if entry.hash == *hash => entry.clone(),
                (None, Some(identity)) if then.get(&key) != Some(identity) => {
                    Entry::fetched(hash.clone(), identity)
                }
                _ => continue,
            };
            lock.set(&key.0, &key.1, entry);
        }
        lock.retain(|file, attrpath| {
            let mut literals = literals.iter();
            literals.any(|one| one.path() == file && one.name.attrpath == attrpath)
        });
        lock.change()
    }
}
