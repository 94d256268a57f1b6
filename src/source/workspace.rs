//! The folder that cotter works on: its root, its files, and reading them.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustix::fs::OFlags;

use super::error::MAX_FILE;
use super::{Content, Contents, RelPath, SourceError, SourceFile};

type Files = HashMap<RelPath, Arc<SourceFile>>;

/// The workspace: a git work tree or a plain folder, with an overlay of texts that are not on the disk yet.
#[derive(Clone, Debug)]
pub struct Workspace {
    root: PathBuf,
    overlay: BTreeMap<RelPath, Arc<SourceFile>>,
    /// Asked before the disk is.
    contents: Option<Arc<dyn Contents>>,
    /// What was read, if that is to be remembered; shared by all copies of this workspace.
    remembered: Option<Arc<Mutex<Files>>>,
}

impl Workspace {
    /// The workspace at exactly `root`.
    pub fn at(root: &Path) -> Result<Workspace, SourceError> {
        let root = fs::canonicalize(root).map_err(|source| SourceError::Io {
            path: root.into(),
            source,
        })?;
        Ok(Workspace {
            root,
            overlay: BTreeMap::new(),
            contents: None,
            remembered: None,
        })
    }

    /// The same workspace in which files are read from `contents`, but for those of the overlay. What was remembered
    /// is forgotten.
    pub fn with_contents(self, contents: Arc<dyn Contents>) -> Workspace {
        Workspace {
            contents: Some(contents),
            remembered: self.remembered.map(|_| Arc::default()),
            ..self
        }
    }

    /// The same workspace in which each file stays as it is when it is first read, whatever becomes of it on the disk:
    /// for a run in which offsets of one reading are used in another. What is written then fits that first reading,
    /// and the transaction finds that the file has changed.
    pub fn remembering(self) -> Workspace {
        Workspace {
            remembered: Some(Arc::default()),
            ..self
        }
    }

    fn remember(&self, file: SourceFile) -> Arc<SourceFile> {
        let file = Arc::new(file);
        match self.remembered.as_ref().and_then(|all| all.lock().ok()) {
            // Of two that read it at once, one was first.
            Some(mut all) => all.entry(file.path().clone()).or_insert(file).clone(),
            None => file,
        }
    }

    fn known(&self, path: &RelPath) -> Option<Arc<SourceFile>> {
        if let Some(file) = self.overlay.get(path) {
            return Some(file.clone());
        }
        let all = self.remembered.as_ref()?.lock().ok()?;
        all.get(path).cloned()
    }

    /// The workspace that holds `start`: the nearest folder upwards with a `cotter.toml` or `.git`,
    /// else `start` itself.
    pub fn discover(start: &Path) -> Result<Workspace, SourceError> {
        let mut workspace = Workspace::at(start)?;
        let found = workspace
            .root
            .ancestors()
            .find(|dir| dir.join("cotter.toml").is_file() || dir.join(".git").exists())
            .map(Path::to_path_buf);
        if let Some(root) = found {
            workspace.root = root;
        }
        Ok(workspace)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The same workspace in which `files` stand instead of what lies on the disk.
    pub fn with_overlay(&self, files: impl IntoIterator<Item = SourceFile>) -> Workspace {
        let mut next = self.clone();
        for file in files {
            next.overlay.insert(file.path().clone(), Arc::new(file));
        }
        next
    }

    /// The files that stand instead of what lies on the disk.
    pub fn overlaid(&self) -> impl Iterator<Item = &SourceFile> {
        self.overlay.values().map(Arc::as_ref)
    }

    /// Whether there is a file to read at `path`, a regular one or a link to one. One that is there and cannot be
    /// read, or that lies outside of the workspace, is a file too: reading it tells what is wrong.
    pub fn has_file(&self, path: &RelPath) -> bool {
        if self.overlay.contains_key(path) {
            return true;
        }
        match self.elsewhere(path) {
            Ok(Content::Absent) => return false,
            Ok(Content::OnDisk) => {}
            Ok(Content::Bytes(_) | Content::TooLarge(_)) | Err(_) => return true,
        }
        path.to_path(&self.root).is_file()
    }

    fn elsewhere(&self, path: &RelPath) -> io::Result<Content> {
        match &self.contents {
            Some(contents) => contents.look_up(path),
            None => Ok(Content::OnDisk),
        }
    }

    /// `path`, as a user gave it from `base`, as a path in the workspace; links are resolved.
    pub fn locate(&self, base: &Path, path: &Path) -> Result<RelPath, SourceError> {
        let full = base.join(path);
        let real = fs::canonicalize(&full).map_err(|source| SourceError::Io {
            path: full.clone(),
            source,
        })?;
        real.strip_prefix(&self.root)
            .ok()
            .and_then(RelPath::new)
            .ok_or(SourceError::Outside {
                path: real,
                root: self.root.clone(),
            })
    }

    /// [`Workspace::locate`] of a path of which the last parts need not be there yet.
    pub fn locate_new(&self, base: &Path, path: &Path) -> Result<RelPath, SourceError> {
        let missing = match self.locate(base, path) {
            Err(SourceError::Io { path, source })
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                path
            }
            found => return found,
        };
        let outside = || SourceError::Outside {
            path: missing.clone(),
            root: self.root.clone(),
        };
        let (Some(parent), Some(name)) = (missing.parent(), missing.file_name()) else {
            return Err(outside());
        };
        let folder = self.locate_new(base, parent)?;
        let name = name.to_str().and_then(|name| folder.join(name));
        name.ok_or_else(outside)
    }

