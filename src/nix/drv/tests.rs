use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::nix::NixError;

const ZERO: &str = "00000000000000000000000000000000";
const HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn fod_text() -> String {
    format!(
        r#"Derive([("out","/nix/store/{ZERO}-src","r:sha256","{HEX}")],[("/nix/store/{ZERO}-a.drv",["dev","out"]),("/nix/store/{ZERO}-b.drv",[])],["/nix/store/{ZERO}-builder.sh"],"x86_64-linux","/bin/sh",["-e","a \"quoted\" \\ back\n\r\t\$"],[("empty",""),("out","/nix/store/{ZERO}-src"),("text","a\nb")])"#
    )
}

#[test]
fn reads_every_field() {
    let drv = Derivation::parse(fod_text().as_bytes()).unwrap();
    let inputs: Vec<_> = drv.input_drvs.iter().collect();
    assert_eq!(*inputs[0].0, format!("/nix/store/{ZERO}-a.drv"));
    assert_eq!(*inputs[0].1, ["dev", "out"]);
    assert!(inputs[1].1.is_empty());
    assert_eq!(drv.input_srcs, [format!("/nix/store/{ZERO}-builder.sh")]);
    assert_eq!(drv.system, "x86_64-linux");
    assert_eq!(drv.builder, "/bin/sh");
    assert_eq!(drv.args, ["-e", "a \"quoted\" \\ back\n\r\t$"]);
    assert_eq!(drv.env[&BString::from("text")], "a\nb");
    assert_eq!(drv.env[&BString::from("empty")], "");
    assert_eq!(drv.outputs[0].path, format!("/nix/store/{ZERO}-src"));
    let fixed = drv.fixed().unwrap();
    assert_eq!(fixed.method, Method::Recursive);
    assert_eq!(
        fixed.hash.spell(crate::hash::Spelling::PrefixedBase16),
        format!("sha256:{HEX}")
    );
}

