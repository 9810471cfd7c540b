//! What may be done with a world from outside.

use serde::{Deserialize, Serialize};

/// What may be done with a world from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiSettings {
    /// Whether values of the world may be edited by hand. Edits are refused without it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub edit: bool,
}

impl ApiSettings {
    /// Whether nothing is said about it.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
