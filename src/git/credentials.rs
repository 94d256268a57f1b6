//! Passwords for http: from the credential helpers of the user's git configuration and nowhere else.
//! Nothing is asked on the terminal, nothing is stored or erased, nothing is remembered.

use std::io::{Read, Write};
use std::process::Stdio;

use gix::credentials::helper::Action;
use gix::credentials::protocol::{Context, Outcome};
use gix::sec::identity::Account;

use super::watch::Watch;
use crate::process::REPOSITORY_VARIABLES;

/// Answers `action` with what the helpers configured in `repo` say; `None` when none of them knows.
pub(super) fn answer(
    repo: &gix::Repository,
    watch: &Watch,
    action: Action,
) -> Result<Option<Outcome>, gix::Error> {
    let Action::Get(context) = action else {
        return Ok(None);
    };
    let Some(url) = context.url.clone().or_else(|| context.to_url()) else {
        return Ok(None);
    };
    let url = gix::url::parse(url.as_slice())?;
    let (cascade, action, _) = repo.config_snapshot().credential_helpers(url)?;
    let Action::Get(mut asked) = action else {
        return Ok(None);
    };
    asked.options = cascade.context_options;
    asked.www_authenticate = context.www_authenticate;
    asked.destructure_url_in_place(cascade.use_http_path)?;
    asked.url = None;
    for program in &cascade.programs {
        // A helper that fails has no answer; the next one may.
        let Some(answer) = ask(program, &asked, watch) else {
            continue;
        };
        asked.username = answer.username.or(asked.username);
        asked.password = answer.password.or(asked.password);
        if (asked.username.is_some() && asked.password.is_some()) || answer.quit == Some(true) {
            break;
        }
    }
    let (Some(username), Some(password)) = (asked.username.clone(), asked.password.clone()) else {
        return Ok(None);
    };
    Ok(Some(Outcome {
        identity: Account {
            username,
            password,
            oauth_refresh_token: None,
        },
        next: asked.into(),
    }))
}

fn ask(program: &gix::credentials::Program, context: &Context, watch: &Watch) -> Option<Context> {
    let action = Action::Get(context.clone());
    let mut command = program.to_command(&action).ok()?;
    for name in REPOSITORY_VARIABLES {
        command.env_remove(name);
    }
    command
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut group = watch.spawn(&mut command).ok()?;
    {
        let mut stdin = group.child.stdin.take()?;
        let mut question = Vec::new();
        action.send(&mut question).ok()?;
        // A helper that knows without reading the question closes its end.
        let _ = stdin.write_all(&question);
    }
    let mut output = Vec::new();
    group
        .child
        .stdout
        .take()?
        .take(64 * 1024)
        .read_to_end(&mut output)
        .ok()?;
    if !group.wait().ok()?.success() {
        return None;
    }
    Context::from_bytes(&output, context.options).ok()
}
