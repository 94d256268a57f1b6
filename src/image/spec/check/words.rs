//! What is told where something does not hold: what is expected there.

pub(super) const REPOSITORY: &str = "the name of an image without its tag is expected: lower case, `registry.example.org/team/hello`";
pub(super) const TAG: &str =
    "a tag is expected: at most 128 letters, digits, `_`, `.` and `-`, not first `.` or `-`";
pub(super) const ATTR_PATH: &str = "an attribute path is expected: `python312Packages.requests`";
pub(super) const IMAGE_PATH: &str =
    "an absolute path is expected, without `.`, `..` and empty parts";
pub(super) const RELATIVE: &str =
    "a path from the folder of this file is expected, not an absolute one";
pub(super) const STORE_NAME: &str =
    "a name is expected: letters, digits, `+`, `-`, `.`, `_`, `?` and `=`, not first `.`";
pub(super) const PROGRAM: &str = "the name of a program in `bin` is expected, without `/`";
pub(super) const SCRIPT: &str = "the name of a script is expected";
pub(super) const SHA: &str = "a full SHA is expected: 40 hexadecimal digits in lower case";
pub(super) const VERSION: &str =
    "a version is expected: at most 128 letters, digits, `_`, `.` and `-`, not first `.` or `-`";
pub(super) const PINNED_IMAGE: &str =
    "an image by digest is expected: `docker.io/library/debian:13-slim@sha256:…`";
