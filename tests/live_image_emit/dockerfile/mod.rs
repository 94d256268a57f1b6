//! Dockerfiles that are emitted, built by a real BuildKit on bases made of this machine's programs; the image's config
//! compared with the spec, and the image run. Of the kinds that need more than such a base has, Rust and what npm, pnpm and
//! yarn install are not here.

mod config;
mod engine;
mod kinds;
