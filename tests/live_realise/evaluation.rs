//! Files and flakes, evaluated.

use std::path::Path;

use cotter::nix::{EvalFailure, FileTarget, Instantiate, Instantiated, Nix, Target};

use crate::support;
use crate::system::{Machine, fake, file_hash};

const DRV: &str =
    r#"name: derivation { inherit name; system = "x86_64-linux"; builder = "/bin/sh"; }"#;

fn evaluate(
    machine: &Machine,
    target: Target,
    system: Option<&str>,
) -> Result<Instantiated, EvalFailure> {
    let roots = machine.dir().join("roots");
    let request = Instantiate {
        target,
        system,
        dir: Path::new("/"),
        roots: &roots,
    };
    Nix::find(machine).unwrap().instantiate(&request).unwrap()
}

fn names(found: &Result<Instantiated, EvalFailure>) -> Vec<&str> {
    let found = found
        .as_ref()
        .unwrap_or_else(|failure| panic!("{failure:?}"));
    found
        .roots
        .iter()
        .map(|drv| {
            let file = Path::new(drv).file_name().unwrap().to_str().unwrap();
            file.split_once('-')
                .unwrap()
                .1
                .strip_suffix(".drv")
                .unwrap()
        })
        .collect()
}

#[test]
fn files_take_attributes_arguments_and_include_paths() {
    let machine = Machine::new();
    machine.write("lib/drv.nix", DRV);
    let file = machine.write(
        "a b/default.nix",
        "{ count ? 0, word ? \"none\" }: let drv = import <lib/drv.nix>; in {\n\
         one = drv \"one-${toString count}\"; two = drv word; sys = drv builtins.currentSystem; same = drv word; }",
    );
    let include = [format!("lib={}", machine.dir().join("lib").display())];
    let target = |attrs| {
        Target::Files(FileTarget {
            files: std::slice::from_ref(&file),
            attrs,
            args: &[],
            argstrs: &[],
            include: &include,
        })
    };
    let all = evaluate(&machine, target(&[]), None);
    assert_eq!(names(&all), ["one-0", "none", "x86_64-linux"]);
    let attrs = ["two".to_owned(), "one".to_owned()];
    let args = [("count".to_owned(), "1 + 1".to_owned())];
    let argstrs = [("word".to_owned(), "it-s".to_owned())];
    let some = evaluate(
        &machine,
        Target::Files(FileTarget {
            files: std::slice::from_ref(&file),
            attrs: &attrs,
            args: &args,
            argstrs: &argstrs,
            include: &include,
        }),
        None,
    );
    assert_eq!(names(&some), ["it-s", "one-2"]);
    let sys = ["sys".to_owned()];
    let other = evaluate(&machine, target(&sys), Some("aarch64-linux"));
    assert_eq!(names(&other), ["aarch64-linux"]);
}

#[test]
fn a_flake_gives_its_packages_and_checks() {
    let machine = Machine::new();
    let flake = format!(
        "{{ outputs = _: let drv = {DRV}; in {{\n\
         packages.x86_64-linux = {{ a = drv \"a\"; \"b.c\" = drv \"b\"; nested.deep.c = drv \"c\"; }};\n\
         packages.aarch64-linux.e = drv \"e\";\n\
         checks.x86_64-linux.d = drv \"d\"; other.thing = drv \"f\"; }}; }}"
    );
    machine.write("copy/sub/flake.nix", &flake);
    machine.write(
        "bare/flake.nix",
        "{ outputs = _: { packages.x86_64-linux = { }; }; }",
    );
    let dir = machine.dir().display();
    // Nix 2.8 takes the `dir` of a repository, and not that of a plain folder.
    let repository = machine.dir().join("copy");
    for args in [["init", "-q"], ["add", "--all"]] {
        let mut git = support::command("git", machine.dir());
        support::run_ok(git.args(args).current_dir(&repository), "git");
    }
    let flake_ref = format!("git+file://{dir}/copy?dir=sub");
    let of = |attrs: &[&str], system| {
        let attrs: Vec<String> = attrs.iter().map(|attr| (*attr).to_owned()).collect();
        let target = Target::Flake {
            flake_ref: &flake_ref,
            attrs: &attrs,
        };
        evaluate(&machine, target, system)
    };
    assert_eq!(names(&of(&[], None)), ["a", "b", "c", "d"]);
    assert_eq!(names(&of(&[], Some("aarch64-linux"))), ["e"]);
    assert_eq!(names(&of(&["b.c"], None)), ["b"]);
    assert_eq!(names(&of(&["other", "thing"], None)), ["f"]);
    assert_eq!(names(&of(&["d"], None)), ["d"]);
    let missing = of(&["no \"${such}"], None).unwrap_err();
    assert!(missing.message.contains("no \"${such}"), "{missing:?}");
    let bare = format!("path:{dir}/bare");
    let target = Target::Flake {
        flake_ref: &bare,
        attrs: &[],
    };
    assert!(names(&evaluate(&machine, target, None)).is_empty());
}