#[test]
fn only_a_hash_that_is_known_fixes_an_output() {
    let fixed = |algo: &str, hash: &str| {
        let text = format!(r#"Derive([("out","","{algo}","{hash}")],[],[],"s","b",[],[])"#);
        Derivation::parse(text.as_bytes()).map(|drv| drv.fixed().map(|fixed| fixed.method))
    };
    assert_eq!(fixed("", ""), Ok(None));
    assert_eq!(fixed("r:sha256", ""), Ok(None));
    assert_eq!(fixed("r:sha256", "impure"), Ok(None));
    assert_eq!(fixed("r:blake3", HEX), Ok(None));
    assert_eq!(fixed("sha256", HEX), Ok(Some(Method::Flat)));
    assert_eq!(fixed("text:sha256", HEX), Ok(Some(Method::Text)));
    assert_eq!(fixed("git:sha1", &HEX[..40]), Ok(Some(Method::Git)));
    assert!(matches!(
        fixed("sha256", "00"),
        Err(AtermError::Hash { .. })
    ));
}

#[test]
fn bytes_that_are_no_utf8_are_kept() {
    let text = b"Derive([],[],[],\"s\",\"b\",[\"\xff\\\xfe\"],[(\"\xe9\",\"\xff\")])";
    let drv = Derivation::parse(text).unwrap();
    assert_eq!(drv.args[0], BString::from(&b"\xff\xfe"[..]));
    assert_eq!(drv.env[&BString::from(&b"\xe9"[..])], &b"\xff"[..]);
    let text = b"Derive([],[],[\"\xff\"],\"s\",\"b\",[],[])";
    assert!(matches!(
        Derivation::parse(text),
        Err(AtermError::NotUtf8 { offset: 14, .. })
    ));
}

#[test]
fn says_what_is_wrong_and_where() {
    let error = |text: &str| Derivation::parse(text.as_bytes()).unwrap_err();
    assert_eq!(
        error("Derive([],[],[],\"s\",\"b\",[],[]"),
        AtermError::Missing {
            offset: 29,
            wanted: ")"
        }
    );
    assert_eq!(
        error("DrvWithVersion(\"xp-dyn-drv\",[],[],[],\"s\",\"b\",[],[])"),
        AtermError::Dynamic
    );
    assert!(matches!(
        error("Derive([],[],[],\"s\",\"b\",[],[(\"a\",\"1\"),(\"a\",\"2\")])"),
        AtermError::Twice { name, .. } if name == "a"
    ));
    let whole = fod_text();
    for end in 0..whole.len() {
        assert!(
            Derivation::parse(&whole.as_bytes()[..end]).is_err(),
            "{end}"
        );
    }
    let more = format!("{whole}\n");
    assert!(error(&more).to_string().contains("the end of the file"));
}

#[test]
fn names_are_what_follows_the_hash_part() {
    assert_eq!(
        name_of(&format!("/nix/store/{ZERO}-a-1.2.drv")),
        Some("a-1.2")
    );
    assert_eq!(name_of(&format!("/my/store/{ZERO}-a")), None);
    for path in [
        "",
        "/nix/store",
        "a.drv",
        "/nix/store/short-a.drv",
        "/ääääääääääääääääääääää-a.drv",
    ] {
        assert_eq!(name_of(path), None, "{path}");
    }
    assert_eq!(name_of(&format!("/nix/store/{ZERO}-.drv")), None);
}

/// A store below `root` in which each of `drvs`, by its letter, has the inputs named by letters.
fn write_store(root: &Path, drvs: &[(&str, &str, bool)]) {
    let store = root.join("nix/store");
    fs::create_dir_all(&store).unwrap();
    for (name, inputs, fixed) in drvs {
        let inputs: Vec<String> = inputs
            .chars()
            .map(|input| format!("(\"{}\",[\"out\"])", path(&input.to_string())))
            .collect();
        let (algo, hash) = if *fixed { ("sha256", HEX) } else { ("", "") };
        let text = format!(
            "Derive([(\"out\",\"\",\"{algo}\",\"{hash}\")],[{}],[],\"s\",\"b\",[],[])",
            inputs.join(",")
        );
        fs::write(store.join(format!("{ZERO}-{name}.drv")), text).unwrap();
    }
}

fn path(name: &str) -> String {
    format!("/nix/store/{ZERO}-{name}.drv")
}

#[test]
fn a_closure_has_inputs_first() {
    let root = tempfile::tempdir().unwrap();
    write_store(
        root.path(),
        &[
            ("a", "bc", false),
            ("b", "cd", true),
            ("c", "d", false),
            ("d", "", true),
            ("e", "a", false),
        ],
    );
    let store = Derivations::at(Some(root.path().into()));
    let closure = store.closure(&[path("a"), path("e"), path("d")]).unwrap();
    assert_eq!(closure, ["d", "c", "b", "a", "e"].map(path));
    let fods: Vec<String> = store.fod_inputs(&path("e")).unwrap().into_iter().collect();
    assert_eq!(fods, [path("b"), path("d")]);
    let below_b: Vec<String> = store.fod_inputs(&path("b")).unwrap().into_iter().collect();
    assert_eq!(below_b, [path("d")]);

    let nearest = store
        .nearest(&[path("e"), path("b")], |drv| {
            drv == path("c") || drv == path("d")
        })
        .unwrap();
    let of = |name: &str| nearest[&path(name)].iter().cloned().collect::<Vec<_>>();
    assert_eq!(of("e"), [path("c"), path("d")]);
    assert_eq!(of("b"), [path("c"), path("d")]);
    let nearest = store.nearest(&[path("e")], |drv| drv == path("b")).unwrap();
    assert_eq!(nearest[&path("e")].len(), 1);
}

#[test]
fn what_is_not_there_is_named() {
    let root = tempfile::tempdir().unwrap();
    write_store(
        root.path(),
        &[("a", "b", false), ("x", "y", false), ("y", "x", false)],
    );
    let store = Derivations::at(Some(root.path().into()));
    let error = store.closure(&[path("a")]).unwrap_err();
    assert!(
        matches!(&error, NixError::Drv(DrvError::Read { path: file, .. })
            if *file == root.path().join(&path("b")[1..])),
        "{error}"
    );
    let error = store.closure(&[path("x")]).unwrap_err();
    assert!(matches!(error, NixError::Drv(DrvError::Cycle { .. })));
    // No endless walk either.
    assert!(store.fod_inputs(&path("x")).unwrap().is_empty());
}

#[test]
fn a_long_chain_does_not_use_up_the_stack() {
    let root = tempfile::tempdir().unwrap();
    let store = root.path().join("nix/store");
    fs::create_dir_all(&store).unwrap();
    for n in 0..5000 {
        let inputs = match n {
            0 => String::new(),
            n => format!("(\"{}\",[\"out\"])", path(&(n - 1).to_string())),
        };
        let text = format!("Derive([(\"out\",\"\",\"\",\"\")],[{inputs}],[],\"s\",\"b\",[],[])");
        fs::write(store.join(format!("{ZERO}-{n}.drv")), text).unwrap();
    }
    let derivations = Derivations::at(Some(root.path().into()));
    let small_stack = std::thread::Builder::new().stack_size(256 * 1024);
    let closure = small_stack
        .spawn(move || derivations.closure(&[path("4999")]).unwrap())
        .unwrap()
        .join()
        .unwrap();
    assert_eq!(closure.len(), 5000);
    assert_eq!(closure.first(), Some(&path("0")));
}

proptest! {
    #[test]
    fn any_bytes_are_answered(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Derivation::parse(&text);
        let _ = name_of(&String::from_utf8_lossy(&text));
    }

    #[test]
    fn a_damaged_derivation_is_answered(at in 0usize..400, byte in any::<u8>(), tail in prop::collection::vec(any::<u8>(), 0..20)) {
        let mut text = fod_text().into_bytes();
        if let Some(place) = text.get_mut(at) {
            *place = byte;
        }
        let _ = Derivation::parse(&text);
        text.truncate(at);
        text.extend(tail);
        let _ = Derivation::parse(&text);
    }
}
