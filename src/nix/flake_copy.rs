//! The copy of a flake that Nix works on: `flake.nix`, `flake.lock` and the folders of relative path inputs.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use tempfile::TempDir;

use super::{FlakeUpdate, Nix, NixError};
use crate::process::Invocation;

pub(super) struct FlakeCopy {
    dir: TempDir,
}

impl FlakeCopy {
    pub(super) fn make(flake: &FlakeUpdate, nix: &Nix) -> Result<FlakeCopy, NixError> {
        let dir = tempfile::Builder::new()
            .prefix("cotter-flake-")
            .tempdir()
            .map_err(at(&std::env::temp_dir()))?;
        let copy = FlakeCopy { dir };
        if let Some(folder) = flake.folder {
            let mut waiting = relative_inputs(flake.flake_nix, Path::new(""));
            let mut copied: Vec<PathBuf> = Vec::new();
            while let Some(input) = waiting.pop() {
                if copied.iter().any(|done| input.starts_with(done)) {
                    continue;
                }
                copy.take_folder(folder, &input, nix)?;
                if let Ok(text) = fs::read_to_string(copy.dir().join(&input).join("flake.nix")) {
                    waiting.extend(relative_inputs(&text, &input));
                }
                copied.push(input);
            }
        }
        copy.write("flake.nix", flake.flake_nix)?;
        if let Some(lock) = flake.flake_lock {
            copy.write_lock(lock)?;
        }
        Ok(copy)
    }

    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// `None` when there is none.
    pub(super) fn lock(&self) -> Result<Option<String>, NixError> {
        let path = self.dir().join("flake.lock");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&path)(error)),
        }
    }

    pub(super) fn write_lock(&self, text: &str) -> Result<(), NixError> {
        self.write("flake.lock", text)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), NixError> {
        let path = self.dir().join(name);
        fs::write(&path, text).map_err(at(&path))
    }

    /// Copies the folder `input` of `root`. In a git work tree only what git tracks: Nix sees nothing else there,
    /// and an older one puts the hash of the folder into the lock.
    fn take_folder(&self, root: &Path, input: &Path, nix: &Nix) -> Result<(), NixError> {
        let is_folder = |path: &Path| fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir());
        if !is_folder(&root.join(input)) {
            // No folder of this flake, or one that is not there: what Nix says of it is said best by Nix.
            return Ok(());
        }
        let files = match tracked_files(root, input, nix) {
            Some(files) => files,
            None => {
                let mut files = Vec::new();
                all_files(root, input, &mut files)?;
                files
            }
        };
        for file in files {
            self.take_file(root, &file)?;
        }
        Ok(())
    }

    fn take_file(&self, root: &Path, file: &Path) -> Result<(), NixError> {
        let (from, to) = (root.join(file), self.dir().join(file));
        let meta = match fs::symlink_metadata(&from) {
            Ok(meta) => meta,
            // Tracked and deleted.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(at(&from)(error)),
        };
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(at(parent))?;
        }
        if meta.is_symlink() {
            let target = fs::read_link(&from).map_err(at(&from))?;
            std::os::unix::fs::symlink(target, &to).map_err(at(&to))?;
        } else if meta.is_file() {
            fs::copy(&from, &to).map_err(at(&from))?;
        }
        Ok(())
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> NixError {
    let path = path.to_owned();
    move |source| NixError::Copy { path, source }
}

/// `None` when git cannot say: no work tree, or no git.
fn tracked_files(root: &Path, input: &Path, nix: &Nix) -> Option<Vec<PathBuf>> {
    let list = Invocation::new("git")
        .args(["ls-files", "-z", "--cached", "--"])
        .args([Path::new(".").join(input)])
        .env("GIT_LITERAL_PATHSPECS", "1")
        .dir(root);
    let output = nix.runner().run(&list).ok()?.success(&list).ok()?;
    let names = output.stdout.split(|byte| *byte == 0);
    Some(
        names
            .filter(|name| !name.is_empty())
            .map(|name| PathBuf::from(OsStr::from_bytes(name)))
            .collect(),
    )
}

fn all_files(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), NixError> {
    let full = root.join(folder);
    for entry in fs::read_dir(&full).map_err(at(&full))? {
        let entry = entry.map_err(at(&full))?;
        let path = folder.join(entry.file_name());
        if entry.file_type().map_err(at(&full))?.is_dir() {
            all_files(root, &path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// The folders, as paths from the flake's own, that `flake_nix`, which lies in `base`, may name as inputs:
/// `url = "path:./x"`, `url = "./x"`, `url = ./x`, `path = "./x"`.
///
/// Found by the look of the text: one too many is copied for nothing, and one that is put together otherwise is
/// reported by Nix as missing. The flake's own folder and what lies outside of it never count.
fn relative_inputs(flake_nix: &str, base: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for (at, _) in flake_nix.match_indices('=') {
        let (name, value) = flake_nix.split_at(at);
        let name = name.trim_end();
        if !(name.ends_with("url") || name.ends_with("path")) {
            continue;
        }
        let value = value[1..].trim_start();
        let value = value.strip_prefix('"').unwrap_or(value);
        let value = value.strip_prefix("path:").unwrap_or(value);
        let end = value
            .find(|c: char| matches!(c, '"' | ';' | '?' | '#' | '$' | '}') || c.is_whitespace())
            .unwrap_or(value.len());
        let path = &value[..end];
        if path.starts_with("./") || path.starts_with("../") {
            found.extend(normalized(&base.join(path)));
        }
    }
    found
}

/// `None` for the folder itself and all outside of it.
fn normalized(path: &Path) -> Option<PathBuf> {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => out.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !out.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!out.as_os_str().is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_relative_inputs_by_their_look() {
        let text = r#"{
          inputs.a.url = "path:./a";
          inputs.b = { url = "./b/c?x=y"; };
          inputs.c.url = ./d;
          inputs.d = { type = "path"; path="./e"; };
          inputs.e.url = "../sibling";
          inputs.f.url = "path:/absolute";
          inputs.g.url = "github:o/r";
          inputs.h.url = "path:./.";
          outputs = { self, ... }: { src = ./src; };
        }"#;
        let paths = |base: &str| -> Vec<String> {
            let found = relative_inputs(text, Path::new(base));
            found
                .iter()
                .map(|p| p.to_string_lossy().into_owned())
                .collect()
        };
        assert_eq!(paths(""), ["a", "b/c", "d", "e"]);
        assert_eq!(paths("x"), ["x/a", "x/b/c", "x/d", "x/e", "sibling", "x"]);
        assert_eq!(
            relative_inputs("url=", Path::new("")),
            Vec::<PathBuf>::new()
        );
    }
}
