//! Files by their URLs, over http and from this disk.
//!
//! Not here: repositories (`git`), and which URL belongs to what (`pin`, `fod`).

mod client;
mod download;

pub(crate) use client::ClientSettings;
pub use download::{DownloadError, DownloadOptions, Downloads};
