//! Hashes without a build, from real git repositories and real servers, against what Nix says.

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cotter::fetched::{Fetched, Origin};
use cotter::fod::native::{NativeError, World, compute, compute_all};
use cotter::git::{FetchMethod, Git, Location};
use cotter::hash::{Algo, Hash, Hasher, Spelling};
use cotter::net::{DownloadError, DownloadOptions, Downloads};
use cotter::source::RelPath;
use support::alone::alone;
use support::fetchers::{Real, new_repo};
use support::files::{Answer, Files};
use support::http::{Http, Wants};
use support::repo::Repo;
use support::run_ok;
use support::served::{Served, options, remote};
use support::store::Store;

fn downloads() -> Downloads {
    Downloads::new(DownloadOptions {
        offline: false,
        timeout: Duration::from_secs(30),
        certificates: None,
    })
}

fn fetched(what: Origin) -> Fetched {
    Fetched {
        file: RelPath::new("default.nix").unwrap(),
        offset: 0,
        by_name: false,
        algo: None,
        what,
        obstacle: None,
    }
}

fn flat(urls: &[String]) -> Fetched {
    fetched(Origin::Flat {
        urls: urls.to_vec(),
        executable: false,
    })
}

fn tree(at: Location, rev: &str, method: FetchMethod, submodules: bool) -> Fetched {
    fetched(Origin::Git {
        url: at.to_string(),
        at,
        rev: rev.to_owned(),
        method,
        submodules,
    })
}

fn asked(fetched: &Fetched, home: &Path, downloads: &Downloads) -> Result<Hash, NativeError> {
    let git = Git::new(options(home));
    compute(
        fetched,
        World {
            git: &git,
            downloads,
        },
    )
}

/// The hash of the file at one URL.
fn of_url(url: String) -> Result<Hash, NativeError> {
    let home = tempfile::tempdir().unwrap();
    asked(&flat(&[url]), home.path(), &downloads())
}

fn sha256(bytes: &[u8]) -> Hash {
    let mut hasher = Hasher::new(Algo::Sha256);
    std::io::Write::write_all(&mut hasher, bytes).unwrap();
    hasher.finish()
}

