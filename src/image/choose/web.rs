//! Folders with a `package.json`: front ends that are built into files, and services that bun runs. A service that node
//! runs is no kind of source.

use serde_json::Value;

use super::folder::{Folder, Reason};
use super::kind::Guess;
use crate::image::spec::{Bun, Manager, Source, Vite};

/// Packages of frameworks whose result is a server of node.
const SERVERS: &[&str] = &[
    "@sveltejs/adapter-node",
    "next",
    "nuxt",
    "@remix-run/node",
    "@nestjs/core",
    "express",
    "fastify",
    "koa",
];

pub(super) fn guess(folder: &Folder) -> Option<Guess> {
    let manifest = folder.read("package.json")?;
    let package: Value = serde_json::from_str(manifest.text()).ok()?;
    let at = |word: &str, text: &str| {
        Reason::at(
            &manifest,
            manifest.text().find(&format!("\"{word}\"")).unwrap_or(0),
            text,
        )
    };
    let depends = |name: &str| {
        ["dependencies", "devDependencies"]
            .iter()
            .any(|key| package.get(key).and_then(|all| all.get(name)).is_some())
    };
    if SERVERS.iter().any(|name| depends(name))
        && folder.has_one(&["bun.lock", "bun.lockb"]).is_none()
    {
        return None;
    }
    let config = folder.has_one(&[
        "vite.config.ts",
        "vite.config.js",
        "vite.config.mjs",
        "vite.config.mts",
    ]);
    let has_script = |name: &str| {
        package
            .get("scripts")
            .and_then(|all| all.get(name))
            .is_some()
    };
    let (manager, lock) = manager(folder);
    let mut lacks = Vec::new();
    if !has_script("build") {
        lacks.push(at("scripts", "there is no script `build`"));
    }
    if (depends("vite") || config.is_some()) && !SERVERS.iter().any(|name| depends(name)) {
        let mut reasons = vec![at("vite", "a front end that Vite builds")];
        reasons.extend(config.map(|path| Reason::of_file(&path, "Vite's configuration")));
        match &lock {
            Some(lock) => reasons.push(lock.clone()),
            None => lacks.push(at("dependencies", "no lock file stands beside it")),
        }
        return Some(Guess {
            source: Source::Vite(Vite {
                manager,
                ..Vite::default()
            }),
            reasons,
            lacks,
        });
    }
    if manager != Some(Manager::Bun) {
        return None;
    }
    let mut source = Bun::default();
    if let Some(main) = built_by_bun(&package) {
        source.main = Some(main);
    }
    Some(Guess {
        source: Source::Bun(source),
        reasons: lock.into_iter().collect(),
        lacks,
    })
}

/// The file that `bun build` makes of the one that it is given.
fn built_by_bun(package: &Value) -> Option<String> {
    let build = package.get("scripts")?.get("build")?.as_str()?;
    let words: Vec<&str> = build.split_whitespace().collect();
    let at = words.windows(2).position(|two| two == ["bun", "build"])?;
    let entry = words.get(at + 2).filter(|word| !word.starts_with('-'))?;
    let name = entry.rsplit('/').next()?;
    let stem = name
        .strip_suffix(".ts")
        .or_else(|| name.strip_suffix(".js"))?;
    (stem != "index").then(|| format!("{stem}.js"))
}

/// The package manager whose lock file is there.
fn manager(folder: &Folder) -> (Option<Manager>, Option<Reason>) {
    let locks = [
        ("bun.lock", Manager::Bun, "bun"),
        ("bun.lockb", Manager::Bun, "bun"),
        ("pnpm-lock.yaml", Manager::Pnpm, "pnpm"),
        ("yarn.lock", Manager::Yarn, "yarn"),
        ("package-lock.json", Manager::Npm, "npm"),
    ];
    let found = locks
        .iter()
        .find_map(|(name, manager, text)| Some((folder.has(name)?, *manager, *text)));
    match found {
        Some((path, manager, text)) => (
            Some(manager),
            Some(Reason::of_file(&path, format!("the lock file of {text}"))),
        ),
        None => (None, None),
    }
}
