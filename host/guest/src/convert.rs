//! Calling a guest to convert rows of an older save, outside of every tick.

use std::sync::Arc;

use super::context::Assets;
use super::engine::{Code, Engine};
use super::state::State;
use super::verdict::first_line;
use sandtable_world::config::Limits;

impl Engine {
    /// Lets a mod convert so many rows: `index` is the conversion's place, and
    /// `columns` has one for each of its old components.
    ///
    /// # Errors
    ///
    /// The end of a sentence about the conversion, which failed or trapped.
    pub fn convert(
        &self,
        name: &str,
        code: &Code,
        (limits, assets): (&Limits, Arc<Assets>),
        index: u32,
        rows: usize,
        columns: &[Vec<u8>],
    ) -> Result<Vec<Vec<u8>>, String> {
        let mut store = self.store(State::outside(name, limits, assets), limits);
        let rows = u32::try_from(rows).map_err(|_| "has too many rows".to_owned())?;
        match code.component.convert(&mut store, index, rows, columns) {
            Ok(converted) => converted.map_err(|why| format!("failed: {}", first_line(&why))),
            Err(error) => Err(format!("failed: {}", State::told(store, error, limits))),
        }
    }
}
