//! Copying: folders first, then files and links by all threads at once.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use rustix::fs::OFlags;

use super::WorkCopyError;
use super::links::Link;
use crate::source::{RelPath, Workspace};

/// Copies those of `files` that are `wanted` to `to`, which is there and empty; the links among them.
pub(super) fn files(
    workspace: &Workspace,
    files: &[RelPath],
    wanted: &(dyn Fn(&RelPath) -> bool + Sync),
    to: &Path,
) -> Result<Vec<Link>, WorkCopyError> {
    let from = workspace.root();
    let files: BTreeSet<RelPath> = files
        .iter()
        .flat_map(|path| {
            // A file's name is looked up when it is copied; asking first would double the work.
            let is_folder = fs::symlink_metadata(path.to_path(from)).is_ok_and(|it| it.is_dir());
            match is_folder {
                true => workspace.files_and_links(path, &[]),
                false => vec![path.clone()],
            }
        })
        .filter(|path| wanted(path) && !path.as_str().split('/').any(|part| part == ".git"))
        .collect();
    let folders = folders(from, &files, to)?;
    let can_share = AtomicBool::new(true);
    let links: Vec<Option<Link>> = files
        .par_iter()
        .filter(|path| folders.contains(&path.parent()))
        .map(|path| one(from, path, to, &can_share).map_err(WorkCopyError::copy(path)))
        .collect::<Result<_, _>>()?;
    Ok(links.into_iter().flatten().collect())
}

/// Makes the folders that hold `files`; which ones those are. What lies behind a link is not the workspace's: git sees
/// nothing there, and the link itself may be one of the files.
fn folders(
    from: &Path,
    files: &BTreeSet<RelPath>,
    to: &Path,
) -> Result<HashSet<RelPath>, WorkCopyError> {
    let mut named = BTreeSet::new();
    for file in files {
        let mut folder = file.parent();
        while !folder.is_root() && named.insert(folder.clone()) {
            folder = folder.parent();
        }
    }
    let mut made = HashSet::from([RelPath::root()]);
    // A folder comes before what it holds.
    for folder in named {
        let is_folder = fs::symlink_metadata(folder.to_path(from)).is_ok_and(|it| it.is_dir());
        if !is_folder || !made.contains(&folder.parent()) {
            continue;
        }
        let at = folder.to_path(to);
        DirBuilder::new()
            .create(&at)
            .map_err(WorkCopyError::cache(&at, "create the folder"))?;
        made.insert(folder);
    }
    Ok(made)
}

fn one(from: &Path, path: &RelPath, to: &Path, can_share: &AtomicBool) -> io::Result<Option<Link>> {
    let (from, to) = (path.to_path(from), path.to_path(to));
    // Neither follows a link nor waits for a pipe's writer.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.cast_signed())
        .open(&from);
    match file {
        Ok(file) => content(&file, &to, can_share).map(|()| None),
        Err(error) => match fs::symlink_metadata(&from) {
            Ok(meta) if meta.is_symlink() => {
                let target = fs::read_link(&from)?;
                symlink(&target, &to)?;
                Ok(Some(Link {
                    path: path.clone(),
                    target,
                }))
            }
            Ok(meta) if meta.is_file() => Err(error),
            // A socket.
            Ok(_) => Ok(None),
            // Tracked and deleted.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        },
    }
}

/// Nix takes nothing of a file's mode but whether its owner may execute it.
fn content(mut from: &File, to: &Path, can_share: &AtomicBool) -> io::Result<()> {
    let meta = from.metadata()?;
    if !meta.is_file() {
        return Ok(());
    }
    let is_executable = meta.permissions().mode() & 0o100 != 0;
    let mut new = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(if is_executable { 0o777 } else { 0o666 })
        .open(to)?;
    if meta.len() == 0 {
        return Ok(());
    }
    if can_share.load(Ordering::Relaxed) {
        match reflink_copy::reflink_file(from, &new) {
            Ok(()) => return Ok(()),
            // What one file cannot, none can: nearly always, and then no more calls are lost on it.
            Err(_) => can_share.store(false, Ordering::Relaxed),
        }
    }
    io::copy(&mut from, &mut new).map(|_| ())
}
