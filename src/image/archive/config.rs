//! The JSON documents of images: Docker's `manifest.json`, OCI's index and manifest, the config that both have.
//!
//! Only what cotter needs of them; Go's `null` for an empty list is one. Source: the OCI image specification, and
//! Docker's image specification 1.2.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// The config of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ImageConfig {
    #[serde(deserialize_with = "or_default")]
    pub architecture: String,
    #[serde(deserialize_with = "or_default")]
    pub os: String,
    pub variant: Option<String>,
    pub created: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub config: Execution,
    #[serde(deserialize_with = "or_default")]
    pub rootfs: RootFs,
    #[serde(deserialize_with = "or_default")]
    pub history: Vec<History>,
}

/// What is run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Execution {
    #[serde(deserialize_with = "or_default")]
    pub entrypoint: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub cmd: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub env: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub user: String,
    #[serde(deserialize_with = "or_default")]
    pub working_dir: String,
    #[serde(deserialize_with = "or_default")]
    pub labels: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RootFs {
    #[serde(deserialize_with = "or_default")]
    pub diff_ids: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct History {
    pub created_by: Option<String>,
    pub comment: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub empty_layer: bool,
}

impl ImageConfig {
    /// What is said of each of `count` layers; nothing when it is not clear what is said of which.
    pub fn history_of_layers(&self, count: usize) -> Vec<History> {
        let said = self.history.iter().filter(|entry| !entry.empty_layer);
        let said: Vec<History> = said.cloned().collect();
        match said.len() == count {
            true => said,
            false => vec![History::default(); count],
        }
    }

    /// `OS/ARCHITECTURE` or `OS/ARCHITECTURE/VARIANT`.
    pub fn platform(&self) -> Platform {
        Platform {
            os: self.os.clone(),
            architecture: self.architecture.clone(),
            variant: self.variant.clone(),
        }
    }
}

/// One image of Docker's `manifest.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DockerManifest {
    pub config: String,
    #[serde(default, deserialize_with = "or_default")]
    pub repo_tags: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub layers: Vec<String>,
}

/// An OCI index, or a manifest: `index.json` leads to either.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OciDocument {
    #[serde(deserialize_with = "or_default")]
    pub manifests: Vec<Descriptor>,
    pub config: Option<Descriptor>,
    #[serde(deserialize_with = "or_default")]
    pub layers: Vec<Descriptor>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Descriptor {
    #[serde(deserialize_with = "or_default")]
    pub media_type: String,
    #[serde(deserialize_with = "or_default")]
    pub digest: String,
    #[serde(deserialize_with = "or_default")]
    pub size: u64,
    pub platform: Option<Platform>,
    #[serde(deserialize_with = "or_default")]
    pub annotations: BTreeMap<String, String>,
}

/// `OS/ARCHITECTURE` or `OS/ARCHITECTURE/VARIANT`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Platform {
    #[serde(default)]
    pub os: String,
    #[serde(default)]
    pub architecture: String,
    pub variant: Option<String>,
}

impl Platform {
    /// Whether an image of this platform is meant by `wanted`.
    pub fn fits(&self, wanted: &Platform) -> bool {
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && (wanted.variant.is_none() || self.variant == wanted.variant)
    }

    /// Linux on this machine's processor.
    pub fn of_this_machine() -> Platform {
        let architecture = std::env::consts::ARCH;
        Platform {
            os: "linux".to_owned(),
            architecture: crate::image::oci_architecture(architecture)
                .unwrap_or(architecture)
                .to_owned(),
            variant: None,
        }
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

impl std::str::FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Platform, String> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            [os, architecture, variant @ ..]
                if variant.len() <= 1 && parts.iter().all(|part| !part.is_empty()) =>
            {
                Ok(Platform {
                    os: (*os).to_owned(),
                    architecture: (*architecture).to_owned(),
                    variant: variant.first().map(|&variant| variant.to_owned()),
                })
            }
            _ => Err(format!(
                "`{text}` is no platform: OS/ARCHITECTURE, such as linux/amd64"
            )),
        }
    }
}

/// `null` as if it were not there.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
