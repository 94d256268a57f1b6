//! How each program takes a secret otherwise than in its arguments.

pub(super) const STDIN: &str = "pass it through standard input: `printf %s \"$TOKEN\" | … login --username NAME --password-stdin`";
pub(super) const REGCTL_STDIN: &str = "pass it through standard input: `printf %s \"$TOKEN\" | regctl registry login --user NAME --pass-stdin HOST`";
pub(super) const AUTH_FILE: &str =
    "log in first with `--password-stdin`, or name a file with `--authfile`";
pub(super) const CURL: &str = "let curl read it: `-H @FILE` with the header in a file, `--netrc-file FILE`, or `--config -` from standard input";
pub(super) const WGET: &str =
    "let wget read it from a file: `~/.netrc`, or `--config FILE` with `header = …`";
pub(super) const SSHPASS: &str = "use `sshpass -e`, which reads $SSHPASS, or `sshpass -f FILE`";
pub(super) const GIT: &str =
    "let git ask a credential helper, or read $GIT_ASKPASS, and leave the URL without it";
pub(super) const CACHIX: &str = "use `cachix authtoken --stdin`, or $CACHIX_AUTH_TOKEN alone";
pub(super) const STANDARD_INPUT: &str = "pass it through standard input, a file or the environment";
