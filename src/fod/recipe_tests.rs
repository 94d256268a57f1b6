use std::cell::Cell;
use std::fs;

use tempfile::TempDir;

use super::*;
use crate::hash::{Algo, Hash};
use crate::nix::drv::Derivations;

const HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// A store of hand-written derivations.
struct Scene {
    root: TempDir,
}

/// The store path of `name`, whose hash part is made of `digit`.
fn path(digit: char, name: &str) -> String {
    format!("/nix/store/{}-{name}", digit.to_string().repeat(32))
}

impl Scene {
    fn new() -> Scene {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("nix/store")).unwrap();
        Scene { root }
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.root.path().join(&path[1..]), text).unwrap();
    }

    /// Writes a derivation with the output `out`, and returns both paths. Its inputs are paths of derivations.
    fn drv(
        &self,
        (digit, name): (char, &str),
        fixed: bool,
        drvs: &[&str],
        sources: &[&str],
        text: &str,
    ) -> (String, String) {
        let out = path(digit, name);
        self.drv_at((digit, name), &out, fixed, drvs, sources, text);
        (format!("{out}.drv"), out)
    }

    fn drv_at(
        &self,
        (digit, name): (char, &str),
        out: &str,
        fixed: bool,
        drvs: &[&str],
        sources: &[&str],
        text: &str,
    ) {
        let (algo, hash) = if fixed { ("sha256", HEX) } else { ("", "") };
        let drvs: Vec<String> = drvs
            .iter()
            .map(|drv| format!("(\"{drv}\",[\"out\"])"))
            .collect();
        let sources: Vec<String> = sources
            .iter()
            .map(|source| format!("\"{source}\""))
            .collect();
        let aterm = format!(
            "Derive([(\"out\",\"{out}\",\"{algo}\",\"{hash}\")],[{}],[{}],\"s\",\"/bin/sh\",[],[(\"text\",\"{text}\")])",
            drvs.join(","),
            sources.join(",")
        );
        self.write(&format!("{}.drv", path(digit, name)), &aterm);
    }

    /// The recipe of `drv`, where the source named `mine` is the workspace's.
    fn recipe(&self, drv: &str) -> Recipe {
        let derivations = Derivations::at(Some(self.root.path().into()));
        let contents = StoreContents::new(&derivations);
        let settled = |_: &str| None;
        let is_workspace = |path: &str| path.ends_with("-mine");
        Recipes::new(
            &derivations,
            &|path: &str| contents.of(path),
            &settled,
            &is_workspace,
        )
        .recipe(drv)
        .unwrap()
    }
}

#[test]
fn two_tools_of_one_name_are_told_apart_by_their_order() {
    let scene = Scene::new();
    let (old, old_out) = scene.drv(('1', "gcc-12"), false, &[], &[], "old");
    let (new, new_out) = scene.drv(('2', "gcc-13"), false, &[], &[], "new");
    let take = |text: String| {
        let (fod, _) = scene.drv(('3', "fod"), true, &[&old, &new], &[], &text);
        scene.recipe(&fod)
    };
    let one = take(format!("{old_out} {new_out}"));
    let other = take(format!("{new_out} {old_out}"));
    assert_eq!(one.own, other.own);
    assert_ne!(one.toolchain, other.toolchain);
}

#[test]
fn an_input_with_a_workspace_source_counts_in_both_parts() {
    let scene = Scene::new();
    let mine = path('a', "mine");
    let script = path('b', "setup.sh");
    let take = |mine_text: &str, script_text: &str| {
        scene.write(&mine, mine_text);
        scene.write(&script, script_text);
        let (tool, tool_out) = scene.drv(('1', "tool-1"), false, &[], &[&script], &script);
        let text = format!("{mine} {tool_out}/bin");
        let (between, out) = scene.drv(('2', "between"), false, &[&tool], &[&mine], &text);
        let (fod, _) = scene.drv(('3', "fod"), true, &[&between], &[], &out);
        scene.recipe(&fod)
    };
    let before = take("a", "b");
    let after = take("changed", "b");
    assert_ne!(before.own, after.own);
    assert_eq!(before.toolchain, after.toolchain);
    let after = take("a", "changed");
    assert_eq!(before.own, after.own);
    assert_ne!(before.toolchain, after.toolchain);
}

#[test]
fn the_hash_parts_of_inputs_do_not_count() {
    let scene = Scene::new();
    let take = |digit: char| {
        let (tool, out) = scene.drv((digit, "tool-1"), false, &[], &[], "tool");
        let hash_part = digit.to_string().repeat(32);
        let text = format!("{out}/bin tool={hash_part}-tool-1 {hash_part}");
        let (fod, _) = scene.drv(('9', "fod"), true, &[&tool], &[], &text);
        scene.recipe(&fod)
    };
    assert_eq!(take('1'), take('2'));
}

