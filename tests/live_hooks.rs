//! `cotter check` in hooks: real commits with plain git hooks, with pre-commit and with prek.
//!
//! The latter two come from `scripts/hook-tools.sh target/hook-tools`, or are in the folder that COTTER_TEST_HOOK_TOOLS
//! names.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::repo::Repo;
use support::{TOOL_PATH, command, run, run_ok};

const TOOLS: [&str; 2] = ["pre-commit", "prek"];

/// A workspace in which no Dockerfile may be.
struct Ops {
    dir: tempfile::TempDir,
    repo: Repo,
}

impl Ops {
    fn new() -> Ops {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repo::init(dir.path().join("ops"));
        repo.write("cotter.toml", "[policy]\ndockerfiles = \"forbid\"\n")
            .write("web/default.nix", "{ }\n");
        repo.commit("Begin");
        Ops { dir, repo }
    }

    /// A tool in the workspace, with cotter on the PATH.
    fn tool(&self, mut command: Command) -> Command {
        let cotter = Path::new(env!("CARGO_BIN_EXE_cotter")).parent().unwrap();
        let tools = tools();
        let path = format!("{}:{}:{TOOL_PATH}", cotter.display(), tools.display());
        let home = self.dir.path().join("home");
        fs::create_dir_all(&home).unwrap();
        command
            .env("PATH", path)
            .env("HOME", &home)
            .env("TMPDIR", &home)
            .env("COTTER_CACHE_DIR", home.join("cotter"));
        command
    }

    /// A commit, with the words that cotter said.
    fn commit(&self, args: &[&str]) -> (bool, String) {
        let mut git = self.tool(self.repo.command());
        git.args(["commit", "-q", "-m", "Change"]).args(args);
        words(run(&mut git, "git"))
    }

