//! A store of a test's own, a runner whose Nix works on it, and derivations that need nothing but a shell.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cotter::hash::{Algo, Hash, Hasher};
use cotter::nix::{
    FileTarget, Instantiate, Instantiated, Nix, Progress, Realise, Realised, Target,
};
use cotter::process::{Invocation, Output, ProcessError, Runner, System};
use tempfile::TempDir;

use crate::support::TOOL_PATH;

/// Bounds what would hang.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Runs programs with the store below its folder, and with nothing of the caller's environment.
pub struct Machine {
    dir: TempDir,
    socket: Option<PathBuf>,
}

impl Machine {
    pub fn new() -> Machine {
        Machine {
            dir: tempfile::tempdir().unwrap(),
            socket: None,
        }
    }

    /// The same store, through the daemon that listens there.
    pub fn through(mut self, socket: &Path) -> Machine {
        self.socket = Some(socket.to_owned());
        self
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// What `env -i` sets for Nix; `remote` as `NIX_REMOTE`.
    pub fn environment(&self, remote: &str) -> Vec<String> {
        let root = self.dir.path().display();
        let socket = self.socket.as_deref().unwrap_or(Path::new("/nonexistent"));
        vec![
            format!("PATH={TOOL_PATH}"),
            format!("HOME={root}"),
            format!("NIX_STORE_DIR={root}/store"),
            format!("NIX_STATE_DIR={root}/var"),
            format!("NIX_LOG_DIR={root}/log"),
            format!("NIX_CONF_DIR={root}/etc"),
            format!("NIX_REMOTE={remote}"),
            format!("NIX_DAEMON_SOCKET_PATH={}", socket.display()),
            "NIX_CONFIG=sandbox = false\nsubstituters =\nbuild-users-group =\n".to_owned(),
        ]
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The derivations of a Nix file with this text; `fod` makes one from a name, a hash and a script.
    pub fn instantiate(&self, text: &str) -> Vec<String> {
        let file = self.write("default.nix", &format!("{LIBRARY}{text}"));
        let nix = Nix::find(self).expect("Nix; `apt-get install nix-bin` has it");
        let roots = self.dir.path().join("roots");
        let request = Instantiate {
            target: Target::Files(FileTarget {
                files: &[file],
                ..FileTarget::default()
            }),
            system: None,
            dir: Path::new("/"),
            roots: &roots,
        };
        let Instantiated { roots } = nix.instantiate(&request).unwrap().unwrap();
        roots
    }

    pub fn realise(&self, drvs: &[String], jobs: u32, timeout: Option<u64>) -> Realised {
        self.realise_watched(drvs, jobs, timeout, &mut |_| {})
    }

    pub fn realise_watched(
        &self,
        drvs: &[String],
        jobs: u32,
        timeout: Option<u64>,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Realised {
        let nix = Nix::find(self).expect("Nix; `apt-get install nix-bin` has it");
        let request = Realise {
            drvs,
            max_jobs: Some(jobs),
            build_timeout: timeout.map(Duration::from_secs),
            substitute: false,
            builders: Some(""),
            roots: &self.dir.path().join("together"),
            deadline: PATIENCE,
        };
        nix.realise(&request, on_progress).unwrap()
    }
}

impl Runner for Machine {
    fn run_watched(
        &self,
        invocation: &Invocation,
        on_line: &mut dyn FnMut(&[u8]),
    ) -> Result<Output, ProcessError> {
        let remote = if self.socket.is_some() {
            "daemon"
        } else {
            "local"
        };
        let mut scrubbed = Invocation::new("env")
            .args(["-i"])
            .args(self.environment(remote))
            .args([&invocation.program])
            .args(&invocation.args);
        scrubbed.dir = invocation.dir.clone();
        scrubbed.timeout = invocation.timeout;
        System.run_watched(&scrubbed, on_line)
    }
}

/// Before the text of each test's file.
const LIBRARY: &str = r#"
let
  drv = name: system: attrs: script: derivation ({
    inherit name system;
    builder = "/bin/sh";
    args = [ "-c" script ];
    PATH = "/usr/bin:/bin";
  } // attrs);
  fodFor = system: name: hash: drv name system {
    outputHashMode = "recursive";
    outputHashAlgo = "sha256";
    outputHash = hash;
  };
  fod = fodFor builtins.currentSystem;
in
"#;

/// Nobody's hash, another for each number.
pub fn fake(number: u8) -> Hash {
    let mut digest = vec![7; 32];
    digest[0] = number;
    Hash::new(Algo::Sha256, digest).unwrap()
}

/// The NAR hash of a file that holds `text` and cannot be executed.
pub fn file_hash(text: &str) -> Hash {
    let mut hasher = Hasher::new(Algo::Sha256);
    let mut put = |bytes: &[u8]| {
        let padding = vec![0; (8 - bytes.len() % 8) % 8];
        for part in [&(bytes.len() as u64).to_le_bytes(), bytes, &padding] {
            hasher.write_all(part).unwrap();
        }
    };
    for word in [
        "nix-archive-1",
        "(",
        "type",
        "regular",
        "contents",
        text,
        ")",
    ] {
        put(word.as_bytes());
    }
    hasher.finish()
}