#[track_caller]
fn download_error(outcome: Result<Hash, NativeError>) -> DownloadError {
    match outcome.unwrap_err() {
        NativeError::Download(error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_commit_hashes_as_nix_has_its_files() {
    let (temp, repo) = new_repo();
    repo.write("a", "1\n").write("dir/run.sh", "#!/bin/sh\n");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(repo.dir().join("dir/run.sh"), mode).unwrap();
    let commit = repo.commit("first");
    repo.git(&["tag", "-a", "-m", "x", "v1"]);
    repo.write("a", "2\n").commit("second");
    let real = Real::new();
    let archive = real.archive(&repo, &commit);
    assert_eq!(archive, real.checkout(&repo, &commit));

    let at = || remote(format!("file://{}", repo.dir().display()));
    for rev in [commit.as_str(), "v1", "refs/tags/v1", &commit[..9]] {
        for method in [FetchMethod::Archive, FetchMethod::Checkout] {
            let hash = asked(&tree(at(), rev, method, true), temp.path(), &downloads()).unwrap();
            assert_eq!(hash.to_string(), archive, "{rev} {method:?}");
        }
    }
    // A clone stands for the remote.
    let clone = Location::Clone(repo.dir().to_owned());
    let hash = asked(
        &tree(clone, "v1", FetchMethod::Archive, false),
        temp.path(),
        &downloads(),
    );
    assert_eq!(hash.unwrap().to_string(), archive);
}

#[test]
fn a_commit_is_fetched_from_a_server() {
    let temp = tempfile::tempdir().unwrap();
    let served = Served::new(temp.path());
    let http = Http::serve(&temp.path().join("srv"), Wants::default());
    let at = remote(format!("http://127.0.0.1:{}/up.git", http.port));
    let commit = served.commits[2].to_string();
    let expected = Real::new().archive(&served.work, &commit);
    let one = tree(at, &commit, FetchMethod::Checkout, true);
    assert_eq!(
        asked(&one, temp.path(), &downloads()).unwrap().to_string(),
        expected
    );
}

#[test]
fn what_a_commit_does_not_prove_is_left_to_a_build() {
    let (temp, repo) = new_repo();
    let commit = repo
        .write("a", "1\n")
        .write(".gitattributes", "a export-ignore\n")
        .commit("first");
    let of = |rev: &str, method| {
        let at = remote(format!("file://{}", repo.dir().display()));
        asked(&tree(at, rev, method, false), temp.path(), &downloads())
    };
    assert!(of(&commit, FetchMethod::Checkout).is_ok());
    let error = of(&commit, FetchMethod::Archive).unwrap_err();
    assert!(matches!(&error, NativeError::Unproven(reason) if reason.contains("export-ignore")));
    assert!(error.may_build() && !error.is_unreachable());

    // What is not there is no matter of building.
    for rev in ["v9", "0123456789012345678901234567890123456789"] {
        let error = of(rev, FetchMethod::Checkout).unwrap_err();
        assert!(!error.may_build(), "{error:?}");
    }
    let nowhere = remote("http://127.0.0.1:1/x");
    let error = asked(
        &tree(nowhere, "v1", FetchMethod::Checkout, false),
        temp.path(),
        &downloads(),
    )
    .unwrap_err();
    assert!(error.may_build() && error.is_unreachable(), "{error:?}");

    let mut obstructed = flat(&["http://127.0.0.1:1/x".to_owned()]);
    obstructed.obstacle = Some("`postFetch` changes it".into());
    let error = asked(&obstructed, temp.path(), &downloads()).unwrap_err();
    assert!(error.to_string().starts_with("`postFetch` changes it"));
}

#[test]
fn a_file_hashes_as_nix_hashes_it() {
    let temp = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..100_003_u32).map(|n| (n * 7 % 251) as u8).collect();
    let path = temp.path().join("a file");
    std::fs::write(&path, &bytes).unwrap();
    let store = Store::new();
    let url = format!("file://{}/a%20file", temp.path().display());
    for algo in Algo::ALL {
        let one = Fetched {
            algo: Some(algo),
            ..flat(std::slice::from_ref(&url))
        };
        let hash = asked(&one, temp.path(), &downloads()).unwrap();
        let mut nix = store.nix("nix");
        nix.args(["hash", "file", "--sri", "--type", algo.name()])
            .arg(&path);
        assert_eq!(hash.to_string(), run_ok(&mut nix, "nix-bin"));
    }
    // An executable is hashed as the path in the store that it becomes.
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&path, mode).unwrap();
    let one = fetched(Origin::Flat {
        urls: vec![url],
        executable: true,
    });
    let hash = asked(&one, temp.path(), &downloads()).unwrap();
    assert_eq!(hash.to_string(), store.hash_path(&path));
}

#[test]
fn a_server_gives_the_file_by_whatever_way() {
    let bytes = b"content\n".repeat(5000);
    let files = Files::serve([
        ("/file", Answer::File(bytes.clone())),
        ("/chunked", Answer::Chunked(bytes.clone())),
        ("/away", Answer::Redirect("/further".into())),
        ("/further", Answer::Redirect("/file".into())),
        ("/second", Answer::AtSecond(bytes.clone())),
        (
            "/secret",
            Answer::For("Basic bWU6cEB3".into(), bytes.clone()),
        ),
        ("/empty", Answer::File(Vec::new())),
    ]);
    for path in ["/file", "/chunked", "/away", "/second", "/file?v=1"] {
        assert_eq!(of_url(files.url(path)).unwrap(), sha256(&bytes), "{path}");
    }
    assert_eq!(of_url(files.url("/empty")).unwrap(), sha256(b""));
    let with_password = files.url("/secret").replace("//", "//me:p%40w@");
    assert_eq!(of_url(with_password).unwrap(), sha256(&bytes));
    let wrong = files.url("/secret").replace("//", "//me:s3cret@");
    let error = of_url(wrong).unwrap_err();
    assert!(
        !format!("{error} {error:?}").contains("s3cret"),
        "{error:?}"
    );
}

#[test]
fn an_answer_that_is_not_the_file_is_no_hash() {
    let bytes = b"content\n".repeat(5000);
    let files = Files::serve([
        ("/404", Answer::Status(404)),
        ("/503", Answer::Status(503)),
        ("/204", Answer::Status(206)),
        ("/loop", Answer::Redirect("/loop".into())),
        ("/to-file", Answer::Redirect("file:///etc/hostname".into())),
        ("/broken", Answer::Broken(bytes.clone(), 20_000)),
        ("/broken-pieces", Answer::BrokenChunked(bytes.clone())),
        ("/encoded", Answer::Encoded(bytes)),
    ]);
    let error = |path: &str| of_url(files.url(path)).unwrap_err();
    for (path, expected, may_build) in [
        ("/404", 404, false),
        ("/503", 503, true),
        ("/204", 206, false),
    ] {
        let error = error(path);
        assert_eq!(error.may_build(), may_build, "{error:?}");
        let NativeError::Download(DownloadError::Status { status, .. }) = error else {
            panic!("{error:?}");
        };
        assert_eq!(status, expected);
    }
    for path in ["/broken", "/broken-pieces", "/loop"] {
        let error = download_error(of_url(files.url(path)));
        assert!(matches!(error, DownloadError::Network { .. }), "{error:?}");
    }
    assert!(matches!(error("/to-file"), NativeError::Download(_)));
    assert!(matches!(
        download_error(of_url(files.url("/encoded"))),
        DownloadError::Encoded { encoding, .. } if encoding == "gzip"
    ));
    // Broken connections are tried once more, answers are not.
    let count = |path: &str| files.requests().iter().filter(|p| *p == path).count();
    assert_eq!((count("/broken"), count("/404")), (2, 1));
    let nobody = download_error(of_url("http://127.0.0.1:1/x".to_owned()));
    assert!(nobody.is_unreachable());
}

#[test]
fn silence_ends() {
    let files = Files::serve([("/silent", Answer::Silent)]);
    let home = tempfile::tempdir().unwrap();
    let downloads = Downloads::new(DownloadOptions {
        offline: false,
        timeout: Duration::from_millis(300),
        certificates: None,
    });
    let outcome = asked(&flat(&[files.url("/silent")]), home.path(), &downloads);
    let error = download_error(outcome);
    assert!(matches!(error, DownloadError::Timeout { .. }), "{error:?}");
    assert!(error.is_unreachable());
}

#[test]
fn the_first_url_that_gives_the_file_counts() {
    let files = Files::serve([
        ("/404", Answer::Status(404)),
        ("/broken", Answer::Broken(vec![1; 1000], 10)),
        ("/file", Answer::File(b"x".to_vec())),
        ("/other", Answer::File(b"y".to_vec())),
    ]);
    let of = |paths: &[&str]| {
        let home = tempfile::tempdir().unwrap();
        let urls: Vec<String> = paths.iter().map(|path| files.url(path)).collect();
        asked(&flat(&urls), home.path(), &downloads())
    };
    assert_eq!(
        of(&["/404", "/broken", "/file", "/other"]).unwrap(),
        sha256(b"x")
    );
    assert!(!files.requests().contains(&"/other".to_owned()));
    let error = of(&["/404", "/gone"]).unwrap_err();
    assert!(matches!(&error, NativeError::Mirrors(all) if all.len() == 2));
    assert!(!error.may_build());
    assert!(of(&["/404", "/broken"]).unwrap_err().may_build());
}

#[test]
fn many_are_computed_at_once_and_the_same_is_fetched_once() {
    let files = Files::serve([
        ("/a", Answer::File(b"a".to_vec())),
        ("/b", Answer::File(b"b".to_vec())),
    ]);
    let temp = tempfile::tempdir().unwrap();
    let repo = Repo::init(temp.path().join("repo"));
    let commit = repo.write("a", "1\n").commit("first");
    let mut all: Vec<Fetched> = ["/a", "/b", "/a", "/none"]
        .iter()
        .map(|path| flat(&[files.url(path)]))
        .collect();
    let at = remote(format!("file://{}", repo.dir().display()));
    all.push(tree(at, &commit, FetchMethod::Checkout, true));
    let git = Git::new(options(temp.path()));
    let downloads = downloads();
    let world = World {
        git: &git,
        downloads: &downloads,
    };
    let answers = compute_all(&all, world);
    let hash = |at: usize| answers[at].as_ref().unwrap().clone();
    assert_eq!(answers.len(), 5);
    assert_eq!(
        (hash(0), hash(1), hash(2)),
        (sha256(b"a"), sha256(b"b"), sha256(b"a"))
    );
    assert!(answers[3].is_err());
    assert_eq!(hash(4).to_string(), Real::new().archive(&repo, &commit));
    assert_eq!(
        files.requests().iter().filter(|path| *path == "/a").count(),
        1
    );
}

/// The most memory that this process had at once, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let words = line.and_then(|line| line.split_whitespace().nth(1));
    words.and_then(|word| word.parse().ok()).expect("VmHWM")
}

