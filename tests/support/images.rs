//! Building images with the package sets of `fixtures/`, with the host's Nix and with a newer one. `COTTER_NIXPKGS` and
//! `COTTER_NIX2CONTAINER` name real sets to build with instead; then the machine's own store is used.
//! What was built is kept beside the other build results, so that a package is built once for all tests.
//! Reading an image is in `image.rs`, running it in `container.rs`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::image::Image;
use super::{TOOL_PATH, command, roots, run};

/// One Nix: the host's, or that of a root directory.
pub struct Nix {
    /// For messages: `host`, or the root directory's name.
    pub name: String,
    root: Option<PathBuf>,
    dir: PathBuf,
}

/// The host's Nix, and the newest of those in `COTTER_TEST_NIX_ROOTS`.
pub fn all() -> Vec<Nix> {
    let newest = roots::all().into_iter().next();
    std::iter::once(None)
        .chain(newest.map(Some))
        .map(Nix::new)
        .collect()
}

/// The host's Nix.
pub fn host() -> Nix {
    Nix::new(None)
}

/// The package set that expressions are built with.
pub fn nixpkgs() -> PathBuf {
    set("COTTER_NIXPKGS", "nixpkgs")
}

pub fn nix2container() -> PathBuf {
    set("COTTER_NIX2CONTAINER", "nix2container")
}

fn set(variable: &str, fixture: &str) -> PathBuf {
    let named = env::var_os(variable).filter(|path| !path.is_empty());
    named.map_or_else(|| fixtures().join(fixture), PathBuf::from)
}

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// A project in `fixtures/image_sources`.
pub fn source(kind: &str) -> PathBuf {
    fixtures().join("image_sources").join(kind)
}

/// The folder of bun, pnpm, yarn, buildx, BuildKit and regctl: `COTTER_TEST_IMAGE_TOOLS`, or where `scripts/image-tools.sh
/// target/image-tools` puts them.
pub fn image_tools() -> PathBuf {
    let dir = match env::var_os("COTTER_TEST_IMAGE_TOOLS") {
        Some(dir) => PathBuf::from(dir),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("target/image-tools"),
    };
    let bin = dir.join("bin");
    for tool in [
        "bun",
        "pnpm",
        "yarn",
        "buildctl",
        "buildkitd",
        "buildx",
        "regctl",
    ] {
        assert!(
            bin.join(tool).exists(),
            "no {tool} in {}: run scripts/image-tools.sh target/image-tools",
            bin.display()
        );
    }
    bin
}

impl Nix {
    fn new(root: Option<PathBuf>) -> Nix {
        let name = match &root {
            Some(root) => root.file_name().unwrap().to_string_lossy().into_owned(),
            None => "host".to_owned(),
        };
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("images")
            .join(&name);
        fs::create_dir_all(dir.join("home")).unwrap();
        Nix { name, root, dir }
    }

    /// One of Nix's programs: no sandbox, no substituters, the package sets in its path.
    pub fn command(&self, program: &str) -> Command {
        let home = self.dir.join("home");
        let mut nix = match &self.root {
            None => command(program, &home),
            // A root directory lacks the tools that builders need: its Nix works on the host's files.
            Some(root) => {
                let (loader, libraries) = loader(root);
                let mut nix = command(loader.to_str().unwrap(), &home);
                nix.args(["--argv0", program, "--library-path"])
                    .arg(libraries)
                    .arg(root.join("usr/bin/nix"));
                nix
            }
        };
        // The hook would start that Nix again, without its loader.
        let hook = if self.root.is_some() {
            "build-hook =\n"
        } else {
            ""
        };
        if env::var_os("COTTER_NIXPKGS").is_none() {
            for (variable, folder) in [
                ("NIX_STORE_DIR", "store"),
                ("NIX_STATE_DIR", "var"),
                ("NIX_LOG_DIR", "log"),
                ("NIX_CONF_DIR", "etc"),
            ] {
                nix.env(variable, self.dir.join(folder));
            }
            nix.env("NIX_REMOTE", "local").env(
                "NIX_CONFIG",
                format!(
                    "experimental-features = nix-command flakes\nsandbox = false\nsubstituters =\nbuild-users-group =\n\
                     extra-platforms = aarch64-linux\n{hook}"
                ),
            );
        }
        let mut path = format!(
            "nixpkgs={}:nix2container={}",
            nixpkgs().display(),
            nix2container().display()
        );
        // A program between the test and Nix passes this on, and no variable of ours.
        for folder in tools_path().split(':').filter(|folder| !folder.is_empty()) {
            path += &format!(":test-tools={folder}");
        }
        nix.env("NIX_PATH", path);
        nix
    }

