//! SIGKILL at every step of a run and of a repair, and at any moment.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use cotter::transaction::{Outcome, Repair, fault, is_interrupted, recover};

use crate::driver::{End, Job, Process, run};
use crate::world::{World, walk};

/// What is under way when the process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scene {
    Commit,
    /// A run whose second file is edited after its first was renamed.
    EditedMeanwhile,
    /// The repair of a run killed at the step, after `spoil` did its part.
    Repair(&'static str, Spoil),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spoil {
    Nothing,
    Temporaries,
    Edit,
    Journal,
}

const SCENES: &[Scene] = &[
    Scene::Commit,
    Scene::EditedMeanwhile,
    Scene::Repair("staged", Spoil::Nothing),
    Scene::Repair("renamed", Spoil::Nothing),
    Scene::Repair("renamed", Spoil::Temporaries),
    Scene::Repair("renamed", Spoil::Edit),
    Scene::Repair("staged", Spoil::Journal),
];

fn remove_temporaries(world: &World) {
    for path in walk(&world.root) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with('.') && name.contains(".cotter-") {
            fs::remove_file(world.root.join(path)).unwrap();
        }
    }
}

fn set_up(scene: Scene, world: &mut World) {
    let Scene::Repair(step, spoil) = scene else {
        return;
    };
    let (end, said) = run(&world.root, &Job::Commit(&world.changes()), step);
    assert_eq!(end, End::Killed, "{said}");
    match spoil {
        Spoil::Nothing => {}
        Spoil::Temporaries => remove_temporaries(world),
        Spoil::Edit => world.edit(world.files.len() - 1),
        Spoil::Journal => {
            let state = walk(&world.root);
            let journal = state.iter().find(|path| path.ends_with("journal.json"));
            fs::write(world.root.join(journal.unwrap()), "{\"version\": 1, \"ph").unwrap();
        }
    }
}

fn play(scene: Scene, world: &mut World, fault: &str) -> End {
    match scene {
        Scene::Commit => run(&world.root, &Job::Commit(&world.changes()), fault).0,
        Scene::Repair(..) => run(&world.root, &Job::Recover, fault).0,
        Scene::EditedMeanwhile => {
            let fault = format!("{fault},renamed:1:stop");
            let mut process = Process::start(&world.root, &Job::Commit(&world.changes()), &fault);
            let end = process.wait().0;
            if end != End::Stopped {
                return end;
            }
            world.edit(1);
            process.resume();
            process.wait().0
        }
    }
}

fn settle(scene: Scene, world: &World, when: &str) {
    let recovery = recover(&world.root).unwrap_or_else(|e| panic!("{when}: {e}"));
    assert_eq!(recover(&world.root).unwrap(), None, "{when}");
    assert!(!is_interrupted(&world.root).unwrap());
    if matches!(scene, Scene::Repair(_, Spoil::Journal)) {
        // Its temporaries are known to nobody any more.
        assert!(world.assert_whole(when).iter().all(|new| !new), "{when}");
        remove_temporaries(world);
        return;
    }
    let new = world.assert_settled(when);
    if let Some(recovery) = recovery {
        assert_eq!(
            new,
            recovery.outcome == Outcome::Finished,
            "{when}: {recovery}"
        );
    }
}

/// Kills the scene at each passing of each step; says which steps it passed.
fn kill_everywhere(scene: Scene) -> BTreeSet<&'static str> {
    let mut hit = BTreeSet::new();
    for (count, git, creates) in [(1, true, false), (3, true, false), (3, false, true)] {
        let edits = Scene::Repair("renamed", Spoil::Edit);
        if count == 1 && [Scene::EditedMeanwhile, edits].contains(&scene) {
            // Takes a second file to edit.
            continue;
        }
        for &point in fault::POINTS {
            for nth in 1.. {
                let when = format!("{scene:?}, {count} files, git {git}, {point}:{nth}");
                let mut world = World::new(count, git, creates);
                set_up(scene, &mut world);
                let end = play(scene, &mut world, &format!("{point}:{nth}"));
                assert_ne!(end, End::Stopped);
                world.assert_whole(&when);
                settle(scene, &world, &when);
                if end != End::Killed {
                    let expected = match scene {
                        Scene::EditedMeanwhile => End::Failed,
                        _ => End::Done,
                    };
                    assert_eq!(end, expected, "{when}");
                    break;
                }
                hit.insert(point);
            }
        }
    }
    hit
}

