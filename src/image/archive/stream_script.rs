//! dockerTools' `streamLayeredImage`: a script that prints a Docker archive. Only what has the form that nixpkgs
//! gives it is run.
//!
//! Source: `streamLayeredImage` in nixpkgs' `pkgs/build-support/docker/default.nix`: a wrapper by `makeWrapper` around
//! a Python script `HASH-stream`, whose first argument is `HASH-NAME-conf.json`.

use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::Options;
use super::error::{ArchiveError, Shown};
use super::pieces::Pieces;
use super::store_path::hash_part;
use crate::process::{Invocation, ProcessError, Runner};

/// No wrapper is longer.
pub const MAX_LENGTH: u64 = 64 << 10;
const TIMEOUT: Duration = Duration::from_secs(3600);
/// Of the archive that it prints.
const MAX_PRINTED: usize = 256 << 30;

/// Whether `text` is the wrapper of a stream script.
pub fn is_stream_script(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else {
        return false;
    };
    let mut lines = text.lines();
    let has_shell = lines.next().is_some_and(|line| line.starts_with("#!"));
    has_shell
        && lines.any(|line| {
            let mut words = line
                .split_whitespace()
                .map(|word| word.trim_matches(['"', '\'']));
            words.next() == Some("exec")
                && words.any(|word| is_in_store(word, "-stream"))
                && words.any(|word| is_in_store(word, "-conf.json"))
        })
}

/// Whether `word` is a store path whose name ends with `end`.
fn is_in_store(word: &str, end: &str) -> bool {
    let Some((folder, base)) = word.rsplit_once('/') else {
        return false;
    };
    folder.starts_with('/') && hash_part(base.as_bytes()).is_some() && base.ends_with(end)
}

/// What the script at `path` prints.
pub fn pieces(path: &Path, options: &Options, runner: &dyn Runner) -> Result<Pieces, ArchiveError> {
    let archive = Shown::path(path).to_string();
    let unreadable = |error: io::Error| ArchiveError::Unreadable {
        archive: archive.clone(),
        reason: error.to_string(),
    };
    // A name without a folder would be looked for on PATH.
    let program = std::path::absolute(path).map_err(unreadable)?;
    let invocation = Invocation::new(program)
        .timeout(TIMEOUT)
        .stdout_limit(MAX_PRINTED);
    let (from, mut to) = io::pipe().map_err(unreadable)?;
    thread::scope(|scope| {
        let running = scope.spawn(move || {
            let output = runner.run_into(&invocation, &mut to)?;
            drop(to);
            output.success(&invocation)
        });
        let input = io::BufReader::with_capacity(256 << 10, from);
        let pieces = Pieces::of_stream(archive.clone(), input, options);
        let ended = running.join();
        match (ended, pieces) {
            // The pipe was closed since the archive was wrong: that is the reason.
            (Ok(Err(ProcessError::Sink { .. })), Err(error)) => Err(error),
            (Ok(Err(error)), _) => Err(error.into()),
            (_, pieces) => pieces,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::is_stream_script;

    const HASH: &str = "0123456789abcdfghijklmnpqrsvwxyz";

    #[test]
    fn only_the_form_of_nixpkgs_is_a_stream_script() {
        let script = |exec: &str| format!("#! /nix/store/{HASH}-bash/bin/bash -e\n{exec}\n");
        let stream = format!("/nix/store/{HASH}-stream");
        let conf = format!("/nix/store/{HASH}-hello-conf.json");
        let good = script(&format!("exec \"{stream}\"  {conf} \"$@\" "));
        assert!(is_stream_script(good.as_bytes()));
        for bad in [
            script(&format!("exec \"{stream}\" \"$@\"")),
            script(&format!("rm -rf x; \"{stream}\" {conf}")),
            script("exec /bin/x-stream /tmp/x-conf.json"),
            good.replace("#!", "# "),
            String::new(),
        ] {
            assert!(!is_stream_script(bad.as_bytes()), "{bad}");
        }
        assert!(!is_stream_script(b"#!\xff"));
    }
}
