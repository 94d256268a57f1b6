//! Paths from the folder of what is emitted, as text.

use crate::source::RelPath;

/// `path`, which is from the folder `from`, from where `from` is seen. `.` for that place itself.
pub fn join(from: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in from.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    match parts.is_empty() {
        true => ".".to_owned(),
        false => parts.join("/"),
    }
}

/// Whether `path` is the folder that it is seen from, or one that holds that.
pub fn is_around(path: &str) -> bool {
    path.split('/').all(|part| matches!(part, "" | "." | ".."))
}

/// The folder of a path in the image; empty for the root.
pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The way from one folder of the workspace to another.
pub fn way_between(from: &RelPath, to: &RelPath) -> String {
    let parts = |path: &RelPath| -> Vec<String> {
        let parts = path.as_str().split('/').filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    };
    let (from, to) = (parts(from), parts(to));
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from.iter().skip(common).map(|_| "..");
    let down = to.iter().skip(common).map(String::as_str);
    let way: Vec<&str> = up.chain(down).collect();
    match way.is_empty() {
        true => ".".to_owned(),
        false => way.join("/"),
    }
}

/// `path` as it is seen from `folder`, both from one place; `None` where it does not lie below it.
pub fn below<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    match folder {
        "." if path.starts_with("../") || path == ".." => None,
        "." => Some(path),
        folder if folder == path => Some("."),
        folder => path.strip_prefix(folder)?.strip_prefix('/'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        assert_eq!(join(".", "run.sh"), "run.sh");
        assert_eq!(join("../app", "./x/../run.sh"), "../app/run.sh");
        assert_eq!(join("../app", "../run.sh"), "../run.sh");
        assert_eq!(join("..", "../run.sh"), "../../run.sh");
        assert_eq!(join(".", "."), ".");
        assert_eq!(folder_of("/app/run.sh"), "/app");
        assert_eq!(folder_of("/run.sh"), "");
        let way = |from, to| way_between(&RelPath::new(from).unwrap(), &RelPath::new(to).unwrap());
        assert_eq!(way("a/b", "a/c"), "../c");
        assert_eq!(way("a", "a"), ".");
        assert_eq!(way("a", ""), "..");
        assert_eq!(way("", "a/b"), "a/b");
        assert_eq!(below(".", "a/b"), Some("a/b"));
        assert_eq!(below("a", "a/b"), Some("b"));
        assert_eq!(below("a", "a"), Some("."));
        assert_eq!(below("a", "ab"), None);
        assert_eq!(below(".", "../a"), None);
        assert_eq!(below("../a", "../a/b"), Some("b"));
    }
}
