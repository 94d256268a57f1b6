//! `cotter pin list` over the trees of `fixtures/pin_list`, as plain folders and as git work trees.
//!
//! A case is a folder with `in/`, `expected.json` (standard output) and, where there is more to it, `expected.txt` (exit
//! code and standard error). `SNAPSHOTS=overwrite cargo test --test pin_list` writes both anew.

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Output;

use snapbox::Assert;
use snapbox::Data;
use support::repo::Repo;
use support::{command, run};

const REV: &str = "1d37d2983cd4a58c12663dd8df0e79dfe89a5d75";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pin_list")
}

/// Runs `cotter` in `root`.
fn cotter(root: &Path, args: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = command(env!("CARGO_BIN_EXE_cotter"), home.path());
    run(command.current_dir(root).args(args), "cotter")
}

fn list(root: &Path, args: &[&str]) -> Output {
    cotter(root, &[&["--root", ".", "pin", "list"], args].concat())
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// The names that `pin list` shows, and its exit code.
fn names(root: &Path, args: &[&str]) -> (Vec<String>, i32) {
    let output = list(root, &[args, &["--format", "json"]].concat());
    let document: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)));
    let names = document["pins"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|pin| pin["name"].as_str().unwrap().to_owned())
        .collect();
    (names, output.status.code().unwrap())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

fn fetch(url: &str) -> String {
    format!("{{ src = fetchGit {{ url = \"{url}\"; rev = \"{REV}\"; }}; }}\n")
}

/// A folder with `files`.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

#[test]
fn every_case_lists_what_is_expected() {
    let mut cases: Vec<PathBuf> = fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(cases.len() > 20, "{cases:?}");
    let assert = Assert::new().action_env("SNAPSHOTS");
    for case in cases {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("in");
        copy(&case.join("in"), &root);
        let plain = list(&root, &["--format", "json"]);
        assert.eq(
            Data::text(stdout(&plain)),
            Data::read_from(&case.join("expected.json"), None).raw(),
        );
        let code = plain.status.code().unwrap();
        let told = case.join("expected.txt");
        if code != 0 || !plain.stderr.is_empty() || told.exists() {
            let actual = format!("exit {code}\n{}", stderr(&plain));
            assert.eq(Data::text(actual), Data::read_from(&told, None).raw());
        }

        let repo = Repo::init(&root);
        repo.commit("all");
        let tracked = list(&root, &["--format", "json"]);
        assert_eq!(stdout(&tracked), stdout(&plain), "{}", case.display());
        assert_eq!(tracked.status.code(), plain.status.code());
    }
}

#[test]
fn files_that_git_knows_or_does_not_ignore_are_listed_once() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("ops");
    let repo = Repo::init(&root);
    let text = fetch("https://git.example.org/x");
    repo.write(".gitignore", "ignored/\nkept/\n");
    for name in ["tracked", "kept", "ignored"] {
        repo.write(format!("{name}/default.nix"), &text);
    }
    repo.git(&["add", "--force", "tracked", "kept", ".gitignore"]);
    repo.git(&["commit", "-q", "-m", "all"]);
    repo.write("untracked/default.nix", &text);
    repo.write(".hidden/default.nix", &text);
    // What was deleted since is gone, and says nothing.
    repo.write("deleted/default.nix", &text);
    repo.git(&["add", "deleted"]);
    fs::remove_file(root.join("deleted/default.nix")).unwrap();
    symlink("default.nix", root.join("tracked/link.nix")).unwrap();
    symlink("../tracked", root.join("untracked/folder")).unwrap();
    symlink("loop.nix", root.join("tracked/loop.nix")).unwrap();
    symlink("/nowhere/x.nix", root.join("tracked/dangling.nix")).unwrap();
    symlink("..", root.join("tracked/up")).unwrap();

    let expected: Vec<String> = [".hidden", "kept", "tracked", "untracked"]
        .map(|name| format!("{name}:src"))
        .into();
    assert_eq!(names(&root, &[]), (expected.clone(), 0));

    // Once links are committed they are still no files of their own.
    repo.git(&["add", "--all", "."]);
    assert_eq!(names(&root, &[]), (expected.clone(), 0));

    let tree = dir.path().join("tree");
    repo.git(&["commit", "-q", "-m", "links"]);
    repo.git(&["worktree", "add", "-q", tree.to_str().unwrap()]);
    assert!(tree.join(".git").is_file());
    fs::write(tree.join("tracked/.gitignore"), "*.txt\n").unwrap();
    assert_eq!(names(&tree, &[]), (expected, 0), "a `.git` file");
}

