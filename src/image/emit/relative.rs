//! Paths from the folder of what is emitted, as text.

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

/// The way from the folder `out` to the folder `to`, both absolute, or both from one place.
pub fn way(out: &[&str], to: &[&str]) -> String {
    let common = out.iter().zip(to).take_while(|(a, b)| a == b).count();
    let up = out.iter().skip(common).map(|_| "..");
    let down = to.iter().skip(common).copied();
    let parts: Vec<&str> = up.chain(down).collect();
    match parts.is_empty() {
        true => ".".to_owned(),
        false => parts.join("/"),
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
        assert_eq!(way(&["a", "b"], &["a", "c"]), "../c");
        assert_eq!(way(&["a"], &["a"]), ".");
    }
}
