//! The tools that build: package managers of JavaScript, cargo, go and hugo, with the options that count.

use super::act::{Act, Cargo, Go};

pub fn js(program: &str, words: &[&str]) -> Act {
    let manager = match program {
        "npm" => "npm",
        "pnpm" => "pnpm",
        "yarn" => "yarn",
        _ => "bun",
    };
    let mut plain = words.iter().copied().filter(|word| !word.starts_with('-'));
    match (manager, plain.next()) {
        (_, Some("run" | "run-script")) => match plain.next() {
            Some(script) => Act::JsRun {
                manager,
                script: script.to_owned(),
            },
            None => Act::Unknown,
        },
        ("yarn", None) | (_, Some("ci" | "install" | "i" | "fetch" | "clean-install"))
            if plain.next().is_none() =>
        {
            Act::JsInstall(manager)
        }
        (_, Some("cache" | "config" | "prune" | "store")) => {
            Act::Nothing("it only sets up or cleans the package manager")
        }
        (_, Some("install" | "i" | "add"))
            if words.contains(&"-g") || words.contains(&"--global") =>
        {
            let is_manager = |word: &&str| {
                let name = word.split('@').next().unwrap_or_default();
                word.starts_with('-')
                    || matches!(
                        name,
                        "install" | "i" | "add" | "npm" | "pnpm" | "yarn" | "corepack" | "bun"
                    )
            };
            match words.iter().all(is_manager) {
                true => Act::Nothing("Nix brings its own package manager"),
                false => Act::Unknown,
            }
        }
        ("pnpm" | "yarn", Some(script @ ("build" | "generate"))) => Act::JsRun {
            manager,
            script: script.to_owned(),
        },
        _ => Act::Unknown,
    }
}

pub fn cargo(words: &[&str]) -> Act {
    let mut found = Cargo::default();
    let mut words = words.iter().copied().filter(|word| !word.starts_with('+'));
    match words.next() {
        Some("build" | "b" | "rustc") => {}
        Some("install") => found.is_install = true,
        Some(
            "fetch" | "vendor" | "test" | "check" | "clippy" | "clean" | "chef" | "init" | "new"
            | "update" | "fmt",
        ) => {
            return Act::Nothing(
                "Nix fetches what Cargo.lock names, and builds from clean sources",
            );
        }
        _ => return Act::Unknown,
    }
    let mut is_local = !found.is_install;
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value)),
            _ => (word, None),
        };
        let mut value = || value.or_else(|| words.next()).map(str::to_owned);
        match name {
            "--release" | "-r" | "--locked" | "--frozen" | "--offline" | "--verbose" | "-v"
            | "--quiet" | "-q" | "--bins" => {}
            "-j" | "--jobs" | "--profile" | "--root" | "--color" | "--message-format"
            | "--target-dir" => drop(value()),
            "--bin" => found.bin = value(),
            "-p" | "--package" => found.package = value(),
            "--target" => found.target = value(),
            "--features" | "-F" => {
                let value = value().unwrap_or_default();
                found.features.extend(
                    value
                        .split([',', ' '])
                        .filter(|one| !one.is_empty())
                        .map(str::to_owned),
                );
            }
            "--manifest-path" => {
                found.root = value().map(|path| {
                    path.trim_end_matches("Cargo.toml")
                        .trim_end_matches('/')
                        .to_owned()
                })
            }
            "--path" => {
                found.root = value();
                is_local = true;
            }
            _ => found.rest.push(word.to_owned()),
        }
    }
    match is_local {
        true => Act::Cargo(found),
        // A tool of the build.
        false => Act::Unknown,
    }
}

pub fn go(words: &[&str]) -> Act {
    let mut found = Go::default();
    let mut words = words.iter().copied();
    match words.next() {
        Some("build") => {}
        Some("install") => found.is_install = true,
        Some("mod" | "vet" | "test" | "clean" | "env" | "fmt" | "work" | "list") => {
            return Act::Nothing("Nix fetches what go.sum names");
        }
        _ => return Act::Unknown,
    }
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) if name.starts_with('-') => (name, Some(value)),
            _ => (word, None),
        };
        let mut value = || value.or_else(|| words.next()).map(str::to_owned);
        match name.trim_start_matches("--").trim_start_matches('-') {
            _ if !word.starts_with('-') => found.packages.push(word.to_owned()),
            "o" => found.output = value(),
            "a" | "v" | "x" | "trimpath" | "buildvcs" | "race" => {}
            "installsuffix" | "p" | "mod" => drop(value()),
            "ldflags" => {
                let flags = value().unwrap_or_default();
                if flags.contains("-X") {
                    found.rest.push(format!("-ldflags {flags}"));
                }
            }
            "tags" => {
                let tags = value().unwrap_or_default();
                if !tags
                    .split([',', ' '])
                    .all(|tag| matches!(tag, "" | "netgo" | "osusergo" | "timetzdata"))
                {
                    found.rest.push(format!("-tags {tags}"));
                }
            }
            _ => found.rest.push(word.to_owned()),
        }
    }
    match found.is_install && found.packages.iter().any(|package| package.contains('@')) {
        // A tool of the build.
        true => Act::Unknown,
        false => Act::Go(found),
    }
}

pub fn hugo(words: &[&str]) -> Act {
    let mut output = None;
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        match word {
            "--minify"
            | "--gc"
            | "--cleanDestinationDir"
            | "build"
            | "--logLevel"
            | "--enableGitInfo" => {}
            "-d" | "--destination" => output = words.next().map(str::to_owned),
            "-e" | "--environment" if words.next() == Some("production") => {}
            "--environment=production" => {}
            _ => match word.strip_prefix("--destination=") {
                Some(folder) => output = Some(folder.to_owned()),
                None => return Act::Unknown,
            },
        }
    }
    Act::Hugo { output }
}
