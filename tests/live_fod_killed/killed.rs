//! Two hundred runs, killed or interrupted at random moments while the machine is busy.

use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::scene::{MARK, Scene};

/// Says how many runs are killed where that is not to be two hundred.
pub const KILLS: &str = "COTTER_TEST_KILLS";
/// Workspaces, each with a store of its own, whose runs are killed one after another.
const LANES: usize = 4;
/// Threads that do nothing but use up the machine, besides those runs.
const BUSY: usize = 2;
/// How long what a killed run has started may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn killed_at_random_moments() {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let seed = number("COTTER_TEST_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let kills = number(KILLS).unwrap_or(200) as usize;
    println!("COTTER_TEST_SEED={seed} {KILLS}={kills}");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..BUSY {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let lanes: Vec<_> = (0..LANES as u64)
            .map(|lane| scope.spawn(move || run_lane(lane, seed + lane, kills / LANES)))
            .collect();
        let ended: Vec<_> = lanes.into_iter().map(|lane| lane.join()).collect();
        done.store(true, Ordering::Relaxed);
        let mut counts = Counts::default();
        for lane in ended {
            counts.add(lane.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        println!("{counts:?}");
        assert_eq!(
            counts.killed + counts.interrupted + counts.too_late,
            kills / LANES * LANES
        );
        // Else the moments missed what they were to hit.
        assert!(counts.too_late <= kills / 4, "{counts:?}");
        assert!(counts.old > kills / 4 && counts.builders > 0, "{counts:?}");
    });
}

#[derive(Debug, Default)]
struct Counts {
    killed: usize,
    interrupted: usize,
    /// The run had ended by then.
    too_late: usize,
    old: usize,
    new: usize,
    /// Kills that found a builder running.
    builders: usize,
    slowest_end: Duration,
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.killed += other.killed;
        self.interrupted += other.interrupted;
        self.too_late += other.too_late;
        self.old += other.old;
        self.new += other.new;
        self.builders += other.builders;
        self.slowest_end = self.slowest_end.max(other.slowest_end);
    }
}

fn run_lane(lane: u64, seed: u64, kills: usize) -> Counts {
    let mark = format!("kill-{}-{lane}", std::process::id());
    let scene = Scene::new(&mark, lane.is_multiple_of(2));
    scene.put_back();
    let begin = Instant::now();
    scene.run_in_peace();
    let mut whole = begin.elapsed();
    let mut random = Random(seed);
    let mut counts = Counts::default();
    for n in 0..kills {
        scene.put_back();
        let signal = [Signal::KILL, Signal::INT][n % 2];
        let after = whole.mul_f64(random.fraction());
        let context = format!("lane {lane}, {signal:?} after {after:?} of {whole:?}");
        let begin = Instant::now();
        // A terminal interrupts the group that cotter is in, and none of those that it has made.
        let mut cotter = scene
            .command(&[])
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(scene.bench.path("said")).unwrap())
            .spawn()
            .unwrap();
        let end = loop {
            if begin.elapsed() >= after {
                break None;
            }
            if let Some(status) = cotter.try_wait().unwrap() {
                break Some(status);
            }
            thread::sleep(Duration::from_millis(1));
        };
        if end.is_none() {
            counts.builders +=
                usize::from(running(&mark).iter().any(|line| line.contains("sleep")));
            let _ = rustix::process::kill_process_group(Pid::from_child(&cotter), signal);
        }
        let status = ended(&mut cotter, &context);
        match status.signal() {
            None => {
                let said = fs::read_to_string(scene.bench.path("said")).unwrap();
                assert!(status.success(), "{context}: {status}: {said}");
                counts.too_late += 1;
                // The moments are spread over what a run takes now.
                whole = whole.min(begin.elapsed());
            }
            Some(9) if signal == Signal::KILL => counts.killed += 1,
            Some(2) if signal == Signal::INT => counts.interrupted += 1,
            _ => panic!("{context}: {status}"),
        }
        let begin = Instant::now();
        loop {
            let left = running(&mark);
            if left.is_empty() {
                break;
            }
            assert!(
                begin.elapsed() < PATIENCE,
                "{context}: still there: {left:#?}"
            );
            thread::sleep(Duration::from_millis(5));
        }
        counts.slowest_end = counts.slowest_end.max(begin.elapsed());
        for (path, entry) in &scene.tree().0 {
            let known = [&scene.old, &scene.new]
                .iter()
                .any(|tree| tree.0.get(path) == Some(entry));
            let is_temporary = path.to_string_lossy().contains(".cotter-");
            assert!(known || is_temporary, "{context}: {path:?}: {entry:?}");
        }
        scene.repair();
        let repaired = scene.tree();
        match repaired == scene.new {
            true => counts.new += 1,
            false => {
                assert_eq!(repaired, scene.old, "{context}");
                counts.old += 1;
            }
        }
        let left = scene.leftovers();
        assert!(left.is_empty(), "{context}: {left:#?}");
        if n % 10 == 0 {
            scene.run_in_peace();
            assert_eq!(scene.tree(), scene.new, "{context}");
            assert!(
                scene.leftovers().is_empty() && running(&mark).is_empty(),
                "{context}"
            );
        }
    }
    counts
}

fn ended(cotter: &mut Child, context: &str) -> std::process::ExitStatus {
    let begin = Instant::now();
    loop {
        if let Some(status) = cotter.try_wait().unwrap() {
            return status;
        }
        if begin.elapsed() > PATIENCE {
            let _ = cotter.kill();
            panic!("{context}: does not end");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// The command lines of all processes that were started with `mark`. One that has ended has none any more.
fn running(mark: &str) -> Vec<String> {
    let mark = format!("{MARK}={mark}\0");
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let folder = entry.ok()?.path();
        let environment = fs::read(folder.join("environ")).ok()?;
        memchr::memmem::find(&environment, mark.as_bytes())?;
        let line = fs::read(folder.join("cmdline")).ok()?;
        Some(format!(
            "{} {}",
            folder.display(),
            String::from_utf8_lossy(&line).replace('\0', " ")
        ))
    });
    processes.collect()
}

/// Numbers that a seed decides (splitmix64).
struct Random(u64);

impl Random {
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
