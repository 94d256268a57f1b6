//! Targets that are named on the command line: `--file FILE -A ATTR`, `--flake REF`.

use std::path::{Path, PathBuf};

use super::Target;
use crate::process::redact;
use crate::source::{RelPath, SourceError, Workspace};

#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("{}: no file to evaluate", .path.display())]
    NotAFile { path: PathBuf },
    #[error("`{reference}` is not in this workspace: its files are not here to be changed")]
    Elsewhere { reference: String },
    /// `nixpkgs`: a name of Nix's registry.
    #[error("`{reference}` is no path: Nix looks it up in its registry of flakes")]
    NotAPath { reference: String },
    #[error("`{reference}` names a revision, not the files as they are")]
    Revision { reference: String },
    #[error("`{reference}` is no flake reference: {reason}")]
    Malformed {
        reference: String,
        reason: &'static str,
    },
    #[error("{}: no `flake.nix` there{}", .path.display(), if *.and_above { " nor in a folder above it" } else { "" })]
    NoFlake { path: PathBuf, and_above: bool },
}

impl TargetError {
    pub fn hint(&self) -> Option<String> {
        match self {
            TargetError::NotAPath { reference } => {
                Some(format!("write `./{reference}` for the folder of that name"))
            }
            TargetError::Elsewhere { .. } => {
                Some("name a flake of this workspace: `.`, `./sub#attr`".into())
            }
            TargetError::Revision { .. } => Some("leave out `ref` and `rev`".into()),
            _ => None,
        }
    }
}

/// The Nix file at `path`, seen from the folder `base`; of a folder its `default.nix`, as Nix takes it.
pub fn file(
    workspace: &Workspace,
    base: &Path,
    path: &Path,
    attrs: &[String],
) -> Result<Target, TargetError> {
    let is_folder = base.join(path).is_dir();
    let found = match is_folder {
        true => workspace.locate(base, &path.join("default.nix"))?,
        false => workspace.locate(base, path)?,
    };
    if !found.to_path(workspace.root()).is_file() {
        return Err(TargetError::NotAFile { path: path.into() });
    }
    Ok(Target::File {
        path: found,
        attrs: attrs.to_vec(),
    })
}

/// The flake, or the part of it, that `reference` names, seen from the folder `base`: `.`, `.#foo`,
/// `./sub#packages.x86_64-linux.foo`, `path:./sub`, `git+file:///home/me/project?dir=sub`.
///
/// As Nix does, a path with no scheme means the nearest folder upwards with a `flake.nix`. A choice of outputs
/// (`#foo^out`) does not matter here and is dropped.
pub fn flake(workspace: &Workspace, base: &Path, reference: &str) -> Result<Target, TargetError> {
    let (place, fragment) = match reference.split_once('#') {
        Some((place, fragment)) => (place, decoded(reference, fragment)?),
        None => (reference, String::new()),
    };
    let (place, query) = place.split_once('?').unwrap_or((place, ""));
    let (folder, is_exact) = folder(reference, place)?;
    let mut folder = base.join(decoded(reference, folder)?);
    for pair in query.split('&') {
        match pair.split_once('=').unwrap_or((pair, "")) {
            ("dir", dir) => folder.push(decoded(reference, dir)?),
            ("ref" | "rev", _) => {
                let reference = redact(reference);
                return Err(TargetError::Revision { reference });
            }
            _ => {}
        }
    }
    let start = workspace.locate(base, &folder)?;
    let has_flake = |dir: &RelPath| dir.to_path(workspace.root()).join("flake.nix").is_file();
    let mut dir = start;
    // A folder that the query names is meant as it is.
    while !has_flake(&dir) {
        if is_exact || !query.is_empty() || dir.is_root() {
            return Err(TargetError::NoFlake {
                path: folder,
                and_above: !is_exact && query.is_empty(),
            });
        }
        dir = dir.parent();
    }
    let attr = fragment.split('^').next().unwrap_or_default();
    Ok(Target::Flake {
        dir,
        attr: (!attr.is_empty()).then(|| attr.to_owned()),
    })
}

/// The folder in `place`, a reference without query and fragment, and whether it is meant as it is.
fn folder<'r>(reference: &str, place: &'r str) -> Result<(&'r str, bool), TargetError> {
    let local = |scheme: &str| place.strip_prefix(scheme);
    if let Some(path) = local("path:") {
        return Ok((path.strip_prefix("//").unwrap_or(path), true));
    }
    if let Some(path) = local("git+file:") {
        return Ok((path.strip_prefix("//").unwrap_or(path), true));
    }
    if place.is_empty() || place.starts_with(['.', '/']) {
        return Ok((if place.is_empty() { "." } else { place }, false));
    }
    let reference = redact(reference);
    Err(match place.contains(':') {
        true => TargetError::Elsewhere { reference },
        false => TargetError::NotAPath { reference },
    })
}

/// `text` with `%20` and its kin as the characters that they stand for.
fn decoded(reference: &str, text: &str) -> Result<String, TargetError> {
    let malformed = |reason| TargetError::Malformed {
        reference: redact(reference),
        reason,
    };
    let mut pieces = text.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece
            .split_at_checked(2)
            .filter(|(digits, _)| digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .ok_or_else(|| malformed("two digits are expected after `%`"))?;
        let byte = u8::from_str_radix(digits, 16).map_err(|_| malformed("a bad escape"))?;
        bytes.push(byte);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8"))
}
