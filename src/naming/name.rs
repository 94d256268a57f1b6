//! Names of values in the user's files: `container:attrpath`.

use std::fmt;

/// `kingfisher:features.clone-url-base`: which container, and which value in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    pub container: String,
    pub attrpath: String,
}

impl Name {
    pub fn new(container: &str, path: &[String]) -> Name {
        let attrpath = path
            .iter()
            .map(|key| quoted(key))
            .collect::<Vec<_>>()
            .join(".");
        Name {
            container: container.to_owned(),
            attrpath,
        }
    }
}

/// A key as Nix would write it in an attribute path.
fn quoted(key: &str) -> String {
    let bare = !key.is_empty()
        && key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'\'' | b'*'));
    if bare {
        key.to_owned()
    } else {
        format!("\"{}\"", crate::syntax::encode_double_quoted(key))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.container, self.attrpath)
    }
}

impl serde::Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn odd_keys_are_quoted() {
        let path = ["features".to_owned(), "a.b".to_owned(), "0".to_owned()];
        assert_eq!(Name::new("k", &path).to_string(), "k:features.\"a.b\".0");
    }
}
