//! What may be done with a world from outside.

use serde::{Deserialize, Serialize};

/// What may be done with a world from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiSettings {
    /// Whether values of the world may be edited by hand. Edits are refused without it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub edit: bool,
    /// By which component and field a world says whose an entity is: who asks with the
    /// token of a user sees those, and entities without that component. Without it,
    /// users see all entities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
}

/// By which component and field a world says whose an entity is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Visibility {
    /// The component: `mod/Kind`.
    pub component: String,
    /// Its field, which holds the name of a user.
    pub field: String,
}

impl ApiSettings {
    /// Whether nothing is said about it.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
