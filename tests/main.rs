//! Behaviour through the front door, in one binary.
//!
//! Guests are in `guests/`, one behaviour each; they are built once a run.
#![allow(clippy::unwrap_used)]

mod harness;

mod alternatives;
mod anew;
mod backup;
mod bad_input;
mod calls;
mod cli;
mod columns;
mod determinism;
mod drills;
mod durability;
mod earth;
mod edits;
mod export;
mod extension;
#[cfg(unix)]
mod failing_disk;
mod faults;
mod fixtures;
mod forks;
mod fuzz;
mod guide;
mod heavy;
mod history;
mod inputs;
mod javascript;
mod javascript_values;
mod kill;
mod kinds;
mod labels;
mod logs;
mod manifests;
#[cfg(unix)]
mod mirror;
mod mosaic;
mod naive;
mod names;
mod nats;
mod novel;
mod outbox;
mod output;
mod outside;
#[cfg(unix)]
mod own_logs;
mod packs;
mod place;
#[cfg(unix)]
mod postgres;
#[cfg(unix)]
mod power;
mod queries;
mod questions;
mod readers;
mod relay;
mod reload;
mod repair;
mod running;
mod scaffold;
mod scenarios;
mod serve;
mod settings;
mod shell;
mod swaps;
mod tables;
mod time;
mod timed;
#[cfg(feature = "otlp")]
mod traces;
#[cfg(unix)]
mod unsaved;
mod values;
mod versions;
mod waiting;
mod workers;
