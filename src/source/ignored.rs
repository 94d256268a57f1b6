//! Whether git ignores a path, by the `.gitignore` files of the workspace. What a user or a clone has set for itself is no
//! part of the workspace.

use ignore::Match;
use ignore::gitignore::GitignoreBuilder;

use super::{RelPath, Workspace};

impl Workspace {
    /// Whether a `.gitignore` at the root or in a folder on the way says so of `path`, or of a folder that it lies in.
    /// `is_folder` counts for patterns such as `dist/`.
    pub fn is_ignored(&self, path: &RelPath, is_folder: bool) -> bool {
        let mut folders = vec![path.parent()];
        while let Some(last) = folders.last().filter(|last| !last.is_root()) {
            folders.push(last.parent());
        }
        // What stands nearer to the path counts.
        for folder in folders {
            let Some(own) = folder.join(".gitignore") else {
                continue;
            };
            let Ok(file) = self.read(&own) else {
                continue;
            };
            let root = folder.to_path(self.root());
            let mut builder = GitignoreBuilder::new(&root);
            for line in file.text().lines() {
                // A line that is no pattern is none for git either.
                let _ = builder.add_line(None, line);
            }
            let Ok(rules) = builder.build() else {
                continue;
            };
            let full = path.to_path(self.root());
            match rules.matched_path_or_any_parents(&full, is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => {}
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;

    #[test]
    fn nearer_files_count_more() {
        let rel = |path: &str| RelPath::new(path).unwrap();
        let file = |path: &str, text: &str| SourceFile::from_text(rel(path), text.to_owned());
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(dir.path()).unwrap().with_overlay([
            file(".gitignore", "/dist/\n*.log\n# x\n[\n"),
            file("web/.gitignore", "!keep.log\nout\n"),
        ]);
        for (path, is_folder, expected) in [
            ("dist", true, true),
            ("dist", false, false),
            ("dist/app.js", false, true),
            ("web/dist", true, false),
            ("web/a.log", false, true),
            ("web/keep.log", false, false),
            ("web/out/x", false, true),
            ("out", true, false),
            ("src", true, false),
        ] {
            assert_eq!(
                workspace.is_ignored(&rel(path), is_folder),
                expected,
                "{path}"
            );
        }
    }
}
