//! The `cotter` command.

fn main() -> std::process::ExitCode {
    cotter::cli::main()
}