#[test]
fn derivations_are_kept_while_the_links_are_there() {
    let machine = Machine::new();
    let drvs = machine.instantiate(
        "[ (drv \"a\" \"x86_64-linux\" { } \"\") (drv \"b\" \"x86_64-linux\" { } \"\") ]",
    );
    let collect = || {
        let nix = cotter::process::Invocation::new("nix-store").args(["--gc"]);
        let output = cotter::process::Runner::run(&machine, &nix).unwrap();
        output.success(&nix).unwrap();
        drvs.iter().filter(|drv| Path::new(drv).exists()).count()
    };
    assert_eq!((drvs.len(), collect()), (2, 2));
    std::fs::remove_dir_all(machine.dir().join("roots")).unwrap();
    assert_eq!(collect(), 0);
}

#[test]
fn hashes_of_what_evaluation_needs_are_told() {
    let machine = Machine::new();
    let file = machine.write("fetched", "text");
    let url = format!("file://{}", file.display());
    for (expression, told) in [
        (
            format!(
                "builtins.fetchurl {{ url = \"{url}\"; sha256 = \"{}\"; }}",
                fake(1)
            ),
            fake(1),
        ),
        (
            format!(
                "(derivation {{ name = \"ifd\"; system = builtins.currentSystem; builder = \"/bin/sh\"; \
                 args = [ \"-c\" \"echo 1 > $out\" ]; outputHashMode = \"recursive\"; outputHash = \"{}\"; }})",
                fake(2)
            ),
            fake(2),
        ),
    ] {
        let text = format!("import ({expression})");
        let file = machine.write("default.nix", &text);
        let target = Target::Files(FileTarget {
            files: &[file],
            ..FileTarget::default()
        });
        let failure = evaluate(&machine, target, None).unwrap_err();
        assert_eq!(failure.mismatches.len(), 1, "{failure:?}");
        let got = failure.mismatches[0].got_for(&told).unwrap();
        if told == fake(2) {
            assert_eq!(*got, file_hash("1\n"));
        }
    }
}

#[test]
fn an_error_of_the_users_is_told_with_its_place() {
    let machine = Machine::new();
    let file = machine.write("default.nix", "{\n  a = 1 + https://u:secret@h/x;\n}\n");
    let attrs = ["a".to_owned()];
    let target = Target::Files(FileTarget {
        files: std::slice::from_ref(&file),
        attrs: &attrs,
        ..FileTarget::default()
    });
    let failure = evaluate(&machine, target, None).unwrap_err();
    assert!(failure.mismatches.is_empty());
    let place = failure.position.as_ref().expect("a place");
    assert_eq!(Path::new(&place.file), file);
    assert_eq!(place.line, 2);
    assert!(
        failure
            .message
            .contains("cannot add a string to an integer"),
        "{failure:?}"
    );
    assert!(!failure.message.contains("secret"), "{failure:?}");
    assert!(!failure.message.contains("show-trace"), "{failure:?}");
}
