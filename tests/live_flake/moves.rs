//! What the new lock says, held against what Nix itself writes.

use std::fs;
use std::process::Command;

use cotter::nix::{FlakeLock, FlakeUpdate, InputLink, InputMove, Nix};

use crate::bench::{Bench, pin, refresh, rev, url};
use crate::support::repo::Repo;

#[test]
fn refresh_moves_one_input_and_no_other() {
    let bench = Bench::new();
    let (one, two) = (bench.repo("one"), bench.repo("two"));
    let flake = format!(
        r#"{{ inputs.one.url = "{}"; inputs.two.url = "{}?ref=main"; outputs = _: {{ }}; }}"#,
        url(&one),
        url(&two)
    );
    let first = bench.update(&flake, None, &[InputMove::Relock]).unwrap();
    assert_eq!(first, bench.nix_lock(&flake, None, &[]));
    let (old_two, new_one) = (rev(&first, "two"), one.commit("second"));
    two.commit("second");

    let second = bench
        .update(&flake, Some(&first), &[refresh("one")])
        .unwrap();
    assert_eq!(rev(&second, "one"), new_one);
    assert_eq!(rev(&second, "two"), old_two);
    assert_eq!(
        second,
        bench.nix_lock(&flake, Some(&first), &["--update-input", "one"])
    );
    let both = [refresh("one"), refresh("two")];
    let third = bench.update(&flake, Some(&first), &both).unwrap();
    assert_eq!(rev(&third, "one"), new_one);
    assert_ne!(rev(&third, "two"), old_two);

    // Nothing to do.
    for moves in [&both[..], &[InputMove::Relock], &[]] {
        assert_eq!(bench.update(&flake, Some(&third), moves).unwrap(), third);
    }
}

#[test]
fn a_lock_with_nothing_to_do_keeps_its_own_form() {
    let bench = Bench::new();
    let one = bench.repo("one");
    let flake = format!(
        r#"{{ inputs.one.url = "{}"; outputs = _: {{ }}; }}"#,
        url(&one)
    );
    let lock = bench.update(&flake, None, &[]).unwrap();
    let odd = lock.replace("  ", "\t") + "\n\n";
    assert_eq!(
        bench.update(&flake, Some(&odd), &[refresh("one")]).unwrap(),
        odd
    );
}

#[test]
fn a_revision_in_the_url_is_followed_by_the_lock() {
    let bench = Bench::new();
    let one = bench.repo("one");
    let old = one.git(&["rev-parse", "HEAD"]);
    let new = one.commit("second");
    let flake = |rev: &str| {
        format!(
            r#"{{ inputs.one.url = "{}?ref=main&rev={rev}"; outputs = _: {{ }}; }}"#,
            url(&one)
        )
    };
    let before = bench.update(&flake(&old), None, &[]).unwrap();
    assert_eq!(rev(&before, "one"), old);
    let after = bench
        .update(&flake(&new), Some(&before), &[InputMove::Relock])
        .unwrap();
    assert_eq!(rev(&after, "one"), new);
    assert_eq!(after, bench.nix_lock(&flake(&new), None, &[]));
}

#[test]
fn a_pin_is_kept_by_nix_while_flake_nix_names_a_branch() {
    let bench = Bench::new();
    let (one, two, data) = (
        bench.repo("one"),
        bench.repo("two"),
        Repo::init(bench.path("data")),
    );
    data.write("x", "1").commit("first");
    let flake = format!(
        r#"{{ inputs.one.url = "{}?ref=main"; inputs.two.url = "{}";
           inputs.data = {{ url = "{}"; flake = false; }}; outputs = _: {{ }}; }}"#,
        url(&one),
        url(&two),
        url(&data)
    );
    let (old_one, old_data) = (
        one.git(&["rev-parse", "HEAD"]),
        data.git(&["rev-parse", "HEAD"]),
    );
    one.commit("second");
    data.write("x", "2").commit("second");
    let before = bench.update(&flake, None, &[]).unwrap();
    assert_ne!(rev(&before, "one"), old_one);
    two.commit("moved on meanwhile");

    let original = |name: &str| {
        let lock = FlakeLock::parse(&before).unwrap();
        lock.input(name).unwrap().original.clone().unwrap()
    };
    let moves = [
        pin("one", original("one").flake_ref_at(&old_one).unwrap()),
        pin("data", original("data").flake_ref_at(&old_data).unwrap()),
    ];
    let pinned = bench.update(&flake, Some(&before), &moves).unwrap();
    assert_eq!(rev(&pinned, "one"), old_one);
    assert_eq!(rev(&pinned, "data"), old_data);
    assert_eq!(rev(&pinned, "two"), rev(&before, "two"));
    let lock = FlakeLock::parse(&pinned).unwrap();
    for name in ["one", "two", "data"] {
        assert_eq!(lock.input(name).unwrap().original, Some(original(name)));
    }
    assert!(!lock.input("data").unwrap().is_flake);
    assert_eq!(bench.nix_lock(&flake, Some(&pinned), &[]), pinned);
    assert_eq!(bench.update(&flake, Some(&pinned), &moves).unwrap(), pinned);

    // In the form in which Nix writes it: only the moved values differ, line by line.
    let changed = |name: &str| {
        ![
            "rev\":",
            "revCount\":",
            "narHash\":",
            "lastModified\":",
            "ref\":",
        ]
        .iter()
        .any(|key| name.contains(key))
    };
    let kept = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|line| changed(line))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(kept(&pinned), kept(&before));

    // And there is a way back.
    let back = bench
        .update(&flake, Some(&pinned), &[refresh("one"), refresh("data")])
        .unwrap();
    assert_eq!(back, before);
}

