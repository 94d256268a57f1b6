use super::*;
use crate::source::{RelPath, SourceFile};

fn read(text: &str) -> Result<Spec, String> {
    let source = SourceFile::from_text(RelPath::new(FILE).unwrap(), text.to_owned());
    of_file(&source).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        faults.join("\n")
    })
}

/// What `docs` show of a spec.
const HELLO: &str = r#"
[image]
name = "registry.example.org/team/hello"
tag = "1.2.3"
builder = "layered"
systems = ["x86_64-linux", "aarch64-linux"]
contents = ["tzdata"]
ca-certificates = true
tmp = true
[image.config]
entrypoint = ["/bin/sh", "/app/run.sh"]
cmd = []
env = { PORT = "8080" }
ports = ["8080/tcp"]
volumes = []
workdir = "/app"
user = "65534"
labels = {}
stop-signal = "SIGTERM"
[image.source]
kind = "script"
files = { "/app/run.sh" = "run.sh" }
"#;

#[test]
fn reads_what_the_interface_shows_and_writes_it_again() {
    let spec = read(HELLO).unwrap();
    assert_eq!(spec.builder, Some(Method::Layered));
    assert_eq!(spec.source.kind(), "script");
    assert_eq!(read(&to_toml(&spec).unwrap()).unwrap(), spec);
}

#[test]
fn every_mistake_has_its_place() {
    for (old, new, wanted) in [
        (
            "tag = \"1.2.3\"",
            "tags = \"1\"",
            "image.toml:4:1: unknown field `tags`",
        ),
        (
            "tag = \"1.2.3\"",
            "tag = \"a b\"",
            "image.toml:4:7: a tag is expected",
        ),
        (
            "\"layered\"",
            "\"layred\"",
            "image.toml:5:11: unknown variant `layred`",
        ),
        (
            "workdir",
            "workingdir",
            "image.toml:16:1: unknown field `workingdir`",
        ),
        (
            "\"8080/tcp\"",
            "\"http\"",
            "image.toml:14:10: a port is expected",
        ),
        (
            "\"script\"",
            "\"scripts\"",
            "image.toml:21:8: unknown variant `scripts`",
        ),
        (
            "files = {",
            "file = {",
            "image.toml:22:1: unknown field `file`",
        ),
        (
            "\"run.sh\" }",
            "\"/run.sh\" }",
            "image.toml:22:27: a path from the folder",
        ),
        (
            "\"/app/run.sh\" = ",
            "\"app/run.sh\" = ",
            "image.toml:22:26: an absolute path is expected",
        ),
        (
            "PORT =",
            "\"A=B\" =",
            "image.toml:13:17: a variable's name is expected",
        ),
        (
            "\"8080\" }",
            "\"80\\u000080\" }",
            "image.toml:13:16: no NUL",
        ),
        (
            "team/hello",
            "Team/hello",
            "image.toml:3:8: the name of an image",
        ),
        (
            "[\"tzdata\"]",
            "[\"${x}\"]",
            "image.toml:7:13: an attribute path is expected",
        ),
        ("name = ", "nam = ", "image.toml:3:1: unknown field `nam`"),
        (
            "[image]",
            "[images]",
            "image.toml:2:2: unknown field `images`, expected `image`",
        ),
        ("[image]\n", "[image\n", "image.toml:2:7: "),
    ] {
        let text = HELLO.replacen(old, new, 1);
        assert_ne!(text, HELLO, "{old}");
        let error = read(&text).unwrap_err();
        assert!(error.starts_with(wanted), "{new}: {error}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = HELLO
        .replace("8080/tcp", "x")
        .replace("SIGTERM", "TERM")
        .replace("1.2.3", "-");
    assert_eq!(read(&text).unwrap_err().lines().count(), 3);
}

#[test]
fn a_config_holds_many() {
    let text = HELLO.replace("[image", "[image.hello");
    let two = format!("{text}\n{}", text.replace("image.hello", "image.other"));
    let source = SourceFile::from_text(RelPath::new("cotter.toml").unwrap(), two);
    let specs = all_of_config(&source).unwrap();
    assert_eq!(specs.keys().collect::<Vec<_>>(), ["hello", "other"]);
}

#[test]
fn names_of_images() {
    for good in [
        "hello",
        "localhost:5000/a/b",
        "r.example.org/a_b/c__d/e-f/g.h",
        "R.example.org/x",
    ] {
        let text = HELLO.replace("registry.example.org/team/hello", good);
        assert!(read(&text).is_ok(), "{good}");
    }
    for bad in [
        "",
        "a:1",
        "a/",
        "/a",
        "a//b",
        "a@sha256:00",
        "a/B",
        "a/-b",
        "a/b-",
        "a/._b",
        "a b",
        "host:/x",
    ] {
        let text = HELLO.replace("registry.example.org/team/hello", bad);
        assert!(read(&text).is_err(), "{bad}");
    }
}

#[test]
fn the_schema_takes_what_is_read_and_refuses_other_keys() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let json =
        |text: &str| serde_json::to_value(toml::from_str::<toml::Value>(text).unwrap()).unwrap();
    assert!(validator.is_valid(&json(HELLO)));
    for (old, new) in [
        ("workdir", "workingdir"),
        ("tag =", "tags ="),
        ("files =", "file ="),
        ("\"layered\"", "\"x\""),
    ] {
        assert!(
            !validator.is_valid(&json(&HELLO.replacen(old, new, 1))),
            "{new}"
        );
    }
}
