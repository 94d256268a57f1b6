//! A store in which a Nix that was killed has left its work half done.

use std::fs;

use crate::support::fod::{Bench, STALE};

/// Of Nix 2.8 every build of that output fails, and it never gets over it by itself.
#[test]
fn what_a_killed_nix_left_in_the_store_is_not_in_the_way() {
    for (script, is_folder) in [
        ("echo a > $out", false),
        ("mkdir $out; echo a > $out/a", true),
    ] {
        let bench = Bench::new();
        let mode = "env.outputHashMode = \"recursive\";";
        let text = |hash: &str| {
            format!(
                "import ./fod.nix {{ name = \"plain\"; hash = \"{hash}\"; script = \"{script}\"; {mode} }}\n"
            )
        };
        bench.write("default.nix", &text(STALE));
        bench.rows(0, &[]);
        // One of these is that of the fake.
        let drvs: Vec<String> = fs::read_dir(bench.path("nix/store"))
            .unwrap()
            .map(|entry| entry.unwrap().path().to_str().unwrap().to_owned())
            .filter(|path| path.ends_with("-plain.drv"))
            .collect();
        let query: Vec<&str> = ["--query", "--outputs"]
            .into_iter()
            .chain(drvs.iter().map(String::as_str))
            .collect();
        let outputs = bench.nix("nix-store", &query);
        let left: Vec<String> = outputs
            .lines()
            .map(|output| format!("{output}.tmp"))
            .collect();
        for left in &left {
            match is_folder {
                true => fs::create_dir(left).unwrap(),
                false => fs::write(left, "half").unwrap(),
            }
        }
        bench.write("default.nix", &text(STALE));
        fs::remove_file(bench.workspace().join("cotter.lock")).unwrap();
        let rows = bench.rows(0, &[]);
        assert_eq!(rows.of("hash")["status"], "updated");
        let stays = left.iter().filter(|left| fs::exists(left).unwrap()).count();
        // A newer Nix is not hindered by it, and then it is left alone.
        assert!(stays + 1 >= left.len(), "{left:?}");
    }
}
