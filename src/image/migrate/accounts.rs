//! Users: those that commands make, those that the base has, and the one that the container runs as.

use super::act::{Act, NewUser};
use super::draft::Draft;
use super::ledger::{Fate, decide};
use super::made::{Made, Run};
use crate::image::spec::Passwd;
use crate::image::spec::grammar::{is_image_path, is_user, is_user_name};

/// A user that the image of the Dockerfile has.
#[derive(Clone, Debug)]
pub struct Account {
    pub passwd: Passwd,
    /// The number that was not said.
    pub is_guess: bool,
    pub run: Run,
}

/// The first number that Debian and Alpine give to a user.
const FIRST: u32 = 1000;
/// And to one of the system.
const FIRST_OF_SYSTEM: u32 = 100;

/// The users that the commands of `made` make.
pub fn made_in(draft: &mut Draft, made: &Made) {
    let mut groups: Vec<(String, Option<u32>)> = Vec::new();
    for run in &made.runs {
        match &run.act {
            Act::AddGroup { name, gid } => groups.push((name.clone(), *gid)),
            Act::AddUser(user) => {
                if let Some(account) = account(user, &groups, run) {
                    draft.accounts.insert(user.name.clone(), account);
                }
            }
            _ => {}
        }
    }
}

fn account(user: &NewUser, groups: &[(String, Option<u32>)], run: &Run) -> Option<Account> {
    let uid = user.uid.unwrap_or(if user.is_system {
        FIRST_OF_SYSTEM
    } else {
        FIRST
    });
    if !is_user_name(&user.name) || uid == 0 || user.name == "root" {
        return None;
    }
    let gid = user.group.as_deref().and_then(|group| {
        let named = groups
            .iter()
            .find(|(name, _)| name == group)
            .and_then(|(_, gid)| *gid);
        named.or_else(|| group.parse().ok())
    });
    let home = user
        .home
        .clone()
        .filter(|home| is_image_path(home) && !home.contains([':', '\n']));
    Some(Account {
        passwd: Passwd {
            name: user.name.clone(),
            uid,
            gid: gid.filter(|gid| *gid != uid),
            home,
        },
        is_guess: user.uid.is_none(),
        run: run.clone(),
    })
}

/// The user that the container runs as.
pub fn user(draft: &mut Draft) {
    let made = draft.image();
    let base_user = made.base.as_ref().and_then(|base| base.user);
    if let Some((_, earlier)) = made.users.split_last() {
        for (step, _) in earlier {
            draft.ledger.covered(
                *step,
                "a later USER takes its place; Nix builds as none of them",
            );
        }
    }
    let Some((step, user)) = made.users.last() else {
        if let Some(user) = base_user
            && draft.spec.config.user.is_none()
        {
            draft.spec.config.user = Some(format!("{0}:{0}", user.uid));
        }
        if let Some(user) = draft.start.user.clone() {
            let step = draft.start.steps.first().copied().unwrap_or(0);
            become_user(draft, step, &user);
        }
        return;
    };
    match user {
        Ok(user) => become_user(draft, *step, &user.clone()),
        Err(name) => draft.ledger.decide(
            *step,
            format!("`{name}` has no value here"),
            &[&format!("give it: `--build-arg {name}=VALUE`")],
        ),
    }
}

fn become_user(draft: &mut Draft, step: usize, user: &str) {
    let (name, group) = user
        .split_once(':')
        .map_or((user, None), |(name, group)| (name, Some(group)));
    if matches!(name, "root" | "0") {
        draft.ledger.covered(step, "root is the default");
        // Where nginx serves files, it is not.
        if crate::image::emit::serves(&draft.spec.source) {
            draft.spec.config.user = Some("0".to_owned());
        }
        return;
    }
    let account = draft.accounts.get(name).cloned().or_else(|| {
        let by_number = |account: &&Account| account.passwd.uid.to_string() == name;
        draft.accounts.values().find(by_number).cloned()
    });
    if let Some(account) = account {
        if account.is_guess {
            let Account { passwd, run, .. } = &account;
            let why = format!(
                "the number of the user `{}` is not said: {} is the one that it mostly gets",
                passwd.name, passwd.uid
            );
            let fate = decide(
                why,
                &[
                    "look it up in a container: `id -u`",
                    "change `passwd.uid`, where files of volumes belong to another number",
                ],
            );
            draft.ledger.part(run.step, run.line, &run.written, fate);
        }
        draft.spec.passwd = Some(account.passwd);
        draft.ledger.spec(step, "passwd");
        return;
    }
    let base = draft.image().base.clone();
    if let Some(known) = base.and_then(|base| base.user_named(name)) {
        let user = format!(
            "{}:{}",
            known.uid,
            group
                .and_then(|group| group.parse::<u32>().ok())
                .unwrap_or(known.uid)
        );
        if known.uid != 65534 {
            draft.spec.passwd = Some(Passwd {
                name: known.name.to_owned(),
                uid: known.uid,
                gid: None,
                home: Some(known.home.to_owned()),
            });
        }
        draft.spec.config.user = Some(user);
        draft.ledger.spec(step, "config.user");
        return;
    }
    let is_number = name.parse::<u32>().is_ok();
    if is_number && is_user(user) {
        draft.spec.config.user = Some(user.to_owned());
        draft.ledger.spec(step, "config.user");
        return;
    }
    // Rather another number than root.
    if is_user_name(name) {
        draft.spec.passwd = Some(Passwd {
            name: name.to_owned(),
            uid: FIRST,
            gid: None,
            home: None,
        });
    }
    draft.ledger.decide(
        step,
        format!("the number of the user `{name}` is not known; the spec says {FIRST}"),
        &["look it up in a container: `id -u`, and change `passwd.uid`"],
    );
}

/// What becomes of a command that makes a user or a group.
pub fn fate(draft: &Draft, run: &Run) -> Fate {
    let is_the_one = |name: &str| {
        draft
            .spec
            .passwd
            .as_ref()
            .is_some_and(|user| user.name == name)
    };
    match &run.act {
        Act::AddUser(user) if is_the_one(&user.name) => Fate::Spec("passwd".to_owned()),
        Act::AddUser(user) => {
            Fate::Covered(format!("the container does not run as `{}`", user.name))
        }
        _ => Fate::Covered("the group is the user's own".to_owned()),
    }
}
