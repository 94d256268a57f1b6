//! Which Nix this is, and what that one can do.

use std::fmt;

/// Who made it. All count their versions on from the Nix that they come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    Nix,
    Lix,
    Determinate,
}

/// The version of the Nix language and command line; for Determinate Nix that is the Nix inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    pub flavour: Flavour,
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

impl Version {
    /// Reads what `nix --version` prints, such as `nix (Nix) 2.8.0`, `nix (Lix, like Nix) 2.91.1` or
    /// `nix (Determinate Nix 3.6.8) 2.30.2`. A suffix such as `pre20240101_abcdef` is passed over.
    pub fn parse(printed: &str) -> Option<Version> {
        let line = printed.lines().next()?;
        let (name, number) = line.trim().rsplit_once(' ').unwrap_or(("", line.trim()));
        let flavour = if name.contains("Lix") {
            Flavour::Lix
        } else if name.contains("Determinate") {
            Flavour::Determinate
        } else {
            Flavour::Nix
        };
        let mut parts = number.split('.').map(leading_number);
        Some(Version {
            flavour,
            major: parts.next()??,
            minor: parts.next()??,
            patch: parts.next().flatten().unwrap_or(0),
        })
    }

    /// Whether inputs are updated by `nix flake update INPUT...`; else by `nix flake lock --update-input INPUT`.
    /// Since Nix 2.19 (its release notes); every Lix has it.
    pub fn updates_inputs_by_name(&self) -> bool {
        (self.major, self.minor) >= (2, 19)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.flavour {
            Flavour::Nix => "Nix",
            Flavour::Lix => "Lix",
            Flavour::Determinate => "Determinate Nix",
        };
        write!(f, "{name} {}.{}.{}", self.major, self.minor, self.patch)
    }
}

fn leading_number(part: &str) -> Option<u32> {
    let end = part
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(part.len());
    part.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_every_nix_prints() {
        for (printed, shown, by_name) in [
            ("nix (Nix) 2.8.0\n", "Nix 2.8.0", false),
            ("nix (Nix) 2.18.1\n", "Nix 2.18.1", false),
            ("2.18.1", "Nix 2.18.1", false),
            ("nix (Nix) 2.19.0\n", "Nix 2.19.0", true),
            ("nix (Nix) 2.34.8\n", "Nix 2.34.8", true),
            ("nix (Nix) 2.20pre20231201_1abc\n", "Nix 2.20.0", true),
            ("nix (Nix) 3.0.0\n", "Nix 3.0.0", true),
            (
                "nix (Lix, like Nix) 2.91.1\nSystem type: x86_64-linux\n",
                "Lix 2.91.1",
                true,
            ),
            (
                "nix (Lix, like Nix) 2.94.0-pre20250807_ab\n",
                "Lix 2.94.0",
                true,
            ),
            (
                "nix (Determinate Nix 3.6.8) 2.30.2\n",
                "Determinate Nix 2.30.2",
                true,
            ),
        ] {
            let version = Version::parse(printed).unwrap_or_else(|| panic!("{printed}"));
            assert_eq!(version.to_string(), shown);
            assert_eq!(version.updates_inputs_by_name(), by_name, "{printed}");
        }
    }

    #[test]
    fn refuses_what_is_no_version() {
        for printed in [
            "",
            "\n",
            "nix",
            "nix (Nix)",
            "nix (Nix) x.y",
            "nix (Nix) 2",
            "2.",
            "99999999999.1",
        ] {
            assert_eq!(Version::parse(printed), None, "{printed}");
        }
    }
}
