//! The builders of images.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What builds an image.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, clap::ValueEnum,
)]
pub enum Method {
    #[serde(rename = "nix2container")]
    #[value(name = "nix2container")]
    Nix2Container,
    /// `dockerTools.buildLayeredImage`
    #[serde(rename = "layered")]
    Layered,
    /// `dockerTools.streamLayeredImage`
    #[serde(rename = "stream")]
    Stream,
    #[serde(rename = "dockerfile")]
    Dockerfile,
    /// Bazel's rules_img
    #[serde(rename = "rules_img")]
    #[value(name = "rules_img")]
    RulesImg,
}

impl Method {
    /// As the spec and the command line call it.
    pub fn name(self) -> &'static str {
        match self {
            Method::Nix2Container => "nix2container",
            Method::Layered => "layered",
            Method::Stream => "stream",
            Method::Dockerfile => "dockerfile",
            Method::RulesImg => "rules_img",
        }
    }

    /// Whether Nix builds it.
    pub fn is_nix(self) -> bool {
        !matches!(self, Method::Dockerfile | Method::RulesImg)
    }
}
