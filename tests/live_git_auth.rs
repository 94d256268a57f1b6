//! Passwords, headers, proxies and rewritten URLs from the user's git configuration, against a real
//! `git http-backend` that wants them. Needs git.

mod support;

use std::path::Path;
use std::time::Duration;

use cotter::git::{Git, GitError, GitOptions, Location, Need, Oid};
use support::alone::alone;
use support::http::{Http, Wants};
use support::remote::git_daemon;
use support::repo::Repo as Made;

const PASSWORD: &str = "s3cret-of-mine";

fn git(home: &Path) -> Git {
    Git::new(GitOptions {
        cache_dir: home.join("cache"),
        offline: false,
        timeout: Duration::from_secs(60),
    })
}

/// `srv/up` with one commit, behind a server that lets in only `me` with [`PASSWORD`].
fn guarded(home: &Path) -> (Http, Oid) {
    let made = Made::init(home.join("srv/up"));
    let commit = made.write("file", "x\n").commit("one").parse().unwrap();
    let basic = data_encoding::BASE64.encode(format!("me:{PASSWORD}").as_bytes());
    let wants = Wants {
        header: Some(format!("authorization: Basic {basic}")),
        silent_packs: false,
    };
    (Http::serve(&home.join("srv"), wants), commit)
}

fn configure(home: &Path, text: &str) {
    std::fs::write(home.join(".gitconfig"), text).unwrap();
}

/// Refs and both kinds of repository.
fn works(home: &Path, url: &str, commit: Oid) {
    let git = git(home);
    let location = Location::Remote(url.to_owned());
    assert_eq!(git.refs(&location).unwrap().branch("main"), Some(commit));
    git.repo(&location, &Need::Commits(vec![commit])).unwrap();
    git.repo(&location, &Need::History).unwrap();
}

fn wants_password(home: &Path, url: &str) -> GitError {
    let git = git(home);
    let location = Location::Remote(url.to_owned());
    let error = git.refs(&location).unwrap_err();
    let other = git.repo(&location, &Need::History).map(drop).unwrap_err();
    for error in [&error, &other] {
        assert!(matches!(error, GitError::Password { .. }), "{error}");
        assert!(error.is_outside());
        assert!(error.to_string().contains("needs a password"), "{error}");
        assert!(error.hint().unwrap().contains("credential helper"));
        no_secret(&format!("{error} {error:?}"));
    }
    error
}

fn no_secret(text: &str) {
    assert!(!text.contains(PASSWORD) && !text.contains("me:"), "{text}");
}

/// No file that cotter wrote holds the password.
fn nothing_stored(dir: &Path) {
    for entry in std::fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            nothing_stored(&path);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(PASSWORD), "{}", path.display());
        }
    }
}

#[test]
fn without_a_helper_a_password_is_an_error_and_never_asked_for() {
    let name = "without_a_helper_a_password_is_an_error_and_never_asked_for";
    alone(name, &[("GIT_TERMINAL_PROMPT", "1")], |home| {
        let (http, _) = guarded(home);
        wants_password(home, &format!("http://127.0.0.1:{}/up", http.port));
        // A helper that fails, one that knows nothing, and one that is not there.
        configure(
            home,
            "[credential]\n\thelper = !false\n\thelper = !true\n\thelper = /nonexistent/helper\n",
        );
        wants_password(home, &format!("http://127.0.0.1:{}/up", http.port));
        // A wrong one.
        configure(
            home,
            "[credential]\n\thelper = \"!printf 'username=me\\npassword=wrong\\n'; true\"\n",
        );
        wants_password(home, &format!("http://127.0.0.1:{}/up", http.port));
    });
}

