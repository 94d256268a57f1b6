//! The manifest of a NixBuild, and the annotations that stand for one on a pod: written anew, or into what is there.
//!
//! Not here: where the values come from (`given`), and which files are written (`transaction`).

use serde::Serialize;

use super::NixBuildError;
use super::wanted;
use crate::edit::Edit;
use crate::manifest::nixbuild::{self, NixBuild, Place};
use crate::manifest::{self, Located, ManifestError, entries, yaml_string};
use crate::plan::{Change, EditGroup, Plan};
use crate::problem::Problem;
use crate::source::{RelPath, SourceFile};

/// The API's group.
const GROUP: &str = "enbi.hrzn.ee";
const ANNOTATION: &str = "enbi.hrzn.ee/nixbuild-";

/// What a NixBuild says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Values {
    /// Of the object.
    pub name: String,
    /// At a revision.
    pub flake_url: String,
    pub image_tag: String,
    pub package: String,
    pub system: String,
}

/// What a NixBuild that exists says already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Existing {
    pub image_tag: Option<String>,
    pub package: Option<String>,
    pub system: Option<String>,
}

impl Values {
    /// Whether these are values that can be built, and the object's name is one.
    pub fn check(&self) -> Result<(), NixBuildError> {
        let wrong = |message: String, hint: &str| NixBuildError::Request {
            message,
            hint: Some(hint.to_owned()),
        };
        if !is_object_name(&self.name) {
            return Err(wrong(
                format!("`{}` is no name of an object of Kubernetes", self.name),
                "lower-case letters, digits, `-` and `.`: give one with `--object-name`",
            ));
        }
        let path = RelPath::root();
        let file = SourceFile::from_text(path, self.manifest("v1"));
        let problem = |problem: Problem| NixBuildError::Request {
            message: problem.message,
            hint: problem.hint,
        };
        for read in wanted::read(&file, &self.system).map_err(problem)? {
            read.map_err(problem)?;
        }
        Ok(())
    }

    /// The manifest of a NixBuild.
    pub fn manifest(&self, api_version: &str) -> String {
        format!(
            "apiVersion: {}\nkind: NixBuild\nmetadata:\n  name: {}\nspec:\n  flakeUrl: {}\n  imageTag: {}\n  packageName: {}\n  system: {}\n",
            yaml_string(&format!("{GROUP}/{api_version}")),
            yaml_string(&self.name),
            yaml_string(&self.flake_url),
            yaml_string(&self.image_tag),
            yaml_string(&self.package),
            yaml_string(&self.system),
        )
    }

    /// The annotations, as a patch of what makes pods from a template.
    pub fn patch(&self) -> String {
        let mut text = String::from("spec:\n  template:\n    metadata:\n      annotations:\n");
        for (key, value) in self.annotations() {
            text.push_str(&format!("        {key}: {}\n", yaml_string(value)));
        }
        text
    }

    /// The annotations of a pod.
    pub fn annotations(&self) -> [(String, &str); 3] {
        [
            ("flakeUrl", self.flake_url.as_str()),
            ("imageTag", &self.image_tag),
            ("packageName", &self.package),
        ]
        .map(|(key, value)| (format!("{ANNOTATION}{key}"), value))
    }

    /// The plan that makes the NixBuild of `file`, and the annotations in it, say these values.
    pub fn into_file(&self, file: &SourceFile, name: &str) -> Result<Plan, NixBuildError> {
        let builds = found(file, &self.name)?;
        let problem = |error: ManifestError| {
            NixBuildError::Source(vec![Problem::of_manifest(file.path(), &error)])
        };
        let mut plan = Plan::default();
        let mut changes = Vec::new();
        for build in &builds {
            let wanted = [
                ("flakeUrl", &build.flake_url, self.flake_url.as_str()),
                ("imageTag", &build.image_tag, &self.image_tag),
                ("packageName", &build.package, &self.package),
                ("system", &build.system, &self.system),
            ];
            let is_object = build.place == Place::NixBuild;
            let mut missing = Vec::new();
            for (field, located, new) in wanted {
                let change = |path: &str, old: &str, edit: Edit| {
                    Change::new(format!("{name}:{path}"), file, field, old, new, edit)
                };
                match located {
                    Some(located) if located.value == new => {
                        plan.unchanged.push(format!("{name}:{}", located.path));
                    }
                    Some(located) => {
                        let edit = located.replace(file, new).map_err(problem)?;
                        changes.push(change(located.path.as_str(), &located.value, edit));
                    }
                    // Annotations name no system.
                    None if field == "system" && !is_object => {}
                    None => missing.push((field, new)),
                }
            }
            let last = wanted
                .iter()
                .rev()
                .find_map(|(_, located, _)| located.as_ref());
            if let (Some(sibling), Some((field, new))) = (last, missing.first()) {
                let prefix = if is_object { "" } else { ANNOTATION };
                let keys: Vec<(String, &str)> = missing
                    .iter()
                    .map(|(key, new)| (format!("{prefix}{key}"), *new))
                    .collect();
                let keys: Vec<(&str, &str)> =
                    keys.iter().map(|(key, new)| (key.as_str(), *new)).collect();
                let edit = entries::insert_after(file, sibling, &keys).map_err(problem)?;
                let path = build.path.key(&format!("{prefix}{field}"));
                let change = Change::new(format!("{name}:{path}"), file, *field, "", *new, edit);
                changes.push(change);
            }
        }
        plan.groups.push(EditGroup {
            name: name.to_owned(),
            changes,
        });
        Ok(plan)
    }
}

