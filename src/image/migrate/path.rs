//! Paths in images, and paths of the build context, as text.

/// `path`, seen from `folder`, without `.`, `..` and empty parts.
pub fn absolute(folder: &str, path: &str) -> String {
    let from = if path.starts_with('/') { "" } else { folder };
    let parts = normal(from.split('/').chain(path.split('/')));
    format!("/{}", parts.join("/"))
}

/// A path of the build context: nothing lies outside of that, and `/x` is `x`.
pub fn in_context(path: &str) -> String {
    let parts = normal(path.split('/'));
    match parts.is_empty() {
        true => ".".to_owned(),
        false => parts.join("/"),
    }
}

fn normal<'p>(all: impl Iterator<Item = &'p str>) -> Vec<&'p str> {
    let mut parts = Vec::new();
    for part in all {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts
}

/// What lies below `folder`, seen from there; empty for the folder itself.
pub fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let folder = folder.trim_end_matches('/');
    let rest = path.strip_prefix(folder)?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_matches('/'))
}

pub fn name(path: &str) -> &str {
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(path)
}

/// `path` of the context, in `folder` of it.
pub fn join(folder: &str, path: &str) -> String {
    in_context(&format!("{folder}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normal() {
        assert_eq!(absolute("/app", "x/../y/"), "/app/y");
        assert_eq!(absolute("/app", "/../"), "/");
        assert_eq!(in_context("./a/../../b"), "b");
        assert_eq!(in_context("/"), ".");
        assert_eq!(below("/app/x", "/app/"), Some("x"));
        assert_eq!(below("/app", "/app"), Some(""));
        assert_eq!(below("/apple", "/app"), None);
        assert_eq!(join(".", "x"), "x");
    }
}