#[test]
fn an_input_that_is_not_locked_yet_is_pinned_too() {
    let bench = Bench::new();
    let (one, two) = (bench.repo("one"), bench.repo("two"));
    let old = two.git(&["rev-parse", "HEAD"]);
    two.commit("second");
    let small = format!(
        r#"{{ inputs.one.url = "{}"; outputs = _: {{ }}; }}"#,
        url(&one)
    );
    let lock = bench.update(&small, None, &[]).unwrap();
    let flake = small.replace(
        "outputs",
        &format!("inputs.two.url = \"{}\"; outputs", url(&two)),
    );
    let moves = [pin("two", format!("{}?rev={old}", url(&two)))];
    for lock in [Some(lock.as_str()), None] {
        let pinned = bench.update(&flake, lock, &moves).unwrap();
        assert_eq!(rev(&pinned, "two"), old);
        let parsed = FlakeLock::parse(&pinned).unwrap();
        let original = parsed.input("two").unwrap().original.clone().unwrap();
        assert_eq!((original.kind.as_str(), original.rev), ("git", None));
    }
}

#[test]
fn inputs_that_follow_are_left_alone_and_inputs_of_inputs_move() {
    let bench = Bench::new();
    let (one, two) = (bench.repo("one"), bench.repo("two"));
    let old = one.git(&["rev-parse", "HEAD"]);
    let inner = format!(
        r#"{{ inputs.one.url = "{}"; outputs = _: {{ }}; }}"#,
        url(&one)
    );
    two.write("flake.nix", &inner).commit("takes one");
    let flake = format!(
        r#"{{ inputs.one.url = "{0}"; inputs.two.url = "{1}"; inputs.same.follows = "one";
           inputs.tied = {{ url = "{1}"; inputs.one.follows = "one"; }}; outputs = _: {{ }}; }}"#,
        url(&one),
        url(&two)
    );
    let before = bench.update(&flake, None, &[]).unwrap();
    let new = one.commit("second");
    let new_ref = format!("{}?rev={new}", url(&one));
    for step in [
        refresh("same"),
        refresh("tied/one"),
        pin("same", new_ref.clone()),
        pin("tied/one", new_ref.clone()),
    ] {
        assert_eq!(
            bench.update(&flake, Some(&before), &[step]).unwrap(),
            before
        );
    }

    let after = bench
        .update(&flake, Some(&before), &[refresh("one")])
        .unwrap();
    let lock = FlakeLock::parse(&after).unwrap();
    assert_eq!(
        lock.link("same"),
        Some(&InputLink::Follows(vec!["one".into()]))
    );
    for (input, expected) in [
        ("one", &new),
        ("same", &new),
        ("tied/one", &new),
        ("two/one", &old),
    ] {
        assert_eq!(rev(&after, input), *expected, "{input}");
    }

    for step in [refresh("two/one"), pin("two/one", new_ref)] {
        let after = bench
            .update(&flake, Some(&before), std::slice::from_ref(&step))
            .unwrap();
        for (input, expected) in [("one", &old), ("tied/one", &old), ("two/one", &new)] {
            assert_eq!(rev(&after, input), *expected, "{input} after {step:?}");
        }
    }
}

#[test]
fn relative_path_inputs_are_locked_as_in_the_work_tree() {
    let bench = Bench::new();
    let one = bench.repo("one");
    let work = Repo::init(bench.path("work"));
    let inner = format!(
        r#"{{ inputs.one.url = "{}"; outputs = _: {{ }}; }}"#,
        url(&one)
    );
    let flake = r#"{ inputs.part.url = "path:./parts/a"; inputs.data = { url = "path:./data"; flake = false; };
        outputs = _: { }; }"#;
    work.write("parts/a/flake.nix", &inner)
        .write("parts/a/run.sh", "#!/bin/sh\n")
        .write("data/file", "1")
        .write("flake.nix", flake)
        .write(".gitignore", "*.log\n");
    work.git(&["add", "--all"]);
    work.git(&["update-index", "--chmod=+x", "parts/a/run.sh"]);
    Command::new("chmod")
        .arg("+x")
        .arg(work.dir().join("parts/a/run.sh"))
        .status()
        .unwrap();
    std::os::unix::fs::symlink("file", work.dir().join("data/link")).unwrap();
    work.commit("first");
    // What git does not track, Nix does not see.
    work.write("parts/a/untracked", "x")
        .write("data/x.log", "x");

    let nix = Nix::find(&bench).unwrap();
    let update = |lock: Option<&str>, step| {
        FlakeUpdate {
            flake_nix: flake,
            flake_lock: lock,
            folder: Some(work.dir()),
            moves: vec![step],
        }
        .run(&nix)
        .unwrap()
    };
    let lock = update(None, InputMove::Relock);
    assert!(!work.dir().join("flake.lock").exists());
    let new = one.commit("second");
    let moved = update(Some(&lock), refresh("part/one"));
    assert_eq!(rev(&moved, "part/one"), new);
    assert_eq!(update(Some(&moved), refresh("part/one")), moved);

    bench.nix(work.dir(), &["flake", "lock"]);
    let of_nix = fs::read_to_string(work.dir().join("flake.lock")).unwrap();
    assert_eq!(moved, of_nix);
}
