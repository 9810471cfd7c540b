//! Tiny guests, one behaviour each: every other file of this folder is one, built as
//! an example of this package. Here is what several of them use.

use sandtable_sdk::prelude::*;

pub mod matrix;

/// How many entities a benchmark asks for: the number in the asset `count`.
///
/// # Errors
///
/// When there is no such asset, or no number in it.
pub fn count(assets: &Assets) -> Result<u32, String> {
    let text = assets.text("count")?;
    text.trim().parse().map_err(|_| format!("`{text}` is no number"))
}
