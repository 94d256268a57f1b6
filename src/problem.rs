//! What is wrong with the user's files: values, told all at once, while the rest goes on.

use crate::manifest::ManifestError;
use crate::source::{Position, RelPath, SourceError};
use crate::syntax::SyntaxProblem;

/// Something wrong with a file of the user's: it is told, and the rest goes on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    pub file: RelPath,
    pub position: Position,
    pub message: String,
    pub hint: Option<String>,
}

impl Problem {
    pub fn unreadable(file: &RelPath, error: &SourceError) -> Problem {
        let line = match error {
            SourceError::NotUtf8 { line, .. } => *line,
            _ => 1,
        };
        let hint = matches!(error, SourceError::NotUtf8 { .. })
            .then(|| "save the file as UTF-8".to_owned());
        Problem {
            file: file.clone(),
            position: Position { line, column: 1 },
            message: error.reason(),
            hint,
        }
    }

    pub fn of_manifest(file: &RelPath, error: &ManifestError) -> Problem {
        let (position, message) = error.place();
        Problem {
            file: file.clone(),
            position,
            message,
            hint: error.hint().map(str::to_owned),
        }
    }
}

impl From<SyntaxProblem> for Problem {
    fn from(problem: SyntaxProblem) -> Problem {
        let SyntaxProblem {
            file,
            position,
            message,
            hint,
        } = problem;
        Problem {
            file,
            position,
            message,
            hint: hint.map(str::to_owned),
        }
    }
}

/// What the parser of JSON says is wrong, without the place, which is told by itself.
pub fn json_words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}