#[test]
fn a_credential_helper_answers() {
    alone("a_credential_helper_answers", &[], |home| {
        let (http, commit) = guarded(home);
        let url = format!("http://127.0.0.1:{}/up", http.port);
        // The one that comes with git, for this host alone.
        let store = home.join("store");
        let line = format!("http://me:{PASSWORD}@127.0.0.1%3a{}\n", http.port);
        std::fs::write(&store, &line).unwrap();
        let section = format!("[credential \"http://127.0.0.1:{}\"]", http.port);
        configure(
            home,
            &format!("{section}\n\thelper = store --file {}\n", store.display()),
        );
        works(home, &url, commit);
        assert_eq!(std::fs::read_to_string(&store).unwrap(), line);
        // A script, which is told whom to answer for.
        let heard = home.join("heard");
        configure(
            home,
            &format!(
                "[credential]\n\tusername = me\n\thelper = \"!f() {{ echo $1 >> {0}; cat >> {0}; echo password={PASSWORD}; }}; f\"\n",
                heard.display()
            ),
        );
        git(home).refs(&Location::Remote(url)).unwrap();
        let heard = std::fs::read_to_string(&heard).unwrap();
        assert!(heard.starts_with("get\n"), "{heard}");
        assert!(
            heard.contains("protocol=http\n") && heard.contains("username=me\n"),
            "{heard}"
        );
        assert!(
            !heard.contains("store") && !heard.contains("erase"),
            "{heard}"
        );
        nothing_stored(&home.join("cache"));
    });
}