#[test]
fn files_that_cannot_be_read_are_told_and_the_rest_is_listed() {
    let text = fetch("https://git.example.org/x");
    let dir = folder(&[("good/default.nix", &text), ("secret/default.nix", &text)]);
    let mut latin = b"# caf\xe9\n".to_vec();
    latin.extend_from_slice(text.as_bytes());
    fs::write(dir.path().join("latin.nix"), latin).unwrap();
    let secret = dir.path().join("secret/default.nix");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    let readable = fs::read(&secret).is_ok();

    let output = list(dir.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stdout(&output).starts_with("good:src "));
    let told = stderr(&output);
    assert!(
        told.contains("latin.nix:1:1: not UTF-8 from byte 5 on"),
        "{told}"
    );
    // Nothing is unreadable to root.
    assert_eq!(
        told.contains("secret/default.nix:1:1: permission denied"),
        !readable,
        "{told}"
    );

    let output = list(dir.path(), &["--quiet"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("latin.nix"),
        "errors are never quiet"
    );
}

#[test]
fn words_mean_files_folders_names_and_globs() {
    let text = fetch("https://git.example.org/x");
    let spork = format!(
        "{{ upstreamRev = \"{REV}\"; url = \"u\"; features.one = \"{REV}\"; features.two = \"{REV}\"; }}"
    );
    let dir = folder(&[
        ("containers/kingfisher/default.nix", &spork),
        ("containers/ntfy/default.nix", &text),
        ("empty/default.nix", "{ }"),
        ("empty/notes.txt", ""),
    ]);
    let root = dir.path();
    let all =
        ["upstreamRev", "features.one", "features.two"].map(|name| format!("kingfisher:{name}"));
    let found = |args: &[&str]| {
        let (names, code) = names(root, args);
        assert_eq!(code, 0, "{args:?}");
        names
    };
    assert_eq!(found(&["kingfisher"]), all);
    assert_eq!(found(&["containers/kingfisher"]), all);
    assert_eq!(found(&["containers/kingfisher/default.nix"]), all);
    assert_eq!(found(&["kingfisher:features.*"]), all[1..]);
    assert_eq!(found(&["*:src"]), ["ntfy:src"]);
    assert_eq!(
        found(&["ntfy:src", "ntfy", "containers/ntfy"]),
        ["ntfy:src"]
    );
    assert_eq!(found(&["containers"]).len(), 4);
    assert_eq!(found(&["."]).len(), 4);

    for (args, message, hint) in [
        (
            &["kingfihser"][..],
            "`kingfihser` is no file or folder",
            "did you mean `kingfisher`?",
        ),
        (
            &["ntfy:scr"],
            "`ntfy:scr` is no file or folder",
            "did you mean `ntfy:src`?",
        ),
        (
            &["empty"],
            "no pin stands in `empty`",
            "`cotter pin list` shows all names",
        ),
        (&["empty/notes.txt"], "no pin stands in", "shows all names"),
        (&["ntfy:src", "nowhere"], "`nowhere` is no file", ""),
        (&["ntfy:["], "is no pattern of names", ""),
        (&["/"], "outside of the workspace", ""),
    ] {
        let output = list(root, args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(stdout(&output), "", "{args:?}");
        let told = stderr(&output);
        assert!(
            told.contains(message) && told.contains(hint),
            "{args:?}: {told}"
        );
        let json = list(root, &[args, &["--format", "json"]].concat());
        let document: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!(document["error"]["kind"], "usage");
    }
}

#[test]
fn mistakes_in_the_configuration_have_a_place() {
    let text = fetch("https://git.example.org/x");
    for (config, place, message) in [
        (
            "[pin.\"ntfy:src\"]\n[pin.\"typo:src\"]\n",
            "cotter.toml:2:6",
            "no pin is named `typo:src`",
        ),
        (
            "[pin.\"ntfy:src\"]\nfolow = \"main\"\n",
            "cotter.toml:2:1",
            "unknown field `folow`",
        ),
        ("[container.ntfy\n", "cotter.toml:1:", ""),
    ] {
        let dir = folder(&[("ntfy/default.nix", &text), ("cotter.toml", config)]);
        let output = list(dir.path(), &["--format", "json"]);
        assert_eq!(output.status.code(), Some(2), "{config}");
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let error = &document["error"];
        let at = format!(
            "{}:{}:{}",
            error["file"].as_str().unwrap(),
            error["line"],
            error["column"]
        );
        assert!(at.starts_with(place), "{document}");
        assert!(
            error["message"].as_str().unwrap().contains(message),
            "{document}"
        );
        assert!(stderr(&output).contains(place), "{}", stderr(&output));
    }
}

#[test]
fn an_empty_folder_has_no_pins() {
    let dir = folder(&[("empty.nix", ""), ("only-a-comment.nix", "# fetchGit\n")]);
    let output = list(dir.path(), &["--format", "json"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document, serde_json::json!({ "schema": 1, "pins": [] }));
    assert_eq!(
        output.status.code(),
        Some(2),
        "an empty expression is none: {}",
        stderr(&output)
    );
}