    /// Another program, that finds this Nix and the package sets. Only the host's Nix is one that is found.
    pub fn passed_on(&self, program: &str) -> Command {
        assert!(self.root.is_none(), "{}: not in the path", self.name);
        self.command(program)
    }

    pub fn run(&self, program: &str, args: &[&str]) -> Output {
        run(self.command(program).args(args), "nix-bin")
    }

    /// What `args` build, as `nix-build` takes them; or what it said.
    pub fn build(&self, args: &[&str]) -> Result<PathBuf, String> {
        let output = self.run("nix-build", &[&["--no-out-link"], args].concat());
        last_line(&output).map(PathBuf::from)
    }

    pub fn build_expression(&self, expression: &str) -> Result<PathBuf, String> {
        self.build(&["-E", expression])
    }

    /// A flake's output, with the package sets in place of its inputs of those names.
    pub fn build_flake(&self, flake: &str, inputs: &[&str]) -> Result<PathBuf, String> {
        let mut nix = self.command("nix");
        nix.args([
            "build",
            "--no-link",
            "--print-out-paths",
            "--no-write-lock-file",
        ]);
        if self.root.is_none() {
            // Nix 2.8 has no --print-out-paths.
            nix = self.command("nix");
            nix.args(["build", "--no-link", "--json", "--no-write-lock-file"]);
        }
        for input in inputs {
            let set = if *input == "nixpkgs" {
                nixpkgs()
            } else {
                nix2container()
            };
            nix.args(["--override-input", input])
                .arg(format!("path:{}", set.display()));
        }
        let output = run(nix.arg(flake), "nix-bin");
        let line = last_line(&output)?;
        if line.starts_with('[') {
            let built: serde_json::Value =
                serde_json::from_str(&line).map_err(|e| e.to_string())?;
            let path = built[0]["outputs"]["out"].as_str();
            return path.map(PathBuf::from).ok_or(line);
        }
        Ok(PathBuf::from(line))
    }

    /// The value of `expression`, as JSON.
    pub fn evaluate(&self, expression: &str) -> Result<serde_json::Value, String> {
        let output = self.run(
            "nix-instantiate",
            &["--eval", "--strict", "--json", "-E", expression],
        );
        let line = last_line(&output)?;
        serde_json::from_str(&line).map_err(|e| format!("{e}: {line}"))
    }

    /// Builds once more what `args` have built; fails when the bits are others.
    pub fn build_again(&self, args: &[&str]) -> Result<(), String> {
        self.build(&[&["--check"], args].concat()).map(drop)
    }

    /// The image that `expression` yields, whatever builder it is of.
    pub fn image(&self, expression: &str) -> Result<Image, String> {
        let built = self.build_expression(expression)?;
        if !Image::is_nix2container(&built) {
            return Image::read(&built);
        }
        let copy = self.build_expression(&format!("({expression}).copyTo"))?;
        Image::copied_by(&copy.join("bin/copy-to"))
    }
}

/// The loader of a root directory, and where its libraries are.
fn loader(root: &Path) -> (PathBuf, PathBuf) {
    let places = [
        ("lib64/ld-linux-x86-64.so.2", "usr/lib/x86_64-linux-gnu"),
        ("lib/ld-linux-aarch64.so.1", "usr/lib/aarch64-linux-gnu"),
    ];
    let found = places
        .into_iter()
        .map(|(loader, libraries)| (root.join(loader), root.join(libraries)))
        .find(|(loader, _)| loader.exists());
    found.unwrap_or_else(|| panic!("{}: no loader", root.display()))
}

/// Where builders look for tools first: the Rust that builds these tests (not what chooses one by the environment), what
/// `scripts/image-tools.sh` installed, and wherever else the person who tests has compilers.
fn tools_path() -> String {
    let mut folders = Vec::new();
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    if let Ok(output) = rustc.args(["--print", "sysroot"]).output()
        && output.status.success()
    {
        let sysroot = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        folders.push(PathBuf::from(sysroot).join("bin"));
    }
    folders.push(image_tools());
    for program in ["go", "node", "hugo"] {
        let found = env::split_paths(&env::var_os("PATH").unwrap_or_default())
            .find(|folder| folder.join(program).is_file())
            .filter(|folder| !env::split_paths(TOOL_PATH).any(|usual| usual == *folder));
        folders.extend(found);
    }
    let joined = env::join_paths(folders).expect("folders without a colon");
    joined.into_string().expect("folders in UTF-8")
}

fn last_line(output: &Output) -> Result<String, String> {
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.trim_end().lines().last();
    match line {
        Some(line) if output.status.success() => Ok(line.to_owned()),
        _ => Err(format!(
            "{}\n{text}{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}
