//! Publishing to a real registry, by the scripts that mkPublishApps wraps: `nix/publish/main.sh` with a description of
//! two images. Needs docker-registry, skopeo, pass, and regctl, which `scripts/image-tools.sh` installs.

mod apps;
mod failures;
mod flow;
mod races;
mod scene;
mod secrets;
#[path = "../support/mod.rs"]
mod support;
