//! Whether what is fetched lies on this machine, as far as the text tells: of that the tree itself is wanted.

use crate::syntax::{Attrs, Library, Value};

/// Whether `start`, the beginning of a URL, says that it leads elsewhere: it has a scheme, or is `git@host:path`.
pub fn is_remote(start: &str) -> bool {
    let is_scp = start
        .split_once(':')
        .is_some_and(|(host, _)| host.contains('@') && !host.contains('/'));
    start.contains("://") || is_scp
}

/// Whether the `url` is a path of this machine.
pub fn is_local(library: &Library, attrs: &Attrs) -> bool {
    matches!(attrs.get(library, "url"), Value::Path(_))
        || attrs
            .text_start(library, "url")
            .is_some_and(|start| start.starts_with(['/', '.', '~']))
}

#[cfg(test)]
mod tests {
    use super::is_remote;

    #[test]
    fn a_url_leads_elsewhere_and_a_path_does_not() {
        for url in [
            "https://h/x",
            "ssh://git@h/x",
            "git@h:o/r.git",
            "file:///srv/r",
        ] {
            assert!(is_remote(url), "{url}");
        }
        for path in ["", ".", "./x", "/srv/a:b", "x@y/z:1"] {
            assert!(!is_remote(path), "{path}");
        }
    }
}
