//! Parts that the first forms of settings and of manifests have in common: what a
//! mod asks of others or is granted, and its limits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use sandtable_world::config;
use sandtable_world::grants::{self, Pattern};

/// Things of other mods, by name.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Asks {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    read: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    write: Vec<String>,
}

impl Asks {
    pub fn of(live: &grants::Asks) -> Self {
        let names = |patterns: &[Pattern]| patterns.iter().map(ToString::to_string).collect();
        Self { read: names(&live.read), write: names(&live.write) }
    }

    pub fn upgrade(self) -> Result<grants::Asks, String> {
        let patterns = |names: Vec<String>| -> Result<Vec<Pattern>, String> {
            names.into_iter().map(Pattern::try_from).collect()
        };
        Ok(grants::Asks { read: patterns(self.read)?, write: patterns(self.write)? })
    }

    pub fn is_empty(&self) -> bool {
        self.read.is_empty() && self.write.is_empty()
    }
}

macro_rules! limits {
    ($($name:ident: $default:expr,)*) => {
        /// What one call may use up.
        #[derive(Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Limits {
            $($name: u64,)*
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        impl Limits {
            pub fn of(live: &config::Limits) -> Self {
                Self { $($name: live.$name,)* }
            }

            pub fn upgrade(self) -> config::Limits {
                config::Limits { $($name: self.$name,)* }
            }
        }

        /// The limits that one mod has of its own.
        #[derive(Default, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct LimitOverrides {
            $(#[serde(skip_serializing_if = "Option::is_none")] $name: Option<u64>,)*
        }

        impl LimitOverrides {
            pub fn of(live: &config::LimitOverrides) -> Self {
                Self { $($name: live.$name,)* }
            }

            pub fn upgrade(self) -> config::LimitOverrides {
                config::LimitOverrides { $($name: self.$name,)* }
            }

            pub fn is_empty(&self) -> bool {
                *self == Self::default()
            }
        }
    };
}

limits! {
    fuel: 2_000_000_000,
    memory_max_bytes: 256 << 20,
    outcome_max_bytes: 64 << 20,
    commands_max: 100_000,
    events_max: 100_000,
    log_lines_max: 100,
    statements_max: 10_000,
    rows_read_max: 1_000_000,
    rows_written_max: 1_000_000,
    sql_max_bytes: 64 << 20,
    tables_max_bytes: 256 << 20,
    sql_steps_max: 1_000_000_000,
    sql_memory_max_bytes: 256 << 20,
    wall_clock_max_millis: 30_000,
}

/// What is stored by name, each brought up to today.
pub fn upgrade_all<T, U, E>(
    map: BTreeMap<String, T>,
    upgrade: impl Fn(T) -> Result<U, E>,
) -> Result<BTreeMap<String, U>, E> {
    map.into_iter().map(|(name, one)| Ok((name, upgrade(one)?))).collect()
}
