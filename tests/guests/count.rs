//! How many entities a benchmark wants.

use sandtable_sdk::prelude::*;

/// The number in the asset `count`.
pub fn count(assets: &Assets) -> Result<u32, String> {
    let text = assets.text("count")?;
    text.trim().parse().map_err(|_| format!("`{text}` is no number"))
}
