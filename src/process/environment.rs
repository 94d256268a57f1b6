//! What a program that cotter runs gets to see of cotter's own environment.

use std::process::Command;

/// What git tells a hook about the repository that the hook runs for. A git or a Nix started there would take
/// them for its own repository. The list is that of `git rev-parse --local-env-vars` and what has been on it,
/// but for the settings of `git -c` and `GIT_CONFIG_COUNT`: these are the user's, and hold no repository.
pub const REPOSITORY_VARIABLES: [&str; 16] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// Set whatever the user has: output is read, and there is no terminal to ask on. A program in a background
/// process group that reads the terminal all the same would be halted until the timeout.
const FIXED: [(&str, &str); 3] = [
    ("LC_ALL", "C"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("SSH_ASKPASS_REQUIRE", "force"),
];

/// Takes away and sets what the constants above say; all else, such as `NIX_*`, proxies and `HOME`, stays.
pub(super) fn prepare(command: &mut Command) {
    for name in REPOSITORY_VARIABLES {
        command.env_remove(name);
    }
    // It would win over LC_ALL in a program that translates its messages.
    command.env_remove("LANGUAGE");
    command.envs(FIXED);
}
