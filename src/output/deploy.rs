//! `deploy`.

use std::io::{self, Write};

use serde::Serialize;

use super::bump::changes_human;
use super::json;
use crate::deploy::{Deployment, Digest, Request};
use crate::plan::Change;

/// `{schema, name, image, tag, digest, changes, unchanged, written}`
pub fn deploy_json(
    sink: &mut impl Write,
    request: &Request,
    deployment: &Deployment,
    written: bool,
) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        name: &'a str,
        image: &'a str,
        tag: &'a str,
        digest: Option<&'a str>,
        changes: Vec<&'a Change>,
        unchanged: &'a [String],
        written: bool,
    }
    let digest = match &request.digest {
        Digest::Given(digest) => Some(digest.as_str()),
        Digest::Unknown | Digest::Drop => None,
    };
    json(
        sink,
        &Document {
            name: &request.name,
            image: &deployment.image,
            tag: &request.tag,
            digest,
            changes: deployment.plan.changes().collect(),
            unchanged: &deployment.plan.unchanged,
            written,
        },
    )
}

/// A line per changed value, and how many say it already.
pub fn deploy_human(
    sink: &mut impl Write,
    deployment: &Deployment,
    dry_run: bool,
) -> io::Result<()> {
    changes_human(sink, &deployment.plan, ("place", "places"), dry_run)
}
