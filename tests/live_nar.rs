//! Hashes taken from git's objects against real git and real Nix.

mod support;

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use cotter::git::{CheckoutTrait, FetchMethod, Oid, TraitKind, TreeError, obstacles};
use cotter::hash::{Algo, HashText, Spelling};
use support::repo::Repo;
use support::store::Store;
use support::{TOOL_PATH, command, run_ok};
use tempfile::TempDir;

fn oid(commit: &str) -> Oid {
    commit.parse().expect("a full commit name")
}

fn open(repo: &Repo) -> cotter::git::Repo {
    cotter::git::Repo::open(repo.dir()).unwrap()
}

fn native(repo: &Repo, commit: &str) -> String {
    open(repo)
        .nar_hash(oid(commit), Algo::Sha256)
        .unwrap()
        .to_string()
}

/// What each real way to the files of a commit hashes to.
struct Real {
    temp: TempDir,
    store: Store,
}

impl Real {
    fn new() -> Real {
        Real {
            temp: tempfile::tempdir().unwrap(),
            store: Store::new(),
        }
    }

    /// `git archive`, unpacked, `nix hash path`: what a forge's tarball holds.
    fn archive(&self, repo: &Repo, commit: &str) -> String {
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
    fn checkout(&self, repo: &Repo, commit: &str) -> String {
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
    fn fetch_git(&self, repo: &Repo, commit: &str) -> String {
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
    fn fetchgit(&self, repo: &Repo, commit: &str, hash: &str) {
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

    fn agrees(&self, repo: &Repo, commit: &str) {
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

fn new_repo() -> (TempDir, Repo) {
    let temp = tempfile::tempdir().unwrap();
    let repo = Repo::init(temp.path().join("repo"));
    (temp, repo)
}

fn make_executable(repo: &Repo, path: &str) {
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(repo.dir().join(path), mode).unwrap();
}

/// Names whose order differs between git's trees and NARs, or that a careless program trips over.
fn write_odd_tree(repo: &Repo) {
    repo.write("run.sh", "#!/bin/sh\n").write("empty", "");
    make_executable(repo, "run.sh");
    // `foo` is a folder: git sorts it as `foo/`, after `foo-` and `foo.bar`; a NAR has it first.
    repo.write("foo/inner", "i")
        .write("foo.bar", "b")
        .write("foo-", "-")
        .write("foo0", "0");
    repo.write("bar", "file")
        .write("bar.d/x", "x")
        .write("bar-d/x", "x");
    for name in [
        "-dash",
        " space ",
        ".dot",
        "tab\there",
        "new\nline",
        "quo\"te",
        "back\\slash",
        "$HOME",
        "ü",
        "日本",
    ] {
        repo.write(name, name);
        repo.write(format!("names/{name}/{name}"), name);
    }
    repo.write(b"latin-\xe9", b"\xe9\0\xff");
    let deep = (0..60).map(|n| format!("d{n}/")).collect::<String>();
    repo.write(deep + "leaf", "deep");
    symlink("run.sh", repo.dir().join("link")).unwrap();
    symlink("../no/such file", repo.dir().join("foo/dangling")).unwrap();
    symlink(
        std::ffi::OsStr::from_bytes(b"\xff"),
        repo.dir().join("to-bytes"),
    )
    .unwrap();
    for len in [7, 8, 9, 4095, 4096, 70_000] {
        repo.write(format!("sizes/{len}"), vec![b'x'; len]);
    }
}

#[test]
fn odd_trees_hash_as_every_fetcher_has_them() {
    let (_temp, repo) = new_repo();
    write_odd_tree(&repo);
    let commit = repo.commit("odd");
    assert_eq!(open(&repo).checkout_traits(oid(&commit)).unwrap(), []);
    let real = Real::new();
    real.agrees(&repo, &commit);
    let loose = native(&repo, &commit);
    repo.git(&["gc", "-q", "--aggressive"]);
    assert_eq!(native(&repo, &commit), loose);

    // Every algorithm, a folder, a file and a link of it, and a tag instead of the commit.
    let sha512 = open(&repo).nar_hash(oid(&commit), Algo::Sha512).unwrap();
    let export = real.temp.path().join("export");
    repo.git(&[
        "worktree",
        "add",
        "-q",
        "--detach",
        export.to_str().unwrap(),
        &commit,
    ]);
    std::fs::remove_file(export.join(".git")).unwrap();
    let export_text = export.to_str().unwrap();
    let expected = real
        .store
        .run("nix", &["hash", "path", "--type", "sha512", export_text]);
    assert_eq!(sha512.to_string(), expected);
    for path in ["foo", "names/日本", "run.sh", "foo/dangling", "bar.d/x"] {
        let below = open(&repo)
            .nar_hash_below(oid(&commit), path, Algo::Sha256)
            .unwrap();
        assert_eq!(
            below.to_string(),
            real.store.hash_path(&export.join(path)),
            "{path}"
        );
    }
    repo.git(&["tag", "-a", "-m", "tagged", "v1", &commit]);
    assert_eq!(native(&repo, &repo.git(&["rev-parse", "v1"])), loose);
}

#[test]
fn ten_thousand_files_hash_as_every_fetcher_has_them() {
    let (_temp, repo) = new_repo();
    for n in 0..10_000u32 {
        let path = format!("d{}/e{}/f{n}", n % 17, n % 61);
        repo.write(&path, format!("{n}\n").repeat(n as usize % 97));
    }
    // More than is read ahead in one go, and more than one handed-over parcel in a run.
    for n in 0..5u8 {
        repo.write(format!("big/{n}"), vec![n; 3 << 20]);
    }
    let commit = repo.commit("many");
    repo.git(&["repack", "-adq"]);
    Real::new().agrees(&repo, &commit);
}

#[test]
fn an_empty_commit_is_an_empty_folder() {
    let (_temp, repo) = new_repo();
    let commit = repo.commit("nothing");
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(native(&repo, &commit), Store::new().hash_path(empty.path()));
}

#[test]
fn a_submodule_is_an_empty_folder() {
    let (_temp, repo) = new_repo();
    repo.write("a", "a");
    repo.write(
        ".gitmodules",
        "[submodule \"sub\"]\n\tpath = lib/sub\n\turl = ./nowhere\n",
    );
    let first = repo.commit("first");
    repo.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{first},lib/sub"),
    ]);
    std::fs::create_dir_all(repo.dir().join("lib/sub")).unwrap();
    repo.git(&["commit", "-q", "-m", "gitlink"]);
    let commit = repo.git(&["rev-parse", "HEAD"]);
    Real::new().agrees(&repo, &commit);

    let traits = open(&repo).checkout_traits(oid(&commit)).unwrap();
    let submodule = CheckoutTrait {
        path: "lib/sub".into(),
        line: None,
        kind: TraitKind::Submodule,
    };
    assert_eq!(traits, [submodule]);
    assert_eq!(obstacles(&traits, FetchMethod::Checkout, false).count(), 0);
    assert_eq!(obstacles(&traits, FetchMethod::Checkout, true).count(), 1);
}

#[test]
fn attributes_without_effect_on_linux_are_no_obstacle() {
    let (_temp, repo) = new_repo();
    // Committed before the attributes, so that git stores the CRs.
    repo.write("crlf.txt", "one\r\ntwo\r\n")
        .write("mixed.txt", "one\r\ntwo\n")
        .write("forced.txt", "a\r\n");
    repo.write("lf.txt", "one\n")
        .write("legacy.txt", "x\r\ny\n")
        .write("bin", b"\0\r\n");
    repo.write("deep/crlf.txt", "a\r\nb\r\n");
    repo.commit("content");
    repo.write(
        ".gitattributes",
        "* text=auto\nforced.txt text\nlf.txt text eol=lf\nlegacy.txt crlf=input\nbin binary diff=hex\n\
         crlf.txt whitespace=cr-at-eol linguist-generated -merge\nmixed.txt -ident !filter -export-ignore\n",
    );
    repo.write("deep/.gitattributes", "*.txt text eol=lf\n");
    repo.git(&["add", ".gitattributes", "deep/.gitattributes"]);
    repo.git(&["commit", "-q", "-m", "attributes"]);
    let commit = repo.git(&["rev-parse", "HEAD"]);
    assert_eq!(repo.git(&["cat-file", "-s", "HEAD:crlf.txt"]), "10");
    assert_eq!(open(&repo).checkout_traits(oid(&commit)).unwrap(), []);
    Real::new().agrees(&repo, &commit);
}

/// Every attribute that is reported does change what the fetchers get for which it is an obstacle.
#[test]
fn attributes_with_effect_are_obstacles_where_they_have_it() {
    let real = Real::new();
    for (line, kind) in [
        ("f export-ignore", TraitKind::ExportIgnore),
        ("f export-subst", TraitKind::ExportSubst),
        ("f ident\r", TraitKind::Ident),
        ("f eol=crlf", TraitKind::EolCrlf),
        (
            "f working-tree-encoding=UTF-16LE",
            TraitKind::WorkingTreeEncoding("UTF-16LE".into()),
        ),
        ("[attr]made ident\nf made", TraitKind::Ident),
    ] {
        let (_temp, repo) = new_repo();
        let blob = "$Id$ $Format:%H$\n";
        repo.write("sub/f", blob).write("f", blob);
        repo.commit("content");
        // A folder's own file counts too; macros are for the root alone.
        let file = if line.starts_with('[') {
            ".gitattributes"
        } else {
            "sub/.gitattributes"
        };
        repo.write(file, format!("# why\n{line}\n"));
        repo.git(&["add", file]);
        repo.git(&["commit", "-q", "-m", "attributes"]);
        let commit = repo.git(&["rev-parse", "HEAD"]);
        let stored = repo.git(&["cat-file", "blob", "HEAD:sub/f"]);
        assert_eq!(stored, blob.trim_end(), "{line}: the blob is as written");

        let traits = open(&repo).checkout_traits(oid(&commit)).unwrap();
        let expected = CheckoutTrait {
            path: file.into(),
            line: Some(2),
            kind,
        };
        assert_eq!(traits, [expected], "{line}");
        let native = native(&repo, &commit);
        for (method, got) in [
            (FetchMethod::Archive, real.archive(&repo, &commit)),
            (FetchMethod::BuiltinFetchGit, real.fetch_git(&repo, &commit)),
            (FetchMethod::Checkout, real.checkout(&repo, &commit)),
        ] {
            let provable = obstacles(&traits, method, false).next().is_none();
            assert_eq!(got == native, provable, "{line}: {method:?}");
        }
    }
}

#[test]
fn replacements_of_the_clone_do_not_count() {
    let (_temp, repo) = new_repo();
    let first = repo.write("f", "one").commit("first");
    let before = native(&repo, &first);
    let second = repo.write("f", "two").commit("second");
    repo.git(&["replace", &first, &second]);
    assert_eq!(native(&repo, &first), before);
}

#[test]
fn trees_that_no_disk_can_hold_are_refused() {
    let (_temp, repo) = new_repo();
    let blob = repo.write("f", "x").git(&["hash-object", "-w", "f"]);
    let id: Vec<u8> = (0..40)
        .step_by(2)
        .map(|at| u8::from_str_radix(&blob[at..at + 2], 16).unwrap())
        .collect();
    for names in [["a", "a"], ["..", "b"], ["a", ".."]] {
        let mut tree = Vec::new();
        for name in names {
            tree.extend(format!("100644 {name}\0").bytes());
            tree.extend(&id);
        }
        repo.write("tree", tree);
        let tree = repo.git(&["hash-object", "-t", "tree", "-w", "--literally", "tree"]);
        let commit = repo.git(&["commit-tree", "-m", "bad", &tree]);
        let error = open(&repo)
            .nar_hash(oid(&commit), Algo::Sha256)
            .unwrap_err();
        assert!(
            matches!(error, cotter::git::GitError::Tree(TreeError::Unreal { .. })),
            "{names:?}: {error}"
        );
    }
}

#[test]
fn what_is_missing_is_named() {
    let (_temp, repo) = new_repo();
    // Enough files to be read by several threads.
    for n in 0..300 {
        repo.write(format!("many/{n}"), n.to_string());
    }
    let commit = repo.write("sub/f", "x").commit("c");
    let error = open(&repo)
        .nar_hash_below(oid(&commit), "sub/g", Algo::Sha256)
        .unwrap_err();
    assert!(error.to_string().contains("has no `sub/g`"), "{error}");
    let blob = repo.git(&["rev-parse", "HEAD:sub/f"]);
    std::fs::remove_file(
        repo.dir()
            .join(".git/objects")
            .join(&blob[..2])
            .join(&blob[2..]),
    )
    .unwrap();
    let error = open(&repo)
        .nar_hash(oid(&commit), Algo::Sha256)
        .unwrap_err();
    assert!(error.to_string().contains(&blob), "{error}");
    let absent = "0123456789012345678901234567890123456789";
    let error = open(&repo).nar_hash(oid(absent), Algo::Sha256).unwrap_err();
    assert!(error.to_string().contains(absent), "{error}");
}

#[test]
fn spellings_are_those_of_nix() {
    let store = Store::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "some content").unwrap();
    for algo in Algo::ALL {
        let name = algo.name();
        let path = file.path().to_str().unwrap();
        let hex = store.run("nix-hash", &["--type", name, "--flat", path]);
        let hash = HashText::parse(&hex, Some(algo)).unwrap().hash;
        assert_eq!(hash.spell(Spelling::Base16), hex);
        let nix32 = store.run("nix-hash", &["--type", name, "--to-base32", &hex]);
        assert_eq!(hash.spell(Spelling::Nix32), nix32);
        let sri = store.run("nix", &["hash", "to-sri", "--type", name, &hex]);
        assert_eq!(hash.spell(Spelling::Sri), sri);
        let base64 = store.run("nix", &["hash", "to-base64", "--type", name, &hex]);
        assert_eq!(hash.spell(Spelling::Base64), base64);
        // And back: Nix reads what cotter writes as cotter does.
        for spelling in Spelling::ALL {
            let text = hash.spell(spelling);
            let read = store.run("nix", &["hash", "to-base16", "--type", name, &text]);
            assert_eq!(read, hex, "{text}");
        }
        let upper = hex.to_uppercase();
        assert_eq!(
            store.run("nix-hash", &["--type", name, "--to-base32", &upper]),
            nix32
        );
        assert_eq!(HashText::parse(&upper, Some(algo)).unwrap().hash, hash);
        let unpadded = sri.trim_end_matches('=');
        assert_eq!(store.run("nix", &["hash", "to-base16", unpadded]), hex);
        assert_eq!(HashText::parse(unpadded, None).unwrap().hash, hash);
    }
}
