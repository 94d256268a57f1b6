//! A workspace, the forges that it pins, and the binary run in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::support::http::{Http, Wants};
use crate::support::repo::Repo;
use crate::support::store::Store;
use crate::support::{TOOL_PATH, command, run};

const HOSTS: &[&str] = &[
    "github.com",
    "ghe.example.org",
    "gitlab.com",
    "gitlab.example.org",
    "codeberg.org",
    "gitea.example.org",
    "git.sr.ht",
    "bitbucket.org",
    "gerrit.example.org",
];

pub struct Bench {
    root: PathBuf,
    pub http: Http,
    pub store: Store,
    _dir: TempDir,
}

/// How a run ended.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Bench {
    /// Every forge's host leads to the repositories of [`Bench::repo`], by the user's own git configuration.
    pub fn new() -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for name in ["home", "srv", "ws", "tmp"] {
            std::fs::create_dir(root.join(name)).unwrap();
        }
        let http = Http::serve(&root.join("srv"), Wants::default());
        let bench = Bench {
            http,
            store: Store::new_in(&root.join("tmp")),
            root,
            _dir: dir,
        };
        let port = bench.http.port;
        let config: String = HOSTS
            .iter()
            .map(|host| {
                format!(
                    "[url \"http://127.0.0.1:{port}/{host}/\"]\n\tinsteadOf = https://{host}/\n"
                )
            })
            .collect();
        std::fs::write(bench.root.join("home/.gitconfig"), config).unwrap();
        bench
    }

    /// The repository that is served as `https://NAME`, with one commit.
    pub fn repo(&self, name: &str) -> Repo {
        let repo = Repo::init(self.srv().join(name));
        repo.write("README", name).commit("first");
        repo.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
        repo
    }

    pub fn srv(&self) -> PathBuf {
        self.root.join("srv")
    }

    pub fn ws(&self, path: &str) -> PathBuf {
        self.root.join("ws").join(path)
    }

    pub fn write(&self, path: &str, text: &str) -> &Bench {
        std::fs::create_dir_all(self.ws(path).parent().unwrap()).unwrap();
        std::fs::write(self.ws(path), text).unwrap();
        self
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.ws(path)).unwrap()
    }

    /// `cotter pin bump --no-build ARGS`: what a build comes to is tested in `live_bump_built`.
    pub fn command(&self, args: &[&str]) -> Command {
        let home = self.root.join("home");
        let mut cotter = command(env!("CARGO_BIN_EXE_cotter"), &home);
        cotter
            .env("GIT_CONFIG_GLOBAL", home.join(".gitconfig"))
            .current_dir(self.ws(""))
            .args(["pin", "bump", "--no-build"])
            .args(args);
        cotter
    }

    /// [`Bench::command`] at the workspace's root.
    pub fn bump(&self, args: &[&str]) -> Ran {
        let output = run(&mut self.command(args), "git");
        Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Bumps `p/default.nix` of these words and gives what it says then; a second run finds nothing to do.
    #[track_caller]
    pub fn bumped(&self, text: &str) -> String {
        self.write("p/default.nix", text);
        self.bump(&[]).expect(0);
        let new = self.read("p/default.nix");
        let again = self.bump(&["--dry-run"]).expect(0);
        assert!(again.out.contains("nothing to change"), "{}", again.out);
        new
    }

    /// Bumps `p/default.nix` of these words, which is to stay as it is; what was said about it.
    #[track_caller]
    pub fn stays(&self, text: &str, code: i32) -> Ran {
        self.write("p/default.nix", text);
        let ran = self.bump(&[]).expect(code);
        assert_eq!(self.read("p/default.nix"), text);
        ran
    }

    /// Builds what `p/default.nix`, a function of fetchers, is; this succeeds only with the right hashes.
    #[track_caller]
    pub fn builds(&self, attr: &str) -> String {
        let expression = format!(
            "{{ file, srv, path }}: let pkgs = import {} {{ inherit srv path; }}; in \
             (import file (builtins.intersectAttrs (builtins.functionArgs (import file)) pkgs)).{attr}",
            concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/live_bump_single/nixpkgs.nix"
            )
        );
        let file = self.ws("p/default.nix");
        let srv = self.srv();
        let mut args = vec!["--no-out-link", "--expr", &expression];
        args.extend(["--argstr", "srv", srv.to_str().unwrap()]);
        args.extend(["--arg", "file", file.to_str().unwrap()]);
        args.extend(["--argstr", "path", TOOL_PATH]);
        self.store.run("nix-build", &args)
    }

    /// What `git archive` of a commit hashes to, in SRI.
    pub fn archive(&self, repo: &Repo, commit: &str) -> String {
        let tree = tempfile::tempdir_in(&self.root).unwrap();
        let tar = tree.path().join("t.tar");
        repo.git(&["archive", "-o", tar.to_str().unwrap(), commit]);
        let out = tree.path().join("out");
        std::fs::create_dir(&out).unwrap();
        let mut unpack = command("tar", tree.path());
        unpack.args([Path::new("-C"), &out, Path::new("-xf"), &tar]);
        crate::support::run_ok(&mut unpack, "tar");
        self.store.hash_path(&out)
    }
}

impl Ran {
    #[track_caller]
    pub fn expect(self, code: i32) -> Ran {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        self
    }

    /// Everything of this is said on standard error.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Ran {
        let flat = self.err.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(flat.contains(word), "`{word}` is not in:\n{}", self.err);
        }
        self
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|e| panic!("{e}: {}\n{}", self.out, self.err))
    }
}
