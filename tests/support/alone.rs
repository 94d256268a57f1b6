//! A test body in a process of its own, so that its environment is the test's alone: git configuration
//! and variables are read in-process.

use std::path::Path;
use std::process::Command;

use super::{command, run};

const MARK: &str = "COTTER_TEST_ALONE";

/// Runs `body` in a copy of this test binary, for the test called `name`, with a scrubbed environment,
/// an empty home that `body` is given, and `variables` (in which `{home}` is that home). Git reads
/// `{home}/.gitconfig`.
pub fn alone(name: &str, variables: &[(&str, &str)], body: impl FnOnce(&Path)) {
    if let Some(home) = std::env::var_os(MARK) {
        return body(Path::new(&home));
    }
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().canonicalize().unwrap();
    let program = std::env::current_exe().unwrap();
    let mut child: Command = command(program.to_str().expect("a path in UTF-8"), &home);
    child
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env("GIT_CONFIG_GLOBAL", home.join(".gitconfig"))
        .env(MARK, &home);
    for (key, value) in variables {
        child.env(key, value.replace("{home}", home.to_str().unwrap()));
    }
    let output = run(&mut child, "git");
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("1 passed"),
        "no test is called {name}: {text}"
    );
}
