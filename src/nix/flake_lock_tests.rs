use super::*;

const LOCK: &str = r#"{
  "nodes": {
    "ä": { "locked": { "type": "path", "path": "./x" }, "original": { "type": "path", "path": "./x" }, "parent": [] },
    "nixpkgs": {
      "flake": false,
      "locked": {
        "lastModified": 1704067200,
        "narHash": "sha256-VO8KzRYOgpVx36ZrJgyhKBIqs/LCSt75RVaCYxQv9TY=",
        "owner": "NixOS",
        "repo": "nixpkgs",
        "rev": "bc5db27db6afae84af533b115fe1458c642d151f",
        "type": "github"
      },
      "original": { "id": "nixpkgs", "type": "indirect", "submodules": true }
    },
    "tool": {
      "inputs": { "nixpkgs": ["nixpkgs"], "self": [] },
      "locked": { "type": "git", "url": "file:///x", "ref": "main",
        "rev" : "eaa6d9112e691e097c292c1c60fc5afa30002f89" },
      "original": { "type": "git", "url": "file:///x" }
    },
    "root": { "inputs": { "nixpkgs": "nixpkgs", "tool": "tool", "a": ["tool", "nixpkgs"], "b": "ä" } }
  },
  "root": "root",
  "version": 7
}
"#;

#[test]
fn reads_nodes_inputs_and_sources() {
    let lock = FlakeLock::parse(LOCK).unwrap();
    assert_eq!(lock.version, 7);
    let names: Vec<&str> = lock.inputs().map(|(name, _)| name).collect();
    assert_eq!(names, ["a", "b", "nixpkgs", "tool"]);
    let nixpkgs = lock.input("nixpkgs").unwrap();
    assert!(!nixpkgs.is_flake);
    let locked = nixpkgs.locked.as_ref().unwrap();
    assert_eq!(locked.kind, "github");
    assert_eq!(locked.owner.as_deref(), Some("NixOS"));
    assert_eq!(locked.last_modified, Some(1704067200));
    let original = nixpkgs.original.as_ref().unwrap();
    assert_eq!(original.id.as_deref(), Some("nixpkgs"));
    assert_eq!(original.other["submodules"], true);
    assert_eq!(
        lock.input("tool")
            .unwrap()
            .locked
            .as_ref()
            .unwrap()
            .reference
            .as_deref(),
        Some("main")
    );
}

#[test]
fn goes_through_follows() {
    let lock = FlakeLock::parse(LOCK).unwrap();
    assert_eq!(
        lock.link("a"),
        Some(&InputLink::Follows(vec!["tool".into(), "nixpkgs".into()]))
    );
    assert_eq!(lock.node_name("a"), Some("nixpkgs"));
    assert_eq!(lock.node_name("tool/nixpkgs"), Some("nixpkgs"));
    assert_eq!(lock.node_name("tool/self/b"), Some("ä"));
    for absent in ["", "x", "tool/x", "nixpkgs/x", "tool/"] {
        assert_eq!(lock.link(absent), None, "{absent}");
    }
}

#[test]
fn says_where_a_revision_stands() {
    let lock = FlakeLock::parse(LOCK).unwrap();
    for (input, rev) in [
        ("nixpkgs", "bc5db27db6afae84af533b115fe1458c642d151f"),
        ("tool", "eaa6d9112e691e097c292c1c60fc5afa30002f89"),
    ] {
        let span = lock.input(input).unwrap().rev_span.clone().unwrap();
        assert_eq!(&LOCK[span.clone()], rev);
        assert_eq!(span.start, LOCK.find(rev).unwrap());
    }
    assert_eq!(lock.input("b").unwrap().rev_span, None);
}

#[test]
fn circles_end() {
    let lock = |inputs: &str| {
        let text = format!(
            r#"{{"nodes":{{"root":{{"inputs":{inputs}}},"n":{{"inputs":{{"y":["b"]}}}}}},"root":"root","version":5}}"#
        );
        FlakeLock::parse(&text).unwrap()
    };
    assert_eq!(lock(r#"{"a":["b"],"b":["a"]}"#).input("a"), None);
    // Each `y` asks for `b` anew.
    let many = vec![r#""y""#; 50].join(",");
    let wide = lock(&format!(r#"{{"b":["n",{many}],"n":"n"}}"#));
    assert_eq!(wide.input("b"), None);
}

#[test]
fn a_broken_lock_is_an_error_with_its_place() {
    let place = |text: &str| match FlakeLock::parse(text) {
        Err(LockError::Syntax {
            line,
            column,
            message,
        }) => (line, column, message),
        other => panic!("{other:?}"),
    };
    let (line, column, _) = place("{\n  \"nodes\": {},\n  \"root\" 1\n}");
    assert_eq!((line, column), (3, 10));
    // Inside of a part that is read on its own.
    let broken = LOCK.replace("1704067200", "\"soon\"");
    let (line, _, message) = place(&broken);
    assert_eq!(
        line,
        broken[..broken.find("soon").unwrap()].matches('\n').count() + 1
    );
    assert!(message.contains("invalid type"), "{message}");
    let one_line = broken.replace('\n', " ");
    let (line, column, _) = place(&one_line);
    let end_of_locked = one_line[one_line.find("soon").unwrap()..]
        .find('}')
        .unwrap();
    assert_eq!(line, 1);
    assert!(
        column > one_line.find("soon").unwrap()
            && column <= one_line.find("soon").unwrap() + end_of_locked + 1
    );
    place("");
    place("[]");
    place(&LOCK[..LOCK.len() / 2]);
    place(&LOCK.replace("[\"nixpkgs\"]", "[7]"));
}

#[test]
fn a_lock_that_makes_no_sense_is_an_error() {
    let error = |text: &str| FlakeLock::parse(text).unwrap_err().to_string();
    assert_eq!(
        error(&LOCK.replace("\"version\": 7", "\"version\": 8")),
        "lock file version 8; cotter knows 5, 6 and 7"
    );
    assert_eq!(
        error(&LOCK.replace("\"root\": \"root\"", "\"root\": \"top\"")),
        "node `top` is named by `root`, but there is none"
    );
    assert_eq!(
        error(&LOCK.replace("\"b\": \"ä\"", "\"b\": \"gone\"")),
        "node `gone` is named by input `b` of `root`, but there is none"
    );
}
