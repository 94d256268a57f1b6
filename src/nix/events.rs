//! What Nix tells of its work while it works: the lines of `--log-format internal-json`.
//!
//! The shape is that of `JSONLogger` in Nix's `libutil/logging.cc`; Lix writes the same. Not here: what a message
//! means (`mismatch`, `failure`) and what the events of one run add up to (`builds`).

use serde_json::Value;

use crate::process::redact;

/// What a line begins with when it is an event.
const MARK: &str = "@nix ";

/// `actBuild`: an activity that is one derivation's build.
const BUILD: u64 = 105;
/// `resBuildLogLine` and `resPostBuildLogLine`, `resSetPhase`.
const LOG_LINE: u64 = 101;
const POST_LOG_LINE: u64 = 107;
const PHASE: u64 = 104;

/// One line of Nix's standard error. Texts are without colours, other control characters and credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A build begins: an activity with this id.
    BuildStarted {
        id: u64,
        drv: String,
        /// The remote builder that does it; `None` is this machine.
        machine: Option<String>,
    },
    /// Any other activity begins.
    Started {
        id: u64,
        kind: u64,
        text: String,
    },
    /// An activity, a build or another, is over; how is not said.
    Stopped {
        id: u64,
    },
    /// A line of the log of build `id`: what its builder printed.
    LogLine {
        id: u64,
        line: String,
    },
    /// Build `id` has come to this phase.
    Phase {
        id: u64,
        phase: String,
    },
    Message(Message),
    /// An event of no use here, or of a kind that is not known.
    Other,
    /// A line that is no event.
    Plain(String),
}

/// Something that Nix says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// 0 is an error, 1 a warning; see `Verbosity` in Nix.
    pub level: u64,
    /// Without the `error: ` in front.
    pub text: String,
    /// Nix's own error, and no mere text at the level of one. A builder can have such a text printed (a line of its
    /// own that begins with `@nix`); but a daemon passes on its errors as texts, and Nix before 2.4 has no others.
    pub is_error: bool,
    /// Where in a Nix file it is, as far as Nix says it.
    pub position: Option<Position>,
}

/// A place in a file that Nix names: its line and column, from 1 on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    pub file: String,
    pub line: u64,
    pub column: u64,
}

impl Event {
    /// Reads one line, without its line ending.
    pub fn parse(line: &[u8]) -> Event {
        let text = String::from_utf8_lossy(line);
        let Some(json) = text.strip_prefix(MARK) else {
            return Event::Plain(clean(&text));
        };
        let Ok(value) = serde_json::from_str::<Value>(json) else {
            return Event::Plain(clean(&text));
        };
        read(&value).unwrap_or(Event::Other)
    }
}

fn read(value: &Value) -> Option<Event> {
    let number = |key: &str| value.get(key).and_then(Value::as_u64);
    let string = |key: &str| value.get(key).and_then(Value::as_str);
    let field = |index: usize| value.get("fields")?.get(index)?.as_str();
    Some(match string("action")? {
        "start" => {
            let (id, kind) = (number("id")?, number("type")?);
            match field(0) {
                Some(drv) if kind == BUILD => Event::BuildStarted {
                    id,
                    drv: drv.to_owned(),
                    machine: field(1).filter(|m| !m.is_empty()).map(clean),
                },
                _ => Event::Started {
                    id,
                    kind,
                    text: clean(string("text").unwrap_or_default()),
                },
            }
        }
        "stop" => Event::Stopped { id: number("id")? },
        "result" => {
            let id = number("id")?;
            match number("type")? {
                LOG_LINE | POST_LOG_LINE => Event::LogLine {
                    id,
                    line: clean(field(0)?),
                },
                PHASE => Event::Phase {
                    id,
                    phase: clean(field(0)?),
                },
                _ => Event::Other,
            }
        }
        "msg" => {
            let raw = string("raw_msg");
            let text = clean(raw.or(string("msg"))?);
            Event::Message(Message {
                level: number("level").unwrap_or(0),
                text: text.strip_prefix("error: ").unwrap_or(&text).to_owned(),
                is_error: raw.is_some(),
                position: position(value),
            })
        }
        _ => Event::Other,
    })
}

