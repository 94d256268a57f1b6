//! Outputs that hold the text of a fake: what was built of the workspace's own files may have taken one over, and is
//! then not what the user's files make.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use aho_corasick::AhoCorasick;

use super::subject::Subject;

/// The fakes of a run, to be looked for in what was built.
pub struct Fakes {
    search: Option<AhoCorasick>,
    of: Vec<usize>,
}

impl Fakes {
    pub fn of(subjects: &[Subject]) -> Fakes {
        let shown: Vec<usize> = (0..subjects.len())
            .filter(|at| subjects[*at].was_faked)
            .collect();
        let texts = shown
            .iter()
            .map(|at| subjects[*at].literal.spell(&subjects[*at].fake));
        Fakes {
            search: AhoCorasick::new(texts).ok(),
            of: shown,
        }
    }

    /// The literal whose fake `path`, a file, a link or a folder with all that is in it, holds. That of `own` if there
    /// are several.
    pub fn in_output(&self, path: PathBuf, own: usize) -> io::Result<Option<usize>> {
        let Some(search) = &self.search else {
            return Ok(None);
        };
        let mut found = None;
        let mut open = vec![path];
        while let Some(path) = open.pop() {
            let kind = fs::symlink_metadata(&path)?.file_type();
            let mut hit = |pattern: usize| {
                if let Some(at) = self.of.get(pattern)
                    && found != Some(own)
                {
                    found = Some(*at);
                }
            };
            if kind.is_dir() {
                for entry in fs::read_dir(&path)? {
                    open.push(entry?.path());
                }
            } else if kind.is_symlink() {
                let target = fs::read_link(&path)?;
                for one in search.find_iter(target.as_os_str().as_bytes()) {
                    hit(one.pattern().as_usize());
                }
            } else if kind.is_file() {
                for one in search.stream_find_iter(BufReader::new(File::open(&path)?)) {
                    hit(one?.pattern().as_usize());
                }
            }
            if found == Some(own) {
                break;
            }
        }
        Ok(found)
    }
}
