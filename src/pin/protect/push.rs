//! Making and deleting refs on remotes with the user's own git.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::time::Duration;

use super::{Action, ProtectError, Protection, Row};
use crate::git::{Git, Location, Oid, without_credentials};
use crate::process::{Invocation, ProcessError, Runner};

/// One run of `git push`.
struct Push<'a> {
    remote: &'a Location,
    /// The repository that git runs in: an empty one, so that neither the settings nor the hooks of a clone, which may
    /// be somebody else's, have a say.
    git_dir: &'a Path,
    /// Where the objects are.
    objects: Option<&'a Path>,
    changes: BTreeMap<&'a str, Change>,
}

#[derive(Clone, Copy)]
enum Change {
    Create(Oid),
    Delete(Oid),
}

/// Carries out what `protection` says, remote by remote: first all refs are made, and only then the old ones go, so
/// that a remote on which nothing may be deleted still keeps what is pinned. Whether anything was pushed.
///
/// A ref is made only where there is none, and deleted only while it is what was listed. A remote that refuses does
/// not keep the others from being pushed to. One push may take as long as `timeout`.
pub fn push(
    runner: &dyn Runner,
    git: &Git,
    protection: &Protection,
    timeout: Duration,
) -> Result<bool, Vec<ProtectError>> {
    let git_dir = git.empty_repository().map_err(|error| vec![error.into()])?;
    let mut errors = Vec::new();
    let mut has_pushed = false;
    let remotes: BTreeSet<&Location> = protection.rows.iter().map(|row| &row.remote).collect();
    for remote in remotes {
        let rows = protection.rows.iter().filter(|row| row.remote == *remote);
        for push in pushes(git_dir.path(), remote, rows) {
            match push.run(runner, timeout) {
                Ok(()) => has_pushed = true,
                Err(error) => {
                    errors.push(error);
                    break;
                }
            }
        }
    }
    match errors.is_empty() {
        true => Ok(has_pushed),
        false => Err(errors),
    }
}

/// Asks the remotes whether they are now as `protection` says. `git` must not have asked them before.
pub fn verify(git: &Git, protection: &Protection) -> Result<(), ProtectError> {
    for row in &protection.rows {
        let (name, expected) = match &row.action {
            Action::Create { name, .. } => (name, Some(row.rev)),
            Action::Delete { name } => (name, None),
            Action::Held { .. } | Action::Gone => continue,
        };
        if git.refs(&row.remote)?.by_name.get(name).copied() != expected {
            return Err(ProtectError::NotAsPushed {
                remote: row.remote.clone(),
                name: name.clone(),
            });
        }
    }
    Ok(())
}

fn pushes<'a>(
    git_dir: &'a Path,
    remote: &'a Location,
    rows: impl Iterator<Item = &'a Row>,
) -> Vec<Push<'a>> {
    let mut creates: BTreeMap<&Path, BTreeMap<&str, Change>> = BTreeMap::new();
    let mut deletes = BTreeMap::new();
    for row in rows {
        match &row.action {
            Action::Create { name, objects } => {
                let of_source = creates.entry(objects).or_default();
                of_source.insert(name, Change::Create(row.rev));
            }
            Action::Delete { name } => {
                deletes.insert(name.as_str(), Change::Delete(row.rev));
            }
            Action::Held { .. } | Action::Gone => {}
        }
    }
    let push = |objects, changes| Push {
        remote,
        git_dir,
        objects,
        changes,
    };
    let mut pushes: Vec<Push> = creates
        .into_iter()
        .map(|(objects, changes)| push(Some(objects), changes))
        .collect();
    if !deletes.is_empty() {
        pushes.push(push(None, deletes));
    }
    pushes
}

impl Push<'_> {
    /// All of it or nothing, where the remote can do that.
    fn run(&self, runner: &dyn Runner, timeout: Duration) -> Result<(), ProtectError> {
        let outcome = self.attempt(runner, timeout, true);
        match outcome {
            Err(ProtectError::Refused { reason, .. })
                if reason.contains("does not support --atomic") =>
            {
                self.attempt(runner, timeout, false)
            }
            outcome => outcome,
        }
    }

    fn attempt(
        &self,
        runner: &dyn Runner,
        timeout: Duration,
        is_atomic: bool,
    ) -> Result<(), ProtectError> {
        let invocation = self.invocation(is_atomic).timeout(timeout);
        let output = runner.run(&invocation)?;
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        match output.success(&invocation) {
            Ok(_) => Ok(()),
            Err(ProcessError::Failed { stderr, .. }) => Err(ProtectError::Refused {
                remote: self.remote.clone(),
                reason: reason(&stdout, &stderr),
            }),
            Err(error) => Err(error.into()),
        }
    }

    fn invocation(&self, is_atomic: bool) -> Invocation {
        let mut git_dir = OsString::from("--git-dir=");
        git_dir.push(self.git_dir);
        let mut args = vec![
            "push",
            "--porcelain",
            "--no-progress",
            "--recurse-submodules=no",
        ];
        if is_atomic {
            args.push("--atomic");
        }
        let leases = self.changes.iter().map(|(name, change)| match change {
            // Nothing: the ref must not be there.
            Change::Create(_) => format!("--force-with-lease={name}:"),
            Change::Delete(listed) => format!("--force-with-lease={name}:{listed}"),
        });
        let refspecs = self.changes.iter().map(|(name, change)| match change {
            Change::Create(rev) => format!("{rev}:{name}"),
            Change::Delete(_) => format!(":{name}"),
        });
        let invocation = Invocation::new("git");
        let invocation = match self.objects {
            Some(objects) => {
                invocation.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", as_list_item(objects))
            }
            None => invocation,
        };
        invocation
            .args([git_dir])
            .args(args)
            .args(leases)
            .args(["--".to_owned(), address(self.remote)])
            .args(refspecs)
    }
}

