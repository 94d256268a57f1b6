//! A folder made a git repository: a flake in one sees what git tracks and nothing else, and Nix before 2.26 takes a
//! flake in a folder below the root only in one.

use std::path::Path;

use super::{Nix, NixError};
use crate::process::Invocation;

impl Nix<'_> {
    /// Makes `folder`, a copy, a git repository that tracks what the file `list` names: paths of files and folders from
    /// `folder`, each with a zero byte behind it. Contents are not looked at, so that no filter of the user's is run on
    /// them; Nix takes the files as they are.
    pub fn make_repository(&self, folder: &Path, list: &Path) -> Result<(), NixError> {
        let init = Invocation::new("git").args(["init", "--quiet", "--template="]);
        let add = Invocation::new("git")
            .args([
                "add",
                "--intent-to-add",
                "--force",
                "--pathspec-file-nul",
                "--pathspec-from-file",
            ])
            .args([list])
            .env("GIT_LITERAL_PATHSPECS", "1");
        for git in [init, add] {
            let git = git.dir(folder).timeout(self.time_limit());
            self.runner().run(&git)?.success(&git)?;
        }
        Ok(())
    }
}