#[test]
fn a_large_file_is_never_in_memory() {
    alone("a_large_file_is_never_in_memory", &[], |home| {
        let files = Files::serve([
            ("/small", Answer::Zeros(1)),
            ("/large", Answer::Zeros(200 << 20)),
        ]);
        let downloads = downloads();
        let of = |path: &str| asked(&flat(&[files.url(path)]), home, &downloads).unwrap();
        of("/small");
        let before = peak();
        let hash = of("/large");
        let grown = peak() - before;
        assert!(grown < 32 << 10, "{grown} KiB for 200 MiB");
        let mut command = support::command("sh", home);
        command.args(["-c", "head -c 209715200 /dev/zero | sha256sum"]);
        let sum = run_ok(&mut command, "coreutils");
        assert!(sum.starts_with(&hash.spell(Spelling::Base16)), "{sum}");
    });
}

static PROXIED: AtomicBool = AtomicBool::new(false);

#[test]
fn a_proxy_of_the_environment_is_used() {
    let proxy = Files::serve([("/x", Answer::File(b"by proxy".to_vec()))]);
    let variable = format!("http://127.0.0.1:{}", proxy.port);
    let name = "a_proxy_of_the_environment_is_used";
    alone(name, &[("http_proxy", &variable)], |_| {
        let hash = of_url("http://cotter.invalid/x".to_owned()).unwrap();
        assert_eq!(hash, sha256(b"by proxy"));
        PROXIED.store(true, Ordering::SeqCst);
    });
    // In the process of its own the proxy is the other one's.
    if !PROXIED.load(Ordering::SeqCst) {
        assert_eq!(proxy.requests(), ["http://cotter.invalid/x"]);
    }
}
