//! What a builder cannot say of an image: refused with the reason, never dropped.

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
    match method {
        Method::Nix2Container => refuse(
            spec.config.healthcheck.is_some(),
            "config.healthcheck",
            "nix2container writes OCI configs, which know no health check, and drops it: use the probes of \
             Kubernetes, or the builder `layered`",
        ),
        Method::Layered | Method::Stream => {}
        Method::Dockerfile => {
            refuse(
                !spec.contents.is_empty(),
                "contents",
                "these are packages of nixpkgs, and a Dockerfile has those of its base image: add them there",
            );
            refuse(
                spec.base.is_some(),
                "base",
                "a Dockerfile begins from `outside.run-base`",
            );
            refuse(
                spec.created.is_some(),
                "created",
                "a Dockerfile does not say when its image was made: the tool that builds it does",
            );
            refuse(
                spec.cross == Cross::PkgsCross,
                "cross",
                "`pkgsCross` is of nixpkgs: the tool that builds a Dockerfile has `--platform`",
            );
        }
        Method::RulesImg => {
            refuse(
                spec.config.healthcheck.is_some(),
                "config.healthcheck",
                "rules_img writes OCI configs, which know no health check",
            );
            refuse(
                !spec.contents.is_empty(),
                "contents",
                "these are packages of nixpkgs: name their files in `outside.targets`",
            );
            refuse(
                spec.created.is_some(),
                "created",
                "rules_img has no such attribute",
            );
            refuse(
                spec.ca_certificates,
                "ca-certificates",
                "Bazel has no bundle of its own: name its target in `outside.targets`, and say `ca-certificates = false`",
            );
            refuse(
                spec.usr_bin_env,
                "usr-bin-env",
                "Bazel has no such program: name its target in `outside.targets`",
            );
            refuse(
                spec.outside.targets.is_empty(),
                "outside.targets",
                "rules_img puts the outputs of Bazel targets into an image: name them by their paths in it",
            );
            refuse(
                spec.config.entrypoint.is_none(),
                "config.entrypoint",
                "what the targets hold is not known here: say what is run",
            );
        }
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
