//! What is to be run: a value, and how it is shown to a person.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::redact;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);
const DEFAULT_STDOUT_LIMIT: usize = 64 << 20;

/// A program and its arguments; no shell sees them. Shown (`Display`) as a shell would take it, without credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    pub program: OsString,
    pub args: Vec<OsString>,
    /// Set on top of the environment that every program gets.
    pub env: Vec<(OsString, OsString)>,
    /// Where it runs; `None` is cotter's own folder.
    pub dir: Option<PathBuf>,
    /// How long it may run. 10 minutes unless told.
    pub timeout: Duration,
    /// How many bytes it may print. 64 MiB unless told.
    pub stdout_limit: usize,
}

impl Invocation {
    pub fn new(program: impl Into<OsString>) -> Invocation {
        Invocation {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            dir: None,
            timeout: DEFAULT_TIMEOUT,
            stdout_limit: DEFAULT_STDOUT_LIMIT,
        }
    }

    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Invocation {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Invocation {
        self.env.push((name.into(), value.into()));
        self
    }

    pub fn dir(mut self, dir: impl AsRef<Path>) -> Invocation {
        self.dir = Some(dir.as_ref().to_owned());
        self
    }

    pub fn timeout(mut self, timeout: Duration) -> Invocation {
        self.timeout = timeout;
        self
    }

    pub fn stdout_limit(mut self, bytes: usize) -> Invocation {
        self.stdout_limit = bytes;
        self
    }
}

impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quoted(&self.program))?;
        let mut previous: &OsStr = OsStr::new("");
        for arg in &self.args {
            // `--option access-tokens HOST=TOKEN`
            if previous == "access-tokens" {
                f.write_str(" ***")?;
            } else {
                write!(f, " {}", quoted(arg))?;
            }
            previous = arg;
        }
        Ok(())
    }
}

fn quoted(arg: &OsStr) -> String {
    let text = redact(&arg.to_string_lossy());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,?&*#".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::Invocation;

    #[test]
    fn is_shown_quoted_and_without_credentials() {
        let invocation = Invocation::new("nix").args([
            "--extra-experimental-features",
            "nix-command flakes",
            "it's",
            "",
            "git+https://u:p@h/x?ref=main",
            "--option",
            "access-tokens",
            "github.com=abc",
            "end",
        ]);
        assert_eq!(
            invocation.to_string(),
            r"nix --extra-experimental-features 'nix-command flakes' 'it'\''s' '' git+https://***@h/x?ref=main --option access-tokens *** end"
        );
    }
}
