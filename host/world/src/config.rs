//! Every setting of a world: unit in the name, default, what zero means.
//!
//! The same structure is read from `world.toml` and kept in the save, so that
//! a save alone can be run. Unknown keys are refused.

mod api;
mod logs;
mod nats;
mod outbox;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize};

use crate::ecs::HashVersion;
use crate::grants::Asks;
use crate::question::NamedQuestion;

pub use api::{ApiSettings, Visibility};
pub use logs::LogSettings;
pub use nats::{AwayCalls, NatsSettings};
pub use outbox::{OutboxOverrides, OutboxSettings};

/// The contents of `world.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldConfig {
    /// What the world is and how it steps.
    pub world: WorldSettings,
    /// When commits are made and synced.
    #[serde(default)]
    pub durability: Durability,
    /// What happens when the save cannot be written.
    #[serde(default, skip_serializing_if = "OnSaveFailure::is_default")]
    pub on_save_failure: OnSaveFailure,
    /// What the save keeps of the past.
    #[serde(default)]
    pub history: HistorySettings,
    /// Which snapshots are made without being asked for.
    #[serde(default)]
    pub snapshots: SnapshotSettings,
    /// What the save keeps of what mods log.
    #[serde(default, skip_serializing_if = "LogSettings::is_default")]
    pub logs: LogSettings,
    /// Limits of every mod that sets none of its own.
    #[serde(default)]
    pub limits: Limits,
    /// The mods that take part, by id.
    #[serde(default)]
    pub mods: BTreeMap<String, ModSettings>,
    /// What becomes of the tables of mods that no longer take part, by id; those
    /// that are not named keep theirs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub removed: BTreeMap<String, Removed>,
    /// Whose packs may be used with it.
    #[serde(default, skip_serializing_if = "Trust::is_empty")]
    pub trust: Trust,
    /// Questions that are answered when a run ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub summary: Vec<TitledQuery>,
    /// Questions that the page of a running world draws over its ticks. Each answers
    /// with a row of numbers, a line for each column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chart: Vec<TitledQuery>,
    /// Questions that can be asked by their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub question: Vec<NamedQuestion>,
    /// What may be done with it from outside.
    #[serde(default, skip_serializing_if = "ApiSettings::is_default")]
    pub api: ApiSettings,
    /// Which NATS server it is run with. Only a world file has it: it is taken from there
    /// as it is read, and what a save or a pack keeps is without it.
    #[serde(default, skip_serializing)]
    pub nats: NatsSettings,
    /// Which events leave the save.
    #[serde(default, skip_serializing_if = "OutboxSettings::is_default")]
    pub outbox: OutboxSettings,
    /// How the state hash is made. No world file has it: a save keeps it beside
    /// the settings, and a world that is run has the newest.
    #[serde(skip)]
    pub hash_version: HashVersion,
}

impl WorldConfig {
    /// A world of this name without mods, and with every setting at its default.
    pub fn of(name: &str) -> Self {
        let world = WorldSettings {
            name: name.to_owned(),
            seed: 0,
            dt_seconds: one_second(),
            shard_rows: shard_rows(),
            faults_to_suspend: faults_to_suspend(),
            faults_to_set_aside: faults_to_set_aside(),
            log_ticks: log_ticks(),
            label: Vec::new(),
            strict_nan: false,
        };
        Self {
            world,
            durability: Durability::default(),
            on_save_failure: OnSaveFailure::default(),
            history: HistorySettings::default(),
            snapshots: SnapshotSettings::default(),
            logs: LogSettings::default(),
            limits: Limits::default(),
            mods: BTreeMap::new(),
            removed: BTreeMap::new(),
            trust: Trust::default(),
            summary: Vec::new(),
            chart: Vec::new(),
            question: Vec::new(),
            api: ApiSettings::default(),
            nats: NatsSettings::default(),
            outbox: OutboxSettings::default(),
            hash_version: HashVersion::default(),
        }
    }
}

impl WorldConfig {
    /// Goes on by the rules of today, where a save has those of an older version.
    pub fn renew(&mut self) {
        self.hash_version = HashVersion::default();
        let aside = &mut self.world.faults_to_set_aside;
        *aside = aside.or(faults_to_set_aside());
    }
}

/// Whose packs may be used with a world.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trust {
    /// Public keys of minisign, as in `RWQ...`. With any, a pack must be signed
    /// with one of them; with none, signatures are not looked at.
    pub keys: Vec<String>,
}