#[test]
fn an_output_known_only_after_a_build_is_known_by_its_placeholder() {
    let scene = Scene::new();
    let take = |digit: char| {
        scene.drv_at((digit, "a-1"), "", false, &[], &[], "floating");
        let input = format!("{}.drv", path(digit, "a-1"));
        let text = recipe::placeholder(&input, "out");
        let (fod, _) = scene.drv(('9', "fod"), true, &[&input], &[], &text);
        (text, scene.recipe(&fod))
    };
    let ((one_text, one), (other_text, other)) = (take('1'), take('2'));
    assert_ne!(one_text, other_text);
    assert_eq!(one, other);
}

#[test]
fn placeholders_are_those_of_nix() {
    // What Nix 2.34.8 wrote for an input with `__contentAddressed`.
    let drv = "/nix/store/chc9nwsivq43dx8cc2fvc8yfnqjl6s6a-a-1.drv";
    for (output, written) in [
        (
            "out",
            "/114h6vpd6vlnzqgg627444lyvx8kalmhwajg1il6mhfca4jg4042",
        ),
        (
            "dev",
            "/1lsn9i4qhlf7r1wj8prkgrjwdbbgymp794vc4kk3nq8m67ljng2a",
        ),
    ] {
        assert_eq!(recipe::placeholder(drv, output), written);
    }
}

#[test]
fn a_source_that_cannot_be_read_counts_by_its_path() {
    let scene = Scene::new();
    let take = |digit: char| {
        let source = path(digit, "gone.sh");
        let (fod, _) = scene.drv(('9', "fod"), true, &[], &[&source], &source);
        scene.recipe(&fod)
    };
    assert_eq!(take('1'), take('1'));
    assert_ne!(take('1').toolchain, take('2').toolchain);
}

#[test]
fn other_settled_hashes_make_another_recipe() {
    let scene = Scene::new();
    let (lock, out) = scene.drv(('1', "lock"), true, &[], &[], "lock");
    let (fod, _) = scene.drv(('2', "fod"), true, &[&lock], &[], &out);
    let derivations = Derivations::at(Some(scene.root.path().into()));
    let contents = StoreContents::new(&derivations);
    let byte = Cell::new(1);
    let settled =
        |path: &str| (path == lock).then(|| Hash::new(Algo::Sha256, vec![byte.get(); 32]).unwrap());
    let take = || {
        Recipes::new(
            &derivations,
            &|path: &str| contents.of(path),
            &settled,
            &|_| false,
        )
        .recipe(&fod)
        .unwrap()
    };
    let one = take();
    byte.set(2);
    let other = take();
    assert_ne!(one.own, other.own);
    assert_eq!(one.toolchain, other.toolchain);
    // Not the workspace's: its own hash counts, in the other part.
    assert_ne!(scene.recipe(&fod).toolchain, one.toolchain);
}

#[test]
fn what_is_known_already_makes_no_other_recipe() {
    let scene = Scene::new();
    let (lock, lock_out) = scene.drv(('1', "lock"), true, &[], &[], "lock");
    let (tool, tool_out) = scene.drv(('2', "tool-1.0"), false, &[], &[], "tool");
    let (mixed, mixed_out) = scene.drv(('3', "mixed"), false, &[&lock, &tool], &[], &lock_out);
    let texts = format!("{mixed_out} {tool_out}");
    let (fod, _) = scene.drv(('4', "fod"), true, &[&mixed, &tool], &[], &texts);
    let derivations = Derivations::at(Some(scene.root.path().into()));
    let contents = StoreContents::new(&derivations);
    let content = |path: &str| contents.of(path);
    let byte = Cell::new(1);
    let settled =
        |path: &str| (path == lock).then(|| Hash::new(Algo::Sha256, vec![byte.get(); 32]).unwrap());
    let recipes = || Recipes::new(&derivations, &content, &settled, &|_| false);
    let mut first = recipes();
    let one = first.recipe(&fod).unwrap();
    let known = first.into_known();
    // What a settled hash is part of is taken anew.
    byte.set(2);
    let other = recipes().knowing(known).recipe(&fod).unwrap();
    assert_eq!(other, recipes().recipe(&fod).unwrap());
    assert_ne!(one.own, other.own);
}

#[test]
fn names_lose_their_version() {
    for (name, bare) in [
        ("curl-8.1-dev", "curl"),
        ("default-builder.sh", "default-builder.sh"),
        ("source", "source"),
        ("a-", "a-"),
        ("", ""),
        ("ä-1", "ä"),
    ] {
        assert_eq!(recipe::bare_name(name), bare);
    }
}
