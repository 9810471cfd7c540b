//! The command line: what a person types, and how they are answered.
//!
//! One file a verb, each a thin call into the library. What a verb is asked for
//! goes to stdout, all else to stderr. A verb that fails says why in one line
//! and the process exits with 1; a command that cannot be understood exits
//! with 2, and `verify` with 3 when a tick differs, or a row of the audit log. A query whose reader has
//! seen enough ends quietly.
//!
//! Deliberately absent: anything that another program could want to do. That
//! belongs into the library.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod along;
mod ask;
mod asked;
mod audit;
mod backup;
mod blame;
mod branch;
mod build;
mod check;
mod dev;
mod diff;
mod digest;
mod doctor;
#[cfg(feature = "nats")]
mod drill;
mod edit;
mod embed;
mod export;
mod fork;
mod history;
mod info;
mod kinds;
mod logs;
mod mcp;
mod mirror;
mod mods;
#[cfg(feature = "nats")]
mod nats;
mod new;
mod on_air;
mod outbox;
mod pack;
mod prune;
#[cfg(feature = "nats")]
mod relay;
mod repair;
mod resume;
mod rewind;
mod run;
mod screen;
mod send;
mod serve;
mod shell;
mod slim;
mod snapshot;
mod sources;
mod spark;
mod sql;
mod stop;
mod table;
mod test;
mod text;
mod timeline;
mod token;
#[cfg(feature = "otlp")]
mod traces;
mod verify;
mod why;
#[cfg(feature = "nats")]
mod worker;
#[cfg(feature = "nats")]
mod workers;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Pages of columns come and go in every tick: this allocator keeps their memory, which
/// the system's gives back and faults in anew.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Worlds that run in one file each, with every system a sandboxed wasm mod.
#[derive(Parser)]
#[command(
    name = "sandtable",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = false,
    after_help = "\
Examples:
  sandtable new islands                         make a world with one mod
  sandtable run islands                         run it until Ctrl-C, as islands.db
  sandtable serve islands                       run it and watch it in the browser
  sandtable dev islands                         run it while its mods are written
  sandtable test islands/mods/islands           run its scenarios
  sandtable run --save islands.db --ticks 100   go on from the save alone
  sandtable info islands.db                     see what is in it
  sandtable sql islands.db \"SELECT * FROM entities LIMIT 5\"

SANDTABLE_LOG sets which log lines are shown: `debug` or `warn` for our own and those of mods,
`info,wasmtime=debug` for those of libraries too."
)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Run(run::Arguments),
    Serve(serve::Arguments),
    Dev(dev::Arguments),
    Check(check::Arguments),
    Test(test::Arguments),
    Send(send::Arguments),
    Edit(edit::Arguments),
    Fork(fork::Arguments),
    Resume(resume::Arguments),
    New(new::Arguments),
    Build(build::Arguments),
    Sql(sql::Arguments),
    Ask(ask::Arguments),
    History(history::Arguments),
    Blame(blame::Arguments),
    Diff(diff::Arguments),
    Digest(digest::Arguments),
    Why(why::Arguments),
    Timeline(timeline::Arguments),
    Info(info::Arguments),
    Kinds(kinds::Arguments),
    Logs(logs::Arguments),
    Mcp(mcp::Arguments),
    Mirror(mirror::Arguments),
    Backup(backup::Arguments),
    Rewind(rewind::Arguments),
    Branch(branch::Arguments),
    Snapshot(snapshot::Take),
    Snapshots(snapshot::List),
    Restore(snapshot::Restore),
    Verify(verify::Arguments),
    Prune(prune::Prune),
    Compact(prune::Compact),
    #[cfg(feature = "nats")]
    Relay(relay::Arguments),
    Repair(repair::Arguments),
    Export(export::Arguments),
    Mods(mods::Arguments),
    Pack(pack::Arguments),
    Slim(slim::Arguments),
    Embed(embed::Arguments),
    Token(token::Arguments),
    Audit(audit::Arguments),
    #[cfg(feature = "nats")]
    Worker(worker::Arguments),
    #[cfg(feature = "nats")]
    Workers(workers::Arguments),
    #[cfg(feature = "nats")]
    Drill(drill::Arguments),
    Doctor(doctor::Arguments),
}

/// Does what the command line asks for.
pub fn main() -> ExitCode {
    let done = match Arguments::parse().verb {
        Verb::Run(arguments) => run::run(arguments),
        Verb::Serve(arguments) => serve::run(arguments),
        Verb::Dev(arguments) => dev::run(arguments),
        Verb::Check(arguments) => check::run(arguments),
        Verb::Test(arguments) => test::run(arguments),
        Verb::Send(arguments) => match send::run(arguments) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Verb::Edit(arguments) => edit::run(arguments),
        Verb::Fork(arguments) => fork::run(arguments),
        Verb::Resume(arguments) => resume::run(arguments),
        Verb::New(arguments) => new::run(arguments),
        Verb::Build(arguments) => build::run(arguments),
        Verb::Sql(arguments) => sql::run(arguments),
        Verb::Ask(arguments) => ask::run(arguments),
        Verb::History(arguments) => history::run(arguments),
        Verb::Blame(arguments) => blame::run(arguments),
        Verb::Diff(arguments) => diff::run(arguments),
        Verb::Digest(arguments) => digest::run(arguments),
        Verb::Why(arguments) => why::run(arguments),
        Verb::Timeline(arguments) => timeline::run(arguments),
        Verb::Info(arguments) => info::run(arguments),
        Verb::Kinds(arguments) => kinds::run(arguments),
        Verb::Logs(arguments) => logs::run(arguments),
        Verb::Mcp(arguments) => mcp::run(arguments),
        Verb::Mirror(arguments) => match mirror::run(arguments) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Verb::Backup(arguments) => backup::run(arguments),
        Verb::Rewind(arguments) => rewind::run(arguments),
        Verb::Branch(arguments) => branch::run(arguments),
        Verb::Snapshot(arguments) => snapshot::take(arguments),
        Verb::Snapshots(arguments) => snapshot::list(arguments),
        Verb::Restore(arguments) => snapshot::restore(arguments),
        Verb::Verify(arguments) => match verify::run(arguments) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Verb::Prune(arguments) => prune::prune(arguments),
        Verb::Compact(arguments) => prune::compact(arguments),
        #[cfg(feature = "nats")]
        Verb::Relay(arguments) => relay::run(arguments),
        Verb::Repair(arguments) => repair::run(arguments),
        Verb::Export(arguments) => export::run(arguments),
        Verb::Mods(arguments) => mods::run(arguments),
        Verb::Pack(arguments) => pack::run(arguments),
        Verb::Slim(arguments) => slim::run(arguments),
        Verb::Embed(arguments) => embed::run(arguments),
        Verb::Token(arguments) => token::run(arguments),
        #[cfg(feature = "nats")]
        Verb::Worker(arguments) => worker::run(arguments),
        #[cfg(feature = "nats")]
        Verb::Workers(arguments) => workers::run(arguments),
        #[cfg(feature = "nats")]
        Verb::Drill(arguments) => drill::run(arguments),
        Verb::Doctor(arguments) => doctor::run(arguments),
        Verb::Audit(arguments) => match audit::run(arguments) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
    };
    #[cfg(feature = "otlp")]
    traces::flush();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of our output has seen enough of it.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let told = text::one_line(&format!("{error:#}"));
            screen::tell(&format!("{} {told}", screen::Mark::Error));
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Arguments::command().debug_assert();
    }
}
