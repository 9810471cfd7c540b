//! What is asked of a fork.

use std::time::Duration;

use serde_json::Value as Json;

use crate::edit::Edit;

/// What is to be other, and what of it is to be watched.
#[derive(Clone, Debug)]
pub struct WhatIf {
    /// From the world as this tick left it; else the last.
    pub at: Option<u64>,
    /// How many ticks it goes on for.
    pub ticks: u64,
    /// Inputs that the first of them is given, by full name, beside those that it had.
    pub inputs: Vec<(String, Json)>,
    /// Changes by hand that it is given, likewise. They need no grant.
    pub edits: Vec<Edit>,
    /// What is noted on the way.
    pub watch: Vec<Watch>,
    /// Who asks, as it would be said of the inputs.
    pub sender: String,
    /// How long it may take. What was done by then is the answer.
    pub deadline: Duration,
}

/// What is noted on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// What it is called.
    pub title: String,
    /// What it is.
    pub of: Watched,
}

/// A value that may become another on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// The first cell of the answer to a SELECT.
    Select(String),
    /// A field of a component of an entity, which is written as 12v3 or by its label.
    Field {
        /// The entity.
        entity: String,
        /// The component.
        component: String,
        /// The field.
        field: String,
    },
}
