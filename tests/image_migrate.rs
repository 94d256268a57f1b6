//! `cotter image migrate` over the Dockerfiles of `fixtures/image_migrate`.
//!
//! A case is a folder with `Dockerfile`, `context/` where files are copied from it, `expected.toml`, and `decide.txt`, the
//! list of what a person has to decide. `SNAPSHOTS=overwrite cargo test --test image_migrate` writes the last two anew.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use cotter::image::migrate::{Fate, Migration, Request, migrate};
use cotter::image::spec;
use cotter::source::{RelPath, SourceFile, Workspace};
use snapbox::{Assert, Data};
use support::command;
use support::cotter::{Run, ran};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/image_migrate")
}

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    cases
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// The folder `hello` in a git work tree, with the files of `case`.
fn made(case: &Path) -> tempfile::TempDir {
    let made = tempfile::tempdir().unwrap();
    let folder = made.path().join("hello");
    fs::create_dir_all(folder.join(".git")).unwrap();
    if case.join("context").is_dir() {
        copy(&case.join("context"), &folder);
    }
    fs::copy(case.join("Dockerfile"), folder.join("Dockerfile")).unwrap();
    made
}

fn cotter(made: &Path, arguments: &[&str]) -> Run {
    let mut command = command(env!("CARGO_BIN_EXE_cotter"), made);
    command.current_dir(made.join("hello"));
    ran(command.args(["image", "migrate"]).args(arguments))
}

fn of_text(workspace: &Workspace, text: &str) -> Option<Migration> {
    let path = RelPath::new("Dockerfile").unwrap();
    let request = Request {
        workspace,
        dockerfile: &SourceFile::from_text(path, text.to_owned()),
        context: RelPath::root(),
        from_spec: ".".to_owned(),
        name: "hello".to_owned(),
        target: None,
        arguments: Vec::new(),
    };
    migrate(&request).ok()
}

fn read(text: &str) -> Result<spec::Spec, Vec<spec::Invalid>> {
    let path = RelPath::new(spec::FILE).unwrap();
    spec::of_file(&SourceFile::from_text(path, text.to_owned()))
}

#[test]
fn every_dockerfile_becomes_a_spec_and_a_list() {
    assert!(cases().len() >= 30, "{}", cases().len());
    for case in cases() {
        let made = made(&case);
        let run = cotter(made.path(), &["Dockerfile", "--stdout"]);
        let is_done = run.err.starts_with("nothing is left to decide");
        assert_eq!(
            run.code,
            Some(i32::from(!is_done)),
            "{}\n{}",
            case.display(),
            run.err
        );
        let assert = Assert::new().action_env("SNAPSHOTS");
        assert.eq(&run.out, Data::read_from(&case.join("expected.toml"), None));
        assert.eq(&run.err, Data::read_from(&case.join("decide.txt"), None));
        let spec = read(&run.out).unwrap_or_else(|wrong| panic!("{}: {wrong:?}", case.display()));
        assert_eq!(spec::to_toml(&spec).unwrap(), run.out);
    }
}

/// The instructions of a Dockerfile, as its parser counts them.
fn instructions(text: &str) -> Vec<usize> {
    let line = |at: usize| text[..at].matches('\n').count() + 1;
    let parsed = parse_dockerfile::parse(text).unwrap();
    let json = format!("{:?}", parsed.instructions);
    assert!(!json.is_empty());
    let starts = parsed.instructions.iter().map(|instruction| {
        use parse_dockerfile::Instruction as I;
        match instruction {
            I::Add(one) => one.add.span.start,
            I::Arg(one) => one.arg.span.start,
            I::Cmd(one) => one.cmd.span.start,
            I::Copy(one) => one.copy.span.start,
            I::Entrypoint(one) => one.entrypoint.span.start,
            I::Env(one) => one.env.span.start,
            I::Expose(one) => one.expose.span.start,
            I::From(one) => one.from.span.start,
            I::Healthcheck(one) => one.healthcheck.span.start,
            I::Label(one) => one.label.span.start,
            I::Maintainer(one) => one.maintainer.span.start,
            I::Onbuild(one) => one.onbuild.span.start,
            I::Run(one) => one.run.span.start,
            I::Shell(one) => one.shell.span.start,
            I::Stopsignal(one) => one.stopsignal.span.start,
            I::User(one) => one.user.span.start,
            I::Volume(one) => one.volume.span.start,
            I::Workdir(one) => one.workdir.span.start,
            other => panic!("{other:?}"),
        }
    });
    starts.map(line).collect()
}

