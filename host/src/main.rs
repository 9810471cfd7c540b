//! The `sandtable` command. All of it is a thin layer over the library.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
