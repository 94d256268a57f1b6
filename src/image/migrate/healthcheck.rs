//! The check that Docker runs.

use super::draft::Draft;
use super::path;
use super::read::{Args, Flagged};
use crate::image::spec::{Healthcheck, Source};

pub fn take(draft: &mut Draft) {
    let Some((step, options, test)) = &draft.image().healthcheck else {
        return;
    };
    let Some(test) = test else {
        draft
            .ledger
            .covered(*step, "an image has no check unless it says one");
        return;
    };
    let mut check = Healthcheck {
        test: Vec::new(),
        interval: None,
        timeout: None,
        start_period: None,
        retries: None,
    };
    for Flagged { name, value } in options {
        let seconds = seconds(value);
        let known = match name.as_str() {
            "interval" => Some(&mut check.interval),
            "timeout" => Some(&mut check.timeout),
            "start-period" => Some(&mut check.start_period),
            _ => None,
        };
        match (known, seconds) {
            (Some(place), Some(seconds)) => *place = Some(seconds),
            (None, _) if name == "retries" => check.retries = value.parse().ok(),
            _ => {
                let why = format!(
                    "`--{name}={value}` is not in whole seconds, or has no key in the spec"
                );
                draft.ledger.decide(
                    *step,
                    why,
                    &["write the check into `[image.config.healthcheck]`"],
                );
            }
        }
    }
    let (program, is_shell) = match test {
        Args::Exec(words) => {
            check.test = ["CMD".to_owned()]
                .into_iter()
                .chain(words.iter().cloned())
                .collect();
            (words.first().cloned().unwrap_or_default(), false)
        }
        Args::Shell(text) => {
            check.test = vec!["CMD-SHELL".to_owned(), text.clone()];
            (
                text.split_whitespace()
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
                true,
            )
        }
    };
    if check.test.len() < 2 {
        return;
    }
    draft.spec.config.healthcheck = Some(check);
    draft.ledger.spec(
        *step,
        "config.healthcheck, which Docker runs and Kubernetes does not",
    );
    if is_shell
        && draft
            .spec
            .contents
            .iter()
            .all(|name| !matches!(name.as_str(), "bash" | "busybox"))
    {
        super::script::tools(draft);
    }
    let name = path::name(&program);
    let has = |package: &str| draft.spec.contents.iter().any(|has| has == package);
    let is_there = has(name)
        || has("busybox")
            && matches!(
                name,
                "wget"
                    | "nc"
                    | "test"
                    | "sh"
                    | "pgrep"
                    | "grep"
                    | "["
                    | "kill"
                    | "true"
                    | "exit"
                    | "pidof"
            )
        || has("bash")
            && matches!(
                name,
                "test" | "[" | "exit" | "bash" | "sh" | "true" | "kill"
            )
        || matches!(&draft.spec.source, Source::Package(package) if package.program.as_deref() == Some(name))
        || draft.start.program_name() == name && !matches!(draft.spec.source, Source::Python(_));
    if !is_there {
        draft.ledger.decide(
            *step,
            format!("the check runs `{program}`, and whether that is in the image is not known"),
            &[
                "add the package that has it to `contents`",
                "leave the check out: Kubernetes has probes of its own",
            ],
        );
    }
}

/// A duration as Go writes it, in whole seconds.
fn seconds(text: &str) -> Option<u32> {
    let mut total = 0_u32;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|sign: char| !sign.is_ascii_digit())?;
        let number: u32 = rest.get(..end)?.parse().ok()?;
        let behind = rest.get(end..)?;
        let length = behind
            .find(|sign: char| sign.is_ascii_digit())
            .unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(length);
        let seconds = match unit {
            "h" => number.checked_mul(3600)?,
            "m" => number.checked_mul(60)?,
            "s" => number,
            "ms" if number.is_multiple_of(1000) => number / 1000,
            _ => return None,
        };
        total = total.checked_add(seconds)?;
        rest = behind;
    }
    (total > 0).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn durations_are_whole_seconds() {
        for (text, wanted) in [
            ("30s", Some(30)),
            ("1m30s", Some(90)),
            ("2000ms", Some(2)),
            ("500ms", None),
            ("1.5s", None),
            ("", None),
            ("5", None),
        ] {
            assert_eq!(seconds(text), wanted, "{text}");
        }
    }
}
