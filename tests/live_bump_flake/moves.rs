//! Inputs move, and Nix takes `flake.nix` and `flake.lock` as they are then.

use crate::bench::{Bench, flake, url};
use crate::support::http::{Http, Wants};
use crate::support::repo::Repo;

fn head(repo: &Repo) -> String {
    repo.git(&["rev-parse", "HEAD"])
}

#[test]
fn a_rev_in_the_url_and_the_lock_move_together() {
    for query in ["?rev=@", "?ref=main&rev=@"] {
        let bench = Bench::new();
        let one = bench.repo("one");
        let old = head(&one);
        let text = |rev: &str| {
            flake(&format!(
                "inputs.one.url = \"{}{}\"; # of ours",
                url(&one),
                query.replace('@', rev)
            ))
        };
        bench.flake(&text(&old));
        let new = one.commit("second");
        let ran = bench.bump(&["--format", "json"]).expect(0).json();
        assert_eq!(bench.read("flake.nix"), text(&new));
        assert_eq!(bench.locked("one"), new);
        let changes = ran["changes"].as_array().unwrap();
        let places: Vec<_> = changes
            .iter()
            .map(|change| {
                assert_eq!(change["name"], "flake:inputs.one");
                assert_eq!(
                    (change["old"].as_str(), change["new"].as_str()),
                    (Some(&*old), Some(&*new))
                );
                change["file"].as_str().unwrap()
            })
            .collect();
        assert_eq!(places, ["flake.nix", "flake.lock"]);
        bench.settled();
    }
}

#[test]
fn an_input_in_the_lock_alone_follows_its_ref_or_head() {
    let bench = Bench::new();
    let (one, two) = (bench.repo("one"), bench.repo("two"));
    two.git(&["branch", "stable"]);
    let text = flake(&format!(
        "inputs = {{ one.url = \"{}\"; two = {{ url = \"{}?ref=stable\"; flake = false; }}; }};",
        url(&one),
        url(&two)
    ));
    bench.flake(&text);
    let (new, old_two) = (one.commit("second"), head(&two));
    two.commit("not on stable");
    let listed = bench
        .cotter(&["pin", "list", "--format", "json"])
        .expect(0)
        .json();
    let lock = bench.read("flake.lock");
    for pin in listed["pins"].as_array().unwrap() {
        assert_eq!(pin["file"], "flake.lock");
        let (line, column) = (
            pin["line"].as_u64().unwrap(),
            pin["column"].as_u64().unwrap(),
        );
        let line = lock.lines().nth(line as usize - 1).unwrap();
        assert!(
            line[column as usize - 1..].starts_with(pin["rev"].as_str().unwrap()),
            "{pin}"
        );
    }
    let diff = bench.bump(&["--diff"]).expect(0).out;
    assert!(
        diff.contains("--- a/flake.lock") && !diff.contains("flake.nix"),
        "{diff}"
    );
    assert_eq!((bench.locked("one"), bench.locked("two")), (new, old_two));
    bench.settled();
    two.git(&["checkout", "-q", "stable"]);
    let stable = two.commit("on stable");
    bench.bump(&[]).expect(0);
    assert_eq!(bench.locked("two"), stable);
    assert_eq!(bench.read("flake.nix"), text);
    bench.settled();
}

#[test]
fn a_comment_names_the_branch_of_an_input_in_the_lock_alone() {
    let bench = Bench::new();
    let one = bench.repo("one");
    let text = flake(&format!("inputs.one.url = \"{}\"; # side", url(&one)));
    bench.flake(&text);
    one.git(&["checkout", "-q", "-b", "side"]);
    let side = one.commit("side");
    one.git(&["checkout", "-q", "main"]);
    one.commit("second");
    bench.bump(&[]).expect(0);
    assert_eq!(bench.locked("one"), side);
    assert_eq!(bench.read("flake.nix"), text);
    bench.settled();
    bench.write("flake.nix", &text.replace("# side", "# pin"));
    one.git(&["branch", "-D", "side"]);
    bench.bump_without_nix(&[]).expect(0);
}

#[test]
fn to_takes_an_input_in_the_lock_alone_anywhere() {
    let bench = Bench::new();
    let one = bench.repo("one");
    let first = head(&one);
    let second = one.commit("second");
    let third = one.commit("third");
    one.git(&["tag", "v1", &second]);
    let text = flake(&format!("inputs.one.url = \"{}\";", url(&one)));
    bench.flake(&text);
    for (to, expected) in [
        (&first[..], &first),
        ("v1", &second),
        ("main", &third),
        (&first[..10], &first),
    ] {
        bench.bump(&["flake:inputs.one", "--to", to]).expect(0);
        assert_eq!(bench.locked("one"), *expected, "{to}");
        let lock = bench.read("flake.lock");
        bench.nix(&["eval", "path:.#y", "--no-update-lock-file"]);
        bench.bump(&["flake:inputs.one", "--to", to]).expect(0);
        assert_eq!(bench.read("flake.lock"), lock);
        assert_eq!(bench.read("flake.nix"), text);
    }
    bench.bump(&["flake:inputs.one", "--to", "none"]).expect(2);
}

