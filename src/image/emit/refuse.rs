//! What a builder cannot say of an image: refused with the reason, never dropped.

use super::{bazel, docker};
use crate::image::spec::{Cross, Method, Source, Spec};

/// A part of a spec that a builder does not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The key: `config.healthcheck`.
    pub key: &'static str,
    pub reason: &'static str,
}

/// What `method` cannot say of `spec`.
pub fn refusals(spec: &Spec, method: Method) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut refuse = |holds: bool, key, reason| {
        if holds {
            refusals.push(Refusal { key, reason });
        }
    };
    let serves = serves(&spec.source);
    refuse(
        serves && !spec.tmp && spec.config.entrypoint.is_none(),
        "tmp",
        "nginx, which serves these files, writes to `/tmp` while it runs",
    );
    refuse(
        spec.cross == Cross::PkgsCross && !method.is_nix(),
        "cross",
        "`pkgsCross` is of nixpkgs: other tools have platforms",
    );
    match method {
        Method::Nix2Container => refuse(
            spec.config.healthcheck.is_some(),
            "config.healthcheck",
            "nix2container writes OCI configs, which know no health check, and drops it: use the probes of \
             Kubernetes, or the builder `layered`",
        ),
        Method::Layered | Method::Stream => {}
        Method::Dockerfile => refusals.extend(docker::refusals(spec)),
        Method::RulesImg => refusals.extend(bazel::refusals(spec)),
    }
    refusals
}

/// Whether nginx serves what is made from `source`.
pub fn serves(source: &Source) -> bool {
    matches!(
        source,
        Source::Vite(_) | Source::Hugo(_) | Source::Static(_)
    )
}
