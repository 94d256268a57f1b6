//! What is foreseen of patches, read off git's objects, is what happens to them: `nix/spork/make-patch.sh` and
//! `apply-patches.sh` are run on the same commits.

mod support;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use cotter::git::{Oid, Repo as Git};
use support::repo::Repo;
use support::{run, run_ok};
use tempfile::TempDir;

/// A repository with an upstream and features, and a folder for each as Nix fetches it.
struct Scene {
    dir: TempDir,
    repo: Repo,
    upstream: String,
}

impl Scene {
    fn new(upstream: impl FnOnce(&Repo)) -> Scene {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repo::init(dir.path().join("repo"));
        repo.write("keep", "x\n");
        upstream(&repo);
        let upstream = repo.commit("Upstream");
        Scene {
            dir,
            repo,
            upstream,
        }
    }

    fn feature(&self, name: &str, change: impl FnOnce(&Repo)) -> String {
        self.repo
            .git(&["checkout", "-q", "-f", "-B", name, &self.upstream]);
        change(&self.repo);
        self.repo.commit(name)
    }

    /// The tree of a commit as a folder; its times are those of the store.
    fn tree(&self, commit: &str) -> PathBuf {
        let path = self.dir.path().join(commit);
        if !path.exists() {
            std::fs::create_dir(&path).unwrap();
            let script =
                "git archive \"$1\" | tar -x -C \"$2\" && find \"$2\" -exec touch -h -d @1 {} +";
            let mut sh = Command::new("bash");
            sh.args(["-euo", "pipefail", "-c", script, "bash", commit])
                .arg(&path)
                .current_dir(self.repo.dir());
            run_ok(&mut sh, "tar");
        }
        path
    }

    fn script(&self, name: &str, variables: &[(&str, &str)]) -> bool {
        let work = tempfile::tempdir_in(self.dir.path()).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("nix/spork")
            .join(name);
        let mut bash = Command::new("bash");
        bash.arg(script).current_dir(work.path());
        bash.env("upstream", self.tree(&self.upstream))
            .env("upstreamRev", "upstream")
            .envs(variables.iter().copied());
        run(&mut bash, "patch").status.success()
    }

    /// The patch of a feature; `None` where it does not carry all.
    fn patch(&self, commit: &str) -> Option<PathBuf> {
        let out = self.dir.path().join(format!("{commit}.patch"));
        let tree = self.tree(commit);
        let variables = [
            ("feature", tree.to_str().unwrap()),
            ("featureName", "feature"),
            ("featureRev", "rev"),
            ("out", out.to_str().unwrap()),
        ];
        self.script("make-patch.sh", &variables).then_some(out)
    }

    /// Upstream with these patches; `None` where one does not apply.
    fn applied(&self, patches: &[&Path]) -> Option<PathBuf> {
        let out = tempfile::tempdir_in(self.dir.path())
            .unwrap()
            .keep()
            .join("out");
        let files: Vec<&str> = patches.iter().map(|path| path.to_str().unwrap()).collect();
        let names = vec!["feature@rev"; patches.len()];
        let variables = [
            ("patches", &files.join(" ")[..]),
            ("patchNames", &names.join(" ")),
            ("out", out.to_str().unwrap()),
        ];
        self.script("apply-patches.sh", &variables).then_some(out)
    }

    /// What git makes of two changes of a text.
    fn merged(&self, before: &str, after: &[String]) -> String {
        let dir = tempfile::tempdir_in(self.dir.path()).unwrap();
        for (name, text) in ["one", "base", "two"]
            .iter()
            .zip([&after[0], before, &after[1]])
        {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let mut git = self.repo.command();
        git.current_dir(dir.path())
            .args(["merge-file", "-p", "one", "base", "two"]);
        run_ok(&mut git, "git") + "\n"
    }

    fn git(&self) -> Git {
        Git::open(self.repo.dir()).unwrap()
    }
}

fn oid(commit: &str) -> Oid {
    commit.parse().unwrap()
}

fn executable(repo: &Repo, name: &str, is_on: bool) {
    let mode = if is_on { 0o755 } else { 0o644 };
    std::fs::set_permissions(repo.dir().join(name), PermissionsExt::from_mode(mode)).unwrap();
}

fn link(repo: &Repo, to: &str, name: &str) {
    remove(repo, name);
    symlink(to, repo.dir().join(name)).unwrap();
}

fn remove(repo: &Repo, name: &str) {
    let path = repo.dir().join(name);
    match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => std::fs::remove_dir_all(path).unwrap(),
        Ok(_) => std::fs::remove_file(path).unwrap(),
        Err(_) => {}
    }
}

type Change = fn(&Repo);

/// Ends a chain.
fn put(_: &Repo) {}

