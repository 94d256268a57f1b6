//! A workspace with a flake, the repositories of its inputs, a Nix store, and the binary run on them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use cotter::nix::FlakeLock;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::repo::Repo;
use crate::support::{command, roots, run, run_ok};

pub struct Bench {
    dir: TempDir,
    root: PathBuf,
}

pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Bench {
    /// Nix's registry has the repository `listed`, when that is made.
    pub fn new() -> Bench {
        let dir = TempDir::new().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for name in ["home", "srv", "ws", "empty"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        let listed = root.join("srv/listed");
        let registry = format!(
            r#"{{ "version": 2, "flakes": [ {{ "from": {{ "type": "indirect", "id": "listed" }},
               "to": {{ "type": "git", "url": "file://{}" }} }} ] }}"#,
            listed.display()
        );
        fs::write(root.join("registry.json"), registry).unwrap();
        Bench { dir, root }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// A repository with a flake, and with one commit.
    pub fn repo(&self, name: &str) -> Repo {
        let repo = Repo::init(self.path("srv").join(name));
        repo.write("flake.nix", "{ outputs = _: { x = 1; }; }\n");
        repo.commit("first");
        repo
    }

    fn program(&self, name: &str) -> Command {
        let root = self.root.display();
        let mut program = command(name, &self.path("home"));
        program
            .current_dir(self.path("ws"))
            .env("NIX_CONF_DIR", self.path("none"))
            .env("NIX_STORE_DIR", format!("{root}/store"))
            .env("NIX_STATE_DIR", format!("{root}/state"))
            .env("NIX_LOG_DIR", format!("{root}/log"))
            .env(
                "NIX_CONFIG",
                format!("experimental-features = nix-command flakes\nsandbox = false\nsubstituters =\nbuild-users-group =\nflake-registry = {root}/registry.json\n"),
            );
        program
    }

    pub fn nix(&self, args: &[&str]) -> String {
        let mut nix = self.program("nix");
        nix.args(["--extra-experimental-features", "nix-command flakes"]);
        run_ok(nix.args(args), "nix-bin")
    }

    /// Writes `flake.nix` and lets Nix lock it.
    pub fn flake(&self, text: &str) -> &Bench {
        self.write("flake.nix", text);
        self.nix(&["flake", "lock", "path:."]);
        self
    }

    pub fn write(&self, path: &str, text: &str) {
        fs::write(self.path("ws").join(path), text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path("ws").join(path)).unwrap()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut cotter = self.program(roots::program().to_str().unwrap());
        cotter.args(args);
        cotter
    }

    pub fn cotter(&self, args: &[&str]) -> Ran {
        ran(&mut self.command(args))
    }

    pub fn bump(&self, args: &[&str]) -> Ran {
        self.cotter(&[&["pin", "bump"], args].concat())
    }

    /// Where no program is.
    pub fn bump_without_nix(&self, args: &[&str]) -> Ran {
        let mut cotter = self.command(&[&["pin", "bump"], args].concat());
        ran(cotter.env("PATH", self.path("empty")))
    }

    /// What the lock has for an input.
    pub fn locked(&self, input: &str) -> String {
        let lock = FlakeLock::parse(&self.read("flake.lock")).unwrap();
        let node = lock.input(input).expect("an input");
        node.locked.as_ref().unwrap().rev.clone().unwrap()
    }

    /// Nix takes both files as they are; a second run finds nothing to do, and does not ask Nix for that.
    #[track_caller]
    pub fn settled(&self) {
        let lock = self.read("flake.lock");
        self.nix(&["flake", "metadata", "path:.", "--no-update-lock-file"]);
        self.nix(&["eval", "path:.#y", "--no-update-lock-file"]);
        assert_eq!(self.read("flake.lock"), lock);
        let again = self.bump_without_nix(&["--dry-run"]).expect(0);
        assert!(again.out.contains("nothing to change"), "{}", again.out);
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // Nix makes what is in its store read-only.
        let mut chmod = Command::new("chmod");
        let _ = chmod.args(["-R", "u+w"]).arg(self.dir.path()).status();
    }
}

fn ran(command: &mut Command) -> Ran {
    let output = run(command, "git");
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Ran {
    #[track_caller]
    pub fn expect(self, code: i32) -> Ran {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub fn says(self, words: &[&str]) -> Ran {
        let flat = self.err.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(flat.contains(word), "`{word}` is not in:\n{}", self.err);
        }
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|e| panic!("{e}: {}\n{}", self.out, self.err))
    }
}

pub fn url(repo: &Repo) -> String {
    format!("git+file://{}", repo.dir().display())
}

/// A flake with these inputs, one of which is `one`.
pub fn flake(inputs: &str) -> String {
    format!("{{\n  {inputs}\n  outputs = {{ self, ... }}@args: {{ y = args.one.x; }};\n}}\n")
}
