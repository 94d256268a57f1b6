//! Whether a `Cargo.toml` fits a `Cargo.lock`, asked of the room and of the real cargo. Needs cargo and git.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use cotter::manifest::cargo_lock::{self, Fit};
use cotter::source::{RelPath, SourceFile};

fn run(program: &str, home: &Path, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env_clear();
    for name in ["PATH", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    // rustup finds its toolchains below the home of the user, unless told where they are.
    if std::env::var_os("RUSTUP_HOME").is_none()
        && let Some(user) = std::env::var_os("HOME")
    {
        command.env("RUSTUP_HOME", Path::new(&user).join(".rustup"));
    }
    command
        .env("HOME", home)
        .env("CARGO_HOME", home.join("cargo"))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "A")
        .env("GIT_AUTHOR_EMAIL", "a@example.org")
        .env("GIT_AUTHOR_DATE", "2024-01-01T00:00:00Z")
        .env("GIT_COMMITTER_NAME", "A")
        .env("GIT_COMMITTER_EMAIL", "a@example.org")
        .env("GIT_COMMITTER_DATE", "2024-01-01T00:00:00Z")
        .output()
        .unwrap_or_else(|error| panic!("{program} is needed: {error}"))
}

fn package(folder: &Path, name: &str, version: &str, rest: &str) {
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("src/lib.rs"), "").unwrap();
    let text = format!(
        "[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"\n{rest}"
    );
    fs::write(folder.join("Cargo.toml"), text).unwrap();
}

fn read(path: &Path) -> SourceFile {
    SourceFile::from_text(
        RelPath::new(path.file_name().unwrap()).unwrap(),
        fs::read_to_string(path).unwrap(),
    )
}

#[test]
fn cargo_agrees() {
    let place = tempfile::tempdir().unwrap();
    let home = place.path().join("home");
    fs::create_dir(&home).unwrap();
    for (name, version) in [
        ("one", "1.2.3"),
        ("two", "2.0.0"),
        ("build-it", "0.4.1"),
        ("test-it", "0.1.0"),
        ("late", "1.0.0"),
    ] {
        package(&place.path().join(name), name, version, "");
    }
    let remote = place.path().join("remote");
    package(&remote, "from-git", "3.1.0", "");
    for arguments in [
        &["init", "-q", "-b", "main"][..],
        &["add", "."],
        &["commit", "-qm", "one"],
        &["branch", "feature/x"],
    ] {
        assert!(
            run("git", &home, &remote, arguments).status.success(),
            "git {arguments:?}"
        );
    }
    let url = format!("file://{}", remote.display());
    let base = format!(
        "[features]\nextra = [\"dep:two\"]\n\
         [dependencies]\none = {{ path = \"../one\", version = \"1.2\" }}\n\
         renamed = {{ package = \"two\", path = \"../two\", optional = true }}\n\
         from-git = {{ git = \"{url}\", branch = \"feature/x\" }}\n\
         [build-dependencies]\nbuild-it = {{ workspace = true }}\n\
         [target.'cfg(unix)'.dev-dependencies]\ntest-it = {{ path = \"../test-it\" }}\n\
         [workspace.dependencies]\nbuild-it = {{ path = \"../build-it\" }}\nunused = \"9\"\n"
    )
    .replace("dep:two", "dep:renamed");
    let app = place.path().join("app");
    package(&app, "app", "0.1.0", &base);
    let made = run("cargo", &home, &app, &["generate-lockfile"]);
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let lock = cargo_lock::read(&read(&app.join("Cargo.lock"))).unwrap();
    let git = lock
        .packages
        .iter()
        .find_map(|package| package.git())
        .unwrap();
    assert_eq!(
        (git.url, git.reference),
        (url, Some(("branch".into(), "feature/x".into())))
    );
    assert_eq!(git.rev.len(), 40);

    let git_line = base
        .lines()
        .find(|line| line.starts_with("from-git"))
        .unwrap()
        .to_owned();
    let mut refused = Vec::new();
    for (what, from, to) in [
        ("as it was", "", ""),
        (
            "another key order and comment",
            "[features]",
            "# comment\n[features]",
        ),
        (
            "a looser requirement",
            "version = \"1.2\"",
            "version = \">=1, <2\"",
        ),
        (
            "a stricter requirement",
            "version = \"1.2\"",
            "version = \"1.3\"",
        ),
        ("no longer optional", ", optional = true", ""),
        (
            "a new dependency",
            "[build-dependencies]",
            "late = { path = \"../late\" }\n[build-dependencies]",
        ),
        (
            "a path dependency less",
            "test-it = { path = \"../test-it\" }\n",
            "",
        ),
        ("a git dependency less", &git_line, ""),
        ("another branch", "feature/x", "main"),
        (
            "a workspace dependency that nobody takes",
            "unused = \"9\"",
            "other = \"8\"",
        ),
    ] {
        let text = match from {
            "" => base.clone(),
            _ => base.replace(from, to).replace(
                "extra = [\"dep:renamed\"]",
                match what {
                    "no longer optional" => "extra = []",
                    _ => "extra = [\"dep:renamed\"]",
                },
            ),
        };
        package(&app, "app", "0.1.0", &text);
        let manifest = read(&app.join("Cargo.toml"));
        let fit = lock.fit(&manifest, None).unwrap();
        let asked = run(
            "cargo",
            &home,
            &app,
            &["metadata", "--format-version", "1", "--locked", "--offline"],
        );
        let words = String::from_utf8_lossy(&asked.stderr);
        match asked.status.success() {
            true => assert_eq!(fit, Fit::Fits, "{what}"),
            false => {
                assert!(
                    matches!(fit, Fit::DoesNotFit { .. }),
                    "{what}: {fit:?}, but cargo says: {words}"
                );
                refused.push(what);
            }
        }
    }
    assert_eq!(
        refused,
        [
            "a stricter requirement",
            "a new dependency",
            "a git dependency less",
            "another branch"
        ]
    );
}