    fn git_hook(&self, script: &str) {
        let hook = self.repo.dir().join(".git/hooks/pre-commit");
        fs::create_dir_all(hook.parent().unwrap()).unwrap();
        fs::write(&hook, script).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Lets `tool` take up its configuration, which is committed.
    fn install(&self, tool: &str, config: &str) {
        self.repo.write(".pre-commit-config.yaml", config);
        self.repo.commit("Take up hooks");
        let mut install = self.tool(command(
            tools().join(tool).to_str().unwrap(),
            self.dir.path(),
        ));
        run_ok(install.arg("install").current_dir(self.repo.dir()), tool);
    }
}

fn tools() -> PathBuf {
    let dir = match std::env::var_os("COTTER_TEST_HOOK_TOOLS") {
        Some(dir) => PathBuf::from(dir),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("target/hook-tools"),
    };
    let bin = dir.join("bin");
    for tool in TOOLS {
        assert!(
            bin.join(tool).is_file(),
            "no {tool} in {}: run scripts/hook-tools.sh target/hook-tools",
            bin.display()
        );
    }
    bin
}

fn words(output: Output) -> (bool, String) {
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

#[test]
fn a_git_hook_sees_what_is_committed() {
    let ops = Ops::new();
    ops.git_hook("#!/bin/sh\nexec cotter check\n");
    // Not staged: no matter.
    ops.repo.write("web/Dockerfile", "FROM scratch\n");
    ops.repo.write("web/default.nix", "{ a = 1; }\n");
    ops.repo.git(&["add", "web/default.nix"]);
    let (done, said) = ops.commit(&[]);
    assert!(done, "{said}");
    // Staged, and gone from the disk: it would be committed.
    ops.repo.git(&["add", "web/Dockerfile"]);
    fs::remove_file(ops.repo.dir().join("web/Dockerfile")).unwrap();
    let (done, said) = ops.commit(&[]);
    assert!(!done && said.contains("C611"), "{said}");
    // `git commit FILE` commits that file alone, from an index of its own.
    ops.repo.write("web/default.nix", "{ a = 2; }\n");
    let (done, said) = ops.commit(&["web/default.nix"]);
    assert!(done, "{said}");
    // `git commit -a` takes in what is on the disk: the Dockerfile is gone from it.
    let (done, said) = ops.commit(&["-a", "--allow-empty"]);
    assert!(done, "{said}");
    ops.repo
        .write("web/default.nix", "{ src = fetchgit { url = ; }; }\n");
    let (done, said) = ops.commit(&["-a"]);
    assert!(!done && said.contains("C001"), "{said}");
}

#[test]
fn a_hook_of_a_second_work_tree_sees_its_own_index() {
    let ops = Ops::new();
    ops.git_hook("#!/bin/sh\nexec cotter check\n");
    ops.repo.git(&["worktree", "add", "-q", "../second"]);
    let second = ops.dir.path().join("second");
    fs::write(second.join("Dockerfile"), "FROM scratch\n").unwrap();
    let git = |args: &[&str]| {
        let mut git = ops.tool(ops.repo.command());
        words(run(git.args(args).current_dir(&second), "git"))
    };
    assert!(git(&["add", "."]).0);
    let (done, said) = git(&["commit", "-q", "-m", "Change"]);
    assert!(!done && said.contains("C611"), "{said}");
    let (done, said) = ops.commit(&["--allow-empty"]);
    assert!(done, "{said}");
}

/// The hooks of this project as others take them up, but with the cotter that is tested in place of one that is built
/// for the hook.
fn published(dir: &Path) -> String {
    let project = Repo::init(dir.join("cotter"));
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    project.write(".pre-commit-hooks.yaml", fs::read(manifest).unwrap());
    let rev = project.commit("Hooks");
    format!(
        "repos:\n  - repo: {}\n    rev: {rev}\n    hooks:\n      - id: cotter-check\n        language: system\n      \
         - id: cotter-fod-rehash\n        language: system\n",
        project.dir().display()
    )
}

fn commits(tool: &str, ops: &Ops) {
    ops.repo.write("web/Dockerfile", "FROM scratch\n");
    ops.repo.git(&["add", "web/Dockerfile"]);
    let (done, said) = ops.commit(&[]);
    assert!(!done && said.contains("C611"), "{tool}: {said}");
    // Half of it staged: the tool hides what is not.
    ops.repo.git(&["reset", "-q"]);
    fs::remove_file(ops.repo.dir().join("web/Dockerfile")).unwrap();
    ops.repo
        .write("web/default.nix", "{ src = fetchgit { url = ; }; }\n");
    ops.repo.git(&["add", "web/default.nix"]);
    ops.repo.write("web/default.nix", "{ src = 1; }\n");
    let (done, said) = ops.commit(&[]);
    assert!(!done && said.contains("C001"), "{tool}: {said}");
    let now = fs::read_to_string(ops.repo.dir().join("web/default.nix")).unwrap();
    assert_eq!(now, "{ src = 1; }\n", "{tool}");
    ops.repo.git(&["add", "web/default.nix"]);
    let (done, said) = ops.commit(&[]);
    assert!(done, "{tool}: {said}");
    // A commit that only removes: the policy goes, and with it what an allowance was for.
    ops.repo.write(
        "Dockerfile",
        "# cotter: allow C611 built by a vendor\nFROM scratch\n",
    );
    ops.repo.git(&["add", "."]);
    let (done, said) = ops.commit(&[]);
    assert!(done, "{tool}: {said}");
    ops.repo.git(&["rm", "-q", "cotter.toml"]);
    let (done, said) = ops.commit(&[]);
    assert!(!done && said.contains("C003"), "{tool}: {said}");
}

#[test]
fn published_hooks_are_taken_up() {
    for tool in TOOLS {
        let ops = Ops::new();
        let config = published(ops.dir.path());
        ops.install(tool, &config);
        commits(tool, &ops);
    }
}

#[test]
fn emitted_hooks_are_taken_up() {
    for tool in TOOLS {
        let ops = Ops::new();
        let mut emit = ops.tool(command(env!("CARGO_BIN_EXE_cotter"), ops.dir.path()));
        let config = run_ok(emit.args(["ci", "emit", "pre-commit"]), "cotter");
        ops.install(tool, &(config + "\n"));
        commits(tool, &ops);
        // Everything, by hand.
        let mut all = ops.tool(command(
            tools().join(tool).to_str().unwrap(),
            ops.dir.path(),
        ));
        all.args(["run", "--all-files"]).current_dir(ops.repo.dir());
        let (done, said) = words(run(&mut all, tool));
        assert!(!done && said.contains("C003"), "{tool}: {said}");
    }
}

#[test]
fn emitted_nix_is_nix() {
    let dir = tempfile::tempdir().unwrap();
    let mut emit = command(env!("CARGO_BIN_EXE_cotter"), dir.path());
    let text = run_ok(emit.args(["ci", "emit", "git-hooks-nix"]), "cotter");
    fs::write(dir.path().join("cotter-hooks.nix"), text).unwrap();
    let mut eval = command("nix-instantiate", dir.path());
    eval.env("NIX_STATE_DIR", dir.path().join("state"))
        .args(["--eval", "--strict", "--json", "--store", "dummy://", "-E"])
        .arg("import ./cotter-hooks.nix { cotter = \"/c\"; }")
        .current_dir(dir.path());
    let hooks: serde_json::Value = serde_json::from_str(&run_ok(&mut eval, "nix-bin")).unwrap();
    assert_eq!(hooks["cotter-check"]["entry"], "/c/bin/cotter check");
}
