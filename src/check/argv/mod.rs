//! Secrets in the arguments of commands: which programs take them there, and under which flags.
//!
//! Not here: where shell text stands (`scripts`), and how it is read (`shell`).

mod flags;
mod help;
mod secret;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::shell::{Command, Word};

use flags::Flag;
use help::{AUTH_FILE, CACHIX, CURL, GIT, REGCTL_STDIN, SSHPASS, STANDARD_INPUT, STDIN, WGET};

/// A secret among the arguments of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// The bytes in the file of the argument that holds it.
    pub range: Range<usize>,
    /// What is passed where: `-u` passes `$TOKEN` in the arguments of `curl`.
    pub message: String,
    /// Another way for this program.
    pub help: &'static str,
}

/// How an argument holds a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// It is one.
    Value,
    /// `user:password`. A variable alone holds both.
    Credentials,
    /// `user:password`. A variable alone may be a user whose password is asked for.
    User,
    /// `Authorization: Bearer …`.
    Header,
}

/// What is built into a shell: its arguments are seen by nobody else.
const BUILTINS: [&str; 18] = [
    "echo", "printf", "export", "read", "local", "declare", "readonly", "typeset", "test", "[",
    "set", "return", "eval", ":", "true", "false", "shift", "trap",
];

/// What runs the command that its arguments are.
const WRAPPERS: [&str; 17] = [
    "sudo",
    "doas",
    "env",
    "exec",
    "command",
    "builtin",
    "time",
    "nohup",
    "nice",
    "timeout",
    "xargs",
    "retry",
    "nix",
    "nix-shell",
    "run",
    "watch",
    "chronic",
];

const REGISTRY_LOGINS: [&str; 15] = [
    "docker", "podman", "nerdctl", "finch", "buildah", "skopeo", "crane", "gcrane", "krane",
    "helm", "regctl", "oras", "cosign", "az", "oc",
];

/// The secrets in the arguments of `command`.
pub fn secrets(command: &Command) -> Vec<Secret> {
    let mut search = Search {
        program: "",
        found: Vec::new(),
    };
    if command.is_array {
        search.in_any(&command.words);
        search.take(
            &command.words,
            &[Flag::both("header", 'H')],
            Holds::Header,
            CURL,
        );
        return search.found;
    }
    let Some((name, arguments)) = command.words.split_first() else {
        return Vec::new();
    };
    let first = name.program().unwrap_or_default();
    if BUILTINS.contains(&first) {
        return Vec::new();
    }
    let (program, arguments) = match WRAPPERS.contains(&first) {
        true => wrapped(arguments).unwrap_or((first, arguments)),
        false => (first, arguments),
    };
    search.program = program;
    search.in_any(arguments);
    search.of_program(arguments);
    search.found
}

/// The program that a wrapper runs, and what that is given: the first word that is one we know.
fn wrapped(arguments: &[Word]) -> Option<(&str, &[Word])> {
    arguments.iter().enumerate().find_map(|(at, word)| {
        let name = word.program()?;
        // `nix run nixpkgs#skopeo -- copy`
        let name = name.rsplit_once('#').map_or(name, |(_, name)| name);
        let is_known = REGISTRY_LOGINS.contains(&name)
            || matches!(
                name,
                "curl" | "wget" | "sshpass" | "git" | "ctr" | "cachix" | "argocd"
            );
        is_known.then(|| Some((name, arguments.get(at + 1..)?)))?
    })
}

struct Search<'c> {
    program: &'c str,
    found: Vec<Secret>,
}