#[test]
fn no_instruction_is_dropped() {
    for case in cases() {
        let made = made(&case);
        let workspace = Workspace::at(&made.path().join("hello")).unwrap();
        let text = fs::read_to_string(case.join("Dockerfile")).unwrap();
        let migration = of_text(&workspace, &text).unwrap();
        // The parser takes a document within a command for instructions.
        let known = match case.ends_with("heredocs") {
            true => text.replace(
                "RUN cat <<EOF > /etc/motd\nFROM scratch\nEOF\n",
                "RUN cat\n\n\n",
            ),
            false => text.clone(),
        };
        let lines = instructions(&known);
        assert_eq!(migration.instructions, lines.len(), "{}", case.display());
        for (step, line) in lines.into_iter().enumerate() {
            let mut entries = migration.entries.iter().filter(|entry| entry.step == step);
            let first = entries
                .next()
                .unwrap_or_else(|| panic!("{}:{line}: dropped", case.display()));
            assert!(first.line >= line, "{}:{line}: {first:?}", case.display());
        }
        for entry in &migration.entries {
            let what = match &entry.fate {
                Fate::Spec(what) | Fate::Covered(what) => what,
                Fate::Decide { why, .. } => why,
            };
            assert!(!what.is_empty() && !entry.text.is_empty(), "{entry:?}");
            // It is a line of the file that has the text's first word.
            let line = text.lines().nth(entry.line - 1).unwrap();
            let word = entry.text.split_whitespace().next().unwrap();
            assert!(
                line.contains(word),
                "{}:{}: {word}",
                case.display(),
                entry.line
            );
        }
        // Each command of a RUN has its own entry.
        if case.ends_with("python-requirements") {
            let of_apt = migration
                .entries
                .iter()
                .filter(|entry| (10..=13).contains(&entry.line));
            assert!(of_apt.count() >= 3);
        }
    }
}

#[test]
fn the_plain_python_script_leaves_nothing_to_decide() {
    let made = made(&fixtures().join("python-script"));
    let run = cotter(made.path(), &["Dockerfile", "--format", "json"]).expect(0);
    let json = run.json();
    assert_eq!(json["schema"], 1);
    assert_eq!(json["decide"].as_array().unwrap().len(), 0);
    assert_eq!(json["instructions"].as_array().unwrap().len(), 5);
    assert_eq!(json["written"], true);
    let text = fs::read_to_string(made.path().join("hello/image.toml")).unwrap();
    assert_eq!(json["spec"], text);
    let spec = read(&text).unwrap();
    assert_eq!(spec.systems.len(), 2);
    let nix = fs::read_to_string(made.path().join("hello/default.nix")).unwrap();
    assert!(
        nix.contains("python312") && nix.contains("bridge.py"),
        "{nix}"
    );
}

#[test]
fn a_file_that_is_there_stays() {
    let made = made(&fixtures().join("python-script"));
    let spec = made.path().join("hello/image.toml");
    let dry = cotter(made.path(), &["Dockerfile", "--dry-run"]).expect(1);
    assert!(dry.out.contains("would create image.toml"), "{}", dry.out);
    assert!(!spec.exists());
    cotter(made.path(), &["Dockerfile", "--diff", "--dry-run"]).expect(1);
    cotter(made.path(), &["Dockerfile"]).expect(0);
    // The second time nothing changes.
    let again = cotter(made.path(), &["Dockerfile"]).expect(0);
    assert!(again.out.contains("unchanged image.toml"), "{}", again.out);
    fs::write(&spec, "# mine\n").unwrap();
    cotter(made.path(), &["Dockerfile"])
        .expect(2)
        .says(&["--force"]);
    assert_eq!(fs::read_to_string(&spec).unwrap(), "# mine\n");
    cotter(made.path(), &["Dockerfile", "--force"]).expect(0);
    assert!(fs::read_to_string(&spec).unwrap().starts_with("[image]"));
}

#[test]
fn another_folder_gets_paths_that_lead_back() {
    let made = made(&fixtures().join("python-script"));
    cotter(
        made.path(),
        &[
            "Dockerfile",
            "--out",
            "deploy",
            "--name",
            "r.example.org/a/b",
        ],
    )
    .expect(0);
    let text = fs::read_to_string(made.path().join("hello/deploy/image.toml")).unwrap();
    assert!(text.contains("path = \"../bridge.py\""), "{text}");
    assert!(text.contains("name = \"r.example.org/a/b\""), "{text}");
}

