//! `dockerTools.pullImage` and `nix2container.pullImage`: a base image by its digest.

use super::{Arguments, Fetched, Fetcher};
use crate::pin::{Moves, PinKind};
use crate::spot::Spot;

pub const FETCHER: Fetcher = Fetcher {
    functions: &["pullImage", "pullImageFromManifest"],
    read,
};

fn read(arguments: &Arguments) -> Option<Fetched> {
    let digest = arguments.text("imageDigest")?;
    Some(Fetched {
        kind: PinKind::ImageDigest,
        url: arguments.string("imageName"),
        repository: None,
        git_ref: arguments
            .string("finalImageTag")
            .or_else(|| arguments.string("imageTag")),
        spot: Spot::literal(&digest)?,
        moves: Moves::Given,
        rev: digest.value(),
        fetch: None,
    })
}
