//! Which build method fits a folder, and why: nix2container for what is built with Nix, rules_img where every input is a
//! target of Bazel, a Dockerfile for the rest. With it goes what the folder looks like, as a spec to start from.
//!
//! Nothing here is run or evaluated, and nothing is written. Not here: a Dockerfile that is there (`migrate`).

mod bazel;
mod folder;
mod kind;
mod nix;
mod web;

pub use folder::Reason;
pub use kind::{Guess, guess};

use folder::Folder;

use super::spec::{LinuxSystem, Method, Source, Spec};
use crate::source::{RelPath, Workspace};

/// The answer.
#[derive(Clone, Debug)]
pub struct Choice {
    pub folder: RelPath,
    pub method: Method,
    /// Why, the first one first.
    pub reasons: Vec<Reason>,
    /// What would lead to another answer.
    pub otherwise: Vec<String>,
    /// What the folder looks like, where that is known.
    pub guess: Option<Guess>,
    /// A spec to start from, where a guess was made.
    pub spec: Option<Spec>,
}

/// The method that fits `folder` of `workspace`.
pub fn choose(workspace: &Workspace, folder: &RelPath) -> Choice {
    let folder = Folder::of(workspace, folder);
    let nix = nix::built_with(&folder);
    let bazel = bazel::inputs(&folder);
    let mut reasons = nix.reasons;
    let method = match (nix.is_built, &bazel) {
        (true, _) => Method::Nix2Container,
        (false, bazel::Inputs::AllTargets(_)) => Method::RulesImg,
        (false, _) => Method::Dockerfile,
    };
    if !nix.is_built {
        match bazel {
            bazel::Inputs::AllTargets(found) | bazel::Inputs::Others(found) => reasons.extend(found),
            bazel::Inputs::NoBazel => reasons.push(Reason::new(
                "not every input is a target of Bazel: there is no BUILD file here below a MODULE.bazel",
            )),
        }
    }
    let guess = guess_source(&folder, nix.package);
    let spec = guess
        .as_ref()
        .map(|guess| spec(workspace, &folder.path, method, guess));
    Choice {
        otherwise: otherwise(method, guess.as_ref(), spec.is_some()),
        folder: folder.path,
        method,
        reasons,
        guess,
        spec,
    }
}

/// What the folder's own files say counts more than that there is a package.
fn guess_source(folder: &Folder, package: Option<Guess>) -> Option<Guess> {
    match (kind::guess_in(folder), package) {
        // The package knows how it is built.
        (Some(found), Some(package)) if !found.lacks.is_empty() => Some(package),
        (None, package) => package,
        (found, _) => found,
    }
}

fn spec(workspace: &Workspace, folder: &RelPath, method: Method, guess: &Guess) -> Spec {
    let mut spec = Spec::new(image_name(workspace, folder), guess.source.clone());
    spec.builder = Some(method);
    spec.systems = vec![LinuxSystem::X86_64, LinuxSystem::Aarch64];
    spec.ca_certificates = method != Method::RulesImg;
    if let Source::Script(script) = &spec.source
        && let Some(first) = script.files.keys().next()
    {
        spec.config.entrypoint = Some(vec![first.clone()]);
        // The others take programs from elsewhere than nixpkgs.
        if method.is_nix() {
            spec.contents = vec!["bash".to_owned(), "coreutils".to_owned()];
            spec.usr_bin_env = true;
        }
    }
    spec
}

/// A name for the image of `folder`: that of the folder, as far as it may be part of an image's name.
pub fn image_name(workspace: &Workspace, folder: &RelPath) -> String {
    let full = folder.to_path(workspace.root());
    let name = full.file_name().and_then(|name| name.to_str());
    let mut clean = String::new();
    for sign in name.unwrap_or_default().to_ascii_lowercase().chars() {
        match sign {
            'a'..='z' | '0'..='9' => clean.push(sign),
            _ if clean.is_empty() || clean.ends_with('-') => {}
            _ => clean.push('-'),
        }
    }
    match clean.trim_end_matches('-') {
        "" => "app".to_owned(),
        clean => clean.to_owned(),
    }
}

fn otherwise(method: Method, guess: Option<&Guess>, has_spec: bool) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    let mut say = |text: &str| said.push(text.to_owned());
    match method {
        Method::Nix2Container => {
            say(
                "`stream` or `layered`, where an operator or `docker load` takes the image as an archive: nix2container's result is none",
            );
            say(
                "`dockerfile`, where the Nix expression goes and nothing else builds the component",
            );
        }
        Method::RulesImg => {
            say("`nix2container`, once a Nix expression builds the component");
            say("`dockerfile`, once an input comes from elsewhere than a target");
        }
        _ => {
            match has_spec {
                true => say(
                    "`nix2container`, once a Nix expression builds the component: `cotter image emit image.toml --builder nix2container` writes one from the spec",
                ),
                false => say("`nix2container`, once a Nix expression builds the component"),
            }
            say("`rules_img`, once every input is a target of Bazel");
        }
    }
    if guess.is_some_and(|guess| matches!(guess.source, Source::Vite(_) | Source::Bun(_)))
        && method == Method::Nix2Container
    {
        say("`dockerfile`, where the Node toolchain is simpler as Docker stages than in Nix");
    }
    said
}
