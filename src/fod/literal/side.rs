//! Hash literals of files that Nix reads as data: JSON, TOML, and a file that holds a hash and nothing else.

use super::Kind;
use super::Literal;
use super::meaning::Meaning;
use crate::hash::Algo;
use crate::manifest::{
    AttrPath, Format, Kind as NodeKind, Located, ManifestError, Node, Scalar, Style, parse_as,
};
use crate::naming::Name;
use crate::source::{RelPath, SourceFile};
use crate::spot::Spot;
use crate::syntax::{ReadAs, Role, is_system};

/// Whether the file is another tool's lock file, whose hashes are that tool's to keep.
pub fn is_lock(path: &RelPath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    name.contains("lock") || name.contains("shrinkwrap")
}

/// How the file is read: as its name says, else as those do who read it.
pub fn format(path: &RelPath, read_as: ReadAs) -> Option<Format> {
    match path.file_name().rsplit_once('.').map(|(_, ending)| ending) {
        Some("json") => Some(Format::Json),
        Some("toml") => Some(Format::Toml),
        _ => match read_as {
            ReadAs::Json => Some(Format::Json),
            ReadAs::Toml => Some(Format::Toml),
            ReadAs::Text => None,
        },
    }
}

/// The literals of `file`, in the order of the text.
pub fn find(
    container: &str,
    file: &SourceFile,
    format: Option<Format>,
) -> Result<Vec<Literal>, ManifestError> {
    let mut found = match format {
        None => whole(container, file).into_iter().collect(),
        Some(format) => {
            let tree = parse_as(file, format)?;
            let mut found = Vec::new();
            for document in &tree.documents {
                in_tree(container, file, format, document, &mut found);
            }
            found
        }
    };
    found.sort_by_key(|literal: &Literal| literal.spot.offset());
    for literal in &mut found {
        literal.spot.locate(file);
    }
    Ok(found)
}

/// A file that is nothing but a hash.
fn whole(container: &str, file: &SourceFile) -> Option<Literal> {
    let text = file.text();
    let value = text.trim();
    let start = text.len() - text.trim_start().len();
    let meaning = Meaning::of(&[file.path().file_name().to_owned()], Vec::new, |_| None);
    let (kind, algo) = meaning.of_text(value)?;
    // An empty file may be anything.
    if value.is_empty() {
        return None;
    }
    let spot = Spot::bytes(file.path(), start..start + value.len(), value);
    let name = [file.path().stem().to_owned()];
    Some(literal(
        container,
        &name,
        spot,
        (kind, algo),
        meaning.is_hash(),
    ))
}

fn in_tree(
    container: &str,
    file: &SourceFile,
    format: Format,
    root: &Node,
    found: &mut Vec<Literal>,
) {
    let mut open = vec![(root, Vec::<Key>::new())];
    while let Some((node, path)) = open.pop() {
        let below = |key: Key| path.iter().cloned().chain([key]).collect();
        match &node.kind {
            NodeKind::Mapping(_) => {
                open.extend(
                    node.pairs()
                        .map(|(key, value)| (value, below(Key::Name(key.to_owned())))),
                );
            }
            NodeKind::Sequence(items) => {
                open.extend(
                    items
                        .iter()
                        .enumerate()
                        .map(|(at, value)| (value, below(Key::Index(at)))),
                );
            }
            NodeKind::Scalar(scalar) => {
                found.extend(in_scalar(container, file, format, scalar, &path));
            }
            NodeKind::Alias(_) => {}
        }
    }
}

#[derive(Clone, Debug)]
enum Key {
    Name(String),
    Index(usize),
}

fn in_scalar(
    container: &str,
    file: &SourceFile,
    format: Format,
    scalar: &Scalar,
    path: &[Key],
) -> Option<Literal> {
    // A number or `true`.
    if scalar.style == Style::Plain {
        return None;
    }
    let names: Vec<String> = path
        .iter()
        .rev()
        .filter_map(|key| match key {
            Key::Name(name) => Some(name.clone()),
            Key::Index(_) => None,
        })
        .collect();
    let meaning = Meaning::of(&names, Vec::new, |_| None);
    let found = meaning.of_text(scalar.text())?;
    let mut full = vec![file.path().stem().to_owned()];
    full.extend(path.iter().map(|key| match key {
        Key::Name(name) => name.clone(),
        Key::Index(at) => at.to_string(),
    }));
    let spot = spot(file, format, scalar, path);
    Some(literal(container, &full, spot, found, meaning.is_hash()))
}

/// A value with no escapes between its quotes is replaced as it stands: no hash needs one.
fn spot(file: &SourceFile, format: Format, scalar: &Scalar, path: &[Key]) -> Spot {
    let value = scalar.text();
    let within = scalar.span.start + 1..scalar.span.end.saturating_sub(1);
    let is_verbatim = matches!(scalar.style, Style::Double | Style::Single)
        && file.text().get(within.clone()) == Some(value);
    if is_verbatim {
        return Spot::bytes(file.path(), within, value);
    }
    let path = path
        .iter()
        .fold(AttrPath::default(), |path, key| match key {
            Key::Name(name) => path.key(name),
            Key::Index(at) => path.index(*at),
        });
    Spot::whole_scalar(file.path(), &Located::new(scalar, format, path))
}

fn literal(
    container: &str,
    path: &[String],
    spot: Spot,
    (kind, algo): (Kind, Algo),
    is_named_like_hash: bool,
) -> Literal {
    Literal {
        name: Name::new(container, path),
        spot,
        kind,
        algo,
        is_named_like_hash,
        system: path.iter().rev().find(|key| is_system(key)).cloned(),
        role: Role::Bound,
        is_expression: false,
    }
}
