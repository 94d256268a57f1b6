//! A mirror of an upstream with two feature branches, a workspace that pins them, and the binary run in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::repo::Repo;
use super::{command, run, run_ok};

pub const FEATURES: [&str; 2] = ["feature/upstream/clone-url-base", "local/skip"];

pub struct Team {
    pub home: PathBuf,
    /// What mirror-sync works in.
    pub work: Repo,
    /// Where the sources are fetched from.
    pub url: String,
    _temp: TempDir,
}

/// What the binary said.
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("{e}: {}{}", self.stdout, self.stderr))
    }

    /// `ACTION NAME REF-OR-HOLDER` of each row.
    pub fn rows(&self) -> Vec<String> {
        let json = self.json();
        let rows = json["refs"].as_array().expect("a list").clone();
        rows.iter()
            .map(|row| {
                let of = |key: &str| row[key].as_str().unwrap_or("-");
                let about = row["ref"].as_str().or(row["held_by"].as_str());
                format!("{} {} {}", of("action"), of("name"), about.unwrap_or("-"))
            })
            .collect()
    }
}

impl Team {
    /// Upstream with three commits, the features on the last, all of it on the mirror and pinned.
    pub fn new() -> Team {
        let temp = tempfile::tempdir().unwrap();
        let home = temp.path().canonicalize().unwrap();
        let work = Repo::init(home.join("work"));
        for n in 0..3 {
            work.write("file", format!("{n}\n"));
            work.commit(&format!("upstream {n}"));
        }
        for (n, branch) in FEATURES.iter().enumerate() {
            work.git(&["checkout", "-q", "-b", branch, "main"]);
            work.write(format!("feature{n}"), "x\n");
            work.commit(&format!("feature {n}"));
        }
        work.git(&["checkout", "-q", "main"]);
        let team = Team {
            url: format!("file://{}", home.join("srv/kingfisher.git").display()),
            home,
            work,
            _temp: temp,
        };
        team.bare(&["init", "-q", "--bare", "--initial-branch=main"]);
        team.bare(&["config", "gc.auto", "0"]);
        team.push_branches();
        run_ok(
            command("git", &team.home)
                .args(["init", "-q"])
                .arg(team.ops()),
            "git",
        );
        team.pin();
        team
    }

    pub fn ops(&self) -> PathBuf {
        self.home.join("ops")
    }

    pub fn mirror(&self) -> PathBuf {
        self.home.join("srv/kingfisher.git")
    }

    /// Git in the mirror itself.
    pub fn bare(&self, args: &[&str]) -> String {
        let mut git = command("git", &self.home);
        std::fs::create_dir_all(self.mirror()).unwrap();
        run_ok(git.current_dir(self.mirror()).args(args), "git")
    }

    fn push_branches(&self) {
        let to = self.mirror().display().to_string();
        let mut args = vec!["push", "-q", "--force", &to, "main"];
        args.extend(FEATURES);
        self.work.git(&args);
    }

    /// What mirror-sync does: upstream moves, the features are rebased on it and force-pushed.
    pub fn sync(&self) {
        self.work.write("file", self.rev("main"));
        self.work.commit("upstream moves");
        for branch in FEATURES {
            self.work.git(&["rebase", "-q", "main", branch]);
        }
        self.work.git(&["checkout", "-q", "main"]);
        self.push_branches();
    }

    /// What a server does at night.
    pub fn gc(&self) {
        self.bare(&["reflog", "expire", "--expire=now", "--all"]);
        self.bare(&["gc", "-q", "--prune=now"]);
    }

    pub fn rev(&self, name: &str) -> String {
        self.work.git(&["rev-parse", name])
    }

    /// Upstream and the two features as they are now.
    pub fn revs(&self) -> [String; 3] {
        ["main", FEATURES[0], FEATURES[1]].map(|name| self.rev(name))
    }

    /// Writes the container's source with the revs of now.
    pub fn pin(&self) {
        self.pin_as("kingfisher", &self.revs());
    }

    pub fn pin_as(&self, container: &str, [upstream, first, second]: &[String; 3]) {
        let (url, branch) = (&self.url, FEATURES[1]);
        let text = format!(
            r#"let
  upstreamRev = "{upstream}";
  features = [
    {{ name = "clone-url-base"; rev = "{first}"; }}
    {{ name = "skip"; branch = "{branch}"; rev = "{second}"; }}
  ];
  upstream = builtins.fetchGit {{ url = "{url}"; rev = upstreamRev; ref = "main"; }};
  patches = map (feature: builtins.fetchGit {{ url = "{url}"; inherit (feature) rev; allRefs = true; }}) features;
in
[ upstream patches ]
"#
        );
        self.write(&format!("containers/{container}/default.nix"), &text);
    }

    /// Writes a file of the workspace.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.ops().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut cotter = command(env!("CARGO_BIN_EXE_cotter"), &self.home);
        cotter
            .current_dir(self.ops())
            .env("COTTER_CACHE_DIR", self.home.join("cache"))
            .env("GIT_CONFIG_GLOBAL", self.home.join(".gitconfig"))
            .args(args);
        cotter
    }

    pub fn run(&self, args: &[&str]) -> Said {
        said(&mut self.command(args))
    }

    /// `pin protect --format json`
    pub fn protect(&self, args: &[&str]) -> Said {
        self.run(&[&["pin", "protect", "--format", "json"], args].concat())
    }

    /// `NAME OID` of each ref of the mirror.
    pub fn refs(&self) -> String {
        self.bare(&["for-each-ref", "--format=%(refname) %(objectname)"])
    }

    /// Whether somebody who clones the mirror gets the commit.
    pub fn serves(&self, rev: &str) -> bool {
        let dir = tempfile::tempdir_in(&self.home).unwrap();
        let mut clone = command("git", &self.home);
        clone.args(["clone", "-q", "--mirror"]);
        // Not a plain path, whose files would be copied with all that no ref holds.
        clone.arg(format!("file://{}", self.mirror().display()));
        run_ok(clone.arg(dir.path()), "git");
        has(dir.path(), rev)
    }
}

/// Whether the repository has the commit, held by a ref or not.
pub fn has(repo: &Path, rev: &str) -> bool {
    let mut git = command("git", repo);
    git.current_dir(repo)
        .args(["cat-file", "-e", &format!("{rev}^{{commit}}")]);
    run(&mut git, "git").status.success()
}

pub fn said(command: &mut Command) -> Said {
    let output = run(command, "git");
    Said {
        code: output.status.code().expect("an exit code"),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// The ref that protects `rev`.
pub fn pins_ref(container: &str, rev: &str) -> String {
    format!("refs/heads/pins/{container}/{}", &rev[..12])
}
