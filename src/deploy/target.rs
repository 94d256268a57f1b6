//! What each place is to say: the tag, with the architecture that tells it from its siblings, and the digest.

use std::collections::BTreeSet;

use globset::GlobBuilder;

use super::{DeployError, Digest, Remark, Request};
use crate::config::Config;
use crate::manifest::{image_ref, image_tag};

/// The tag that always means something else tomorrow.
const MOVING: &str = "latest";

/// Whether the request can be one, and policy allows its tag.
pub fn check(config: &Config, request: &Request) -> Result<(), DeployError> {
    let tag = &request.tag;
    if !image_tag::is_tag(tag) {
        return Err(DeployError::Request {
            message: format!("`{tag}` is no tag of an image"),
            hint: Some(
                "a tag has up to 128 letters, digits, `_`, `.` and `-`, and begins with none of the last two".into(),
            ),
        });
    }
    if let Digest::Given(digest) = &request.digest
        && !image_tag::is_digest(digest)
    {
        return Err(DeployError::Request {
            message: format!("`{digest}` is no digest of an image"),
            hint: Some("a digest is `sha256:` and 64 lower-case hexadecimal digits".into()),
        });
    }
    let mut forbidden = (tag == MOVING).then(|| MOVING.to_owned());
    for pattern in &config.policy.forbidden_tags {
        let glob = GlobBuilder::new(pattern.get_ref())
            .build()
            .map_err(|error| {
                config.error(
                    pattern.span(),
                    format!("no pattern of tags: {}", error.kind()),
                )
            })?;
        if glob.compile_matcher().is_match(tag) {
            forbidden.get_or_insert_with(|| pattern.get_ref().clone());
        }
    }
    let Some(pattern) = forbidden else {
        return Ok(());
    };
    let why = match pattern == MOVING {
        true => "every push moves it, so what runs depends on when a node pulled it".to_owned(),
        false => format!("`forbidden-tags` of cotter.toml has `{pattern}`"),
    };
    let remark = Remark {
        at: None,
        message: format!("nothing is deployed by the tag `{tag}`: {why}"),
        hint: Some("name the tag that was built for this version or revision".into()),
    };
    Err(DeployError::Invariant(vec![remark]))
}

/// The request, and how the tags of now differ from one another.
pub struct Target<'r> {
    pub tag: &'r str,
    pub digest: &'r Digest,
    /// Whether the image has a tag for each of several architectures.
    per_architecture: bool,
}

/// A digest that would stay as it is beside a new tag.
#[derive(Debug, PartialEq, Eq)]
pub struct Stale {
    pub digest: String,
}

impl<'r> Target<'r> {
    pub fn new(request: &'r Request, old_tags: &BTreeSet<String>) -> Target<'r> {
        let endings: BTreeSet<&str> = old_tags
            .iter()
            .filter_map(|tag| image_tag::architecture(tag))
            .collect();
        Target {
            tag: &request.tag,
            digest: &request.digest,
            per_architecture: endings.len() > 1 && image_tag::architecture(&request.tag).is_none(),
        }
    }

    /// What the tag `old` becomes: of siblings for several architectures, each keeps its own.
    pub fn tag_for(&self, old: &str) -> String {
        match image_tag::architecture(old).filter(|_| self.per_architecture) {
            Some(ending) => format!("{}{ending}", self.tag),
            None => self.tag.to_owned(),
        }
    }

    /// What the reference `old` becomes; `may_pin` when a digest may be put where there is none.
    pub fn reference(&self, old: &str, may_pin: bool) -> Result<String, Stale> {
        let read = image_ref::read(old);
        let name = read.name_in(old);
        let old_tag = read.tag_in(old);
        let tag = self.tag_for(old_tag.unwrap_or_default());
        let old_digest = read.digest.clone().and_then(|range| old.get(range));
        Ok(match (old_digest, self.digest) {
            (Some(_), Digest::Unknown) if old_tag == Some(tag.as_str()) => old.to_owned(),
            (Some(digest), Digest::Unknown) => {
                return Err(Stale {
                    digest: digest.to_owned(),
                });
            }
            // Without a tag before, the digest goes on saying all.
            (Some(_), Digest::Given(digest)) if old_tag.is_none() => format!("{name}@{digest}"),
            (Some(_), Digest::Given(digest)) => format!("{name}:{tag}@{digest}"),
            (None, Digest::Given(digest)) if may_pin => format!("{name}:{tag}@{digest}"),
            _ => format!("{name}:{tag}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(tag: &str, digest: Digest) -> Request {
        Request {
            name: "k".into(),
            tag: tag.into(),
            digest,
            service_version: None,
        }
    }

    #[test]
    fn references_keep_their_form() {
        let given = || Digest::Given("sha256:new".into());
        for (old, digest, may_pin, new) in [
            ("r:5000/k:v1", Digest::Unknown, true, Some("r:5000/k:v2")),
            ("k", Digest::Unknown, true, Some("k:v2")),
            ("k:v1@sha256:old", Digest::Unknown, true, None),
            (
                "k:v2@sha256:old",
                Digest::Unknown,
                true,
                Some("k:v2@sha256:old"),
            ),
            ("k@sha256:old", Digest::Unknown, true, None),
            ("k@sha256:old", given(), true, Some("k@sha256:new")),
            ("k@sha256:old", Digest::Drop, true, Some("k:v2")),
            ("k:v1@sha256:old", given(), false, Some("k:v2@sha256:new")),
            ("k:v1", given(), true, Some("k:v2@sha256:new")),
            ("k:v1", given(), false, Some("k:v2")),
        ] {
            let request = request("v2", digest);
            let target = Target::new(&request, &BTreeSet::new());
            assert_eq!(target.reference(old, may_pin).ok().as_deref(), new, "{old}");
        }
    }

    #[test]
    fn tags_of_several_architectures_keep_their_endings() {
        let tags = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect();
        let plain = request("v2", Digest::Unknown);
        let both = Target::new(&plain, &tags(&["v1-amd64", "v1-arm64"]));
        assert_eq!(both.tag_for("v1-arm64"), "v2-arm64");
        assert_eq!(both.tag_for("v1"), "v2");
        let one = Target::new(&plain, &tags(&["v1-amd64"]));
        assert_eq!(one.tag_for("v1-amd64"), "v2");
    }
}