#[test]
fn what_is_no_dockerfile_is_told_with_its_place() {
    let made = made(&fixtures().join("python-script"));
    let file = made.path().join("hello/Dockerfile");
    for (text, words) in [
        ("FROM a\nNOTHING x\n", "Dockerfile:2:1"),
        ("ARG A=1\n", "FROM instruction"),
        ("", "FROM"),
        ("FROM a\0b\n", "Dockerfile:1:7"),
    ] {
        fs::write(&file, text).unwrap();
        cotter(made.path(), &["Dockerfile"])
            .expect(2)
            .says(&[words]);
    }
    fs::write(&file, "FROM a AS b\n").unwrap();
    cotter(made.path(), &["Dockerfile", "--target", "c"])
        .expect(2)
        .says(&["no stage is named `c`", "b"]);
    cotter(made.path(), &["Dockerfile", "--name", "No Name"])
        .expect(2)
        .says(&["--name"]);
}

#[test]
fn arguments_and_targets_are_taken() {
    let case = made(&fixtures().join("arg-in-from"));
    let arguments = [
        "Dockerfile",
        "--stdout",
        "--build-arg",
        "REGISTRY=docker.io/library",
        "--build-arg",
        "APP_ENV=prod",
    ];
    let run = cotter(case.path(), &arguments).expect(0);
    assert!(run.out.contains("APP_ENV = \"prod\""), "{}", run.out);
    let case = made(&fixtures().join("unused-stages"));
    let run = cotter(
        case.path(),
        &["Dockerfile", "--stdout", "--target", "debug"],
    )
    .expect(0);
    assert!(run.out.contains("strace"), "{}", run.out);
}

#[test]
fn an_expression_is_made_where_the_files_are_there() {
    let mut made_of = Vec::new();
    for case in cases() {
        let made = made(&case);
        let run = cotter(made.path(), &["Dockerfile"]);
        let folder = made.path().join("hello");
        assert!(
            folder.join(spec::FILE).is_file(),
            "{}\n{}",
            case.display(),
            run.err
        );
        match folder.join("default.nix").is_file() {
            true => made_of.push(case.file_name().unwrap().to_owned()),
            false => assert!(run.err.contains("no default.nix was made"), "{}", run.err),
        }
    }
    assert!(made_of.len() >= 25, "{made_of:?}");
}

mod any_text {
    use proptest::prelude::*;

    use super::*;

    const PIECES: [&str; 24] = [
        "FROM ",
        "RUN ",
        "COPY ",
        "ENV ",
        "ARG ",
        "\\\n",
        "\n",
        "<<EOF\n",
        "EOF\n",
        "${",
        "}",
        "\"",
        "'",
        "[\"",
        "\"]",
        "&& ",
        "| ",
        "--from=0 ",
        "$X",
        "\0",
        "# escape=`\n",
        "é\u{301}",
        "../../..",
        "HEALTHCHECK --interval=9999999999s CMD x\n",
    ];

    fn texts() -> Vec<String> {
        cases()
            .iter()
            .map(|case| fs::read_to_string(case.join("Dockerfile")).unwrap())
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn is_a_spec_or_an_error(
            which in any::<prop::sample::Index>(),
            edits in prop::collection::vec((any::<prop::sample::Index>(), 0..60_usize, 0..PIECES.len()), 0..5),
        ) {
            let texts = texts();
            let mut text: Vec<char> = which.get(&texts).chars().collect();
            for (at, length, piece) in edits {
                let at = at.index(text.len() + 1);
                let end = (at + length % 7 * length).min(text.len());
                text.splice(at..end, PIECES[piece].chars());
            }
            let text: String = text.into_iter().collect();
            let dir = tempfile::tempdir().unwrap();
            let workspace = Workspace::at(dir.path()).unwrap();
            if let Some(migration) = of_text(&workspace, &text) {
                let written = spec::to_toml(&migration.spec).unwrap();
                if let Err(wrong) = read(&written) {
                    return Err(TestCaseError::fail(format!("{wrong:?}\n{written}\n{text}")));
                }
                for step in 0..migration.instructions {
                    prop_assert!(migration.entries.iter().any(|entry| entry.step == step));
                }
            }
        }
    }
}
