//! A folder made a git repository: what Nix before 2.26 needs to take a flake in a folder below it.

use std::path::Path;

use super::Nix;
use crate::process::{Invocation, ProcessError};

impl Nix<'_> {
    /// Makes `folder`, a copy, a git repository to which all that is in it now belongs. Contents are not looked at, so
    /// that no filter of the user's is run on them; Nix takes the files as they are.
    pub fn make_repository(&self, folder: &Path) -> Result<(), ProcessError> {
        for arguments in [
            &["init", "--quiet", "--template="][..],
            &["add", "--intent-to-add", "--force", "--", "."],
        ] {
            let git = Invocation::new("git")
                .args(arguments)
                .dir(folder)
                .timeout(self.time_limit());
            self.runner().run(&git)?.success(&git)?;
        }
        Ok(())
    }
}
