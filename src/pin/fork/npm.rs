//! What an npm project is called, the programs that it installs, and what building it needs.

use serde_json::Value;

use super::ForkError;
use super::project::{Names, Tree};

const MANIFEST: &str = "package.json";
const LOCK: &str = "package-lock.json";

/// The names that `package.json` says.
pub fn names(tree: &Tree) -> Result<Names, ForkError> {
    let manifest = json(tree, MANIFEST)?;
    // `@scope/name` installs as `name`.
    let plain = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
    let pname = manifest.get("name").and_then(Value::as_str).map(plain);
    let programs: Vec<String> = match manifest.get("bin") {
        Some(Value::String(_)) => pname.iter().cloned().collect(),
        Some(Value::Object(bins)) => bins.keys().cloned().collect(),
        _ => Vec::new(),
    };
    let main = pname
        .clone()
        .filter(|name| programs.contains(name))
        .or_else(|| match programs.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        });
    Ok(Names {
        pname,
        programs,
        main,
    })
}

/// Whether upstream or a feature takes packages from the network, and whether the project has a script `build`.
pub fn needs(all: &[Tree]) -> Result<(bool, bool), ForkError> {
    let (mut fetches, mut has_script) = (false, false);
    for tree in all {
        let script = json(tree, MANIFEST)?;
        has_script |= script
            .get("scripts")
            .is_some_and(|scripts| scripts.get("build").is_some());
        if !tree.has(LOCK)? {
            return Err(tree.wrong(
                LOCK,
                "there is none, and no build is the same twice without it",
                "`npm install --package-lock-only` makes it: commit it on a feature branch",
            ));
        }
        let lock = json(tree, LOCK)?;
        // The project itself goes by the empty name, and what lies in its own folders has no `node_modules`.
        let of_version_2 = lock.get("packages").and_then(Value::as_object);
        let of_version_1 = lock.get("dependencies").and_then(Value::as_object);
        fetches |= match (of_version_2, of_version_1) {
            (Some(packages), _) => packages.iter().any(|(path, package)| {
                path.contains("node_modules/") && package.get("link").is_none()
            }),
            (None, Some(dependencies)) => !dependencies.is_empty(),
            (None, None) => false,
        };
    }
    Ok((fetches, has_script))
}

fn json(tree: &Tree, path: &str) -> Result<Value, ForkError> {
    let Some(text) = tree.text(path)? else {
        return Err(tree.wrong(
            path,
            "there is none",
            "say what builds it: `--build rust`, `go` or `make`",
        ));
    };
    serde_json::from_str(&text)
        .map_err(|error| tree.wrong(path, error, "upstream's own file has to be right"))
}
