//! How a derivation's build ended when it did not end well, out of the text of an error.
//!
//! Not here: a hash that is not the one given (`mismatch`), which is what rehashing looks for.

/// Why there is no output of a derivation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The builder's exit code.
    Exit(i32),
    /// The number of the signal that ended the builder.
    Signal(i32),
    /// Stopped for taking too long, or for being silent too long: after so many seconds.
    TimedOut(u64),
    /// The system, such as `aarch64-darwin`, that neither this machine nor a builder is.
    WrongSystem(String),
    DependencyFailed,
    /// What the message says.
    Other,
}

/// What an error says of one derivation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// Nix 2.34 does not say which one timed out.
    pub drv: Option<String>,
    pub kind: FailureKind,
}

impl Failure {
    /// `None` when `text`, of an error without colours, is about no one derivation.
    pub(super) fn parse(text: &str) -> Option<Failure> {
        if failed_builds(text).is_some() {
            return None;
        }
        let drv = only_drv(text);
        if let Some(seconds) = number_after(text, "timed out after ") {
            return Some(Failure {
                drv,
                kind: FailureKind::TimedOut(seconds),
            });
        }
        Some(Failure {
            drv: Some(drv?),
            kind: kind(text),
        })
    }
}

/// The derivations that Nix names when it ends: those of the ones asked for that have failed.
/// `None` when `text` is not that list.
pub(super) fn failed_builds(text: &str) -> Option<Vec<String>> {
    let list = text.strip_prefix("build of ")?.strip_suffix(" failed")?;
    Some(drvs(list).map(str::to_owned).collect())
}

fn kind(text: &str) -> FailureKind {
    // What the builder printed may follow; it is not what Nix says.
    let (said, _) = text.split_once("log lines:").unwrap_or((text, ""));
    if let Some(code) = number_after(said, "failed with exit code ") {
        return FailureKind::Exit(code);
    }
    if let Some(signal) = number_after(said, "failed due to signal ") {
        return FailureKind::Signal(signal);
    }
    if let Some(system) = required_system(said) {
        return FailureKind::WrongSystem(system.to_owned());
    }
    let is_dependency = [
        // 2.4 to 2.33
        "dependencies of derivation ",
        // 2.34
        " dependency failed",
        " dependencies failed",
        // 2.3
        " dependencies couldn't be built",
    ];
    if is_dependency.iter().any(|phrase| said.contains(phrase)) {
        return FailureKind::DependencyFailed;
    }
    FailureKind::Other
}

/// `a 'SYSTEM' with features {…} is required to build '…'`, or a line `Required system: 'SYSTEM' …`.
fn required_system(text: &str) -> Option<&str> {
    let after = match text.split_once("Required system: '") {
        Some((_, after)) => after,
        None if text.contains(" is required to build '") => text.split_once('\'')?.1,
        None => return None,
    };
    after.split_once('\'').map(|(system, _)| system)
}

fn number_after<N: std::str::FromStr>(text: &str, before: &str) -> Option<N> {
    let (_, rest) = text.split_once(before)?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

/// The derivation that the first line names, if it names one and no other.
fn only_drv(text: &str) -> Option<String> {
    let mut named = drvs(text.lines().next()?);
    let drv = named.next()?;
    named.all(|other| other == drv).then(|| drv.to_owned())
}

/// Quoted store paths of derivations, with or without the outputs asked for (`!*`, `^out`).
fn drvs(text: &str) -> impl Iterator<Item = &str> {
    text.split('\'').filter_map(|quoted| {
        let path = quoted.split(['!', '^']).next()?;
        (path.starts_with('/') && path.ends_with(".drv")).then_some(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_wording() {
        const DRV: &str = "/nix/store/a-x.drv";
        for (text, kind) in [
            (
                "builder for 'D' failed with exit code 3;\n last 1 log lines:\n > failed due to signal 9",
                FailureKind::Exit(3),
            ),
            (
                "builder for 'D' failed due to signal 9 (Killed)",
                FailureKind::Signal(9),
            ),
            (
                "builder for 'D' failed to produce output path for output 'out' at '/nix/store/b-x'",
                FailureKind::Other,
            ),
            (
                "building of 'D!*' from .drv file timed out after 3 seconds",
                FailureKind::TimedOut(3),
            ),
            (
                "building of 'D^*' from .drv file timed out after 60 seconds of silence",
                FailureKind::TimedOut(60),
            ),
            (
                "building of 'D' timed out after 3 seconds",
                FailureKind::TimedOut(3),
            ),
            (
                "a 'riscv64-linux' with features {kvm} is required to build 'D', but I am a 'x86_64-linux' with features {}",
                FailureKind::WrongSystem("riscv64-linux".into()),
            ),
            (
                "1 dependencies of derivation 'D' failed to build",
                FailureKind::DependencyFailed,
            ),
            (
                "cannot build derivation 'D': 2 dependencies couldn't be built",
                FailureKind::DependencyFailed,
            ),
            (
                "Cannot build 'D'.\nReason: builder failed with exit code 3.\nOutput paths:\n  /nix/store/b-x",
                FailureKind::Exit(3),
            ),
            (
                "Cannot build 'D'.\nReason: 1 dependency failed.\nOutput paths:\n  /nix/store/b-x",
                FailureKind::DependencyFailed,
            ),
            (
                "Cannot build 'D'.\nReason: platform mismatch\nRequired system: 'riscv64-linux'\nCurrent system: 'x86_64-linux'",
                FailureKind::WrongSystem("riscv64-linux".into()),
            ),
        ] {
            let failure = Failure::parse(&text.replace('D', DRV)).unwrap();
            assert_eq!(failure.drv.as_deref(), Some(DRV), "{text}");
            assert_eq!(failure.kind, kind, "{text}");
        }
        let silent = Failure::parse("timed out after 3 seconds").unwrap();
        assert_eq!(silent.drv, None);
    }

    #[test]
    fn the_list_at_the_end_is_no_failure_of_its_own() {
        let list = "build of '/nix/store/a-x.drv', '/nix/store/b-y.drv^*' failed";
        assert_eq!(Failure::parse(list), None);
        assert_eq!(
            failed_builds(list).unwrap(),
            ["/nix/store/a-x.drv", "/nix/store/b-y.drv"]
        );
        assert_eq!(Failure::parse("build of '/nix/store/a-x.drv' failed"), None);
        assert_eq!(Failure::parse("interrupted by the user"), None);
        assert_eq!(Failure::parse(""), None);
        assert_eq!(
            failed_builds("builder for '/nix/store/a-x.drv' failed"),
            None
        );
    }
}
