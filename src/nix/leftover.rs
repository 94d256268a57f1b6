//! What a Nix that was killed left in the store, in the way of the next one that builds the same.
//!
//! Nix writes an output anew beside itself, at `PATH.tmp`, when it has the output's hash, and 2.8 fails for good when that
//! is there already: `registerOutputs` in `libstore/build/local-derivation-goal.cc`. 2.34 does not.

use std::path::Path;

use super::{Nix, NixError};

const ENDING: &str = ".tmp";

/// The path that is in the way, where that is what `error` says.
pub(super) fn in_the_way(error: &str) -> Option<&str> {
    if !error.contains("File exists") {
        return None;
    }
    let mut quoted = error.split(['\'', '"']);
    quoted.find(|part| part.ends_with(ENDING) && Path::new(part).is_absolute())
}

impl Nix<'_> {
    /// Has Nix delete `path` from the store. Only what is no store path of its own is: nothing that anyone has use for.
    pub(super) fn delete_leftover(&self, path: &str) -> Result<(), NixError> {
        if !self
            .query(&["--check-validity", "--print-invalid", path])?
            .is_empty()
        {
            self.query(&["--delete", path])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_read_from_what_each_nix_says() {
        let path = "/nix/store/slwj1h70x7byj5r8a2lbvcwdb8abvh9g-plain.tmp";
        for error in [
            format!("creating file '{path}': File exists"),
            format!("creating directory '{path}': File exists"),
            format!("creating file \"{path}\": File exists"),
        ] {
            assert_eq!(in_the_way(&error), Some(path), "{error}");
        }
        for other in [
            format!("creating file '{path}': No space left on device"),
            "creating symlink from '/nix/var/a' to '/nix/var/b': File exists".to_owned(),
            "creating file 'plain.tmp': File exists".to_owned(),
            String::new(),
        ] {
            assert_eq!(in_the_way(&other), None, "{other}");
        }
    }
}