#[test]
fn a_set_names_its_parts() {
    let bench = Bench::new();
    let one = bench.repo("one");
    let old = head(&one);
    let text = |rev: &str| {
        flake(&format!(
            "inputs.one = {{\n    type = \"git\";\n    url = \"file://{}\";\n    rev = \"{rev}\"; # main\n  }};",
            one.dir().display()
        ))
    };
    bench.flake(&text(&old));
    let new = one.commit("second");
    bench.bump(&[]).expect(0);
    assert_eq!(bench.read("flake.nix"), text(&new));
    assert_eq!(bench.locked("one"), new);
    bench.settled();
    // Without a rev it stands in the lock alone.
    let by_ref = text(&new).replace(&format!("rev = \"{new}\"; # main"), "ref = \"main\";");
    bench.flake(&by_ref);
    let third = one.commit("third");
    bench.bump(&[]).expect(0);
    assert_eq!(bench.locked("one"), third);
    bench.settled();
}

#[test]
fn one_of_several_moves_and_those_that_follow_it() {
    let bench = Bench::new();
    let (one, two) = (bench.repo("one"), bench.repo("two"));
    two.write(
        "flake.nix",
        format!(
            "{{ inputs.dep.url = \"{}\"; outputs = _: {{ }}; }}",
            url(&one)
        ),
    );
    two.commit("has an input");
    let text = flake(&format!(
        "inputs.one.url = \"{}\";\n  inputs.two = {{ url = \"{}\"; inputs.dep.follows = \"one\"; }};\n  inputs.same.follows = \"one\";",
        url(&one),
        url(&two)
    ));
    bench.flake(&text);
    let (new, old_two) = (one.commit("second"), head(&two));
    let new_two = two.commit("third");
    let ran = bench
        .bump(&["flake:inputs.one", "--format", "json"])
        .expect(0)
        .json();
    assert_eq!(ran["changes"].as_array().unwrap().len(), 1, "{ran}");
    assert_eq!((bench.locked("one"), bench.locked("two")), (new, old_two));
    let ran = bench.bump(&["--format", "json"]).expect(0).json();
    assert_eq!(ran["changes"].as_array().unwrap().len(), 1, "{ran}");
    assert_eq!(ran["unchanged"], serde_json::json!(["flake:inputs.one"]));
    assert_eq!(bench.locked("two"), new_two);
    assert!(bench.read("flake.lock").contains("\"same\": ["));
    bench.settled();
}

#[test]
fn an_input_behind_http_moves() {
    let bench = Bench::new();
    let one = bench.repo("one");
    let http = Http::serve(&bench.path("srv"), Wants::default());
    bench.flake(&flake(&format!(
        "inputs.one.url = \"git+http://127.0.0.1:{}/one?ref=main\";",
        http.port
    )));
    let new = one.commit("second");
    bench.bump(&[]).expect(0);
    assert_eq!(bench.locked("one"), new);
    bench.settled();
}

#[test]
fn without_a_lock_only_the_text_changes() {
    let bench = Bench::new();
    let (one, old) = {
        let one = bench.repo("one");
        let old = head(&one);
        (one, old)
    };
    let text = |rev: &str| flake(&format!("inputs.one.url = \"{}?rev={rev}\";", url(&one)));
    bench.write("flake.nix", &text(&old));
    let new = one.commit("second");
    bench.bump(&[]).expect(0);
    assert_eq!(bench.read("flake.nix"), text(&new));
    assert!(!bench.path("ws/flake.lock").exists());
}

#[test]
fn what_only_nix_can_look_up_is_asked_of_nix() {
    let bench = Bench::new();
    let (one, listed) = (bench.repo("one"), bench.repo("listed"));
    let old = head(&listed);
    bench.flake(&flake(&format!(
        "inputs.one.url = \"{}\"; inputs.listed.url = \"listed\";",
        url(&one)
    )));
    let new_one = one.commit("second");
    // It did not move, and nobody says that it did.
    let ran = bench.bump(&["--format", "json"]).expect(0).json();
    let changes = ran["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{ran}");
    assert_eq!(ran["unchanged"], serde_json::json!(["flake:inputs.listed"]));
    assert_eq!(
        (bench.locked("one"), bench.locked("listed")),
        (new_one, old)
    );
    let new = listed.commit("second");
    let ran = bench.bump(&["--format", "json"]).expect(0).json();
    assert_eq!(ran["changes"][0]["name"], "flake:inputs.listed");
    assert_eq!(bench.locked("listed"), new);
    let lock = bench.read("flake.lock");
    bench.bump(&[]).expect(0);
    assert_eq!(bench.read("flake.lock"), lock);
}
