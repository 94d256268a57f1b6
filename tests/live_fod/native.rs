//! Hashes without a build: the same as those of builds, with no Nix at all, and none where they could be wrong.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use cotter::hash::{Algo, Hash, Spelling};

use crate::support::cotter::ran;
use crate::support::files::{Answer, Files};
use crate::support::fod::{Bench, Rows, STALE};
use crate::support::repo::Repo;

const PKGS: &str = include_str!("pkgs.nix");

struct Scene {
    bench: Bench,
    pkgs: String,
}

impl Scene {
    fn new() -> Scene {
        let bench = Bench::new();
        for name in ["srv", "bin"] {
            fs::create_dir(bench.path(name)).unwrap();
        }
        // What stands for a machine without Nix.
        for tool in ["git", "sh"] {
            let found = ["/usr/bin", "/bin"].map(|dir| PathBuf::from(dir).join(tool));
            let found = found.iter().find(|path| path.exists()).unwrap();
            symlink(found, bench.path("bin").join(tool)).unwrap();
        }
        fs::write(bench.path("pkgs.nix"), PKGS).unwrap();
        let srv = bench.path("srv");
        let config = format!(
            "[url \"file://{}/github.com/\"]\n\tinsteadOf = https://github.com/\n[protocol \"file\"]\n\tallow = always\n",
            srv.display()
        );
        fs::write(bench.path("home/.gitconfig"), config).unwrap();
        let pkgs = format!(
            "import {} {{ srv = \"{}\"; }}",
            bench.path("pkgs.nix").display(),
            srv.display()
        );
        Scene { bench, pkgs }
    }

    fn srv(&self, name: &str) -> String {
        self.bench.path("srv").join(name).display().to_string()
    }

    fn repo(&self, name: &str) -> Repo {
        let repo = Repo::init(self.srv(name));
        repo.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
        repo
    }

    fn file(&self, name: &str, text: &str) {
        fs::write(self.srv(name), text).unwrap();
    }

    fn command(&self, native: &str) -> Command {
        let given = [
            "--format",
            "json",
            "--file",
            "default.nix",
            "--native",
            native,
        ];
        let mut cotter = self.bench.command(&given);
        cotter
            .args(["--arg", "pkgs", &self.pkgs])
            .env("GIT_CONFIG_GLOBAL", self.bench.path("home/.gitconfig"));
        cotter
    }

    #[track_caller]
    fn rows(&self, code: i32, native: &str) -> Rows {
        Rows(ran(&mut self.command(native)).expect(code).json())
    }

    /// With no Nix on PATH.
    #[track_caller]
    fn rows_without_nix(&self, code: i32, native: &str) -> Rows {
        let mut command = self.command(native);
        command.env("PATH", self.bench.path("bin"));
        Rows(ran(&mut command).expect(code).json())
    }

    fn write(&self, body: &str) {
        self.bench
            .write("default.nix", &format!("{{ pkgs }}:\n{body}\n"));
    }

    #[track_caller]
    fn builds(&self) {
        self.bench
            .builds_with("default.nix", &["--arg", "pkgs", &self.pkgs]);
    }
}

/// A hash of nothing here.
fn stale(algo: Algo, spelling: Spelling) -> String {
    let digest = vec![0x5a; algo.digest_len()];
    Hash::new(algo, digest).unwrap().spell(spelling)
}

