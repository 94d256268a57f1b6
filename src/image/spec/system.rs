//! The systems that images run on, and what each world calls them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
pub enum LinuxSystem {
    #[serde(rename = "x86_64-linux")]
    X86_64,
    #[serde(rename = "aarch64-linux")]
    Aarch64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cross {
    #[default]
    Native,
    PkgsCross,
}

impl LinuxSystem {
    /// As Nix calls it.
    pub fn nix(self) -> &'static str {
        match self {
            LinuxSystem::X86_64 => "x86_64-linux",
            LinuxSystem::Aarch64 => "aarch64-linux",
        }
    }

    /// As OCI calls its architecture.
    pub fn oci(self) -> &'static str {
        match self {
            LinuxSystem::X86_64 => "amd64",
            LinuxSystem::Aarch64 => "arm64",
        }
    }

    /// The attribute of `pkgsCross` that is of it.
    pub fn pkgs_cross(self) -> &'static str {
        match self {
            LinuxSystem::X86_64 => "gnu64",
            LinuxSystem::Aarch64 => "aarch64-multiplatform",
        }
    }
}