    /// Reads a file of the workspace, from the overlay where it has one, or as it is remembered.
    pub fn read(&self, path: &RelPath) -> Result<Arc<SourceFile>, SourceError> {
        if let Some(file) = self.known(path) {
            return Ok(file);
        }
        Ok(self.remember(self.parse(path, self.read_bytes(path)?)?))
    }

    /// [`Workspace::read`], or nothing when `wanted` says so of the file's bytes, which are then never copied. Bytes
    /// that are not UTF-8 are an error all the same.
    pub fn read_if(
        &self,
        path: &RelPath,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Option<Arc<SourceFile>>, SourceError> {
        if let Some(file) = self.known(path) {
            return Ok(wanted(file.text().as_bytes()).then_some(file));
        }
        let bytes = self.read_bytes(path)?;
        if !wanted(&bytes) {
            return match std::str::from_utf8(&bytes) {
                Ok(_) => Ok(None),
                Err(error) => Err(SourceError::not_utf8(path, &bytes, error.valid_up_to())),
            };
        }
        Ok(Some(self.remember(self.parse(path, bytes)?)))
    }

    /// What lies at `path`, in whatever encoding: in the overlay, else as it is now. A symbolic link is not followed:
    /// what it says is its target.
    pub fn bytes(&self, path: &RelPath) -> Result<Vec<u8>, SourceError> {
        if let Some(file) = self.overlay.get(path) {
            return Ok(file.to_bytes());
        }
        match fs::read_link(path.to_path(&self.root)) {
            Ok(target) => Ok(target.into_os_string().into_vec()),
            // No link, or not on the disk.
            Err(_) => self.read_bytes(path),
        }
    }

    fn parse(&self, path: &RelPath, bytes: Vec<u8>) -> Result<SourceFile, SourceError> {
        SourceFile::from_bytes(path.clone(), bytes).map_err(|error| {
            let offset = error.utf8_error().valid_up_to();
            SourceError::not_utf8(path, error.as_bytes(), offset)
        })
    }

    fn read_bytes(&self, path: &RelPath) -> Result<Vec<u8>, SourceError> {
        let io = |source| SourceError::Io {
            path: path.as_str().into(),
            source,
        };
        let too_large = |size| SourceError::TooLarge {
            path: path.clone(),
            size,
        };
        match self.elsewhere(path).map_err(io)? {
            Content::Bytes(bytes) => {
                let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                return match size > MAX_FILE {
                    true => Err(too_large(size)),
                    false => Ok(bytes),
                };
            }
            Content::TooLarge(size) => return Err(too_large(size)),
            Content::Absent => return Err(io(io::ErrorKind::NotFound.into())),
            Content::OnDisk => {}
        }
        let full = path.to_path(&self.root);
        // A pipe must not be waited for.
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
        let mut file = fs::OpenOptions::new()
            .read(true)
            .custom_flags(flags.cast_signed())
            .open(&full)
            .map_err(io)?;
        let real = real_path(&file, &full).map_err(io)?;
        if !real.starts_with(&self.root) {
            return Err(SourceError::Outside {
                path: real,
                root: self.root.clone(),
            });
        }
        let meta = file.metadata().map_err(io)?;
        if !meta.is_file() {
            return Err(SourceError::NotAFile { path: path.clone() });
        }
        if meta.len() > MAX_FILE {
            return Err(too_large(meta.len()));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0));
        file.read_to_end(&mut bytes).map_err(io)?;
        Ok(bytes)
    }
}

/// Where an open file lies, links resolved: the kernel tells in one call, where resolving the path anew takes one for
/// each of its parts.
fn real_path(file: &fs::File, path: &Path) -> io::Result<PathBuf> {
    let by_kernel = format!("/proc/self/fd/{}", file.as_raw_fd());
    fs::read_link(by_kernel)
        .ok()
        .filter(|real| real.is_absolute())
        .map_or_else(|| fs::canonicalize(path), Ok)
}