#[test]
fn every_way_comes_to_the_same() {
    let scene = Scene::new();
    let one = scene.repo("one");
    one.write("a", "1\n").write("bin/run", "#!/bin/sh\n");
    let commit = one.commit("first");
    let archived = scene.repo("github.com/o/r").write("b", "2\n").commit("x");
    for name in ["f256", "f512", "f1", "f5", "run"] {
        scene.file(name, name);
    }
    let srv = scene.srv("");
    let srv = srv.trim_end_matches('/');
    scene.write(&format!(
        r#"{{
  checkout = pkgs.fetchgit {{ url = "file://{srv}/one"; rev = "{commit}"; hash = "{STALE}"; }};
  archive = pkgs.fetchFromGitHub {{ owner = "o"; repo = "r"; rev = "{archived}"; sha256 = "{}"; }};
  empty = pkgs.fetchFromGitHub {{ owner = "o"; repo = "r"; rev = "{archived}"; hash = ""; name = "empty"; }};
  other = pkgs.fetchFromGitHub {{ owner = "o"; repo = "r"; rev = "{archived}"; sha512 = "{}"; name = "o"; }};
  user = derivation {{
    name = "user";
    system = builtins.currentSystem;
    builder = "/bin/sh";
    args = [ "-c" "echo > $out" ];
    src = builtins.fetchGit {{ url = "file://{srv}/one"; rev = "{commit}"; ref = "main"; narHash = "{STALE}"; }};
  }};
  f256 = pkgs.fetchurl {{ url = "file://{srv}/f256"; sha256 = "{}"; }};
  f512 = pkgs.fetchurl {{ url = "file://{srv}/f512"; hash = "{}"; }};
  f1 = pkgs.fetchurl {{ url = "file://{srv}/f1"; sha1 = "{}"; }};
  f5 = pkgs.fetchurl {{ url = "file://{srv}/f5"; md5 = "{}"; }};
  run = pkgs.fetchurl {{ url = "file://{srv}/run"; executable = true; hash = "{STALE}"; }};
}}"#,
        stale(Algo::Sha256, Spelling::Base16),
        stale(Algo::Sha512, Spelling::Nix32),
        stale(Algo::Sha256, Spelling::Nix32),
        stale(Algo::Sha512, Spelling::Sri),
        stale(Algo::Sha1, Spelling::Base16),
        stale(Algo::Md5, Spelling::Base16),
    ));
    let before = scene.bench.read("default.nix");
    let all = 10;

    let built = scene.rows(0, "never");
    assert_eq!(built.counts(), [all, 0, 0, 0]);
    assert_eq!(built.rounds(), 1);
    let text = scene.bench.read("default.nix");
    scene.builds();
    let restore = || {
        scene.bench.write("default.nix", &before);
        fs::remove_file(scene.bench.workspace().join("cotter.lock")).unwrap();
    };
    let mut locks = Vec::new();
    for native in ["only", "auto"] {
        restore();
        let rows = scene.rows_without_nix(0, native);
        assert_eq!(
            (rows.counts(), rows.rounds()),
            ([all, 0, 0, 0], 0),
            "{native}"
        );
        for row in rows.0["fods"].as_array().unwrap() {
            assert_eq!(row["strategy"], "native", "{row}");
        }
        assert_eq!(scene.bench.read("default.nix"), text, "{native}");
        locks.push(scene.bench.read("cotter.lock"));
    }
    assert_eq!(locks[0], locks[1]);
    for row in built.0["fods"].as_array().unwrap() {
        assert_eq!(row["strategy"], "build", "{row}");
    }
    // What was recorded by the one way is right by the other.
    assert_eq!(scene.rows(0, "never").counts(), [0, all, 0, 0]);
    assert_eq!(scene.rows(0, "auto").counts(), [0, all, 0, 0]);
    assert_eq!(scene.bench.read("default.nix"), text);
}

#[test]
fn what_is_recorded_is_not_asked_for_again() {
    let scene = Scene::new();
    let repo = scene.repo("one");
    let first = repo.write("a", "1\n").commit("first");
    let second = repo.write("a", "2\n").commit("second");
    scene.file("file", "content");
    let files = Files::serve([("/file", Answer::File(b"content".to_vec()))]);
    let body = format!(
        r#"{{
  tree = pkgs.fetchgit {{ url = "file://{}"; rev = "{first}"; hash = "{STALE}"; }};
  file = pkgs.fetchurl {{ url = "{}"; hash = "{STALE}"; }};
}}"#,
        scene.srv("one"),
        files.url("/file")
    );
    scene.write(&body);
    assert_eq!(scene.rows_without_nix(0, "auto").counts(), [2, 0, 0, 0]);
    assert_eq!(files.requests(), ["/file"]);
    let lock = scene.bench.read("cotter.lock");

    drop(files);
    let (here, away) = (scene.srv("one"), scene.srv("away"));
    fs::rename(&here, &away).unwrap();
    for native in ["auto", "only"] {
        let rows = scene.rows_without_nix(0, native);
        assert_eq!((rows.counts(), rows.written()), ([0, 2, 0, 0], false));
        assert_eq!(rows.of("tree.hash")["strategy"], "native");
    }
    assert_eq!(scene.bench.read("cotter.lock"), lock);

    // Another revision is another thing, of which nothing is recorded.
    let text = scene.bench.read("default.nix").replace(&first, &second);
    scene.bench.write("default.nix", &text);
    let rows = scene.rows_without_nix(1, "only");
    assert_eq!(rows.counts(), [0, 1, 1, 0]);
    assert_eq!(scene.bench.read("default.nix"), text);
    fs::rename(&away, &here).unwrap();
    let rows = scene.rows_without_nix(0, "auto");
    assert_eq!(
        (rows.status("tree.hash"), rows.counts()),
        ("updated", [1, 1, 0, 0])
    );
    scene.builds();
}

#[test]
fn what_is_done_to_what_is_fetched_is_another_thing() {
    let scene = Scene::new();
    scene.file("file", "content");
    let body = format!(
        r#"pkgs.fetchurl {{ url = "file://{}"; hash = "{STALE}"; }}"#,
        scene.srv("file")
    );
    scene.write(&body);
    assert_eq!(scene.rows_without_nix(0, "auto").counts(), [1, 0, 0, 0]);
    let text = scene.bench.read("default.nix");
    let more = text.replace("hash =", "postFetch = \"echo more >> $out\"; hash =");
    scene.bench.write("default.nix", &more);
    let rows = scene.rows(0, "auto");
    assert_eq!(rows.counts(), [1, 0, 0, 0], "{rows:#?}");
    assert_eq!(scene.rows(0, "auto").counts(), [0, 1, 0, 0]);
    scene.builds();
}

