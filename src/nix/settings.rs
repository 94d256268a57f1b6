//! What Nix is set to: by its own configuration, the environment and the user's `--option`s.

use std::num::NonZero;
use std::thread;

use serde_json::Value;

use super::{Flavour, Nix};
use crate::process::Invocation;

impl Nix<'_> {
    /// How many builds Nix is to run at once on this machine: its `max-jobs`, or the number of cores where that is 1,
    /// as it is when nobody has set it. `None` when Nix does not say; what it is set to holds then.
    pub fn jobs(&self) -> Option<u32> {
        match self.max_jobs()? {
            1 => {
                let cores = thread::available_parallelism().map_or(1, NonZero::get);
                u32::try_from(cores).ok()
            }
            jobs => Some(jobs),
        }
    }

    fn max_jobs(&self) -> Option<u32> {
        const OLD: [&str; 2] = ["show-config", "--json"];
        const NEW: [&str; 3] = ["config", "show", "--json"];
        let version = self.version();
        // Lix has had the old name longer.
        let ways: [&[&str]; 2] =
            match (version.major, version.minor) >= (2, 20) && version.flavour != Flavour::Lix {
                true => [&NEW, &OLD],
                false => [&OLD, &NEW],
            };
        ways.into_iter().find_map(|way| {
            let ask = Invocation::new("nix")
                .args(["--extra-experimental-features", "nix-command"])
                .args(way)
                .args(self.store_settings())
                .timeout(self.time_limit());
            let output = self.runner().run(&ask).ok()?.success(&ask).ok()?;
            read_max_jobs(&output.stdout)
        })
    }
}

fn read_max_jobs(printed: &[u8]) -> Option<u32> {
    let settings: Value = serde_json::from_slice(printed).ok()?;
    let jobs = settings.get("max-jobs")?.get("value")?.as_u64()?;
    u32::try_from(jobs).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_value_of_the_setting() {
        let printed = br#"{"cores":{"value":0},"max-jobs":{"aliases":["build-max-jobs"],"defaultValue":1,"value":16}}"#;
        assert_eq!(read_max_jobs(printed), Some(16));
        for other in [
            &b"max-jobs = 16\n"[..],
            b"{}",
            br#"{"max-jobs":{"value":"auto"}}"#,
            br#"{"max-jobs":{"value":99999999999}}"#,
        ] {
            assert_eq!(read_max_jobs(other), None);
        }
    }
}
