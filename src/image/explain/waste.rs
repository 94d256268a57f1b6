//! Bytes that an image carries and nobody sees: files of a layer that a layer above it replaces or takes away.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::Serialize;

use super::{NAMED, absolute};
use crate::image::archive::{Image, Whiteout};

/// How many files are looked at for all whiteouts together. Beyond that the sum is what was found up to there.
const MAX_LOOKED_AT: usize = 50_000_000;

#[derive(Clone, Debug, Serialize)]
pub struct Waste {
    pub size: u64,
    pub files: usize,
    /// The biggest of them.
    pub biggest: Vec<Wasted>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wasted {
    pub path: String,
    pub size: u64,
    pub layer: usize,
    /// The layer that replaces it or takes it away.
    pub by: usize,
    pub fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    Overwritten,
    Removed,
}

struct Seen<'a> {
    path: &'a [u8],
    layer: usize,
    size: u64,
    end: Option<(usize, Fate)>,
}

pub fn waste(image: &Image) -> Waste {
    let mut seen: Vec<Seen> = Vec::new();
    let mut whiteouts: BTreeSet<(usize, &[u8], bool)> = BTreeSet::new();
    for (at, layer) in image.layers.iter().enumerate() {
        if let Some(contents) = &layer.contents {
            seen.extend(contents.files.iter().map(|file| Seen {
                path: &file.path,
                layer: at + 1,
                size: file.size,
                end: None,
            }));
            whiteouts.extend(contents.whiteouts.iter().map(|whiteout| match whiteout {
                Whiteout::Path(path) => (at + 1, &**path, true),
                Whiteout::Folder(path) => (at + 1, &**path, false),
            }));
        }
    }
    seen.par_sort_by(|a, b| (a.path, a.layer).cmp(&(b.path, b.layer)));
    for at in 1..seen.len() {
        let Some([lower, upper]) = seen.get_mut(at - 1..=at) else {
            break;
        };
        if lower.path == upper.path && lower.layer < upper.layer {
            lower.end = Some((upper.layer, Fate::Overwritten));
        }
    }
    let mut looked_at = 0;
    for (layer, path, with_itself) in whiteouts {
        if looked_at > MAX_LOOKED_AT {
            break;
        }
        if with_itself {
            let start = seen.partition_point(|file| file.path < path);
            let files = seen.get_mut(start..).unwrap_or_default();
            let files = files.iter_mut().take_while(|file| file.path == path);
            files.for_each(|file| file.remove(layer));
        }
        let prefix = match path.is_empty() {
            true => Vec::new(),
            false => [path, b"/"].concat(),
        };
        let start = seen.partition_point(|file| file.path < prefix.as_slice());
        let files = seen.get_mut(start..).unwrap_or_default();
        for file in files
            .iter_mut()
            .take_while(|file| file.path.starts_with(&prefix))
        {
            looked_at += 1;
            file.remove(layer);
        }
    }
    let mut wasted: Vec<&Seen> = seen.iter().filter(|file| file.end.is_some()).collect();
    wasted.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.path.cmp(b.path)));
    let biggest = wasted.iter().filter(|file| file.size > 0).take(NAMED);
    let biggest = biggest.filter_map(|file| {
        let (by, fate) = file.end?;
        Some(Wasted {
            path: absolute(file.path),
            size: file.size,
            layer: file.layer,
            by,
            fate,
        })
    });
    Waste {
        size: wasted
            .iter()
            .fold(0, |sum, file| sum.saturating_add(file.size)),
        files: wasted.len(),
        biggest: biggest.collect(),
    }
}

impl Seen<'_> {
    /// The first layer above it that ends it does so.
    fn remove(&mut self, by: usize) {
        let is_first = self.end.is_none_or(|(other, _)| by < other);
        if self.layer < by && is_first {
            self.end = Some((by, Fate::Removed));
        }
    }
}
