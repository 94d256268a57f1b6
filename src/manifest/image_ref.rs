//! Image references as manifests hold them, `registry:port/name:TAG@sha256:…`: where the tag stands.
//!
//! Never normalises (no `docker.io/library/`): what is not the tag is kept byte by byte. Grammar: distribution/reference.

use std::ops::Range;

/// An image reference, taken apart. Ranges count bytes of the text that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRef {
    pub name: Range<usize>,
    pub tag: Option<Range<usize>>,
    /// With its algorithm: `sha256:…`.
    pub digest: Option<Range<usize>>,
}

/// Takes a reference apart. A text without `/` and `:` is a name; whether it is meant as a bare tag the caller knows.
pub fn read(text: &str) -> ImageRef {
    let (body, digest) = match text.find('@') {
        Some(at) => (at, Some(at + 1..text.len())),
        None => (text.len(), None),
    };
    let slash = text
        .get(..body)
        .and_then(|b| b.rfind('/'))
        .map_or(0, |at| at + 1);
    // A colon before the last slash is a port.
    let colon = text
        .get(slash..body)
        .and_then(|last| last.find(':'))
        .map(|at| slash + at);
    ImageRef {
        name: 0..colon.unwrap_or(body),
        tag: colon.map(|at| at + 1..body),
        digest,
    }
}

impl ImageRef {
    /// `text`, from which this was read, with another tag; `None` when it has none, or a digest that would then lie.
    pub fn with_tag(&self, text: &str, tag: &str) -> Option<String> {
        if self.digest.is_some() {
            return None;
        }
        let range = self.tag.clone()?;
        Some(format!("{}{tag}", text.get(..range.start)?))
    }

    pub fn tag_in<'a>(&self, text: &'a str) -> Option<&'a str> {
        text.get(self.tag.clone()?)
    }

    pub fn name_in<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.name.clone()).unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_port_is_no_tag() {
        for (text, name, tag, changed) in [
            (
                "r.example.org/t/k:1d37d29",
                "r.example.org/t/k",
                Some("1d37d29"),
                Some("r.example.org/t/k:new"),
            ),
            ("localhost:5000/k", "localhost:5000/k", None, None),
            (
                "localhost:5000/k:v1",
                "localhost:5000/k",
                Some("v1"),
                Some("localhost:5000/k:new"),
            ),
            ("k:v1", "k", Some("v1"), Some("k:new")),
            ("k", "k", None, None),
            ("h:5000/k@sha256:00", "h:5000/k", None, None),
            ("k:v1@sha256:00", "k", Some("v1"), None),
            ("", "", None, None),
            ("k:", "k", Some(""), Some("k:new")),
            ("é/ü:ö", "é/ü", Some("ö"), Some("é/ü:new")),
        ] {
            let image = read(text);
            assert_eq!(image.name_in(text), name, "{text}");
            assert_eq!(image.tag_in(text), tag, "{text}");
            assert_eq!(image.with_tag(text, "new").as_deref(), changed, "{text}");
        }
        assert_eq!(read("k:v1@sha256:00").digest, Some(5..14));
    }
}
