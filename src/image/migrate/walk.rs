//! What a line of stages puts together, one instruction after the other: its files, commands and config.

use super::act::{self, Act};
use super::base;
use super::download;
use super::made::{Copy, Made, Named, Run};
use super::path;
use super::read::{CopyText, Document, Flagged, Given, RunText, What};
use super::scope::{Scope, UnknownName, Value, split};
use super::stage::{Stages, declare};
use crate::image::spec::LinuxSystem;
use crate::shell::{Command, Done, statements};
use crate::source::SourceFile;

pub struct Walk<'d> {
    pub document: &'d Document,
    pub source: &'d SourceFile,
    pub stages: &'d Stages,
    pub arguments: &'d [(String, String)],
    pub system: LinuxSystem,
}

impl Walk<'_> {
    /// What the stages of `line` are made of.
    pub fn line(&self, line: &[usize]) -> Made {
        let image = self.stages.image_of(line);
        let base = image.as_deref().ok().and_then(base::known);
        let mut made = Made {
            workdir: base.as_ref().map_or("/", |base| base.workdir).to_owned(),
            ..Made::default()
        };
        made.scope.is_open = base.is_none();
        for (name, value) in base.iter().flat_map(|base| &base.env) {
            made.env
                .insert((*name).to_owned(), (Ok(value.clone()), None));
        }
        if base.is_some() && !made.env.contains_key("PATH") {
            made.scope.set("PATH", Value::Known(base::PATH.to_owned()));
        }
        made.base = base;
        made.image = Some(image);
        for stage in line.iter().filter_map(|at| self.stages.all.get(*at)) {
            // Arguments hold for one stage, variables for those after it too.
            let mut scope = Scope::new(made.scope.is_open);
            if let Value::Known(path) = made.scope.get("PATH") {
                scope.set("PATH", Value::Known(path));
            }
            for (name, (value, _)) in &made.env {
                scope.set(name, value.clone().map_or(Value::Unknown, Value::Known));
            }
            made.scope = scope;
            for number in stage.steps.clone() {
                if let Some(step) = self.document.steps.get(number) {
                    self.step(number, &step.what, &mut made);
                }
            }
        }
        made
    }

    fn step(&self, step: usize, what: &What, made: &mut Made) {
        let escape = self.document.escape;
        let expand = |text: &str, made: &Made| made.scope.expand(text, escape);
        match what {
            What::From { .. } => {}
            What::Arg(text) => {
                let mut scope = made.scope.clone();
                declare(
                    text,
                    &mut scope,
                    Some(&self.stages.global),
                    self.arguments,
                    escape,
                    self.system,
                );
                // What `ENV` says counts more.
                for (name, (value, _)) in &made.env {
                    scope.set(name, value.clone().map_or(Value::Unknown, Value::Known));
                }
                made.scope = scope;
                made.arguments.push(step);
            }
            What::Env(text) => {
                let pairs = self.pairs(step, text, &made.scope);
                for Named { name, value, .. } in pairs {
                    made.scope
                        .set(&name, value.clone().map_or(Value::Unknown, Value::Known));
                    made.env.insert(name, (value, Some(step)));
                }
            }
            What::Label(text) => made.labels.extend(self.pairs(step, text, &made.scope)),
            What::Copy(copy) => {
                let copy = self.copy(step, copy, made);
                made.copies.push(copy);
            }
            What::Run { options, command } => self.run(step, options, command, made),
            What::Cmd(args) => made
                .replaced
                .extend(made.cmd.replace((step, args.clone())).map(|(old, _)| old)),
            What::Entrypoint(args) => {
                made.replaced.extend(
                    made.entrypoint
                        .replace((step, args.clone()))
                        .map(|(old, _)| old),
                );
                // Docker forgets the command of what was there before.
                if let Some((old, _)) = made.cmd.take_if(|(old, _)| *old < self.first_of(step)) {
                    made.replaced.push(old);
                }
            }
            What::Expose(ports) => {
                for port in ports {
                    let value = expand(port, made);
                    made.ports.push(named(step, value));
                }
            }
            What::Volume(volumes) => {
                for volume in volumes {
                    let value = expand(volume, made).map(|volume| path::absolute("/", &volume));
                    made.volumes.push(named(step, value));
                }
            }
            What::User(user) => {
                let user = expand(user, made);
                made.users.push((step, user));
            }
            What::Workdir(folder) => {
                let folder =
                    expand(folder, made).map(|folder| path::absolute(&made.workdir, &folder));
                if let Ok(folder) = &folder {
                    made.workdir.clone_from(folder);
                }
                made.workdirs.push((step, folder));
            }
            What::StopSignal(signal) => {
                let signal = expand(signal, made);
                made.replaced
                    .extend(made.stop_signal.replace((step, signal)).map(|(old, _)| old));
            }
            What::Shell(words) => made.replaced.extend(
                made.shell
                    .replace((step, words.clone()))
                    .map(|(old, _)| old),
            ),
            What::Healthcheck { options, test } => {
                let check = (step, options.clone(), test.clone());
                made.replaced
                    .extend(made.healthcheck.replace(check).map(|(old, ..)| old));
            }
            What::Maintainer(name) => {
                let name = (step, name.clone());
                made.replaced
                    .extend(made.maintainer.replace(name).map(|(old, _)| old));
            }
            What::Onbuild => made.onbuild.push(step),
            What::Unknown => made.unknown.push(step),
        }
    }

    /// The number of the first instruction of the stage that `step` is in.
    fn first_of(&self, step: usize) -> usize {
        let stage = self.stages.all.iter().rev().find(|stage| stage.from < step);
        stage.map_or(0, |stage| stage.from)
    }

    /// `A=1 B="two"`, and the old `A one value`.
    fn pairs(&self, step: usize, text: &str, scope: &Scope) -> Vec<Named> {
        let escape = self.document.escape;
        let words = split(text, escape);
        let is_old = words.first().is_some_and(|word| !word.contains('='));
        if is_old {
            let (name, value) = text
                .trim()
                .split_once(char::is_whitespace)
                .unwrap_or((text.trim(), ""));
            return vec![Named {
                step,
                name: name.to_owned(),
                value: scope.expand(value.trim(), escape),
            }];
        }
        let pair = |word: &String| {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            Named {
                step,
                name: scope
                    .expand(name, escape)
                    .unwrap_or_else(|_| name.to_owned()),
                value: scope.expand(value, escape),
            }
        };
        words.iter().map(pair).collect()
    }

    fn copy(&self, step: usize, copy: &CopyText, made: &Made) -> Copy {
        let escape = self.document.escape;
        let expand = |text: &str| made.scope.expand(text, escape);
        let dest = expand(&copy.dest).map(|dest| {
            let full = path::absolute(&made.workdir, &dest);
            let is_folder = dest.ends_with('/')
                || dest == "."
                || dest.ends_with("/.")
                || copy.sources.len() > 1;
            match is_folder && full != "/" {
                true => full + "/",
                false => full,
            }
        });
        let mut found = Copy {
            step,
            is_add: copy.is_add,
            from: None,
            sources: Vec::new(),
            dest,
            mode: None,
            has_owner: false,
            others: Vec::new(),
        };
        for source in &copy.sources {
            match source {
                Given::Path(text) => match expand(text) {
                    Ok(text) => found.sources.push(Given::Path(text)),
                    Err(name) => found.dest = Err(name),
                },
                Given::Text {
                    text,
                    expands: true,
                } => match made.scope.expand_document(text, escape) {
                    Ok(text) => found.sources.push(Given::Text {
                        text,
                        expands: false,
                    }),
                    Err(name) => found.dest = Err(name),
                },
                text => found.sources.push(text.clone()),
            }
        }
        for Flagged { name, value } in &copy.options {
            match name.as_str() {
                "from" => found.from = Some(expand(value).unwrap_or_else(|_| value.clone())),
                "chmod" => found.mode = Some(value.clone()),
                "chown" => found.has_owner = true,
                "link" => {}
                _ => found.others.push(name.clone()),
            }
        }
        found
    }

    fn run(&self, step: usize, options: &[Flagged], command: &RunText, made: &mut Made) {
        let has_secret = options.iter().any(|option| {
            option.name == "mount"
                && (option.value.contains("type=secret") || option.value.contains("type=ssh"))
        });
        let line = self.document.steps.get(step).map_or(1, |step| step.line);
        let whole = self
            .document
            .steps
            .get(step)
            .map_or("", |step| step.text.as_str());
        let mut run = Run {
            step,
            line,
            written: whole.to_owned(),
            act: Act::Unknown,
            folder: made.workdir.clone(),
            has_secret,
        };
        let text = match command {
            RunText::Exec(words) => {
                let words: Vec<Option<String>> = words.iter().cloned().map(Some).collect();
                run.act = act::act(&words);
                made.runs.push(run);
                return;
            }
            RunText::Other => {
                made.runs.push(run);
                return;
            }
            RunText::Shell(text) => text,
        };
        // Variables of this shell.
        let mut scope = made.scope.clone();
        let all = statements(text);
        if all.is_empty() {
            run.act = Act::Nothing("it runs nothing");
            made.runs.push(run);
            return;
        }
        for statement in all {
            run.line = self.source.position(statement.origin.start).line.max(line);
            run.written.clone_from(&statement.written);
            let words = |command: &Command| -> Vec<Option<String>> {
                command.words.iter().map(|word| scope.word(word)).collect()
            };
            run.act = match &statement.done {
                Done::Command(command) => {
                    let words = words(command);
                    // `cd` holds for what comes after it.
                    if let [Some(program), Some(folder)] = words.as_slice()
                        && program == "cd"
                    {
                        run.folder = path::absolute(&run.folder, folder);
                    }
                    if words.is_empty() {
                        Act::Nothing("it only sets variables of the shell")
                    } else {
                        act::act(&words)
                    }
                }
                Done::Pipe(commands) => {
                    download::pipe(&commands.iter().map(words).collect::<Vec<_>>())
                }
                Done::Write(..) | Done::Other => Act::Unknown,
                Done::Set(values) => {
                    for (name, value) in values {
                        let value = value
                            .as_ref()
                            .map_or(Some(String::new()), |value| scope.word(value));
                        scope.set(name, value.map_or(Value::Unknown, Value::Known));
                    }
                    Act::Nothing("it only sets variables of the shell")
                }
            };
            made.runs.push(run.clone());
        }
    }
}

fn named(step: usize, value: Result<String, UnknownName>) -> Named {
    Named {
        step,
        name: String::new(),
        value,
    }
}
