//! What is said of an image, in words that text and HTML share.

use super::size::{Size, size};
use crate::image::archive::{Privilege, Shown};
use crate::image::explain::{
    Against, Change, Fate, Heavy, Layer, LayerCause, PathChange, Root, Summary, Waste, Wasted, Why,
};

/// How many store paths of a layer are named.
const NAMES: usize = 3;

pub fn too_many(image: &Summary) -> Option<String> {
    let most = image.most_layers;
    let is_too_many = image.layers > most;
    is_too_many.then(|| format!("more than {most} layers cannot be run by Docker's overlay driver"))
}

/// What a layer holds, in a few words.
pub fn holds(layer: &Layer) -> String {
    let mut held: Vec<String> = layer
        .store_paths
        .iter()
        .take(NAMES)
        .map(|path| name(path))
        .collect();
    match layer.store_paths.len().saturating_sub(NAMES) {
        0 => {}
        more => held.push(format!("{more} more")),
    }
    if layer.other_files > 0 {
        let files = count(layer.other_files, "file", "files");
        held.push(format!(
            "{files} outside of store paths ({})",
            Size(layer.other_size)
        ));
    }
    if layer.whiteouts > 0 {
        held.push(format!(
            "takes away {}",
            count(layer.whiteouts, "path", "paths")
        ));
    }
    match held.is_empty() {
        true => "-".to_owned(),
        false => held.join(", "),
    }
}

/// What the image says itself of a layer.
pub fn said_of(layer: &Layer) -> Option<String> {
    let said = layer.created_by.as_ref().or(layer.comment.as_ref())?;
    // dockerTools says once more which store paths there are.
    let is_known = said.is_empty() || said.starts_with("store paths:");
    (!is_known).then(|| cut(said, 100))
}

/// `Entrypoint -> hello-2.12 -> glibc-2.38`
pub fn because(why: Option<&Why>) -> String {
    let Some(why) = why else {
        return "nothing in the image is seen to need it".to_owned();
    };
    let root = match &why.root {
        Root::Config(field) => shown(field),
        Root::Link(path) => format!("link {path}"),
        Root::File(path) => format!("file {path}"),
        Root::CopiedToRoot(path) => format!("copied to /: {}", name(path)),
    };
    let chain = why.chain.iter().map(|path| name(path));
    let mut steps: Vec<String> = [root].into_iter().chain(chain).collect();
    if steps.len() > 6 {
        let left_out = steps.len() - 5;
        steps.splice(3..steps.len() - 2, [format!("({left_out} more)")]);
    }
    steps.join(" -> ")
}

pub fn right(privilege: Privilege) -> &'static str {
    match privilege {
        Privilege::Setuid => "setuid",
        Privilege::Setgid => "setgid",
        Privilege::Capabilities => "capable",
    }
}

pub fn in_vain(waste: &Waste) -> String {
    let files = count(waste.files, "file", "files");
    format!(
        "{} in {files} that a layer above replaces or takes away",
        Size(waste.size)
    )
}

/// `2, replaced in 3`
pub fn fate(file: &Wasted) -> String {
    let fate = match file.fate {
        Fate::Overwritten => "replaced",
        Fate::Removed => "removed",
    };
    format!("{}, {fate} in {}", file.layer, file.by)
}

pub fn pushed(against: &Against) -> String {
    let all = against.pushed.len() + against.reused.len();
    let bytes = match (against.pushed_stored, against.pushed_size) {
        (Some(stored), _) => Size(stored).to_string(),
        (None, Some(bytes)) => format!("{} uncompressed", Size(bytes)),
        (None, None) => "of a size that is not known".to_owned(),
    };
    format!(
        "{} of {} would be pushed ({bytes}), {} are there already",
        against.pushed.len(),
        count(all, "layer", "layers"),
        size(against.reused_size)
    )
}

pub fn new_in(cause: &LayerCause) -> String {
    if cause.is_regrouped {
        return "nothing new: what it holds was there, in other layers or with other times, owners or modes"
            .to_owned();
    }
    let paths = cause.store_paths.iter().map(|path| name(path));
    let new: Vec<String> = paths.chain(cause.files.iter().cloned()).collect();
    let mut words: Vec<String> = new.iter().take(NAMES * 2).cloned().collect();
    match new.len().saturating_sub(NAMES * 2) {
        0 => {}
        more => words.push(format!("{more} more")),
    }
    words.join(", ")
}

pub fn carries(heavy: &Heavy) -> String {
    format!(
        "layer {}: {} changed, and {} that did not are pushed with it; put what changes often, such as the \
         application, into a layer of its own",
        heavy.layer,
        Size(heavy.changed),
        Size(heavy.unchanged)
    )
}

pub fn changed(change: &PathChange) -> String {
    let version = |version: &Option<String>| version.as_deref().map_or("-".to_owned(), shown);
    let (old, new) = (version(&change.old_version), version(&change.new_version));
    match change.change {
        Change::Added => format!("{new} is new"),
        Change::Removed => format!("{old} is gone"),
        Change::Version => format!("{old} -> {new}"),
        Change::Rebuilt => format!("{new}, built otherwise"),
    }
}

pub fn count(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The name of a store path.
fn name(path: &str) -> String {
    let name = crate::nix::drv::store_path_parts(path).map_or(path, |(_, _, name)| name);
    shown(name)
}

/// The first digits of a digest.
pub fn short(digest: &str) -> String {
    let digits = digest.split_once(':').map_or(digest, |(_, digits)| digits);
    format!("{:12}", shown(digits).chars().take(12).collect::<String>())
}

pub fn cut(text: &str, most: usize) -> String {
    let text = shown(text);
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(&text)),
        None => text,
    }
}

/// Text of an image, fit to be shown.
pub fn shown(text: &str) -> String {
    Shown(text.as_bytes()).to_string()
}
