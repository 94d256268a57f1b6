//! SIGKILL of the binary at every step of its writing: each file is whole, and the next bump ends in the bumped state.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;

use cotter::transaction::fault;

use crate::support::run;
use crate::support::spork::{NIX, Scene};

#[test]
fn at_every_step() {
    let scene = Scene::usual();
    let old = scene.tree();
    scene.sync();
    let put_back = || {
        for (path, entry) in &old.0 {
            if entry.mode & 0o170_000 == 0o100_000 {
                std::fs::write(scene.ops().join(path), &entry.bytes).unwrap();
            }
        }
    };
    scene.bump(&[]).expect(0);
    scene.assert_bumped(&old);
    let new = scene.tree();
    let state = |path: &PathBuf| path.starts_with(".git");
    let settled: BTreeSet<_> = scene
        .everything()
        .0
        .into_keys()
        .filter(|path| !state(path))
        .collect();

    let mut hit = BTreeSet::new();
    for &point in fault::POINTS {
        for nth in 1..100 {
            put_back();
            let when = format!("{point}:{nth}");
            let mut command = scene.command(&["pin", "bump"]);
            let output = run(command.env("COTTER_FAULT", &when), "git");
            let killed = output.status.signal() == Some(9);
            assert!(killed || output.status.success(), "{when}: {output:?}");
            for (path, entry) in &scene.tree().0 {
                let known = [&old, &new]
                    .iter()
                    .any(|tree| tree.0.get(path) == Some(entry));
                let temporary = path.to_string_lossy().contains(".cotter-");
                assert!(
                    known || temporary,
                    "{when}: {} is neither old nor new",
                    path.display()
                );
            }
            if killed {
                hit.insert(point);
                // A dry run tells of it and leaves it as it is.
                let between = scene.everything();
                let dry = scene.bump(&["--dry-run"]);
                assert!(matches!(dry.code, Some(0 | 1)), "{when}: {dry:?}");
                assert_eq!(scene.everything(), between, "{when}");
                scene.bump(&[]).expect(0);
            }
            assert_eq!(scene.tree(), new, "{when}");
            scene.bump(&["--dry-run"]).expect(0);
            let left: BTreeSet<_> = scene
                .everything()
                .0
                .into_keys()
                .filter(|path| !state(path))
                .collect();
            assert_eq!(left, settled, "{when}");
            if !killed {
                break;
            }
        }
    }
    assert!(
        hit.contains("staged") && hit.contains("renamed") && hit.contains("journal-removed"),
        "{hit:?}"
    );
    assert!(scene.read(NIX).contains(&scene.rev("main")));
}
