//! NixBuild manifests and pod annotations: a flake at a revision, and the image that is made of it.

use super::{Moves, Pin, PinKind, PinnedHash, Role};
use crate::manifest::nixbuild::{NixBuild, Place};
use crate::manifest::{flake_url, image_ref, nixbuild};
use crate::naming::Name;
use crate::problem::Problem;
use crate::source::SourceFile;
use crate::spot::Spot;

/// Words without which a manifest pins nothing.
pub const NEEDLES: &[&str] = &["enbi.hrzn.ee", "flakeUrl"];

/// The pins of a manifest. What is wrong with it is a problem only when it speaks of builds at all.
pub fn find(container: &str, file: &SourceFile, problems: &mut Vec<Problem>) -> Vec<Pin> {
    match nixbuild::find(file) {
        Ok(found) => found
            .iter()
            .filter_map(|build| of_build(container, file, build))
            .collect(),
        // Templates of another language mention builds too; only a file that is nothing but YAML can be wrong.
        Err(_) if file.text().contains("{{") => Vec::new(),
        Err(error) => {
            problems.push(Problem::of_manifest(file.path(), &error));
            Vec::new()
        }
    }
}

fn of_build(container: &str, file: &SourceFile, build: &NixBuild) -> Option<Pin> {
    let located = build.flake_url.as_ref()?;
    let flake = flake_url::read(&located.value)?;
    let spot = Spot::in_scalar(file.path(), located, flake.rev.clone()?);
    let image_tag = build.image_tag.as_ref().and_then(|tag| {
        let range = image_ref::read(&tag.value).tag?;
        Some(Spot::in_scalar(file.path(), tag, range))
    });
    let place = match build.place {
        Place::NixBuild => "nixbuild",
        Place::Annotations | Place::JsonPatch => "annotations",
    };
    let object = match build.name.is_empty() {
        true => format!("{}", build.document),
        false => build.name.clone(),
    };
    Some(Pin {
        name: Name::new(container, &[place.to_owned(), object]),
        file: file.path().clone(),
        kind: PinKind::NixBuild,
        moves: Moves::Rev,
        url: Some(located.value.clone()),
        repository: flake.repository.clone(),
        git_ref: flake.git_ref.clone(),
        rev: Some(spot.value.clone()),
        hash: PinnedHash::None,
        version: None,
        comment: comment_after(file, located.span.end),
        fetch: None,
        dependent_hashes: Vec::new(),
        role: Role::NixBuild { image_tag },
        spot: Some(spot),
    })
}

/// A YAML comment behind a value on its line.
fn comment_after(file: &SourceFile, offset: usize) -> Option<String> {
    let rest = file.text().get(offset..)?.lines().next()?;
    let at = rest.find(" #")?;
    rest[..at]
        .trim()
        .is_empty()
        .then(|| rest[at + 2..].trim_start_matches('#').trim().to_owned())
}
