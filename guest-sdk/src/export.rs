//! The three exports of a mod, on top of its manifest.

use crate::bindings::sandtable::guest::types::Description;
use crate::call::Call;
use crate::fault::Fault;
use crate::manifest::Manifest;

/// Answers `describe`.
#[doc(hidden)]
pub fn describe(manifest: &'static Manifest) -> Description {
    manifest.describe()
}

/// Answers `run`.
#[doc(hidden)]
pub fn run(manifest: &'static Manifest, call: Vec<u8>) -> Result<(), String> {
    let call = Call::read(move || manifest.kinds(), call)
        .map_err(|error| Fault::from(error.inside("call")).into_text())?;
    let system = call.header.system;
    match manifest.systems.get(system as usize) {
        Some(entry) => (entry.run)(&call).map_err(Fault::into_text),
        None => Err(format!("the host asked for system {system} of {}", manifest.systems.len())),
    }
}

/// Answers `convert`.
#[doc(hidden)]
pub fn convert(
    manifest: &'static Manifest,
    conversion: u32,
    rows: u32,
    columns: Vec<Vec<u8>>,
) -> Result<Vec<Vec<u8>>, String> {
    let conversions = manifest.sorted_conversions();
    match conversions.get(conversion as usize) {
        Some(entry) => (entry.convert)(columns, rows as usize),
        None => Err(format!("the host asked for conversion {conversion} of {}", conversions.len())),
    }
}