/// What git is told to push to. The credentials of the URL stay out of the argument list, which every user of the
/// machine can read; git's credential helpers know them or nobody does.
fn address(remote: &Location) -> String {
    let url = match remote {
        Location::Remote(url) => without_credentials(url),
        Location::Clone(path) => path.display().to_string(),
    };
    // A path is seen from cotter's folder, and a word such as `origin` would be the remote of that name.
    let is_path = !url.contains(':') && !url.starts_with('/');
    match is_path.then(|| std::path::absolute(&url)) {
        Some(Ok(path)) => path.display().to_string(),
        _ => url,
    }
}

/// A path as git takes it in a list with colons between: quoted as in C where it would be taken apart. Absolute, since
/// git sees it from the repository.
fn as_list_item(path: &Path) -> OsString {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let bytes = path.as_os_str().as_bytes();
    if !bytes.contains(&b':') && bytes.first() != Some(&b'"') {
        return path.into_os_string();
    }
    let mut quoted = vec![b'"'];
    for byte in bytes {
        match byte {
            b'"' | b'\\' => quoted.extend([b'\\', *byte]),
            b'\n' => quoted.extend(b"\\n"),
            _ => quoted.push(*byte),
        }
    }
    quoted.push(b'"');
    OsString::from_vec(quoted)
}

/// Which refs were refused, and what else git said.
fn reason(stdout: &str, stderr: &str) -> String {
    let refused = stdout.lines().filter_map(|line| {
        let (_, rest) = line.strip_prefix("!\t")?.split_once(':')?;
        Some(rest.replace('\t', " "))
    });
    let said = stderr.lines().map(str::to_owned);
    let lines: Vec<String> = refused.chain(said).collect();
    match lines.is_empty() {
        true => "git said nothing about it".to_owned(),
        false => lines.join("\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(digit: char) -> Oid {
        digit.to_string().repeat(40).parse().unwrap()
    }

    #[test]
    fn the_command_names_only_the_refs_and_no_credentials() {
        let remote = Location::Remote("https://me:s3cret@host/x.git".to_owned());
        let push = Push {
            remote: &remote,
            git_dir: Path::new("/empty"),
            objects: Some(Path::new("/clone: mine/.git/objects")),
            changes: BTreeMap::from([
                ("refs/heads/pins/k/new", Change::Create(oid('a'))),
                ("refs/heads/pins/k/old", Change::Delete(oid('b'))),
            ]),
        };
        let (a, b) = (oid('a'), oid('b'));
        let args: Vec<String> = push
            .invocation(true)
            .args
            .iter()
            .map(|arg| arg.to_string_lossy().into_owned())
            .collect();
        assert_eq!(
            args,
            [
                "--git-dir=/empty",
                "push",
                "--porcelain",
                "--no-progress",
                "--recurse-submodules=no",
                "--atomic",
                "--force-with-lease=refs/heads/pins/k/new:",
                &format!("--force-with-lease=refs/heads/pins/k/old:{b}"),
                "--",
                "https://host/x.git",
                &format!("{a}:refs/heads/pins/k/new"),
                ":refs/heads/pins/k/old",
            ]
        );
        let variable = "GIT_ALTERNATE_OBJECT_DIRECTORIES";
        let quoted = "\"/clone: mine/.git/objects\"";
        assert_eq!(
            push.invocation(true).env,
            [(variable.into(), quoted.into())]
        );
        assert!(!push.invocation(false).args.contains(&"--atomic".into()));
    }

    #[test]
    fn a_relative_path_stays_what_it_means_here() {
        let of = |url: &str| address(&Location::Remote(url.to_owned()));
        assert_eq!(of("git@host:x"), "git@host:x");
        assert_eq!(of("/srv/x"), "/srv/x");
        assert!(of("origin").starts_with('/') && of("origin").ends_with("/origin"));
    }

    #[test]
    fn a_refusal_names_the_refs() {
        let stdout = "To /srv/x\n!\t1111:refs/heads/pins/k/1\t[rejected] (stale info)\nDone\n";
        assert_eq!(
            reason(stdout, "error: failed to push some refs to '/srv/x'"),
            "refs/heads/pins/k/1 [rejected] (stale info)\nerror: failed to push some refs to '/srv/x'"
        );
        assert_eq!(reason("", ""), "git said nothing about it");
    }
}
