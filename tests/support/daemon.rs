//! A Nix daemon of a test's own.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// Ends with the test.
pub struct Daemon(Child);

impl Daemon {
    /// Starts `command`, a `nix-daemon` that is to listen at `socket`, and waits until it does.
    pub fn start(command: &mut Command, socket: &Path) -> Daemon {
        let daemon = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nix-daemon; `apt-get install nix-bin` has it");
        let daemon = Daemon(daemon);
        let end = Instant::now() + PATIENCE;
        while !socket.exists() {
            assert!(Instant::now() < end, "no daemon");
            thread::sleep(Duration::from_millis(20));
        }
        daemon
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
