//! How many builds run at once: told by builds that wait for each other.

use std::num::NonZero;
use std::thread;

use crate::support::cotter::ran;
use crate::support::fod::{Bench, STALE};

/// Two builds that end well only if both run at once.
fn meeting(bench: &Bench, place: &str) {
    let place = bench.path(place);
    std::fs::create_dir(&place).unwrap();
    let one = |me: &str, other: &str| {
        let at = place.display();
        let script = format!(
            "touch {at}/{me}; for i in $(seq 50); do test -e {at}/{other} && break; sleep 0.1; done; test -e {at}/{other}; echo {me} > $out"
        );
        format!("{me} = fod {{ name = \"{me}\"; hash = \"{STALE}\"; script = \"{script}\"; }};")
    };
    let text = format!(
        "let fod = import ./fod.nix; in {{\n{}\n{} }}\n",
        one("here", "there"),
        one("there", "here")
    );
    bench.write("default.nix", &text);
}

#[test]
fn as_many_as_are_asked_for_or_set_or_as_there_are_cores() {
    let bench = Bench::new();
    let config = |jobs: &str| {
        format!(
            "experimental-features = nix-command\nsandbox = false\nsubstituters =\n\
             build-users-group =\nmax-jobs = {jobs}\n"
        )
    };
    let has_cores = thread::available_parallelism().map_or(1, NonZero::get) > 1;
    for (place, set, args, is_well) in [
        ("set", "2", &[][..], true),
        ("unset", "1", &[], has_cores),
        ("asked", "1", &["--jobs", "2"], true),
        ("option", "1", &["--option", "max-jobs", "2"], true),
        ("one", "16", &["--jobs", "1"], false),
    ] {
        meeting(&bench, place);
        let run = ran(bench.command(args).env("NIX_CONFIG", config(set)));
        // The second to run alone still finds what the first has left.
        let left = bench.read("default.nix").matches(STALE).count();
        let expected = if is_well { (Some(0), 0) } else { (Some(1), 1) };
        assert_eq!((run.code, left), expected, "{place}: {}", run.err);
    }
}