#[test]
fn at_every_step() {
    let mut hit = BTreeSet::new();
    // Side by side, for most of the time goes into waiting for the disk.
    std::thread::scope(|scope| {
        let scenes: Vec<_> = SCENES
            .iter()
            .map(|scene| scope.spawn(|| kill_everywhere(*scene)))
            .collect();
        for scene in scenes {
            hit.extend(scene.join().unwrap());
        }
    });
    let missed: Vec<_> = fault::POINTS.iter().filter(|p| !hit.contains(*p)).collect();
    assert!(missed.is_empty(), "never passed: {missed:?}");
}

/// Steps that the repair of a crashed run can pass.
const OF_REPAIR: &[&str] = &[
    "locked",
    "journal-half-written",
    "journal-in-place",
    "renamed",
    "folders-synced",
    "restore-half-written",
    "restore-written",
    "restored",
    "temporary-removed",
    "journal-removed",
    "backup-removed",
    "lock-removed",
];

#[test]
fn twice() {
    for &first in fault::POINTS {
        for nth in 1.. {
            let world = World::new(3, true, true);
            let job = world.changes();
            let (end, _) = run(&world.root, &Job::Commit(&job), &format!("{first}:{nth}"));
            if end != End::Killed {
                break;
            }
            for spoiled in [false, true] {
                let crashed = world.copy();
                if spoiled {
                    remove_temporaries(&crashed);
                    if crashed.assert_whole("spoiled").iter().all(|new| !new) && nth > 1 {
                        continue;
                    }
                }
                for &second in OF_REPAIR {
                    for again in 1.. {
                        let world = crashed.copy();
                        let when = format!("{first}:{nth}, spoiled {spoiled}, {second}:{again}");
                        let (end, said) =
                            run(&world.root, &Job::Recover, &format!("{second}:{again}"));
                        assert!(matches!(end, End::Killed | End::Done), "{when}: {said}");
                        world.assert_whole(&when);
                        recover(&world.root).unwrap();
                        world.assert_settled(&when);
                        if end == End::Done {
                            break;
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn at_any_moment() {
    let world = World::new(3, true, false);
    let job = (world.changes(), world.back());
    let mut repaired = 0;
    for round in 0..50 {
        let (there, back) = match world.assert_settled("before the round") {
            false => (&job.0, &job.1),
            true => (&job.1, &job.0),
        };
        let mut process = Process::start(&world.root, &Job::Alternate(there, back), "");
        let random = RandomState::new().build_hasher().finish();
        std::thread::sleep(Duration::from_micros(2_000 + random % 30_000));
        process.kill();
        assert_eq!(process.wait().0, End::Killed);
        let when = format!("round {round}");
        world.assert_whole(&when);
        repaired += usize::from(recover(&world.root).unwrap().is_some());
        world.assert_settled(&when);
    }
    assert!(repaired > 0, "no kill struck a run");
}

#[test]
fn conflict_keeps_both_versions_and_says_where() {
    let mut world = World::new(3, true, false);
    set_up(Scene::Repair("renamed", Spoil::Edit), &mut world);
    assert!(is_interrupted(&world.root).unwrap());
    let recovery = recover(&world.root).unwrap().unwrap();
    assert_eq!(recovery.outcome, Outcome::Undone);
    assert!(recovery.has_conflict());
    let Repair::Conflict {
        before: Some(before),
        after: Some(after),
    } = &recovery.files[2].repair
    else {
        panic!("{recovery:?}");
    };
    assert_eq!(
        &fs::read_to_string(before).unwrap(),
        world.files[2].old.as_ref().unwrap()
    );
    assert_eq!(fs::read_to_string(after).unwrap(), world.files[2].new);
    let said = recovery.to_string();
    for path in [before, after, &world.root.join("sub/service.yaml")] {
        assert!(said.contains(path.to_str().unwrap()), "{said}");
    }
}

#[test]
fn edit_after_the_rename_is_no_conflict() {
    let mut world = World::new(3, false, false);
    let (end, _) = run(&world.root, &Job::Commit(&world.changes()), "renamed:2");
    assert_eq!(end, End::Killed);
    world.edit(0);
    let recovery = recover(&world.root).unwrap().unwrap();
    assert_eq!(recovery.outcome, Outcome::Finished);
    assert_eq!(recovery.files[0].repair, Repair::Edited);
    assert!(world.assert_settled("after the repair"));
}