impl Trust {
    /// Whether no key in particular is trusted.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// What the world is and how it steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldSettings {
    /// What people call it.
    pub name: String,
    /// Decides every random number. Any value is as good as another.
    #[serde(default)]
    pub seed: u64,
    /// Simulated seconds in a tick. Must be above zero.
    #[serde(default = "one_second")]
    pub dt_seconds: f64,
    /// Rows in a shard, which is also a page of the save. From 1 to 65536; it
    /// never changes in the life of a save.
    #[serde(default = "shard_rows")]
    pub shard_rows: usize,
    /// Ticks in a row in which a mod may fault before it is suspended. Zero:
    /// never suspended.
    #[serde(default = "faults_to_suspend")]
    pub faults_to_suspend: u32,
    /// Runs in a row in which a system may fault before the event or input that
    /// is to blame, at which alone the last of them faulted, is set aside for it.
    /// Zero: nothing is set aside. Ticks of a version that did not know the
    /// setting have none: nothing was set aside then, and what only suspended
    /// mods read did not wait for them.
    #[serde(default = "faults_to_set_aside", skip_serializing_if = "Option::is_none")]
    pub faults_to_set_aside: Option<u32>,
    /// Ticks for which the save keeps system runs and events that everybody
    /// has read; of what else ticks did it keeps as much, or what history needs.
    /// Zero: for ever.
    #[serde(default = "log_ticks")]
    pub log_ticks: u64,
    /// By which component and field people know entities, such as
    /// `geography/Nation.name`: shown with entities in answers about the past, and
    /// understood in the place of their numbers. Several, in a list, where some
    /// entities have one and some another; the first that an entity has counts.
    #[serde(default, deserialize_with = "one_or_several", skip_serializing_if = "Vec::is_empty")]
    pub label: Vec<String>,
    /// Whether guests are compiled so that NaN bits are the same on every
    /// machine also within a call. Costs up to 2.4 times on loops of floats.
    #[serde(default)]
    pub strict_nan: bool,
}

/// A text, or a list of some.
fn one_or_several<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a text, or a list of some")]
    enum Texts {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Texts::deserialize(from)? {
        Texts::One(text) => vec![text],
        Texts::Several(texts) => texts,
    })
}

fn one_second() -> f64 {
    1.0
}

fn shard_rows() -> usize {
    4096
}

fn faults_to_suspend() -> u32 {
    8
}

fn faults_to_set_aside() -> Option<u32> {
    Some(3)
}

fn log_ticks() -> u64 {
    1000
}

/// When commits are made and synced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Durability {
    /// Each tick is committed and synced before the next begins. Nothing that
    /// was reported is lost, also when the power fails.
    #[default]
    EveryTick,
    /// Each tick is committed; the disk is synced every so many ticks. A killed
    /// process loses nothing, a power failure the ticks since.
    SyncEveryTicks {
        /// Ticks from one sync to the next. Zero: only when the save is closed.
        ticks: u64,
    },
    /// Each tick is committed; the disk is synced once so much time has passed.
    SyncEveryMillis {
        /// Milliseconds from one sync to the next.
        millis: u64,
    },
    /// Commits and syncs every so many ticks. A killed process loses the ticks
    /// since; what fails to commit is undone in memory too. With mods that change
    /// tables the save is held for writing from their first statement up to the
    /// commit, so that `send` waits, and inputs are seen after it.
    CommitEveryTicks {
        /// Ticks from one commit to the next. Zero counts as one.
        ticks: u64,
    },
}

/// What happens when the save cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OnSaveFailure {
    /// Whether the world stops.
    pub mode: SaveFailureMode,
    /// Ticks that may be in memory only; with so many it stops. Zero counts as
    /// one.
    pub ticks_max: u64,
    /// Bytes that their records may have; with so many it stops. The world itself
    /// comes on top, once more at most.
    pub max_bytes: u64,
}

impl Default for OnSaveFailure {
    /// Halts.
    fn default() -> Self {
        Self { mode: SaveFailureMode::Halt, ticks_max: 10_000, max_bytes: 256 << 20 }
    }
}

impl OnSaveFailure {
    /// Whether nothing is said about it.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether a world stops when its save cannot be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SaveFailureMode {
    /// It stops, and stands where the save stands.
    #[default]
    Halt,
    /// It goes on in memory, says so with every tick, and tries again after one
    /// more tick, then two, four and so on. Once the save can be written, all
    /// those ticks are in it; if the world ends before, they are lost.
    ContinueInMemory,
}

/// What the save keeps of the past: of every tick what it changed, and now and
/// then a whole world. What is older is pruned while the world runs, in groups
/// of ticks, so that there is always a little more than asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HistorySettings {
    /// Ticks that can be gone back. Zero: all.
    pub ticks: u64,
    /// MiB that it may take; past them less ticks are kept. Zero: no bound.
    pub max_mib: u64,
    /// Of how many ticks one can be gone back to. One: each, and it is known
    /// which system changed what. Zero: no history.
    #[serde(alias = "every")]
    pub every_ticks: u64,
    /// The components of which values are kept: `<mod>/<Name>` or `<mod>/*`. All
    /// when there are none here; with any, a world cannot be rewound.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<String>,
}

impl Default for HistorySettings {
    fn default() -> Self {
        Self { ticks: 10_000, max_mib: 256, every_ticks: 1, components: Vec::new() }
    }
}

/// Which snapshots are made without being asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SnapshotSettings {
    /// Ticks from one to the next. Zero: none are made.
    pub every_ticks: u64,
    /// How many of these are kept: the oldest go. Zero: all.
    pub keep: u64,
}

