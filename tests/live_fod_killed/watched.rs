//! Someone who looks at the workspace all the time, while runs go well, fail and are killed, sees of each file the old
//! bytes or the new ones, and never a fake hash.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use cotter::config::Config;
use cotter::fod;
use cotter::hash::Hash;
use cotter::source::{RelPath, Workspace};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};

use crate::scene::{Scene, WRITTEN};
use crate::support::tree::Tree;

#[test]
fn nobody_sees_a_fake() {
    let scene = Scene::new("watched", false);
    let fakes = spellings(&scene.bench.workspace());
    assert!(fakes.len() >= 7 * 5, "{}", fakes.len());
    scene.put_back();

    // All goes well.
    let seen = Seen::during(&scene.bench.workspace(), || scene.run_in_peace());
    let places = WRITTEN.map(PathBuf::from);
    seen.check(&[&scene.old, &scene.new], &fakes);
    // The watcher does see what there is to be seen.
    for path in &places {
        let new = &scene.new.0[path].bytes;
        assert!(seen.bytes[path].contains(new), "{path:?} was not seen new");
        assert!(seen.moved.contains(path), "{path:?}: {:?}", seen.moved);
    }

    // Nothing is left to do.
    let seen = Seen::during(&scene.bench.workspace(), || scene.run_in_peace());
    seen.check(&[&scene.new], &fakes);
    assert!(seen.moved.is_empty(), "{:?}", seen.moved);

    // One builder fails.
    scene.put_back();
    let good = scene.bench.read("default.nix");
    let bad = good.replace("echo grandchild > $out", "kill -9 $left; exit 1");
    assert_ne!(good, bad);
    scene.bench.write("default.nix", &bad);
    let old = scene.tree();
    let seen = Seen::during(&scene.bench.workspace(), || {
        crate::support::cotter::ran(&mut scene.command(&[])).expect(1);
    });
    let new = scene.tree();
    assert_ne!(old, new);
    seen.check(&[&old, &new], &fakes);

    // Killed in the midst of a build, and while the files are written.
    for fault in [None, Some("staged"), Some("renamed")] {
        scene.put_back();
        let seen = Seen::during(&scene.bench.workspace(), || {
            let mut command = scene.command(&[]);
            if let Some(point) = fault {
                command.env("COTTER_FAULT", format!("{point}:1"));
            }
            let mut cotter = command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            if fault.is_none() {
                thread::sleep(Duration::from_millis(500));
                cotter.kill().unwrap();
            }
            assert!(!cotter.wait().unwrap().success());
            scene.run_in_peace();
        });
        assert_eq!(scene.tree(), scene.new);
        seen.check(&[&scene.old, &scene.new], &fakes);
    }
}

/// The fakes of all literals in all spellings.
fn spellings(root: &Path) -> BTreeSet<String> {
    let workspace = Workspace::at(root).unwrap();
    let config = Config::load(&workspace, None).unwrap();
    let files = workspace.files(&RelPath::root(), &cotter::git::tracked_files(root).unwrap());
    let found = fod::find(&workspace, &config, &files);
    assert!(found.literals.len() >= 7, "{:?}", found.literals.len());
    let of = |hash: Hash| {
        use cotter::hash::Spelling;
        let all = [
            Spelling::Sri,
            Spelling::Base16,
            Spelling::Nix32,
            Spelling::Base64,
            Spelling::PrefixedBase16,
            Spelling::PrefixedNix32,
        ];
        all.map(|spelling| hash.spell(spelling))
    };
    found
        .literals
        .iter()
        .flat_map(|literal| of(fod::fake(literal)))
        .collect()
}

/// All that was there to be seen for a while.
#[derive(Default)]
struct Seen {
    /// The bytes of each file.
    bytes: BTreeMap<PathBuf, BTreeSet<Vec<u8>>>,
    /// What another file was renamed to.
    moved: BTreeSet<PathBuf>,
    /// What was written to in place, made in place, or removed.
    touched: BTreeSet<PathBuf>,
}

impl Seen {
    fn during(root: &Path, what: impl FnOnce()) -> Seen {
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let (ready, is_ready) = std::sync::mpsc::channel();
            let done = &done;
            let watcher = scope.spawn(move || watch(root, done, &ready));
            is_ready.recv().unwrap();
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(what));
            done.store(true, Ordering::Relaxed);
            let seen = watcher.join().unwrap();
            if let Err(panic) = result {
                std::panic::resume_unwind(panic);
            }
            seen
        })
    }

    /// Each file of `trees` was whole at every moment; nothing else but a temporary was there.
    #[track_caller]
    fn check(&self, trees: &[&Tree], fakes: &BTreeSet<String>) {
        for (path, all) in &self.bytes {
            let is_temporary = path.to_string_lossy().contains(".cotter-");
            for bytes in all {
                let text = String::from_utf8_lossy(bytes);
                let fake = fakes.iter().find(|fake| text.contains(*fake));
                assert_eq!(fake, None, "in {path:?}: {text}");
                let known = trees
                    .iter()
                    .any(|tree| tree.0.get(path).is_some_and(|entry| entry.bytes == *bytes));
                assert!(known || is_temporary, "{path:?}: {text}");
            }
        }
        for path in &self.touched {
            let is_temporary = path.to_string_lossy().contains(".cotter-");
            assert!(is_temporary, "{path:?} was written to in place");
        }
    }
}

/// Reads all files again and again, and takes from the kernel what happens in between.
fn watch(root: &Path, done: &AtomicBool, ready: &std::sync::mpsc::Sender<()>) -> Seen {
    let mut seen = Seen::default();
    let kernel = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).unwrap();
    let events = WatchFlags::CREATE
        | WatchFlags::MODIFY
        | WatchFlags::DELETE
        | WatchFlags::MOVED_TO
        | WatchFlags::CLOSE_WRITE;
    let folders: BTreeMap<i32, PathBuf> = ["", "sub"]
        .into_iter()
        .map(|name| {
            let watch = inotify::add_watch(&kernel, root.join(name), events).unwrap();
            (watch, PathBuf::from(name))
        })
        .collect();
    ready.send(()).unwrap();
    loop {
        let is_last = done.load(Ordering::Relaxed);
        let mut buffer = [MaybeUninit::uninit(); 16 << 10];
        let mut reader = inotify::Reader::new(&kernel, &mut buffer);
        while let Ok(event) = reader.next() {
            let flags = event.events();
            assert!(!flags.contains(ReadFlags::QUEUE_OVERFLOW));
            let (Some(name), Some(folder)) = (event.file_name(), folders.get(&event.wd())) else {
                continue;
            };
            let path = folder.join(OsString::from(std::ffi::OsStr::from_bytes(name.to_bytes())));
            match flags.contains(ReadFlags::MOVED_TO) {
                true => seen.moved.insert(path),
                false => seen.touched.insert(path),
            };
        }
        for folder in folders.values() {
            for entry in fs::read_dir(root.join(folder)).unwrap().flatten() {
                // It may be gone, or never have been a file.
                if let Ok(bytes) = fs::read(entry.path()) {
                    let all = seen
                        .bytes
                        .entry(folder.join(entry.file_name()))
                        .or_default();
                    if !all.contains(&bytes) {
                        all.insert(bytes);
                    }
                }
            }
        }
        if is_last {
            return seen;
        }
    }
}
