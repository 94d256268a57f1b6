//! The store that Nix makes when it first runs where there is none.

use super::{Nix, NixError};
use crate::process::Invocation;

impl Nix<'_> {
    /// Makes the store where there is none yet. To be done before several of Nix's programs run at once: those that
    /// make it at the same time get in each other's way ("creating symlink ...: File exists").
    pub fn make_store(&self) -> Result<(), NixError> {
        let make = Invocation::new("nix-store")
            .args(["--init"])
            .args(self.store_settings())
            .timeout(self.time_limit());
        self.runner().run(&make)?.success(&make)?;
        Ok(())
    }
}