impl Default for SnapshotSettings {
    fn default() -> Self {
        Self { every_ticks: 0, keep: 10 }
    }
}

/// What becomes of the tables of a mod that no longer takes part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Removed {
    /// They stay, and are the mod's again when it returns.
    #[default]
    KeepTables,
    /// They are dropped when the world is next opened with other mods.
    DropTables,
}

/// What a world file says of a mod's settings, by field.
pub type SettingValues = BTreeMap<String, serde_json::Value>;

/// One mod's place in a world.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModSettings {
    /// A cargo package's folder or a `.wasm` file, relative to the world file.
    pub path: PathBuf,
    /// A folder of files for this mod, relative to the world file; over those
    /// in the `assets` folder of the package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assets: Option<PathBuf>,
    /// Limits that differ from the world's.
    #[serde(default, skip_serializing_if = "LimitOverrides::is_empty")]
    pub limits: LimitOverrides,
    /// Values of its settings that differ from their defaults, by name.
    #[serde(default, skip_serializing_if = "SettingValues::is_empty")]
    pub settings: SettingValues,
    /// What of other mods it may read and write. A mod with a manifest gets of
    /// this what it asks for, a mod without one all of it.
    #[serde(default, skip_serializing_if = "Asks::is_empty")]
    pub grants: Asks,
}

/// A question with what is shown above its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TitledQuery {
    /// What is shown above it.
    pub title: String,
    /// A SELECT over the save, as for `sandtable sql`.
    pub sql: String,
}

/// What a limit allows, to be compared: for guards, zero is no bound.
fn height(name: &str, value: u64) -> u64 {
    const GUARDS: [&str; 3] = ["wall_clock_max_millis", "sql_steps_max", "sql_memory_max_bytes"];
    if value == 0 && GUARDS.contains(&name) { u64::MAX } else { value }
}

macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $default:expr,)*) => {
        /// What one call of a mod may use up. What passes a limit faults.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Limits {
            $($(#[$doc])* pub $name: $type,)*
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        /// The limits that one mod has of its own.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct LimitOverrides {
            $($(#[$doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $name: Option<$type>,)*
        }

        impl Limits {
            /// These limits, with those of a mod over them.
            pub fn with(&self, overrides: &LimitOverrides) -> Self {
                Self { $($name: overrides.$name.unwrap_or(self.$name),)* }
            }
        }

        impl LimitOverrides {
            /// Whether nothing is overridden.
            pub fn is_empty(&self) -> bool {
                *self == Self::default()
            }

            /// Whether a limit of this name is overridden.
            pub fn sets(&self, name: &str) -> bool {
                match name {
                    $(stringify!($name) => self.$name.is_some(),)*
                    _ => false,
                }
            }

            /// The limits that are above others: name, what is here, what is
            /// there.
            pub fn above(
                &self,
                limits: &Limits,
            ) -> impl Iterator<Item = (&'static str, u64, u64)> {
                [$((stringify!($name), self.$name, limits.$name),)*]
                    .into_iter()
                    .filter_map(|(name, here, there)| Some((name, here?, there)))
                    .filter(|(name, here, there)| height(name, *here) > height(name, *there))
            }
        }
    };
}

limits! {
    /// Fuel for a call: about one for each wasm instruction. Zero: none, so
    /// that every call faults.
    fuel: u64 = 2_000_000_000,
    /// Bytes of linear memory in a call. At most 1 GiB.
    memory_max_bytes: u64 = 256 << 20,
    /// Bytes that one call may write back, command and emit, together.
    outcome_max_bytes: u64 = 64 << 20,
    /// Commands of one call.
    commands_max: u64 = 100_000,
    /// Events of one call.
    events_max: u64 = 100_000,
    /// Log lines of one call, and as many debug lines; those past it are dropped,
    /// and a line says how many.
    log_lines_max: u64 = 100,
    /// SQL statements of one system in a tick; one with many rows of parameters
    /// is one.
    statements_max: u64 = 10_000,
    /// Rows that one system may be answered in a tick.
    rows_read_max: u64 = 1_000_000,
    /// Rows of tables that one system may insert, update and delete in a tick.
    rows_written_max: u64 = 1_000_000,
    /// Bytes of statements, parameters and answers of one system in a tick.
    sql_max_bytes: u64 = 64 << 20,
    /// Bytes of values that all tables of a mod may hold together, when this one
    /// writes to them.
    tables_max_bytes: u64 = 256 << 20,
    /// Guard: steps of SQLite's machine for one statement; what it stopped is
    /// undone as by the emergency stop. Zero: never.
    sql_steps_max: u64 = 1_000_000_000,
    /// Guard: bytes of memory that one statement may take to sort and group,
    /// as `sql_steps_max`. Zero: no bound.
    sql_memory_max_bytes: u64 = 256 << 20,
    /// Emergency stop: milliseconds on the wall for one call. What it stopped
    /// is undone with its whole tick, which then runs again without the mod.
    /// Zero: never.
    wall_clock_max_millis: u64 = 30_000,
}
