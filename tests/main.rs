//! Behaviour through the front door, in one binary.
//!
//! Guests are in `guests/`, one behaviour each; they are built once a run.
#![allow(clippy::unwrap_used)]

mod harness;

mod backup;
mod bad_input;
mod cli;
mod columns;
mod determinism;
mod durability;
mod earth;
mod export;
mod faults;
mod fixtures;
mod fuzz;
mod heavy;
mod kill;
mod manifests;
mod packs;
mod place;
mod reload;
mod repair;
mod running;
mod scaffold;
mod scenarios;
mod tables;