#[test]
fn what_is_out_of_reach_is_built() {
    let scene = Scene::new();
    scene.file("file", "content");
    let body = format!(r#"pkgs.fetchurl {{ url = "http://127.0.0.1:1/file"; hash = "{STALE}"; }}"#);
    scene.write(&body);
    let before = scene.bench.read("default.nix");
    let rows = scene.rows_without_nix(1, "only");
    assert_eq!(rows.counts(), [0, 0, 1, 0]);
    assert_eq!(scene.bench.read("default.nix"), before);
    let rows = scene.rows(0, "auto");
    assert_eq!((rows.counts(), rows.rounds()), ([1, 0, 0, 0], 1));
    let row = rows.of("hash");
    assert_eq!(row["strategy"], "build");
    assert!(row["reason"].as_str().unwrap().contains("built, since"));
    scene.builds();
}

#[test]
fn what_a_fetch_does_not_prove_is_built() {
    let scene = Scene::new();
    let inner = scene.repo("inner");
    inner.write("x", "1\n").commit("first");
    let outer = scene.repo("outer");
    let url = format!("file://{}", scene.srv("inner"));
    outer.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        &url,
        "sub",
    ]);
    let with_submodule = outer.commit("with a submodule");
    let ignoring = scene.repo("github.com/o/r");
    let ignoring = ignoring
        .write("a", "1\n")
        .write(".gitattributes", "a export-ignore\n")
        .commit("x");
    scene.write(&format!(
        r#"{{
  outer = pkgs.fetchgit {{ url = "file://{}"; rev = "{with_submodule}"; hash = "{STALE}"; }};
  ignoring = pkgs.fetchFromGitHub {{ owner = "o"; repo = "r"; rev = "{ignoring}"; hash = "{STALE}"; }};
  after = pkgs.fetchFromGitHub {{ owner = "o"; repo = "r"; rev = "{ignoring}"; postFetch = "echo > $out/y"; hash = "{STALE}"; }};
}}"#,
        scene.srv("outer")
    ));
    let before = scene.bench.read("default.nix");
    let rows = scene.rows_without_nix(0, "only");
    assert_eq!(rows.counts(), [0, 0, 0, 3]);
    for (name, why) in [
        ("outer.hash", "submodule"),
        ("ignoring.hash", "export-ignore"),
        ("after.hash", "`postFetch`"),
    ] {
        let reason = rows.of(name)["reason"].as_str().unwrap().to_owned();
        assert!(
            reason.contains(why) && reason.contains("needs a build"),
            "{reason}"
        );
    }
    assert_eq!(scene.bench.read("default.nix"), before);
    let rows = scene.rows(0, "auto");
    assert_eq!((rows.counts(), rows.rounds()), ([3, 0, 0, 0], 1));
    for row in rows.0["fods"].as_array().unwrap() {
        assert_eq!(row["strategy"], "build", "{row}");
    }
    scene.builds();
    assert_eq!(scene.rows(0, "auto").counts(), [0, 3, 0, 0]);
}

#[test]
fn a_literal_that_others_take_as_well_is_not_settled_by_one_of_them() {
    let scene = Scene::new();
    scene.file("file", "content");
    let body = |other: &str, hash: &str| {
        format!(
            r#"let
  h = "{hash}";
in {{
  file = pkgs.fetchurl {{ url = "file://{}"; hash = h; }};
  other = import ./fod.nix {{ name = "other"; hash = h; script = "printf {other} > $out"; }};
}}"#,
            scene.srv("file")
        )
    };
    let different = body("different", STALE);
    scene.write(&different);
    let before = scene.bench.read("default.nix");
    let rows = scene.rows(1, "auto");
    assert_eq!(rows.counts(), [0, 0, 1, 0]);
    let reason = rows.of("h")["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("different content"), "{reason}");
    assert_eq!(scene.bench.read("default.nix"), before);

    scene.write(&body("content", STALE));
    let rows = scene.rows(0, "auto");
    assert_eq!(rows.counts(), [1, 0, 0, 0]);
    assert_eq!(rows.of("h")["strategy"], "build");
    scene.builds();

    // Another that comes later is seen, though what the fetcher fetches is as recorded.
    let hash = rows.of("h")["new"].as_str().unwrap().to_owned();
    scene.write(&format!(
        "let h = \"{hash}\"; in pkgs.fetchurl {{ url = \"file://{}\"; hash = h; }}",
        scene.srv("file")
    ));
    let rows = scene.rows(0, "auto");
    assert_eq!((rows.counts(), rows.rounds()), ([0, 1, 0, 0], 0));
    assert_eq!(rows.of("h")["strategy"], "native");
    scene.write(&body("different", &hash));
    assert_eq!(scene.rows(1, "auto").counts(), [0, 0, 1, 0]);
}
