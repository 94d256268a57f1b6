//! Publishing to a real registry, by the scripts that mkPublishApps wraps: `nix/publish/main.sh` with a description of
//! two images. regctl comes from `scripts/regctl.sh target/regctl`, or is in one of the folders that COTTER_TEST_TOOLS_PATH names.

mod apps;
mod failures;
mod flow;
mod images;
mod races;
mod scene;
mod secrets;
#[path = "../support/mod.rs"]
mod support;
