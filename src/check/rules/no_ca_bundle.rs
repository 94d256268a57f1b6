//! C605: an image with a TLS client and no certificates to check servers by.

use std::ops::Range;

use crate::check::{Asks, Check, Doc, NixView, Report, Rule, Severity};
use crate::image::{self, ImageCall, Package};
use crate::source::RelPath;
use crate::syntax::path_literals;

pub static RULE: Rule = Rule {
    code: "C605",
    name: "no-ca-bundle",
    severity: Severity::Warning,
    fixable: false,
    asks: Asks::Files,
    doc: Doc {
        what: "An image with a program that speaks TLS to servers, and neither `cacert` in it nor `SSL_CERT_FILE` or its kin \
               in its environment.",
        why: "A distribution's image has the certificates of authorities; one that Nix makes has them only when it is given \
              them. Every https request fails otherwise, at run time.",
        bad: "dockerTools.buildLayeredImage {\n  name = \"probe\";\n  contents = [ pkgs.curl ];\n}",
        good: "dockerTools.buildLayeredImage {\n  name = \"probe\";\n  contents = [ pkgs.curl pkgs.cacert ];\n}",
        fix: "Add `pkgs.cacert` to the contents, or `\"SSL_CERT_FILE=${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt\"` to `Env`; \
              nix2container needs both, since it sets no variable by itself.",
    },
    checks: &[Check::Nix {
        words: image::WORDS,
        run,
    }],
};

/// Programs that are there to speak TLS.
const CLIENTS: [&str; 22] = [
    "awscli",
    "awscli2",
    "crane",
    "curl",
    "curlFull",
    "curlHTTP3",
    "curlMinimal",
    "gh",
    "git",
    "gitFull",
    "gitMinimal",
    "google-cloud-sdk",
    "helm",
    "kubernetes-helm",
    "oras",
    "rclone",
    "regclient",
    "restic",
    "s5cmd",
    "skopeo",
    "wget",
    "wget2",
];

/// Interpreters, whose programs may.
const INTERPRETERS: [&str; 6] = ["bun", "deno", "nodejs", "php", "python", "ruby"];

/// Variables that name certificates.
const VARIABLES: [&str; 7] = [
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NIX_SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
];

/// Packages that bring them.
const BUNDLES: [&str; 3] = ["cacert", "caCertificates", "ca-certificates"];

/// Whoever speaks of these puts them there in some other way.
const WORDS: [&str; 5] = [
    "ca-bundle",
    "ca-certificates",
    "etc/ssl",
    "SSL_CERT",
    "ca_bundle",
];

/// How large a script is that is looked at for what it speaks to, and how many.
const MAX_SCRIPT: usize = 256 << 10;
const MOST_SCRIPTS: usize = 20;

fn run(view: &NixView, report: &mut Report) {
    let text = view.source().text();
    if WORDS.iter().any(|word| text.contains(word)) {
        return;
    }
    for image in image::images(view.library, view.file) {
        if image.builder.makes_image() {
            of_image(view, &image, report);
        }
    }
}

fn of_image(view: &NixView, image: &ImageCall, report: &mut Report) {
    let contents = image.contents(view.library);
    let env = image.env(view.library);
    if contents.is_open || env.may_hold_more || image.has_base(view.library) {
        return;
    }
    if VARIABLES.iter().any(|name| env.has(name)) {
        return;
    }
    let brings_bundle = |(file, range): &(RelPath, Range<usize>)| {
        let file = view.library.source(file);
        let text = file
            .as_ref()
            .and_then(|file| file.text().get(range.clone()));
        text.is_none_or(|text| BUNDLES.iter().any(|bundle| text.contains(bundle)))
    };
    if contents.made.iter().any(brings_bundle) {
        return;
    }
    let mut packages = contents.packages;
    packages.extend(image.in_config(view.library));
    let has_bundle = |package: &Package| BUNDLES.contains(&package.name.as_str());
    if packages.iter().any(has_bundle) {
        return;
    }
    let is_client = |package: &&Package| {
        CLIENTS.contains(&package.name.as_str())
            || is_interpreter(&package.name) && speaks_https(view)
    };
    let Some(client) = packages.iter().find(is_client) else {
        return;
    };
    if let Some(place) = view.place_in(&client.file, client.range.clone()) {
        let message = format!(
            "`{}` has no certificates in this image to check servers by",
            client.name
        );
        report
            .add(place, message)
            .help("add `cacert` to the image and `SSL_CERT_FILE` to `Env`");
    }
}

/// `python3`, `python312`, `nodejs_20`, `nodejs-slim`.
fn is_interpreter(name: &str) -> bool {
    INTERPRETERS.iter().any(|known| {
        let rest = name.strip_prefix(known);
        rest.is_some_and(|rest| {
            rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit() || "_-".contains(c))
        })
    })
}

/// Whether a file that the expression names speaks of a server that is reached by TLS.
fn speaks_https(view: &NixView) -> bool {
    let has = |bytes: &[u8]| {
        bytes.len() <= MAX_SCRIPT && memchr::memmem::find(bytes, b"https://").is_some()
    };
    path_literals(view.file)
        .iter()
        .filter(|(_, path)| !path.file_name().ends_with(".nix") && view.subject.has_file(path))
        .take(MOST_SCRIPTS)
        .any(|(_, path)| matches!(view.subject.workspace.read_if(path, has), Ok(Some(_))))
}
