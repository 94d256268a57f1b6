//! One instruction of the stage that builds.

use serde::Serialize;

/// Makes the folder that becomes the image's root.
pub const MAKE_ROOT: &[&str] = &["mkdir", "-p", "/rootfs"];
/// Puts a text into a file: the text, the path, the mode.
const PUT: &str = r#"mkdir -p "$(dirname "$2")" && printf %s "$1" >"$2" && chmod "$3" "$2""#;

/// One instruction of the first stage; the one of its values that is there says which.
#[derive(Debug, Default, Serialize)]
pub struct Step {
    pub copy: Option<Vec<String>>,
    pub add: Option<Vec<String>>,
    pub checksum: Option<String>,
    pub variable: Option<String>,
    pub value: Option<String>,
    pub run: Option<Vec<String>>,
}

impl Step {
    pub fn run(words: &[&str]) -> Step {
        Step {
            run: Some(words.iter().map(|word| (*word).to_owned()).collect()),
            ..Step::default()
        }
    }

    pub fn copy(from: &str, to: &str) -> Step {
        Step {
            copy: Some(vec![from.to_owned(), to.to_owned()]),
            ..Step::default()
        }
    }

    pub fn put(text: &str, path: &str, mode: &str) -> Step {
        Step::run(&["sh", "-c", PUT, "sh", text, path, mode])
    }

    pub fn variable(name: &str, value: &str) -> Step {
        Step {
            variable: Some(name.to_owned()),
            value: Some(value.to_owned()),
            ..Step::default()
        }
    }
}
