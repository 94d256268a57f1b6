//! A repository that a work tree pushes to and that servers serve.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cotter::git::{Git, GitOptions, Location, Oid, Refs};

use super::repo::Repo as Made;
use super::{command, run_ok};

pub fn options(home: &Path) -> GitOptions {
    GitOptions {
        cache_dir: home.join("cache"),
        offline: false,
        timeout: Duration::from_secs(60),
    }
}

pub fn git(home: &Path) -> Git {
    Git::new(options(home))
}

pub fn oid(text: &str) -> Oid {
    text.parse().unwrap()
}

pub fn remote(url: impl Into<String>) -> Location {
    Location::Remote(url.into())
}

/// Below `root/srv`: `up.git`, a bare repository that serves what the work tree `root/work` pushes.
pub struct Served {
    root: PathBuf,
    pub work: Made,
    pub commits: Vec<Oid>,
}

impl Served {
    pub fn new(root: &Path) -> Served {
        let work = Made::init(root.join("work"));
        let mut commits = Vec::new();
        for n in 0..4 {
            work.write("file", format!("{n}\n"))
                .write(format!("dir/{n}"), "x");
            commits.push(oid(&work.commit(&format!("commit {n}"))));
        }
        work.git(&["tag", "-a", "-m", "x", "v1", "HEAD~1"]);
        work.git(&["branch", "feature/x", "HEAD~2"]);
        let mut bare = command("git", root);
        bare.args(["init", "-q", "--bare", "--initial-branch=main"])
            .arg(root.join("srv/up.git"));
        run_ok(&mut bare, "git");
        let served = Served {
            root: root.to_owned(),
            work,
            commits,
        };
        served.push();
        served
    }

    /// What the server has becomes what the work tree has.
    pub fn push(&self) {
        let to = self.bare().display().to_string();
        self.work.git(&["push", "-q", "--mirror", &to]);
    }

    pub fn bare(&self) -> PathBuf {
        self.root.join("srv/up.git")
    }

    pub fn expect(&self, refs: &Refs) {
        let names: Vec<_> = refs
            .by_name
            .iter()
            .map(|(n, id)| (n.as_str(), *id))
            .collect();
        let of = |n: usize| self.commits[n];
        assert_eq!(
            names,
            [
                ("refs/heads/feature/x", of(1)),
                ("refs/heads/main", of(3)),
                ("refs/tags/v1", of(2)),
            ]
        );
        let head = refs.head.as_ref().unwrap();
        assert_eq!((head.branch.as_deref(), head.id), (Some("main"), of(3)));
    }
}
