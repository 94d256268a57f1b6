//! What a command of a `RUN` does, where it is one that is known.

use super::build_tools::{cargo, go, hugo, js};
use super::download::{download, unpack};
use crate::image::names::Index;

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// It leaves nothing in the image that counts; why.
    Nothing(&'static str),
    Install {
        index: Index,
        /// As they are written.
        packages: Vec<String>,
        /// They are removed again.
        is_passing: bool,
    },
    Pip {
        packages: Vec<String>,
        /// Files with more of them.
        lists: Vec<String>,
    },
    /// A package manager of JavaScript installs what its lock file names.
    JsInstall(&'static str),
    /// It runs a script of `package.json`.
    JsRun {
        manager: &'static str,
        script: String,
    },
    Cargo(Cargo),
    Go(Go),
    Hugo {
        /// Where it builds into.
        output: Option<String>,
    },
    Download {
        url: String,
        /// The file that it is written to.
        output: Option<String>,
        /// The folder that it is unpacked in, where it is.
        unpacked: Option<String>,
    },
    Unpack {
        archive: String,
        folder: Option<String>,
    },
    AddUser(NewUser),
    /// A group; the user of the same image names it.
    AddGroup {
        name: String,
        gid: Option<u32>,
    },
    Chmod {
        mode: String,
        paths: Vec<String>,
    },
    Chown {
        paths: Vec<String>,
    },
    MakeFolders(Vec<String>),
    /// `cp`, `mv`, `install`, `ln`
    Move {
        from: String,
        to: String,
    },
    Unknown,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cargo {
    /// The program, where it is named.
    pub bin: Option<String>,
    pub package: Option<String>,
    pub features: Vec<String>,
    /// The triple it builds for.
    pub target: Option<String>,
    /// The folder of the manifest.
    pub root: Option<String>,
    /// It is `cargo install`.
    pub is_install: bool,
    /// What is not understood of it.
    pub rest: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Go {
    pub output: Option<String>,
    pub packages: Vec<String>,
    /// `-ldflags` with `-X`, tags, and what else changes what is built.
    pub rest: Vec<String>,
    pub is_install: bool,
    /// It builds for another architecture than the image's, or for one alone.
    pub arch: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewUser {
    pub name: String,
    pub uid: Option<u32>,
    /// A group by its name or number.
    pub group: Option<String>,
    pub home: Option<String>,
    pub is_system: bool,
}

/// What `words` do; a word that is not known is `None`.
pub fn act(words: &[Option<String>]) -> Act {
    let Some(program) = words.first().and_then(Option::as_deref) else {
        return Act::Unknown;
    };
    let program = program.rsplit('/').next().unwrap_or(program);
    let all: Option<Vec<&str>> = words.iter().skip(1).map(Option::as_deref).collect();
    // Package managers are understood word by word.
    let some: Vec<&str> = words
        .iter()
        .skip(1)
        .map(|word| word.as_deref().unwrap_or("$(…)"))
        .collect();
    match program {
        "sudo" | "exec" | "command" | "time" => return act(words.get(1..).unwrap_or_default()),
        "apt-get" | "apt" | "aptitude" => return apt(&some),
        "apk" => return apk(&some),
        "pip" | "pip3" => return pip(&some),
        _ => {}
    }
    let Some(words) = all else {
        return Act::Unknown;
    };
    match (program, words.as_slice()) {
        ("set" | "true" | ":" | "cd" | "export" | "umask" | "sleep" | "wait" | "shopt", _) => {
            Act::Nothing("it changes nothing in the image")
        }
        (
            "echo" | "printf" | "ls" | "cat" | "pwd" | "env" | "id" | "whoami" | "which" | "test"
            | "[" | "uname" | "date" | "stat" | "sha256sum" | "ldd" | "file",
            _,
        ) => Act::Nothing("it only prints or checks something"),
        (_, [.., "--version" | "-version" | "--help"]) => Act::Nothing("it only prints something"),
        (_, ["version"]) => Act::Nothing("it only prints something"),
        ("rm" | "rmdir", paths) if paths.iter().all(|path| is_passing(path)) => {
            Act::Nothing("what it removes is never in an image of Nix")
        }
        (
            "update-ca-certificates"
            | "ldconfig"
            | "fc-cache"
            | "locale-gen"
            | "corepack"
            | "apt-mark"
            | "add-apt-repository"
            | "apt-key",
            _,
        ) => simple(program),
        ("python" | "python3", ["-m", "pip", rest @ ..]) => pip(rest),
        ("python" | "python3", ["-m", "venv" | "virtualenv", ..]) | ("virtualenv", _) => {
            Act::Nothing("the interpreter of Nix has its packages without a virtual environment")
        }
        ("npm" | "pnpm" | "yarn" | "bun", rest) => js(program, rest),
        ("cargo", rest) => cargo(rest),
        ("go", rest) => go(rest),
        ("hugo", rest) => hugo(rest),
        ("curl" | "wget", rest) => download(program, rest),
        ("tar" | "unzip" | "bsdtar", rest) => unpack(program, rest),
        ("useradd" | "adduser", rest) => super::account::user(program, rest),
        ("groupadd" | "addgroup", rest) => super::account::group(rest),
        ("chmod", rest) => chmod(rest),
        ("chown" | "chgrp", rest) => {
            let words = rest.iter().filter(|word| !word.starts_with('-')).skip(1);
            Act::Chown {
                paths: words.map(|word| (*word).to_owned()).collect(),
            }
        }
        ("mkdir", rest) => Act::MakeFolders(plain(rest, &["-m", "--mode"])),
        ("cp" | "mv", rest) => moved(rest, &[]),
        ("install", rest) if rest.contains(&"-d") => {
            Act::MakeFolders(plain(rest, &["-m", "-o", "-g"]))
        }
        ("install", rest) => moved(rest, &["-m", "-o", "-g"]),
        ("ln", rest) => moved(rest, &[]),
        ("mix" | "rustup", _) if program == "rustup" => {
            Act::Nothing("Nix brings its own toolchain")
        }
        ("strip" | "upx", _) => Act::Nothing("Nix strips what it builds"),
        ("git", ["config", ..]) => Act::Nothing("it only sets up git for the build"),
        _ => Act::Unknown,
    }
}

fn simple(program: &str) -> Act {
    Act::Nothing(match program {
        "update-ca-certificates" => "the bundle of CA certificates is `ca-certificates`",
        "ldconfig" => "programs of Nix name their libraries by path",
        "fc-cache" => "fonts are found by fontconfig",
        "locale-gen" => "`C.UTF-8` is there without it",
        "corepack" => "Nix brings its own package manager",
        _ => "Nix has its own sources of packages",
    })
}

/// Caches and lists of a distribution, and what lies in `/tmp`.
fn is_passing(path: &str) -> bool {
    path.starts_with('-')
        || [
            "/var/lib/apt",
            "/var/cache",
            "/tmp",
            "/var/tmp",
            "/root/.cache",
            "/root/.npm",
            "/var/log",
            "/usr/share/doc",
            "/usr/share/man",
            "/usr/share/locale",
            "~/.cache",
            "/usr/share/info",
            "/root/.cargo",
            "/usr/local/cargo/registry",
            "/etc/apt",
        ]
        .iter()
        .any(|start| path.starts_with(start))
}

fn apt(words: &[&str]) -> Act {
    let mut words = words.iter().copied().filter(|word| !word.starts_with('-'));
    // The values of options.
    let is_value = |word: &&str| word.contains("::") || *word == "Dpkg::Use-Pty=0";
    match words.find(|word| !is_value(word)) {
        Some("install") => Act::Install {
            index: Index::Apt,
            packages: words
                .filter(|word| !is_value(word))
                .map(str::to_owned)
                .collect(),
            is_passing: false,
        },
        Some(
            "update" | "upgrade" | "dist-upgrade" | "full-upgrade" | "clean" | "autoclean"
            | "autoremove" | "remove" | "purge",
        ) => Act::Nothing("packages of nixpkgs need no lists, upgrades or cleaning"),
        _ => Act::Unknown,
    }
}

fn apk(words: &[&str]) -> Act {
    let mut packages = Vec::new();
    let mut is_passing = false;
    let mut command = None;
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        match word {
            "-t" | "--virtual" => {
                words.next();
                is_passing = true;
            }
            "-X" | "--repository" | "-p" | "--root" | "--repositories-file" => {
                words.next();
            }
            _ if word.starts_with("--virtual=") => is_passing = true,
            _ if word.starts_with('-') => {}
            _ if command.is_none() => command = Some(word),
            _ => packages.push(word.to_owned()),
        }
    }
    match command {
        Some("add") => {
            // The name of a group of them is none.
            packages.retain(|name| !name.starts_with('.'));
            Act::Install {
                index: Index::Apk,
                packages,
                is_passing,
            }
        }
        Some("update" | "upgrade" | "del" | "cache" | "fix") => {
            Act::Nothing("packages of nixpkgs need no lists, upgrades or cleaning")
        }
        _ => Act::Unknown,
    }
}

fn pip(words: &[&str]) -> Act {
    let mut words = words.iter().copied();
    if words.next() != Some("install") {
        return Act::Unknown;
    }
    let (mut packages, mut lists) = (Vec::new(), Vec::new());
    while let Some(word) = words.next() {
        match word {
            "-r" | "--requirement" => lists.extend(words.next().map(str::to_owned)),
            "-c" | "--constraint" | "-i" | "--index-url" | "--extra-index-url" | "-t"
            | "--target" | "--prefix" | "--root" | "-f" | "--find-links" | "--trusted-host"
            | "--cache-dir" | "--timeout" | "--retries" => {
                words.next();
            }
            _ if word.starts_with("--requirement=") => {
                lists.push(word["--requirement=".len()..].to_owned())
            }
            _ if word.len() > 2 && word.starts_with("-r") => lists.push(word[2..].to_owned()),
            _ if word.starts_with('-') => {}
            "pip" | "setuptools" | "wheel" | "pip-tools" | "virtualenv" => {}
            _ => packages.push(word.to_owned()),
        }
    }
    match packages.is_empty() && lists.is_empty() {
        true => Act::Nothing("Nix brings its own package manager"),
        false => Act::Pip { packages, lists },
    }
}

fn chmod(words: &[&str]) -> Act {
    let mut plain = words
        .iter()
        .filter(|word| !matches!(**word, "-R" | "-v" | "-f" | "--recursive"));
    match plain.next() {
        Some(mode) => Act::Chmod {
            mode: (*mode).to_owned(),
            paths: plain.map(|path| (*path).to_owned()).collect(),
        },
        None => Act::Unknown,
    }
}

/// The words that are no options.
fn plain(words: &[&str], with_value: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if with_value.contains(word) {
            words.next();
        } else if !word.starts_with('-') {
            found.push((*word).to_owned());
        }
    }
    found
}

fn moved(words: &[&str], with_value: &[&str]) -> Act {
    match plain(words, with_value).as_slice() {
        [from, to] => Act::Move {
            from: from.clone(),
            to: to.clone(),
        },
        _ => Act::Unknown,
    }
}