#[test]
fn a_helper_that_hangs_is_ended_with_the_limit() {
    alone("a_helper_that_hangs_is_ended_with_the_limit", &[], |home| {
        let (http, _) = guarded(home);
        let pid = home.join("pid");
        configure(
            home,
            &format!(
                "[credential]\n\thelper = \"!f() {{ sleep 600 & echo $! > {}; wait; }}; f\"\n",
                pid.display()
            ),
        );
        let git = Git::new(GitOptions {
            cache_dir: home.join("cache"),
            offline: false,
            timeout: Duration::from_secs(2),
        });
        let url = format!("http://127.0.0.1:{}/up", http.port);
        let error = git.refs(&Location::Remote(url)).unwrap_err();
        assert!(matches!(error, GitError::Timeout { .. }), "{error}");
        let pid = std::fs::read_to_string(pid).unwrap();
        let stat = std::path::PathBuf::from(format!("/proc/{}/stat", pid.trim()));
        let end = std::time::Instant::now() + Duration::from_secs(20);
        while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            assert!(
                std::time::Instant::now() < end,
                "the helper's child still runs"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    });
}

#[test]
fn credentials_in_a_url_work_and_are_never_shown_or_stored() {
    let name = "credentials_in_a_url_work_and_are_never_shown_or_stored";
    alone(name, &[], |home| {
        let (http, commit) = guarded(home);
        let url = format!("http://me:{PASSWORD}@127.0.0.1:{}/up", http.port);
        let heard = home.join("heard");
        configure(
            home,
            &format!(
                "[credential]\n\thelper = \"!cat >> {}; true\"\n",
                heard.display()
            ),
        );
        works(home, &url, commit);
        assert!(!heard.exists(), "no helper is told what the URL says");
        nothing_stored(&home.join("cache"));
        let location = Location::Remote(url.clone());
        no_secret(&format!("{location} {location:?}"));
        assert_eq!(
            location.to_string(),
            format!("http://127.0.0.1:{}/up", http.port)
        );
        // Wherever it breaks.
        for broken in [
            url.replace("/up", "/absent"),
            url.replace("127.0.0.1", "host.invalid"),
            url.replace(&http.port.to_string(), "1"),
            url.replace("http:", "foo:"),
            url.replace("http:", "ssh:")
                .replace(&http.port.to_string(), "1"),
            url.replace("me:", "you:"),
        ] {
            let location = Location::Remote(broken);
            let git = git(home);
            let refs = git.refs(&location).map(drop).unwrap_err();
            let repo = git.repo(&location, &Need::History).map(drop).unwrap_err();
            no_secret(&format!("{refs} {refs:?} {repo} {repo:?}"));
        }
        // One cache, whoever asks.
        let cached = std::fs::read_dir(home.join("cache/git")).unwrap().count();
        configure(home, "");
        let offline = Git::new(GitOptions {
            cache_dir: home.join("cache"),
            offline: true,
            timeout: Duration::from_secs(60),
        });
        let bare = Location::Remote(format!("http://127.0.0.1:{}/up", http.port));
        assert_eq!(offline.refs(&bare).unwrap().branch("main"), Some(commit));
        assert_eq!(
            std::fs::read_dir(home.join("cache/git")).unwrap().count(),
            cached
        );
    });
}

#[test]
fn rewritten_urls_lead_where_the_user_says() {
    alone("rewritten_urls_lead_where_the_user_says", &[], |home| {
        let made = Made::init(home.join("srv/up"));
        let commit: Oid = made.write("file", "x\n").commit("one").parse().unwrap();
        let daemon = git_daemon(&home.join("srv"));
        configure(
            home,
            &format!(
                "[url \"git://127.0.0.1:{}/\"]\n\tinsteadOf = https://forge.invalid/\n\
                 [url \"{}/\"]\n\tinsteadOf = mirror:\n\
                 [url \"ext::touch {0}/ran \"]\n\tinsteadOf = https://evil.invalid/\n",
                daemon.port,
                home.join("srv").display()
            ),
        );
        works(home, "https://forge.invalid/up", commit);
        works(home, "mirror:up", commit);
        let evil = Location::Remote("https://evil.invalid/x".to_owned());
        let error = git(home).refs(&evil).unwrap_err();
        assert!(matches!(error, GitError::Url { .. }), "{error}");
        assert!(!home.join("srv/ran").exists());
    });
}

#[test]
fn headers_and_proxies_of_the_configuration_are_used() {
    let variables = [("no_proxy", ""), ("NO_PROXY", "")];
    alone(
        "headers_and_proxies_of_the_configuration_are_used",
        &variables,
        |home| {
            let (http, commit) = guarded(home);
            let basic = data_encoding::BASE64.encode(format!("me:{PASSWORD}").as_bytes());
            let header = format!("extraHeader = Authorization: Basic {basic}");
            let url = format!("http://127.0.0.1:{}/up", http.port);
            configure(home, &format!("[http]\n\t{header}\n"));
            works(home, &url, commit);
            // For one place, as CI systems write it; and not for another.
            let place = |path: &str| {
                format!(
                    "[http \"http://127.0.0.1:{}{path}\"]\n\t{header}\n",
                    http.port
                )
            };
            configure(home, &place("/"));
            git(home).refs(&Location::Remote(url.clone())).unwrap();
            configure(home, &place("/other"));
            wants_password(home, &url);
            // This server is the proxy for a host that does not exist.
            let proxy = format!(
                "[http]\n\tproxy = http://127.0.0.1:{}\n\t{header}\n",
                http.port
            );
            configure(home, &proxy);
            let far = Location::Remote("http://forge.invalid/up".to_owned());
            assert_eq!(git(home).refs(&far).unwrap().branch("main"), Some(commit));
            let whole = "GET http://forge.invalid/up/info/refs?service=git-upload-pack";
            assert!(
                http.requests().iter().any(|request| request == whole),
                "{:?}",
                http.requests()
            );
            nothing_stored(&home.join("cache"));
        },
    );
}

#[test]
fn certificates_of_the_configuration_are_used() {
    alone("certificates_of_the_configuration_are_used", &[], |home| {
        let tls = support::remote::tls(&home.join("tls"));
        let url = format!("https://127.0.0.1:{}/up", tls.server.port);
        let why = |config: String| {
            configure(home, &config);
            let location = Location::Remote(url.clone());
            git(home).refs(&location).unwrap_err().to_string()
        };
        // It is no git server: once its certificate is taken, what it says is.
        let certificate = tls.certificate.display();
        assert!(
            why(String::new()).contains("certificate"),
            "{}",
            why(String::new())
        );
        for trusting in [
            format!("[http]\n\tsslCAInfo = {certificate}\n"),
            format!("[http \"{url}\"]\n\tsslCAInfo = {certificate}\n"),
            "[http]\n\tsslVerify = false\n".to_owned(),
            "[http \"https://127.0.0.1\"]\n\tsslVerify = true\n[http]\n\tsslVerify = false\n"
                .to_owned(),
        ] {
            let error = why(trusting.clone());
            assert!(error.contains("smart"), "{trusting}: {error}");
        }
        let other = why("[http \"https://other.invalid\"]\n\tsslVerify = false\n".to_owned());
        assert!(other.contains("certificate"), "{other}");
    });
}
