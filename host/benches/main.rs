//! Benchmarks against peers, interleaved in one run.
//!
//! `cargo bench` runs all; `cargo bench -- iter commit` those whose name
//! contains one of the words. README.md has the table and what it means.
#![allow(missing_docs)]

mod commit;
mod compare;
mod growth;
mod iter;
mod mods;
mod past;
mod reload;
mod tables;
mod time;
mod waiting;

/// As in the command `sandtable`, and for all peers.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    if growth::one() {
        return;
    }
    let words = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let mut table = compare::Table::new(words);
    iter::simple(&mut table);
    iter::frag(&mut table);
    iter::heavy(&mut table);
    iter::schedule(&mut table);
    iter::add_remove(&mut table);
    iter::empty(&mut table);
    commit::dense_and_sparse(&mut table);
    commit::full(&mut table);
    commit::million(&mut table);
    past::history(&mut table);
    past::open(&mut table);
    past::snapshot(&mut table);
    tables::bulk(&mut table);
    tables::indexed(&mut table);
    time::seek_and_history(&mut table);
    waiting::waiting(&mut table);
    reload::hot_reload(&mut table);
    growth::growth(&mut table);
}
