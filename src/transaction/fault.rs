//! Named steps at which a test kills or stops the process. In builds without debug assertions a step is nothing.
//!
//! `COTTER_FAULT` holds `NAME[:NTH[:stop]]`, several with commas: at the NTH (default 1st) passing of the step NAME
//! the process sends itself SIGKILL, or SIGSTOP, so that a test can act in between and let it go on.

/// Every step, in the order in which a run may first pass it.
pub const POINTS: &[&str] = &[
    "locked",
    "journal-half-written",
    "journal-written",
    "journal-in-place",
    "temporary-created",
    "temporary-half-written",
    "temporary-written",
    "backup-created",
    "backup-half-written",
    "backup-written",
    "staged",
    "renamed",
    "folders-synced",
    "kept-copy-created",
    "kept-copy-half-written",
    "kept-copy-written",
    "set-aside",
    "restore-created",
    "restore-half-written",
    "restore-written",
    "restored",
    "temporary-removed",
    "journal-removed",
    "backup-removed",
    "lock-removed",
];

#[cfg(not(debug_assertions))]
pub(super) fn point(_name: &str) {}

#[cfg(debug_assertions)]
pub(super) fn point(name: &str) {
    debug_assert!(POINTS.contains(&name), "{name} is not in the list");
    armed::pass(name);
}

#[cfg(debug_assertions)]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use signal_hook::consts::{SIGKILL, SIGSTOP};
    use signal_hook::low_level::raise;

    struct Fault {
        name: String,
        nth: usize,
        signal: i32,
        passed: AtomicUsize,
    }

    fn faults() -> &'static [Fault] {
        static FAULTS: OnceLock<Vec<Fault>> = OnceLock::new();
        FAULTS.get_or_init(|| {
            let text = std::env::var("COTTER_FAULT").unwrap_or_default();
            let words = text.split(',').filter(|word| !word.is_empty());
            words
                .map(|word| {
                    let mut parts = word.split(':');
                    Fault {
                        name: parts.next().unwrap_or_default().to_owned(),
                        nth: parts.next().and_then(|n| n.parse().ok()).unwrap_or(1),
                        signal: match parts.next() {
                            Some("stop") => SIGSTOP,
                            _ => SIGKILL,
                        },
                        passed: AtomicUsize::new(0),
                    }
                })
                .collect()
        })
    }

    pub(super) fn pass(name: &str) {
        for fault in faults().iter().filter(|fault| fault.name == name) {
            if fault.passed.fetch_add(1, Ordering::SeqCst) + 1 == fault.nth {
                // Sent to this thread, so that it takes not one step more; a process may always signal itself.
                let _ = raise(fault.signal);
            }
        }
    }
}
