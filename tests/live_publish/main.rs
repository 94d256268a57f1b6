//! Publishing to a real registry, by the scripts that mkPublishApps wraps: `nix/publish/main.sh` with a description of
//! two images. Needs docker-registry, docker.io, skopeo, pass, and regctl, buildx and BuildKit, which
//! `scripts/image-tools.sh` installs.

mod apps;
mod dockerfile;
mod failures;
mod flow;
mod races;
mod scene;
mod secrets;
#[path = "../support/mod.rs"]
mod support;