impl Existing {
    /// What `file` says of the build `name`.
    pub fn read(file: &SourceFile, name: &str) -> Result<Existing, NixBuildError> {
        let builds = found(file, name)?;
        let first = |value: fn(&NixBuild) -> &Option<Located>| {
            let mut values = builds.iter().filter_map(|build| value(build).as_ref());
            values.next().map(|located| located.value.clone())
        };
        Ok(Existing {
            image_tag: first(|build| &build.image_tag),
            package: first(|build| &build.package),
            system: first(|build| &build.system),
        })
    }
}

/// The builds of `file` that are of the object `name`, or the only one.
fn found(file: &SourceFile, name: &str) -> Result<Vec<NixBuild>, NixBuildError> {
    let tree = manifest::parse(file)
        .map_err(|error| NixBuildError::Source(vec![Problem::of_manifest(file.path(), &error)]))?;
    let mut builds = nixbuild::in_tree(file, &tree);
    builds.retain(|build| build.place != Place::JsonPatch);
    if builds.len() > 1 {
        builds.retain(|build| build.name == name);
    }
    match builds.is_empty() {
        false => Ok(builds),
        true => Err(NixBuildError::Request {
            message: format!(
                "{} holds no NixBuild named `{name}`, nor annotations of one",
                file.path()
            ),
            hint: Some("write to a file that is not there yet, or to standard output".to_owned()),
        }),
    }
}

/// Source: Kubernetes, "DNS Subdomain Names".
fn is_object_name(name: &str) -> bool {
    let is_end = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (1..=253).contains(&name.len())
        && name.split('.').all(|part| {
            part.bytes().next().is_some_and(is_end)
                && part.bytes().last().is_some_and(is_end)
                && part.bytes().all(|b| is_end(b) || b == b'-')
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::edit::apply;

    fn values() -> Values {
        Values {
            name: "chog".into(),
            flake_url: format!(
                "git+https://git.example.org/team/chog?rev={}",
                "f5".repeat(20)
            ),
            image_tag: "registry.example.org/team/chog:v1".into(),
            package: "chog-docker.stream".into(),
            system: "aarch64-linux".into(),
        }
    }

    fn file(text: &str) -> SourceFile {
        SourceFile::from_text(RelPath::new("n.yaml").unwrap(), text.to_owned())
    }

    fn written(text: &str, values: &Values) -> String {
        let file = file(text);
        let plan = values.into_file(&file, "chog").unwrap();
        let edits: Vec<Edit> = plan.changes().map(|change| change.edit.clone()).collect();
        apply(file.text(), &edits).unwrap()
    }

    #[test]
    fn what_exists_keeps_its_layout() {
        let text = "# by hand\nspec: # first\n  system: 'x86_64-linux' # soon arm\n  flakeUrl: \"x:y\"\nkind: NixBuild\napiVersion: enbi.hrzn.ee/v1alpha1\nmetadata: {name: chog}\n";
        let now = written(text, &values());
        let url = values().flake_url;
        assert_eq!(
            now,
            format!(
                "# by hand\nspec: # first\n  system: 'aarch64-linux' # soon arm\n  imageTag: 'registry.example.org/team/chog:v1'\n  \
                 packageName: 'chog-docker.stream'\n  flakeUrl: \"{url}\"\nkind: NixBuild\napiVersion: enbi.hrzn.ee/v1alpha1\nmetadata: {{name: chog}}\n"
            )
        );
        assert_eq!(written(&now, &values()), now);
        assert_eq!(
            written(&values().manifest("v1alpha1"), &values()),
            values().manifest("v1alpha1")
        );
    }

    #[test]
    fn names_of_objects_are_those_of_kubernetes() {
        for name in ["a", "a-b.c", "0"] {
            assert!(is_object_name(name), "{name}");
        }
        for name in ["", "A", "-a", "a-", "a..b", "a_b", "a b"] {
            assert!(!is_object_name(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_value_reads_back(value in any::<String>()) {
            let values = Values {
                flake_url: value.clone(),
                image_tag: value.clone(),
                package: value.clone(),
                system: value.clone(),
                name: value.clone(),
            };
            let file = file(&values.manifest("v1alpha1"));
            let tree = manifest::parse(&file).unwrap();
            let root = &tree.documents[0];
            for keys in [["metadata", "name"], ["spec", "flakeUrl"], ["spec", "imageTag"], ["spec", "packageName"], ["spec", "system"]] {
                prop_assert_eq!(root.at(&keys).unwrap().as_str(), Some(value.as_str()));
            }
            let patch = self::file(&values.patch());
            let tree = manifest::parse(&patch).unwrap();
            let annotations = tree.documents[0].at(&["spec", "template", "metadata", "annotations"]).unwrap();
            prop_assert!(annotations.pairs().all(|(_, node)| node.as_str() == Some(value.as_str())));
        }
    }
}
