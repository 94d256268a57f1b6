//! What a Cargo project is called, and the programs that it makes.

use toml::Table;

use super::ForkError;
use super::project::{Names, Tree};

const MANIFEST: &str = "Cargo.toml";

/// The names of the package at the root.
pub fn names(tree: &Tree) -> Result<Names, ForkError> {
    let Some(text) = tree.text(MANIFEST)? else {
        return Err(tree.wrong(
            MANIFEST,
            "there is none",
            "say what builds it: `--build go`, `npm` or `make`",
        ));
    };
    let manifest: Table = toml::from_str(&text).map_err(|error| {
        let message = error.message().to_owned();
        tree.wrong(MANIFEST, message, "upstream's own file has to be right")
    })?;
    let package = manifest.get("package");
    let of_package = |key: &str| Some(package?.get(key)?.as_str()?.to_owned());
    let pname = of_package("name");
    let mut programs = programs(tree, &manifest, pname.as_deref())?;
    programs.sort();
    programs.dedup();
    let main = of_package("default-run").or_else(|| {
        pname
            .clone()
            .filter(|name| programs.contains(name))
            .or_else(|| match programs.as_slice() {
                [one] => Some(one.clone()),
                _ => None,
            })
    });
    Ok(Names {
        pname,
        programs,
        main,
    })
}

/// Cargo's own rules: `[[bin]]`, `src/main.rs`, and what is in `src/bin`.
fn programs(
    tree: &Tree,
    manifest: &Table,
    package: Option<&str>,
) -> Result<Vec<String>, ForkError> {
    let listed = manifest.get("bin").and_then(|bins| bins.as_array());
    let mut programs: Vec<String> = listed
        .into_iter()
        .flatten()
        .filter_map(|bin| Some(bin.get("name")?.as_str()?.to_owned()))
        .collect();
    let is_main_listed = listed
        .into_iter()
        .flatten()
        .any(|bin| bin.get("path").and_then(|path| path.as_str()) == Some("src/main.rs"));
    let finds_bins = manifest
        .get("package")
        .and_then(|package| package.get("autobins")?.as_bool())
        .unwrap_or(true);
    let Some(package) = package.filter(|_| finds_bins) else {
        return Ok(programs);
    };
    if !is_main_listed && tree.has("src/main.rs")? {
        programs.push(package.to_owned());
    }
    for name in tree.names("src/bin")? {
        let program = match name.strip_suffix('/') {
            Some(folder) => tree
                .has(&format!("src/bin/{folder}/main.rs"))?
                .then_some(folder),
            None => name.strip_suffix(".rs"),
        };
        programs.extend(program.map(str::to_owned));
    }
    Ok(programs)
}
