//! Through a daemon, as on a machine of many users.

use crate::support::cotter::ran;
use crate::support::daemon::Daemon;
use crate::support::fod::{Bench, Rows, STALE};

#[test]
fn a_daemon_builds_the_same() {
    let bench = Bench::new();
    bench.write(
        "default.nix",
        &format!(
            r#"let
  fod = import ./fod.nix;
  a = fod {{ name = "a"; hash = "{STALE}"; script = "echo a > $out"; }};
in {{
  inherit a;
  b = fod {{ name = "b"; hash = "{STALE}"; script = "cat ${{a}} > $out; echo b >> $out"; }};
  c = fod {{ name = "c"; hash = "{STALE}"; script = "echo in the log; exit 7"; }};
}}
"#
        ),
    );
    let socket = bench.path("socket");
    let mut daemon = bench.program("nix-daemon");
    daemon
        .arg("--daemon")
        .env("NIX_DAEMON_SOCKET_PATH", &socket)
        .env("NIX_REMOTE", "local");
    let _daemon = Daemon::start(&mut daemon, &socket);
    let rows = |code| {
        let mut cotter = bench.command(&["--format", "json"]);
        cotter
            .env("NIX_REMOTE", "daemon")
            .env("NIX_DAEMON_SOCKET_PATH", &socket);
        Rows(ran(&mut cotter).expect(code).json())
    };
    let first = rows(1);
    assert_eq!(
        (first.counts(), first.rounds()),
        ([2, 0, 1, 0], 2),
        "{first:#?}"
    );
    assert!(
        first.of("c.hash")["reason"]
            .as_str()
            .unwrap()
            .contains("exit code 7")
    );
    assert_eq!(first.of("c.hash")["log"], serde_json::json!(["in the log"]));
    bench.builds_with("default.nix", &["-A", "b"]);
    assert_eq!(rows(1).counts(), [0, 2, 1, 0]);
}
