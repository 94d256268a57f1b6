//! All NixBuilds of a folder, built and loaded as their manifests change: one build for each flake, package and system,
//! so many at once, and a status file for each.
//!
//! What is there is looked at (`scan`), what became of it is kept (`board`). Not here: one build (`build`).

mod board;
mod scan;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use notify::{EventKind, RecursiveMode, Watcher};

use super::NixBuildError;
use super::archive::Output;
use super::build::{self, Building};
use super::load::Loader;
use super::status::{Outcome, Status};
use super::wanted::Wanted;
use crate::nix::Nix;
use crate::process::Runner;
pub use board::{Board, Report};

/// How long a folder has to be quiet before it is looked at: an editor writes a file in several steps.
const QUIET: Duration = Duration::from_millis(300);
/// How long it is waited for at most.
const PATIENCE: Duration = Duration::from_secs(3);

/// What decides on what is built.
type Key = (String, String, String);

/// What is watched, and what is done.
pub struct Watch<'a> {
    pub dir: &'a Path,
    /// The folder of the status files.
    pub status_dir: &'a Path,
    /// Where a manifest names no system.
    pub system: &'a str,
    /// How many builds at once.
    pub jobs: usize,
    pub settings: &'a [String],
    pub builders: Option<&'a str>,
    pub timeout: Duration,
    pub loader: Option<&'a Loader<'a>>,
    pub rename: bool,
    /// For what is large and soon gone.
    pub folder: &'a Path,
    pub runner: &'a dyn Runner,
    pub board: Arc<Board>,
}

/// Builds that there are, and how many were begun.
#[derive(Default)]
struct Builds {
    outputs: Mutex<HashMap<Key, Output>>,
    count: AtomicUsize,
}

impl Watch<'_> {
    /// Builds all that is in the folder. Whether all of it is as it should be.
    pub fn once(&self) -> Result<bool, NixBuildError> {
        let builds = Builds::default();
        thread::scope(|scope| {
            let queue = self.start(scope, &builds);
            self.look(&queue);
        });
        Ok(self.board.is_all_well())
    }

    /// Goes on until the folder can no longer be watched; an interrupt ends it elsewhere.
    pub fn forever(&self) -> Result<(), NixBuildError> {
        let (events, changed) = mpsc::channel();
        let status_dir = self.status_dir.to_owned();
        let on_event = move |event: notify::Result<notify::Event>| {
            let is_ours = |path: &PathBuf| path.starts_with(&status_dir);
            let told = match event {
                Ok(event) => {
                    let is_change = !matches!(event.kind, EventKind::Access(_));
                    if !is_change || (!event.paths.is_empty() && event.paths.iter().all(is_ours)) {
                        return;
                    }
                    Ok(())
                }
                Err(error) => Err(error),
            };
            // Nobody listens any more when cotter ends.
            let _ = events.send(told);
        };
        let failed = |error: notify::Error| NixBuildError::Request {
            message: format!("{}: cannot be watched: {error}", self.dir.display()),
            hint: None,
        };
        let mut watcher = notify::recommended_watcher(on_event).map_err(failed)?;
        watcher
            .watch(self.dir, RecursiveMode::Recursive)
            .map_err(failed)?;
        let builds = Builds::default();
        thread::scope(|scope| {
            let queue = self.start(scope, &builds);
            loop {
                self.look(&queue);
                wait(&changed).map_err(failed)?;
            }
        })
    }

    fn start<'s>(&'s self, scope: &'s thread::Scope<'s, '_>, builds: &'s Builds) -> Sender<Key> {
        // What is wrong with Nix is told of each build.
        let _ = Nix::find(self.runner).and_then(|nix| {
            let nix = nix.settings(self.settings).timeout(self.timeout);
            nix.make_store()
        });
        let (sender, receiver) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..self.jobs.max(1) {
            let receiver = receiver.clone();
            scope.spawn(move || {
                while let Some(key) = next(&receiver) {
                    self.work(&key, builds);
                }
            });
        }
        sender
    }

    /// Looks at the folder, and asks for the builds of what is new there.
    fn look(&self, queue: &Sender<Key>) {
        let found = scan::scan(self.dir, self.status_dir, self.system);
        for key in self.board.take_in(found) {
            // The workers live as long as this does.
            let _ = queue.send(key);
        }
    }

    /// Builds what `key` says, and loads it for all who wait for it.
    fn work(&self, key: &Key, builds: &Builds) {
        let mut output: Option<Result<Output, String>> = None;
        loop {
            let waiting = self.board.waiting(key);
            let Some((_, first)) = waiting.first() else {
                return;
            };
            let output = output.get_or_insert_with(|| {
                self.build(key, first, builds)
                    .map_err(|error| words(&error))
            });
            for (id, wanted) in &waiting {
                let outcome = match output {
                    Ok(output) => self.load(output, wanted),
                    Err(why) => Outcome::Failed(why.clone()),
                };
                self.board.finish(id, wanted, outcome);
            }
        }
    }

    fn build(&self, key: &Key, wanted: &Wanted, builds: &Builds) -> Result<Output, NixBuildError> {
        let known = |outputs: &HashMap<Key, Output>| outputs.get(key).cloned();
        let lock = || {
            builds
                .outputs
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(output) = known(&lock()).filter(|output| output.store_path.exists()) {
            return Ok(output);
        }
        let count = builds.count.fetch_add(1, Ordering::Relaxed);
        let folder = self.folder.join(format!("build-{count}"));
        fs::create_dir_all(&folder).map_err(NixBuildError::file(&folder, "make the folder"))?;
        let building = Building {
            settings: self.settings,
            builders: self.builders,
            timeout: self.timeout,
            node: self.board.node(),
            folder: &folder,
        };
        let output = build::build(wanted, &building, self.runner, &mut |_| {})?;
        lock().insert(key.clone(), output.clone());
        Ok(output)
    }

    fn load(&self, output: &Output, wanted: &Wanted) -> Outcome {
        let loaded = build::load(
            output,
            wanted,
            self.loader,
            self.runner,
            self.folder,
            self.rename,
        );
        match loaded {
            Ok(built) => Outcome::Succeeded(built),
            Err(error) => Outcome::Failed(words(&error)),
        }
    }
}

fn words(error: &NixBuildError) -> String {
    match error.hint() {
        Some(hint) => format!("{error} ({hint})"),
        None => error.to_string(),
    }
}

fn next(receiver: &Mutex<Receiver<Key>>) -> Option<Key> {
    receiver
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .recv()
        .ok()
}

/// Waits for a change, and then until there is no more of it.
fn wait(changed: &Receiver<notify::Result<()>>) -> notify::Result<()> {
    let gone = || notify::Error::generic("the watcher has ended");
    changed.recv().map_err(|_| gone())??;
    let end = Instant::now() + PATIENCE;
    loop {
        let left = end.saturating_duration_since(Instant::now()).min(QUIET);
        if left.is_zero() {
            return Ok(());
        }
        match changed.recv_timeout(left) {
            Ok(told) => told?,
            Err(RecvTimeoutError::Timeout) => return Ok(()),
            Err(RecvTimeoutError::Disconnected) => return Err(gone()),
        }
    }
}

/// The file of a status.
fn status_file(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{}.yaml", id.replace('/', "-")))
}
