//! What a manifest wants built, checked: by a NixBuild, or by the annotations on what makes pods.

use crate::image::oci_architecture;
use crate::manifest::nixbuild::{self, NixBuild, Place};
use crate::manifest::{self, Located, Node, Tree, flake_url, image_ref, image_tag};
use crate::nix::attr_names;
use crate::problem::Problem;
use crate::process::redact;
use crate::source::SourceFile;

/// One image to be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// As it stands in the manifest, of the object that asks for the build.
    pub api_version: String,
    pub kind: String,
    pub name: String,
    pub namespace: String,
    /// At a revision.
    pub flake_url: String,
    pub image_tag: String,
    /// The attribute path below `packages.SYSTEM`.
    pub package: String,
    pub system: String,
}

impl Wanted {
    /// What decides on what is built.
    pub fn key(&self) -> (&str, &str, &str) {
        (&self.flake_url, &self.package, &self.system)
    }

    /// The image's name, without tag.
    pub fn image_name(&self) -> &str {
        image_ref::read(&self.image_tag).name_in(&self.image_tag)
    }

    /// The names of the attribute path.
    pub fn attrs(&self) -> Vec<String> {
        attr_names(&self.package)
    }

    /// What OCI calls the architecture of `system`.
    pub fn architecture(&self) -> &str {
        let name = self.system.split('-').next().unwrap_or_default();
        oci_architecture(name).unwrap_or(name)
    }

    /// Linux on this machine's processor.
    pub fn this_system() -> String {
        format!("{}-linux", std::env::consts::ARCH)
    }
}

/// What `file` wants built, in its order; each that is wrong says how. `system` is taken where the manifest names none.
pub fn read(file: &SourceFile, system: &str) -> Result<Vec<Result<Wanted, Problem>>, Problem> {
    let problem = |error| Problem::of_manifest(file.path(), &error);
    let tree = manifest::parse(file).map_err(problem)?;
    let builds = nixbuild::in_tree(file, &tree);
    let whole = builds
        .iter()
        .filter(|build| build.place != Place::JsonPatch);
    Ok(whole
        .map(|build| of_build(file, &tree, build, system))
        .collect())
}

fn of_build(
    file: &SourceFile,
    tree: &Tree,
    build: &NixBuild,
    system: &str,
) -> Result<Wanted, Problem> {
    let any = [&build.flake_url, &build.image_tag, &build.package]
        .into_iter()
        .find_map(|value| value.as_ref());
    let at = |located: Option<&Located>| {
        file.position(located.or(any).map_or(0, |located| located.span.start))
    };
    let wrong = |located: Option<&Located>, message: String, hint: &str| Problem {
        file: file.path().clone(),
        position: at(located),
        message,
        hint: Some(hint.to_owned()),
    };
    let needed = |value: &Option<Located>, key: &str| {
        value.clone().ok_or_else(|| {
            let message = format!("the build that is asked for here has no `{key}`");
            wrong(
                None,
                message,
                "a build needs flakeUrl, imageTag and packageName",
            )
        })
    };
    let url = needed(&build.flake_url, "flakeUrl")?;
    let image = needed(&build.image_tag, "imageTag")?;
    let package = needed(&build.package, "packageName")?;
    if redact(&url.value) != url.value {
        let message =
            "the flake's URL holds a credential, which would show in the list of processes";
        let hint =
            "take it out: git has credential helpers, and Nix reads ~/.netrc and `access-tokens`";
        return Err(wrong(Some(&url), message.to_owned(), hint));
    }
    if url.value.contains('#') {
        let message = "the flake's URL names an attribute".to_owned();
        return Err(wrong(
            Some(&url),
            message,
            "`packageName` says what is built",
        ));
    }
    let has_rev = flake_url::read(&url.value).is_some_and(|read| read.rev.is_some());
    if !has_rev || !url.value.bytes().all(|b| b.is_ascii_graphic()) {
        let message = format!("`{}` names no revision", url.value);
        let hint =
            "a build is of one revision for good: write `?rev=` and the full name of a commit";
        return Err(wrong(Some(&url), message, hint));
    }
    let read = image_ref::read(&image.value);
    let is_reference = image_tag::is_name(read.name_in(&image.value))
        && read.tag_in(&image.value).is_some_and(image_tag::is_tag)
        && read.digest.is_none();
    if !is_reference {
        let message = format!("`{}` is no name of an image with a tag", image.value);
        return Err(wrong(
            Some(&image),
            message,
            "such as registry.example.org/team/hello:1.2.3",
        ));
    }
    if attr_names(&package.value).is_empty() {
        let message = format!("`{}` is no attribute path", package.value);
        return Err(wrong(
            Some(&package),
            message,
            "such as hello-docker.stream",
        ));
    }
    let said = build.system.as_ref().map(|located| located.value.as_str());
    let system = said.unwrap_or(system);
    if !is_linux(system) {
        let message = format!("`{system}` is no system that images are for");
        let hint = "such as x86_64-linux or aarch64-linux";
        return Err(wrong(build.system.as_ref(), message, hint));
    }
    let document = tree.documents.get(build.document);
    let text = |keys: &[&str]| {
        let node = document.and_then(|document| document.at(keys));
        node.and_then(Node::as_str).unwrap_or_default().to_owned()
    };
    Ok(Wanted {
        api_version: text(&["apiVersion"]),
        namespace: text(&["metadata", "namespace"]),
        kind: build.kind.clone(),
        name: build.name.clone(),
        flake_url: url.value,
        image_tag: image.value,
        package: package.value,
        system: system.to_owned(),
    })
}

fn is_linux(system: &str) -> bool {
    system.strip_suffix("-linux").is_some_and(|cpu| {
        !cpu.is_empty() && cpu.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}
