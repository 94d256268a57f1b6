//! Derivations and recipes of what a real Nix instantiates: this machine's Nix, and each of those in the root
//! directories that `COTTER_TEST_NIX_ROOTS` lists. Nothing is built.

mod shown;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::PathBuf;

use cotter::fod::{Recipe, Recipes, StoreContents, WorkspaceSources};
use cotter::hash::{Algo, Hash, Spelling};
use cotter::nix::drv::{Derivations, Method, name_of};
use cotter::source::RelPath;
use serde_json::Value;
use support::store::Store;
use tempfile::TempDir;

/// A workspace with two FODs of one shape, over another FOD and over tools from elsewhere.
const WORKSPACE: &str = r#"
{ tools, own, dep, flag ? "a" }:
let
  sh = import (tools + "/default.nix");
  fod = attrs: derivation ({
    system = "x86_64-linux"; builder = "/bin/sh"; outputHashMode = "recursive"; outputHashAlgo = "sha256";
  } // attrs);
  lock = fod { name = "lock"; outputHash = dep; args = [ "-c" "echo lock > $out" ]; };
  generated = derivation {
    name = "generated-1"; system = "x86_64-linux"; builder = "${sh}/bin/sh"; args = [ "-c" "cp ${lock} $out" ];
  };
  deps = {
    name = "deps"; outputHash = own; hash = own; inherit flag generated;
    args = [ "-e" ./build.sh "a\n\t\"b\" \\ \${c} ä" ]; path = "${sh}/bin:${sh.dev}"; src = ./src;
  };
in {
  plain = fod deps;
  structured = fod (deps // { __structuredAttrs = true; });
}
"#;

const TOOLS: &str = r#"
derivation {
  name = "sh-1.0"; system = "x86_64-linux"; builder = "/bin/sh"; outputs = [ "out" "dev" ];
  args = [ ./builder.sh ];
  src = derivation {
    name = "sh.tar"; system = "x86_64-linux"; builder = "/bin/sh"; outputHashAlgo = "md5";
    outputHash = "900150983cd24fb0d6963f7d28e17f72"; outputHashMode = "flat"; args = [ "-c" "fetch" ];
  };
}
"#;

/// Of `plain` and `structured`, each its own part and its toolchain's.
const RECIPES: [&str; 4] = [
    "sha256-Zp+VdGjHL/S2ch1lokTssLddkE39otye6gaPBMZc6yc=",
    "sha256-L5f9iC+gNEppviSyR1sH1x4hU36L4vm5tBEGCDzLIuw=",
    "sha256-Wm2ejNLI86q8h5SvC0TjxzZu3/d0YgtY9AVKHfwShOU=",
    "sha256-L5f9iC+gNEppviSyR1sH1x4hU36L4vm5tBEGCDzLIuw=",
];

struct Scene {
    dir: TempDir,
    store: Store,
}

/// What one instantiation is given.
#[derive(Clone)]
struct Given {
    own: String,
    dep: String,
    flag: &'static str,
    settled: Option<Hash>,
}

fn hash(byte: u8) -> Hash {
    Hash::new(Algo::Sha256, vec![byte; 32]).unwrap()
}

impl Given {
    fn usual() -> Given {
        Given {
            own: hash(1).to_string(),
            dep: hash(2).to_string(),
            flag: "a",
            settled: Some(hash(3)),
        }
    }
}

impl Scene {
    fn new() -> Scene {
        let scene = Scene {
            dir: tempfile::tempdir().unwrap(),
            store: Store::new(),
        };
        scene.write("work/default.nix", WORKSPACE);
        scene.write("work/build.sh", "cp -r $src $out\n");
        scene.write("work/src/main", "main\n");
        scene.write("work/src/sub/part", "part\n");
        // The same part elsewhere: not what the source was made of.
        scene.write("work/other/sub/part", "part\n");
        scene.write("tools/default.nix", TOOLS);
        scene.write("tools/builder.sh", "make\n");
        scene
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The `.drv` paths of `plain` and `structured`.
    fn instantiate(&self, store: &Store, given: &Given) -> Vec<String> {
        let mut nix = store.nix("nix-instantiate");
        nix.arg(self.path("work/default.nix"));
        nix.args(["--argstr", "tools"]).arg(self.path("tools"));
        nix.args(["--argstr", "own", &given.own, "--argstr", "dep", &given.dep]);
        nix.args(["--argstr", "flag", given.flag]);
        let printed = support::run_ok(&mut nix, "nix-bin");
        let drvs: Vec<String> = printed.lines().map(str::to_owned).collect();
        assert_eq!(drvs.len(), 2, "{printed}");
        drvs
    }

    fn recipes_in(&self, store: &Store, given: &Given) -> Vec<Recipe> {
        let drvs = self.instantiate(store, given);
        let derivations = Derivations::new();
        let contents = StoreContents::new(&derivations);
        let content = |path: &str| contents.of(path);
        let work = self.path("work");
        let sources = WorkspaceSources::new(&work, &workspace_files(), &derivations);
        let settled = |path: &str| match name_of(path) {
            Some("lock") => given.settled.clone(),
            _ => None,
        };
        let is_workspace = |path: &str| sources.is_workspace(path);
        let mut recipes = Recipes::new(&derivations, &content, &settled, &is_workspace);
        let taken = drvs.iter().map(|drv| recipes.recipe(drv).unwrap());
        taken.collect()
    }

    fn recipes(&self, given: &Given) -> Vec<Recipe> {
        self.recipes_in(&self.store, given)
    }
}

fn workspace_files() -> Vec<RelPath> {
    [
        "build.sh",
        "default.nix",
        "other/sub/part",
        "src/main",
        "src/sub/part",
    ]
    .map(|path| RelPath::new(path).unwrap())
    .to_vec()
}

#[track_caller]
fn assert_only_own_differs(before: &[Recipe], after: &[Recipe]) {
    for (before, after) in before.iter().zip(after) {
        assert_ne!(before.own, after.own);
        assert_eq!(before.toolchain, after.toolchain);
    }
}

#[track_caller]
fn assert_only_toolchain_differs(before: &[Recipe], after: &[Recipe]) {
    for (before, after) in before.iter().zip(after) {
        assert_eq!(before.own, after.own);
        assert_ne!(before.toolchain, after.toolchain);
    }
}

#[test]
fn a_derivation_is_read_as_nix_shows_it() {
    let scene = Scene::new();
    let drvs = scene.instantiate(&scene.store, &Given::usual());
    let derivations = Derivations::new();
    let closure = derivations.closure(&drvs).unwrap();
    assert_eq!(closure.len(), 6, "{closure:?}");
    for path in &closure {
        let shown = scene.store.run("nix", &["show-derivation", path]);
        let shown: Value = serde_json::from_str(&shown).unwrap();
        // Since Nix 2.33 they are one level deeper, and without the folder of the store.
        let shown = shown.get("derivations").unwrap_or(&shown);
        let (_, shown) = shown.as_object().unwrap().iter().next().unwrap();
        shown::assert_as_shown(&derivations.get(path).unwrap(), shown);
    }
    let method = |name: &str| {
        let path = closure.iter().find(|path| name_of(path) == Some(name));
        let drv = derivations.get(path.unwrap()).unwrap();
        drv.fixed().map(|fixed| fixed.method)
    };
    assert_eq!(method("deps"), Some(Method::Recursive));
    assert_eq!(method("sh.tar"), Some(Method::Flat));
    assert_eq!(method("sh-1.0"), None);
}

#[test]
fn a_recipe_does_not_depend_on_hashes_and_stores() {
    let scene = Scene::new();
    let usual = Given::usual();
    let recipes = scene.recipes(&usual);
    // The same for every Nix and every machine: the recipes of a cotter.lock that others wrote still count.
    let digests = recipes
        .iter()
        .flat_map(|recipe| [&recipe.own, &recipe.toolchain]);
    let digests: Vec<String> = digests.map(Hash::to_string).collect();
    assert_eq!(digests, RECIPES);
    for spelling in Spelling::ALL {
        for own in [hash(1), hash(77), hash(0)] {
            let own = own.spell(spelling);
            let given = Given {
                own,
                ..usual.clone()
            };
            assert_eq!(scene.recipes(&given), recipes, "{}", given.own);
        }
    }
    let given = Given {
        dep: hash(99).to_string(),
        ..usual.clone()
    };
    assert_ne!(
        scene.instantiate(&scene.store, &given),
        scene.instantiate(&scene.store, &usual)
    );
    assert_eq!(scene.recipes(&given), recipes);
    assert_eq!(scene.recipes_in(&Store::new(), &usual), recipes);
}

#[test]
fn a_recipe_has_what_the_workspace_gives() {
    let scene = Scene::new();
    let usual = Given::usual();
    let recipes = scene.recipes(&usual);
    let given = Given {
        flag: "b",
        ..usual.clone()
    };
    assert_only_own_differs(&recipes, &scene.recipes(&given));
    let given = Given {
        settled: Some(hash(4)),
        ..usual.clone()
    };
    assert_only_own_differs(&recipes, &scene.recipes(&given));
    scene.write("work/src/sub/part", "another part\n");
    assert_only_own_differs(&recipes, &scene.recipes(&usual));
    scene.write("work/src/sub/part", "part\n");
    assert_eq!(scene.recipes(&usual), recipes);
    scene.write("work/build.sh", "cp $src/main $out\n");
    assert_only_own_differs(&recipes, &scene.recipes(&usual));
}

#[test]
fn a_recipe_keeps_the_toolchain_apart() {
    let scene = Scene::new();
    let usual = Given::usual();
    let recipes = scene.recipes(&usual);
    scene.write("tools/builder.sh", "make -j2\n");
    assert_only_toolchain_differs(&recipes, &scene.recipes(&usual));
    scene.write("tools/builder.sh", "make\n");
    for (old, new) in [
        ("sh-1.0", "sh-1.1"),
        (
            "900150983cd24fb0d6963f7d28e17f72",
            "00150983cd24fb0d6963f7d28e17f729",
        ),
    ] {
        scene.write("tools/default.nix", &TOOLS.replace(old, new));
        assert_only_toolchain_differs(&recipes, &scene.recipes(&usual));
    }
    // How a tool's source is fetched does not count, only its hash.
    scene.write(
        "tools/default.nix",
        &TOOLS.replace("fetch", "fetch it from a mirror"),
    );
    assert_eq!(scene.recipes(&usual), recipes);
}

#[test]
fn a_source_is_traced_to_the_files_of_the_workspace() {
    let scene = Scene::new();
    let drvs = scene.instantiate(&scene.store, &Given::usual());
    let derivations = Derivations::new();
    let work = scene.path("work");
    let sources = WorkspaceSources::new(&work, &workspace_files(), &derivations);
    let near = RelPath::new("default.nix").unwrap();
    let drv = derivations.get(&drvs[0]).unwrap();
    let mut files: Vec<String> = drv
        .input_srcs
        .iter()
        .flat_map(|path| sources.files_of(path, &near).unwrap())
        .map(|file| file.to_string())
        .collect();
    files.sort();
    assert_eq!(files, ["build.sh", "src/main", "src/sub/part"]);
    let tools = derivations.closure(&drvs).unwrap();
    let tool = tools
        .iter()
        .find(|path| name_of(path) == Some("sh-1.0"))
        .unwrap();
    let script = &derivations.get(tool).unwrap().input_srcs[0];
    assert_eq!(sources.files_of(script, &near), None);
}

/// All of the above again, under each other Nix that there is.
#[test]
fn every_nix_of_the_other_roots_does_the_same() {
    let this_one = "every_nix_of_the_other_roots_does_the_same";
    support::roots::run_again_in_each(this_one, "a_derivation_is_read_as_nix_shows_it");
}
