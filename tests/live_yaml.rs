//! What the manifest room writes, read by another YAML reader: PyYAML, which reads YAML 1.1 and types plain values
//! most eagerly. Needs python3 with PyYAML (Debian: python3-yaml).

use std::io::Write;
use std::process::{Command, Stdio};

use cotter::edit::apply;
use cotter::manifest::{AttrPath, Located, parse};
use cotter::source::{RelPath, SourceFile};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Reads JSON lines `[text, want]`; prints those whose document does not say `{"a": want, "b": ["c", want]}`.
const READER: &str = r#"
import json, sys, yaml
for line in sys.stdin:
    text, want = json.loads(line)
    try:
        got = yaml.load(text, Loader=yaml.SafeLoader)
    except Exception as error:
        got = repr(error)
    if got != {"a": want, "b": ["c", want]}:
        print(json.dumps([text, want, repr(got)]))
print("done")
"#;

fn replaced(host: &str, new: &str) -> String {
    let file = SourceFile::from_text(RelPath::new("f.yaml").unwrap(), host.to_owned());
    let tree = parse(&file).unwrap();
    let root = &tree.documents[0];
    let nodes = [root.get("a").unwrap(), &root.get("b").unwrap().items()[1]];
    let edits: Vec<_> = nodes
        .iter()
        .map(|node| {
            Located::new(node.as_scalar().unwrap(), tree.format, AttrPath::default())
                .replace(&file, new)
                .unwrap_or_else(|error| panic!("{error}"))
        })
        .collect();
    apply(file.text(), &edits).unwrap()
}

#[test]
fn every_value_is_a_string_for_pyyaml() {
    let hosts = [
        "a: x # c\nb: [c, x]\n",
        "a: 'x' # c\nb:\n- c\n- 'x'\n",
        "a: \"x\"\nb: [c, \"x\"] # c\n",
        "{a: x, b: [c, x]}",
    ];
    let mut values: Vec<String> = [
        "1.10",
        "1e3",
        "0123456",
        "12345678",
        "1234e56",
        "true",
        "No",
        "on",
        "~",
        "null",
        "2024-01-01",
        "1:20",
        "0x1F",
        "<<",
        "=",
        "1_000",
        ".5",
        "5.",
        "-.inf",
        ".NaN",
        "0b1",
        "0o7",
        "a: b",
        "a #b",
        "- a",
        "? a",
        "a:",
        "...",
        "---",
        "%a",
        "@a",
        "`a",
        "",
        "tab\there",
        "line\nbreak",
        "é",
        "😀",
        "\u{85}",
        "\u{a0}",
        "\u{2028}",
        "\u{feff}",
        "\u{7f}",
        "it's",
        "a\"b\\c",
        "[a]",
        "{a}",
        "2001-12-14t21:59:43.10-05:00",
        "0.1e+1",
        "685_230.15",
        "190:20:30",
        "0b1010_0111",
        "a,b",
        "+12.3",
        "e3",
        "1d37d29",
    ]
    .map(str::to_owned)
    .into();
    let mut runner = TestRunner::deterministic();
    let random = prop_oneof![
        "\\PC{0,8}",
        "[-+0-9a-fxeoyYnN_.:~ #TZ]{1,8}",
        "[0-9]{1,4}[-:._eE+][0-9]{1,2}[-:.eE+_]?[0-9]{0,3}"
    ];
    values.extend((0..3000).map(|_| random.new_tree(&mut runner).unwrap().current()));

    let mut reader = Command::new("python3")
        .args(["-c", READER])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("PYTHONIOENCODING", "utf-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is needed (Debian: python3 and python3-yaml)");
    let mut input = String::new();
    for (index, value) in values.iter().enumerate() {
        let text = replaced(hosts[index % hosts.len()], value);
        input += &format!("{}\n", serde_json::json!([text, value]));
    }
    let mut stdin = reader.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = reader.wait_with_output().unwrap();
    writer
        .join()
        .unwrap()
        .expect("the reader ended early: is PyYAML there (Debian: python3-yaml)?");
    assert!(
        output.status.success(),
        "PyYAML is needed (Debian: python3-yaml)"
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), "done\n");
}
