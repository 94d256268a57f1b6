//! What the kustomizations of the workspace make of an image: the tag that a manifest says need not be the one that is
//! deployed.

use std::sync::Arc;

use super::Subject;
use crate::manifest::kustomization::{self, FILES, KustomizeImage};
use crate::manifest::{self, Tree};
use crate::source::{RelPath, SourceFile};

/// How many kustomizations may be made of one another.
const MAX_DEPTH: usize = 8;
/// How often an image may be given another name.
const MAX_NAMES: usize = 4;

/// Whether some kustomization gives `image`, a name without tag, a tag or a digest. `near` is the file that names the
/// image: kustomizations are mostly close by.
pub fn has_other_tag(subject: &Subject, near: &RelPath, image: &str) -> bool {
    let mut files = kustomizations(subject);
    files.sort_by_key(|file| std::cmp::Reverse(shared(near, file)));
    let mut names = vec![image.to_owned()];
    let mut at = 0;
    while let Some(name) = names.get(at).cloned() {
        at += 1;
        for file in &files {
            for entry in images_named(subject, file, &name) {
                if entry.new_tag.is_some() || entry.digest.is_some() {
                    return true;
                }
                if let Some(new) = entry.new_name
                    && names.len() < MAX_NAMES
                    && !names.contains(&new.value)
                {
                    names.push(new.value);
                }
            }
        }
    }
    false
}

/// Whether some kustomization gives `image`, a name without tag, the name `other`.
pub fn is_renamed(subject: &Subject, near: &RelPath, image: &str, other: &str) -> bool {
    let mut files = kustomizations(subject);
    files.sort_by_key(|file| std::cmp::Reverse(shared(near, file)));
    files.iter().any(|file| {
        let entries = images_named(subject, file, image);
        let mut names = entries.iter().filter_map(|entry| entry.new_name.as_ref());
        names.any(|name| name.value == other)
    })
}

/// Whether `word` stands in some kustomization.
pub fn is_mentioned(subject: &Subject, word: &str) -> bool {
    let has_word = |bytes: &[u8]| memchr::memmem::find(bytes, word.as_bytes()).is_some();
    kustomizations(subject)
        .into_iter()
        .any(|file| matches!(subject.workspace.read_if(file, has_word), Ok(Some(_))))
}

/// Whether a kustomization that is made of the one in `file` gives the image of `entry` a tag or a digest of its own.
pub fn is_overlaid(subject: &Subject, file: &RelPath, entry: &KustomizeImage) -> bool {
    let names = [Some(&entry.name), entry.new_name.as_ref()];
    let has_tag = |other: &RelPath| {
        names.iter().flatten().any(|name| {
            let entries = images_named(subject, other, &name.value);
            let mut entries = entries.iter();
            entries.any(|entry| entry.new_tag.is_some() || entry.digest.is_some())
        })
    };
    kustomizations(subject)
        .into_iter()
        .filter(|other| *other != file)
        .any(|other| has_tag(other) && is_made_of(subject, other, &file.parent(), 0))
}

fn is_made_of(subject: &Subject, file: &RelPath, folder: &RelPath, depth: usize) -> bool {
    let Some((file, tree)) = read(subject, file, |_| true) else {
        return false;
    };
    kustomization::parts(&file, &tree).iter().any(|part| {
        let inner = || {
            let mut files = FILES.iter().filter_map(|name| part.join(name));
            files.find(|file| subject.has_file(file))
        };
        part == folder
            || depth < MAX_DEPTH
                && inner().is_some_and(|inner| is_made_of(subject, &inner, folder, depth + 1))
    })
}

pub fn is_kustomization(file: &RelPath) -> bool {
    FILES.contains(&file.file_name())
}

fn kustomizations<'s>(subject: &Subject<'s>) -> Vec<&'s RelPath> {
    let files = subject.files.iter();
    files.filter(|file| is_kustomization(file)).collect()
}

/// The entries of `file` for the image `name`.
fn images_named(subject: &Subject, file: &RelPath, name: &str) -> Vec<KustomizeImage> {
    let has_name = |bytes: &[u8]| memchr::memmem::find(bytes, name.as_bytes()).is_some();
    let Some((_, tree)) = read(subject, file, has_name) else {
        return Vec::new();
    };
    let mut entries = kustomization::in_tree(&tree);
    entries.retain(|entry| entry.name.value == name);
    entries
}

fn read(
    subject: &Subject,
    file: &RelPath,
    wanted: impl Fn(&[u8]) -> bool,
) -> Option<(Arc<SourceFile>, Tree)> {
    let file = subject.workspace.read_if(file, wanted).ok()??;
    let tree = manifest::parse(&file).ok()?;
    Some((file, tree))
}

/// How many folders both lie in.
fn shared(a: &RelPath, b: &RelPath) -> usize {
    let (a, b) = (a.as_str().split('/'), b.as_str().split('/'));
    a.zip(b).take_while(|(a, b)| a == b).count()
}
