//! Benchmarks against peers, interleaved in one run.
//!
//! `cargo bench` runs all; `cargo bench -- iter commit` those whose name
//! contains one of the words. The table it prints is explained in README.md.

mod compare;
mod iter;
mod mods;

fn main() {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let mut table = compare::Table::new(words);
    iter::simple(&mut table);
}
