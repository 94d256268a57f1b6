//! A container's own version, as its Nix files say it: not that of something else that is built in them.

use std::rc::Rc;

use crate::check::Place;
use crate::source::RelPath;
use crate::syntax::{Library, NixFile, Part, Text, Value, calls, sets_with};

/// The names that a container's Nix file has.
pub const FILES: [&str; 3] = ["default.nix", "package.nix", "flake.nix"];

const VERSION: &str = "version";
const ENV: &str = "CONTAINER_APP_VERSION";

/// What builds an image.
const BUILDERS: [&str; 4] = [
    "buildImage",
    "buildLayeredImage",
    "streamLayeredImage",
    "streamImage",
];

/// What the Nix files of one folder say.
#[derive(Default)]
pub struct Own {
    /// The version and where it stands, where that is certain.
    pub version: Option<(String, Place)>,
    /// The names of the images, as far as they are known.
    pub images: Vec<String>,
    /// Whether an image is built there.
    pub builds_image: bool,
}

pub fn read(library: &Library, files: &[RelPath], container: &str) -> Own {
    let mut own = Own::default();
    let mut of_images = Vec::new();
    let mut of_files = Vec::new();
    for file in files.iter().filter_map(|path| library.get(path)) {
        of_images.extend(in_images(library, &file, &mut own));
        of_files.extend(in_file(library, &file, container));
    }
    // What an image is tagged with is its version, whatever else is bound.
    own.version = match of_images.is_empty() {
        false => only(library, &of_images),
        true => {
            let (marked, plain): (Vec<Part>, Vec<Part>) = of_files
                .into_iter()
                .partition(|part| is_marked(library, part));
            match marked.is_empty() {
                false => only(library, &marked),
                true => only(library, &plain),
            }
        }
    };
    own
}

/// The version that a file of sources binds for itself, which its container may have a copy of.
pub fn of_sources(library: &Library, path: &RelPath) -> Option<(String, Place)> {
    let file = library.get(path)?;
    let mut parts = Vec::new();
    for (attrs, path) in sets_with(&file, VERSION) {
        if let (true, Value::Text(text)) = (path.is_empty(), attrs.get(library, VERSION)) {
            parts.extend(text.literal().cloned());
        }
    }
    only(library, &parts)
}

/// The version that the images of `file` are tagged with.
fn in_images(library: &Library, file: &Rc<NixFile>, own: &mut Own) -> Vec<Part> {
    let mut found = Vec::new();
    for call in calls(file, |name| BUILDERS.contains(&name)) {
        own.builds_image = true;
        let Some(arguments) = call.arguments(library) else {
            continue;
        };
        let name = arguments.get(library, "name").text();
        own.images.extend(name.map(|name| name.value()));
        found.extend(arguments.get(library, "tag").text().and_then(version_in));
        let env = arguments.get_path(library, &["config", "Env"]).list();
        for entry in env.map(|list| list.items(library)).unwrap_or_default() {
            let text = entry.text().filter(|text| {
                let value = text.value();
                value.starts_with(ENV) && value[ENV.len()..].starts_with('=')
            });
            found.extend(text.and_then(version_in));
        }
    }
    found
}

/// The piece of a text that is called `version`.
fn version_in(text: Text) -> Option<Part> {
    let mut parts = text.parts.into_iter();
    parts.find(|part| part.whole && part.via.as_deref() == Some(VERSION))
}

/// What is bound as `version` for the file as a whole, or in a package that is called as the container.
fn in_file(library: &Library, file: &Rc<NixFile>, container: &str) -> Vec<Part> {
    let mut found = Vec::new();
    for (attrs, path) in sets_with(file, VERSION) {
        let is_named = || {
            ["pname", "name"].iter().any(|name| {
                let text = attrs.get(library, name).text();
                text.is_some_and(|text| text.value() == container)
            })
        };
        let is_of_file = match path.as_slice() {
            [] => true,
            [outputs] => outputs == "outputs" && file.path().file_name() == "flake.nix",
            _ => false,
        };
        if !is_of_file && !is_named() {
            continue;
        }
        if let Value::Text(text) = attrs.get(library, VERSION) {
            found.extend(text.literal().cloned());
        }
    }
    found
}

/// Whether a comment says that this is what the container is called after.
fn is_marked(library: &Library, part: &Part) -> bool {
    let comments = library.comments_of(part);
    comments.iter().any(|comment| comment.contains(ENV))
}

/// The version that all of `parts` say.
fn only(library: &Library, parts: &[Part]) -> Option<(String, Place)> {
    let first = parts.first()?;
    let is_only = parts.iter().all(|part| part.value == first.value);
    let file = library.source(&first.file)?;
    let place = Place::of(&file, first.range.clone());
    is_only.then(|| (first.value.clone(), place))
}
