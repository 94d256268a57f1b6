//! Workspaces and machines that get in the way: nothing is lost, and what is wrong is said.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::support::command;
use crate::support::cotter::{Run, Stopped, ran};
use crate::support::fod::{Bench, STALE};
use crate::support::tree::Tree;

/// One derivation, in a file that has its hash.
fn one(bench: &Bench, file: &str) {
    bench.write(file, &text("echo one"));
}

fn text(work: &str) -> String {
    format!(
        "(import ./fod.nix) {{\n  name = \"one\";\n  hash = \"{STALE}\";\n  script = \"{work} > $out\";\n}}\n"
    )
}

fn tree(bench: &Bench) -> Tree {
    let mut tree = Tree::of(&bench.workspace());
    tree.0.retain(|path, _| !path.starts_with(".git"));
    tree
}

#[test]
fn a_link_stays_a_link_and_its_file_is_rewritten() {
    let bench = Bench::new();
    one(&bench, "image.nix");
    symlink("image.nix", bench.workspace().join("default.nix")).unwrap();
    bench.track();
    assert_eq!(bench.rows(0, &[]).counts(), [1, 0, 0, 0]);
    let link = fs::read_link(bench.workspace().join("default.nix")).unwrap();
    assert_eq!(link.to_str(), Some("image.nix"));
    assert!(!bench.read("image.nix").contains(STALE));
    bench.builds("default.nix");
    let before = tree(&bench);
    assert_eq!(bench.rows(0, &[]).counts(), [0, 1, 0, 0]);
    assert_eq!(tree(&bench), before);
}

#[test]
fn a_file_that_may_not_be_written_to_is_named_and_no_other_is_written() {
    let bench = Bench::new();
    one(&bench, "default.nix");
    one(&bench, "other.nix");
    bench.track();
    let path = bench.workspace().join("default.nix");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let before = tree(&bench);
    bench
        .cotter(&[])
        .expect(2)
        .says(&["default.nix", "read-only"]);
    assert_eq!(tree(&bench), before);
    // To look is allowed.
    bench.cotter(&["--dry-run"]).expect(1);
    assert_eq!(tree(&bench), before);
}

/// An editor saves while builds go on, and once more while the files are written.
#[test]
fn what_another_program_wrote_meanwhile_is_kept() {
    let bench = Bench::new();
    bench.write(
        "default.nix",
        &text(&format!(
            "touch {0}/begun; while [ ! -e {0}/saved ]; do sleep 0.02; done; echo one",
            bench.path("").display()
        )),
    );
    bench.track();
    let edited = format!("# saved meanwhile\n{}", bench.read("default.nix"));
    let (begun, saved) = (bench.path("begun"), bench.path("saved"));
    let file = bench.workspace().join("default.nix");
    let mut command = bench.command(&[]);
    let run = thread::scope(|scope| {
        let editor = scope.spawn(|| {
            for _ in 0..6000 {
                if begun.exists() {
                    fs::write(&file, &edited).unwrap();
                    break;
                }
                thread::sleep(Duration::from_millis(10));
            }
            fs::write(&saved, "").unwrap();
        });
        let run = ran(&mut command);
        editor.join().unwrap();
        run
    });
    run.expect(3)
        .says(&["default.nix", "changed since it was read"]);
    assert_eq!(bench.read("default.nix"), edited);
    assert!(!bench.workspace().join("cotter.lock").exists());

    let stopped = Stopped::at(&mut bench.command(&[]), "staged");
    let edited = format!("# and again\n{edited}");
    fs::write(bench.workspace().join("default.nix"), &edited).unwrap();
    stopped
        .go_on()
        .expect(3)
        .says(&["default.nix", "changed since it was read"]);
    assert_eq!(bench.read("default.nix"), edited);
    assert!(!bench.workspace().join("cotter.lock").exists());
    // And nothing keeps the next run from its work.
    bench.cotter(&[]).expect(0);
    bench.builds("default.nix");
    assert!(
        bench
            .read("default.nix")
            .starts_with("# and again\n# saved meanwhile\n")
    );
}

#[test]
fn a_cache_without_room_or_leave_is_named_and_nothing_is_written() {
    let bench = Bench::new();
    one(&bench, "default.nix");
    bench.write("big.bin", &"x".repeat(4 << 20));
    bench.track();
    let before = tree(&bench);
    let full = bench.path("full");
    fs::create_dir(&full).unwrap();
    let check = |run: Run, words: &[&str]| {
        run.expect(3).says(words);
        assert_eq!(tree(&bench), before);
    };
    // In a mount namespace of its own: nothing is left mounted, however the test ends.
    let mut inside = command("unshare", &bench.path("home"));
    let cotter = bench.command(&[]);
    inside
        .args(["--mount", "--propagation", "private", "sh", "-ec"])
        .arg("mount -t tmpfs -o size=1m tmpfs \"$1\"; shift; exec \"$@\"")
        .args(["sh".as_ref(), full.as_os_str(), cotter.get_program()])
        .args(cotter.get_args())
        .current_dir(bench.workspace());
    for (name, value) in cotter.get_envs() {
        inside.env(name, value.unwrap());
    }
    inside.env("COTTER_CACHE_DIR", &full);
    check(ran(&mut inside), &["No space left", "COTTER_CACHE_DIR"]);
    // A file is in the way of the folder; this stops root too.
    fs::write(bench.path("file"), "").unwrap();
    let mut command = bench.command(&[]);
    command.env("COTTER_CACHE_DIR", bench.path("file"));
    check(ran(&mut command), &["COTTER_CACHE_DIR"]);
    let mut command = bench.command(&[]);
    command.env("COTTER_CACHE_DIR", "/proc/nowhere");
    check(ran(&mut command), &["COTTER_CACHE_DIR"]);
    bench.cotter(&[]).expect(0);
    bench.builds("default.nix");
}

/// They share the workspace, the cache and the store. The one that comes late may find that the file has changed since
/// it was read; then it says so.
#[test]
fn of_two_runs_at_once_both_end_well() {
    let bench = Bench::new();
    bench.write("default.nix", &text("sleep 0.3; echo one"));
    bench.track();
    for _ in 0..3 {
        bench.write("default.nix", &text("sleep 0.3; echo one"));
        let _ = fs::remove_file(bench.workspace().join("cotter.lock"));
        let runs: Vec<Run> = thread::scope(|scope| {
            let start = || {
                let mut command = bench.command(&[]);
                command.stdin(Stdio::null());
                scope.spawn(move || ran(&mut command))
            };
            let both = [start(), start()];
            both.map(|run| run.join().unwrap()).into()
        });
        assert!(runs.iter().any(|run| run.code == Some(0)), "{runs:?}");
        for run in runs {
            match run.code {
                Some(0) => {}
                // The other has made cotter.lock, or changed the file, first.
                _ => drop(run.expect(3).says(&["nothing was written"])),
            }
        }
        bench.builds("default.nix");
        let after = tree(&bench);
        assert_eq!(bench.rows(0, &[]).counts(), [0, 1, 0, 0]);
        assert_eq!(tree(&bench), after);
        assert_eq!(fs::read_dir(bench.path("cache/work")).unwrap().count(), 0);
    }
}