impl Search<'_> {
    /// Flags that say by their names what they take, of whatever passes them on.
    fn in_any(&mut self, arguments: &[Word]) {
        let credentials = ["dest-creds", "src-creds"].map(Flag::long);
        self.take(arguments, &credentials, Holds::Credentials, AUTH_FILE);
        let values = [
            "dest-password",
            "src-password",
            "dest-registry-token",
            "src-registry-token",
        ];
        self.take(arguments, &values.map(Flag::long), Holds::Value, AUTH_FILE);
    }

    fn of_program(&mut self, arguments: &[Word]) {
        let creds = [Flag::long("creds")];
        match self.program {
            "curl" => {
                let users = [Flag::both("user", 'u'), Flag::both("proxy-user", 'U')];
                self.take(arguments, &users, Holds::User, CURL);
                let headers = [Flag::both("header", 'H'), Flag::long("proxy-header")];
                self.take(arguments, &headers, Holds::Header, CURL);
                let values = ["oauth2-bearer", "pass", "proxy-pass"].map(Flag::long);
                self.take(arguments, &values, Holds::Value, CURL);
                self.urls(arguments, CURL);
            }
            "wget" => {
                let values = [
                    "password",
                    "http-password",
                    "ftp-password",
                    "proxy-password",
                ];
                self.take(arguments, &values.map(Flag::long), Holds::Value, WGET);
                self.take(arguments, &[Flag::long("header")], Holds::Header, WGET);
                self.urls(arguments, WGET);
            }
            "git" => {
                self.urls(arguments, GIT);
                self.git_headers(arguments);
            }
            "pip" | "pip3" | "hg" => self.urls(arguments, STANDARD_INPUT),
            "sshpass" => {
                // The rest is another command's.
                let own = arguments
                    .iter()
                    .position(|word| !word.beginning().starts_with('-'));
                let own = own.map_or(arguments.len(), |at| (at + 1).min(arguments.len()));
                let own = arguments.get(..own).unwrap_or_default();
                self.take(own, &[Flag::short('p')], Holds::Value, SSHPASS);
            }
            "ctr" => self.take(
                arguments,
                &[Flag::both("user", 'u')],
                Holds::User,
                STANDARD_INPUT,
            ),
            "cachix" => {
                let is_own = |word: &&Word| word.plain() != Some("authtoken");
                let mut rest = arguments.iter().skip_while(is_own).skip(1);
                if let Some(token) = rest.next()
                    && !token.beginning().starts_with('-')
                {
                    self.add(token, token, "authtoken", CACHIX);
                }
            }
            "skopeo" | "podman" | "buildah" | "nix" => {
                self.take(arguments, &creds, Holds::Credentials, AUTH_FILE);
                self.take(
                    arguments,
                    &[Flag::long("registry-token")],
                    Holds::Value,
                    AUTH_FILE,
                );
            }
            // `helm repo add` and `helm pull` take one too.
            "helm" => self.take(arguments, &[Flag::long("password")], Holds::Value, STDIN),
            _ => {}
        }
        if flags::is_login(arguments) {
            self.login(arguments);
        }
    }

    fn login(&mut self, arguments: &[Word]) {
        let help = match self.program {
            "regctl" => REGCTL_STDIN,
            "az" | "oc" | "argocd" => STANDARD_INPUT,
            _ => STDIN,
        };
        if REGISTRY_LOGINS.contains(&self.program) {
            let tokens = [
                Flag::both("password", 'p'),
                Flag::long("pass"),
                Flag::long("identity-token"),
            ];
            self.take(arguments, &tokens, Holds::Value, help);
        } else if self.program == "argocd" {
            self.take(arguments, &[Flag::long("password")], Holds::Value, help);
        }
    }

    fn take(&mut self, arguments: &[Word], flags: &[Flag], holds: Holds, help: &'static str) {
        for (flag, argument, value) in flags::values(arguments, flags, self.program) {
            if let Some(secret) = secret::of(&value, holds) {
                self.add(&argument, &secret, &flag, help);
            }
        }
    }

    fn urls(&mut self, arguments: &[Word], help: &'static str) {
        for word in arguments {
            if let Some(secret) = secret::in_url(word) {
                self.add(word, &secret, "a URL", help);
            }
        }
    }

    /// `-c http.extraHeader="Authorization: …"`, and the same given to `git config`.
    fn git_headers(&mut self, arguments: &[Word]) {
        const SETTING: &str = "extraheader=";
        for word in arguments {
            let beginning = word.beginning().to_ascii_lowercase();
            let setting = beginning.find(SETTING).map(|at| at + SETTING.len());
            let value = word.behind(setting.unwrap_or(0));
            if let Some(secret) = secret::of(&value, Holds::Header) {
                self.add(word, &secret, "http.extraHeader", GIT);
            }
        }
    }

    /// The value of a secret that is written out is not said again.
    fn add(&mut self, argument: &Word, secret: &Word, flag: &str, help: &'static str) {
        let what = secret::shown(secret);
        let flag = match flag {
            "a URL" => flag.to_owned(),
            flag => format!("`{flag}`"),
        };
        let whose = match self.program {
            "" => "a command".to_owned(),
            program => format!("`{program}`"),
        };
        let one = Secret {
            range: argument.origin.clone(),
            message: format!("{flag} passes {what} in the arguments of {whose}"),
            help,
        };
        let is_known = self.found.iter().any(|known| known.range == one.range);
        if !is_known {
            self.found.push(one);
        }
    }
}
