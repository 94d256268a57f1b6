//! The real ways from a commit to its files, and what Nix hashes these to.

use std::path::Path;

use cotter::git::Oid;
use cotter::hash::Algo;
use tempfile::TempDir;

use super::repo::Repo;
use super::store::Store;
use super::{TOOL_PATH, command, run_ok};

pub fn oid(commit: &str) -> Oid {
    commit.parse().expect("a full commit name")
}

pub fn open(repo: &Repo) -> cotter::git::Repo {
    cotter::git::Repo::open(repo.dir()).unwrap()
}

pub fn native(repo: &Repo, commit: &str) -> String {
    open(repo)
        .nar_hash(oid(commit), Algo::Sha256)
        .unwrap()
        .to_string()
}

/// What each real way to the files of a commit hashes to.
pub struct Real {
    pub temp: TempDir,
    pub store: Store,
}

impl Real {
    pub fn new() -> Real {
        Real {
            temp: tempfile::tempdir().unwrap(),
            store: Store::new(),
        }
    }

    /// `git archive`, unpacked, `nix hash path`: what a forge's tarball holds.
    pub fn archive(&self, repo: &Repo, commit: &str) -> String {
        let tree = tempfile::tempdir_in(&self.temp).unwrap();
        let tar = tree.path().join("source.tar");
        repo.git(&[
            "archive",
            "--format=tar",
            "-o",
            tar.to_str().unwrap(),
            commit,
        ]);
        let out = tree.path().join("out");
        std::fs::create_dir(&out).unwrap();
        run_ok(
            command("tar", self.temp.path())
                .arg("-C")
                .arg(&out)
                .arg("-xf")
                .arg(&tar),
            "tar",
        );
        self.store.hash_path(&out)
    }

    /// `git clone`, `git checkout`, `.git` removed, `nix hash path`.
    pub fn checkout(&self, repo: &Repo, commit: &str) -> String {
        let tree = tempfile::tempdir_in(&self.temp).unwrap();
        let out = tree.path().join("out");
        let git = |args: &[&str]| run_ok(command("git", self.temp.path()).args(args), "git");
        let out_text = out.to_str().unwrap();
        git(&["clone", "-q", "--no-checkout", &url(repo), out_text]);
        git(&["-C", out_text, "checkout", "-q", "--detach", commit]);
        std::fs::remove_dir_all(out.join(".git")).unwrap();
        self.store.hash_path(&out)
    }

    /// `(builtins.fetchGit { url; rev; }).narHash`.
    pub fn fetch_git(&self, repo: &Repo, commit: &str) -> String {
        let expression =
            "{ url, rev }: (builtins.fetchGit { inherit url rev; ref = \"main\"; }).narHash";
        let url = url(repo);
        #[rustfmt::skip]
        let printed = self.store.run("nix-instantiate", &[
            "--eval", "--expr", expression, "--argstr", "url", &url, "--argstr", "rev", commit,
        ]);
        printed.trim_matches('"').to_owned()
    }

    /// Builds a fixed-output derivation that fetches as nixpkgs' `fetchgit` does; succeeds only with the right hash.
    pub fn fetchgit(&self, repo: &Repo, commit: &str, hash: &str) {
        let expression = r#"
            { url, rev, hash, path }: derivation {
              name = "source";
              system = builtins.currentSystem;
              builder = "/bin/sh";
              args = [ "-ec" ''
                git clone -q --no-checkout "$url" "$out"
                git -C "$out" checkout -q --detach "$rev"
                rm -rf "$out/.git"
              '' ];
              outputHashMode = "recursive";
              outputHash = hash;
              inherit url rev;
              PATH = path;
              GIT_CONFIG_NOSYSTEM = "1";
            }"#;
        let url = url(repo);
        #[rustfmt::skip]
        let out = self.store.run("nix-build", &[
            "--no-out-link", "--expr", expression, "--argstr", "url", &url, "--argstr", "rev", commit,
            "--argstr", "hash", hash, "--argstr", "path", TOOL_PATH,
        ]);
        assert_eq!(self.store.hash_path(Path::new(&out)), hash);
    }

    /// Asserts that each of them is what cotter takes from the objects.
    pub fn agrees(&self, repo: &Repo, commit: &str) {
        let native = native(repo, commit);
        assert_eq!(self.archive(repo, commit), native, "git archive");
        assert_eq!(self.checkout(repo, commit), native, "git clone");
        assert_eq!(self.fetch_git(repo, commit), native, "builtins.fetchGit");
        self.fetchgit(repo, commit, &native);
    }
}

fn url(repo: &Repo) -> String {
    format!("file://{}", repo.dir().display())
}

pub fn new_repo() -> (TempDir, Repo) {
    let temp = tempfile::tempdir().unwrap();
    let repo = Repo::init(temp.path().join("repo"));
    (temp, repo)
}