#[test]
fn what_a_patch_carries_is_foreseen() {
    let upstream: Change = |repo| {
        repo.write("text", "1\n2\n3\n")
            .write("bytes", b"a\0b")
            .write("empty", "")
            .write("folder/a", "a\n")
            .write("script", "#!/bin/sh\n")
            .write("crlf", "1\r\n2\r\n")
            .write("a \"b\\c", "x\n")
            .write(b"latin-\xe9", "x\n")
            .write("end ", "x\n")
            .write("no end", "x");
        executable(repo, "script", true);
        link(repo, "keep", "link");
        link(repo, "nowhere", "dangling");
    };
    let cases: &[(&str, Change)] = &[
        ("text", |repo| put(repo.write("text", "1\n2\n3"))),
        ("gone", |repo| remove(repo, "text")),
        ("emptied", |repo| put(repo.write("text", ""))),
        ("filled", |repo| put(repo.write("empty", "x\n"))),
        ("empty, gone", |repo| remove(repo, "empty")),
        ("empty, new", |repo| put(repo.write("new/empty", ""))),
        ("empty program", |repo| {
            repo.write("new", "");
            executable(repo, "new", true);
            executable(repo, "empty", true);
        }),
        ("bytes", |repo| put(repo.write("bytes", b"a\0c"))),
        ("bytes, gone", |repo| remove(repo, "bytes")),
        ("bytes, new", |repo| put(repo.write("new", b"\0"))),
        ("bytes to text", |repo| put(repo.write("bytes", "x\n"))),
        ("text to bytes", |repo| put(repo.write("text", b"\0\n"))),
        ("bytes, renamed", |repo| {
            std::fs::rename(repo.dir().join("bytes"), repo.dir().join("new")).unwrap();
        }),
        ("bytes, a program", |repo| executable(repo, "bytes", true)),
        ("late bytes", |repo| {
            let mut text = "line\n".repeat(1000).into_bytes();
            text.extend(b"\0\n");
            repo.write("new", text);
        }),
        ("bytes at the end of a block", |repo| {
            let mut text = vec![b'x'; 4095];
            text.push(0);
            repo.write("new", text);
        }),
        ("program", |repo| {
            repo.write("new", "x\n");
            executable(repo, "new", true);
        }),
        ("no program", |repo| executable(repo, "script", false)),
        ("program, gone", |repo| remove(repo, "script")),
        ("program, changed", |repo| {
            repo.write("script", "#!/bin/bash\n").write("text", "x\n");
            executable(repo, "text", true);
        }),
        ("link, new", |repo| link(repo, "/etc/passwd", "new")),
        ("link, up", |repo| link(repo, "../../x y", "folder/new")),
        ("link, changed", |repo| {
            link(repo, "text", "link");
            link(repo, "elsewhere", "dangling");
        }),
        ("link, gone", |repo| {
            remove(repo, "link");
            remove(repo, "dangling");
        }),
        ("link to file", |repo| {
            remove(repo, "link");
            repo.write("link", "x\n");
        }),
        ("file to link", |repo| link(repo, "keep", "text")),
        ("folder to link", |repo| link(repo, ".", "folder")),
        ("folder to file", |repo| {
            remove(repo, "folder");
            repo.write("folder", "x\n");
        }),
        ("file to folder", |repo| {
            remove(repo, "text");
            repo.write("text/a/b", "x\n");
        }),
        ("file beside a folder", |repo| {
            remove(repo, "text");
            repo.write("text.d/a", "x\n").write("text-", "x\n");
        }),
        ("line endings", |repo| put(repo.write("crlf", "1\r\n3\r\n"))),
        ("names", |repo| {
            repo.write("a \"b\\c", "y\n")
                .write(b"latin-\xe9", "y\n")
                .write("end ", "y\n")
                .write("-n", "y\n")
                .write("new\nline", "y\n")
                .write("tab\t", "y\n");
            executable(repo, "a \"b\\c", true);
            executable(repo, "tab\t", true);
        }),
    ];
    for (name, change) in cases {
        let scene = Scene::new(upstream);
        let feature = scene.feature("feature", change);
        let (base, tip) = (oid(&scene.upstream), oid(&feature));
        let uncarried = scene.git().uncarried(base, tip).unwrap();
        let patch = scene.patch(&feature);
        assert_eq!(
            uncarried.is_empty(),
            patch.is_some(),
            "{name}: {uncarried:?}"
        );
    }
}

/// The same numbers every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % limit
    }
}

/// `lines` with one to three of a few edits, so that two features often make the same.
fn edited(random: &mut Random, lines: &[String]) -> String {
    let mut lines: Vec<String> = lines.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(9) * 3;
        match random.below(3) {
            0 => lines[at] = format!("changed {}", random.below(2)),
            1 => lines.insert(at, format!("inserted {}", random.below(2))),
            _ => drop(lines.remove(at)),
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn whether_features_go_together_is_foreseen() {
    let lines: Vec<String> = (0..30).map(|n| format!("line {n}")).collect();
    let text = lines.join("\n") + "\n";
    let mut random = Random(1);
    let (mut clean, mut apart, mut same) = (0, 0, 0);
    for round in 0..40 {
        let scene = Scene::new(|repo| put(repo.write("text", &text)));
        let mut texts = Vec::new();
        let tips: Vec<(String, Oid)> = ["a", "b"]
            .iter()
            .map(|name| {
                let mut new = edited(&mut random, &lines);
                if new == text {
                    new += "more\n";
                }
                texts.push(new.clone());
                let feature = scene.feature(name, |repo| put(repo.write("text", new)));
                ((*name).to_owned(), oid(&feature))
            })
            .collect();
        let conflicts = scene.git().conflicts(oid(&scene.upstream), &tips).unwrap();
        let patches: Vec<PathBuf> = tips
            .iter()
            .map(|(_, tip)| scene.patch(&tip.to_string()).unwrap())
            .collect();
        let applied = scene.applied(&[&patches[0], &patches[1]]);
        assert_eq!(
            conflicts.is_empty(),
            applied.is_some(),
            "{round}: {conflicts:?}\n{}\n{}",
            texts[0],
            texts[1]
        );
        if let Some(applied) = applied {
            let built = std::fs::read_to_string(applied.join("text")).unwrap();
            assert_eq!(built, scene.merged(&text, &texts), "{round}");
        }
        match conflicts.first() {
            None => clean += 1,
            Some(conflict) if conflict.is_same => same += 1,
            Some(_) => apart += 1,
        }
    }
    assert!(clean > 3 && apart > 3 && same > 3, "{clean} {apart} {same}");
}