/// Where the error is, or else the innermost place of its trace, which newer versions end with.
fn position(value: &Value) -> Option<Position> {
    if let Some(file) = value.get("file").and_then(Value::as_str) {
        let (line, column) = (value.get("line")?.as_u64()?, value.get("column")?.as_u64()?);
        // Nix 2.26 and newer say the place again within the name.
        let place = format!(":{line}:{column}");
        let file = file.strip_suffix(&place).unwrap_or(file).to_owned();
        return file
            .starts_with('/')
            .then_some(Position { file, line, column });
    }
    let text = clean(value.get("msg")?.as_str()?);
    let mut places = text.lines().rev().filter_map(|line| {
        let place = line.trim().strip_prefix("at /")?.strip_suffix(':')?;
        let (place, column) = place.rsplit_once(':')?;
        let (file, line) = place.rsplit_once(':')?;
        Some(Position {
            file: format!("/{file}"),
            line: line.parse().ok()?,
            column: column.parse().ok()?,
        })
    });
    places.next()
}

/// `text` as it may be shown: no colours, no control characters but for line ends and tabs, no credentials.
fn clean(text: &str) -> String {
    let plain = anstream::adapter::strip_str(text).to_string();
    let shown: String = plain
        .trim_end()
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect();
    redact(&shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_kind() {
        for (line, event) in [
            (
                r#"@nix {"action":"start","fields":["/nix/store/x-a.drv","",1,1],"id":7,"level":3,"parent":0,"text":"building","type":105}"#,
                Event::BuildStarted {
                    id: 7,
                    drv: "/nix/store/x-a.drv".into(),
                    machine: None,
                },
            ),
            (
                r#"@nix {"action":"start","fields":["/nix/store/x-a.drv","ssh://u:p@big",1,1],"id":7,"type":105}"#,
                Event::BuildStarted {
                    id: 7,
                    drv: "/nix/store/x-a.drv".into(),
                    machine: Some("ssh://u:***@big".into()),
                },
            ),
            (
                r#"@nix {"action":"start","id":8,"level":6,"text":"querying","type":0}"#,
                Event::Started {
                    id: 8,
                    kind: 0,
                    text: "querying".into(),
                },
            ),
            (r#"@nix {"action":"stop","id":8}"#, Event::Stopped { id: 8 }),
            (
                r#"@nix {"action":"result","fields":["\u001b[1mbold\u001b[0m\u0007 https://u:p@h\r"],"id":7,"type":101}"#,
                Event::LogLine {
                    id: 7,
                    line: "bold https://***@h".into(),
                },
            ),
            (
                r#"@nix {"action":"result","fields":["unpackPhase"],"id":7,"type":104}"#,
                Event::Phase {
                    id: 7,
                    phase: "unpackPhase".into(),
                },
            ),
            (
                r#"@nix {"action":"result","fields":[1,2,3,4],"id":7,"type":105}"#,
                Event::Other,
            ),
            (r#"@nix {"action":"dance"}"#, Event::Other),
            (r#"@nix {"action":"stop","id":"x"}"#, Event::Other),
            ("@nix [1]", Event::Other),
            ("@nix {", Event::Plain("@nix {".into())),
            ("fetching", Event::Plain("fetching".into())),
        ] {
            assert_eq!(Event::parse(line.as_bytes()), event, "{line}");
        }
        assert_eq!(Event::parse(b"\xff"), Event::Plain("\u{fffd}".into()));
    }

    #[test]
    fn an_error_is_told_from_a_text_at_the_level_of_one() {
        let text = r#"@nix {"action":"msg","level":0,"msg":"error: no"}"#;
        let error = r#"@nix {"action":"msg","column":3,"file":"/x/a.nix","level":0,"line":2,"msg":"\u001b[31;1merror:\u001b[0m no","raw_msg":"no"}"#;
        let message = |line: &str| match Event::parse(line.as_bytes()) {
            Event::Message(message) => message,
            other => panic!("{other:?}"),
        };
        assert!(!message(text).is_error && message(error).is_error);
        assert_eq!(message(text).text, message(error).text);
        let position = message(error).position.unwrap();
        assert_eq!((position.line, position.column), (2, 3));
    }
}
