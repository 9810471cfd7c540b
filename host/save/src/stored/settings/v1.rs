//! The first form of a world's settings. What is missing has the value that it
//! had before there was a setting for it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use crate::stored::StoredError;
use crate::stored::question::{Query, Question, questions};
use crate::stored::terms::{Asks, LimitOverrides, Limits, upgrade_all};
use sandtable_world::config;
use sandtable_world::ecs::HashVersion;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    world: World,
    #[serde(default)]
    durability: Durability,
    #[serde(default, skip_serializing_if = "OnSaveFailure::is_default")]
    on_save_failure: OnSaveFailure,
    #[serde(default)]
    history: History,
    #[serde(default)]
    snapshots: Snapshots,
    #[serde(default, skip_serializing_if = "Logs::is_default")]
    logs: Logs,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    mods: BTreeMap<String, Mod>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    removed: BTreeMap<String, Removed>,
    #[serde(default, skip_serializing_if = "Trust::is_empty")]
    trust: Trust,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    summary: Vec<Query>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    chart: Vec<Query>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    question: Vec<Question>,
    #[serde(default, skip_serializing_if = "Api::is_default")]
    api: Api,
    #[serde(default, skip_serializing_if = "Outbox::is_default")]
    outbox: Outbox,
    #[serde(default = "first")]
    hash_version: Json,
}

fn first() -> Json {
    (HashVersion::First as u64).into()
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct World {
    name: String,
    #[serde(default)]
    seed: u64,
    #[serde(default = "one_second")]
    dt_seconds: f64,
    #[serde(default = "shard_rows")]
    shard_rows: usize,
    #[serde(default = "faults_to_suspend")]
    faults_to_suspend: u32,
    /// Where it is missing, nothing is set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    faults_to_set_aside: Option<u32>,
    #[serde(default = "log_ticks")]
    log_ticks: u64,
    #[serde(default, deserialize_with = "one_or_several", skip_serializing_if = "Vec::is_empty")]
    label: Vec<String>,
    #[serde(default)]
    strict_nan: bool,
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

fn log_ticks() -> u64 {
    1000
}

fn one_or_several<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Texts {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Texts::deserialize(from)? {
        Texts::One(text) => vec![text],
        Texts::Several(texts) => texts,
    })
}

#[derive(Default, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "kebab-case", deny_unknown_fields)]
enum Durability {
    #[default]
    EveryTick,
    SyncEveryTicks {
        ticks: u64,
    },
    SyncEveryMillis {
        millis: u64,
    },
    CommitEveryTicks {
        ticks: u64,
    },
}

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct OnSaveFailure {
    mode: SaveFailureMode,
    ticks_max: u64,
    max_bytes: u64,
}

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SaveFailureMode {
    Halt,
    ContinueInMemory,
}

impl Default for OnSaveFailure {
    fn default() -> Self {
        Self { mode: SaveFailureMode::Halt, ticks_max: 10_000, max_bytes: 256 << 20 }
    }
}

impl OnSaveFailure {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct History {
    ticks: u64,
    max_mib: u64,
    every: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    components: Vec<String>,
}

impl Default for History {
    fn default() -> Self {
        Self { ticks: 10_000, max_mib: 256, every: 1, components: Vec::new() }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Snapshots {
    every_ticks: u64,
    keep: u64,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self { every_ticks: 0, keep: 10 }
    }
}

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Logs {
    lines: u64,
    level: String,
}

impl Default for Logs {
    fn default() -> Self {
        Self { lines: 10_000, level: "info".to_owned() }
    }
}

impl Logs {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Api {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    edit: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    visibility: Option<Visibility>,
}

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Visibility {
    component: String,
    field: String,
}

impl Visibility {
    fn of(live: &config::Visibility) -> Self {
        Self { component: live.component.clone(), field: live.field.clone() }
    }

    fn upgrade(self) -> config::Visibility {
        config::Visibility { component: self.component, field: self.field }
    }
}

impl Api {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Outbox {
    events: Vec<String>,
    format: String,
    keep_rows: u64,
    in_flight: u64,
}

impl Default for Outbox {
    fn default() -> Self {
        let (events, format) = (Vec::new(), "json".to_owned());
        Self { events, format, keep_rows: 100_000, in_flight: 512 }
    }
}

impl Outbox {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    fn of(live: &config::OutboxSettings) -> Self {
        let config::OutboxSettings { events, format, keep_rows, in_flight } = live.clone();
        Self { events, format: format.name().to_owned(), keep_rows, in_flight }
    }

    fn upgrade(self) -> Result<config::OutboxSettings, StoredError> {
        let Self { events, format, keep_rows, in_flight } = self;
        let format = format.parse().map_err(StoredError::Unknown)?;
        Ok(config::OutboxSettings { events, format, keep_rows, in_flight })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mod {
    path: PathBuf,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    assets: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "LimitOverrides::is_empty")]
    limits: LimitOverrides,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    settings: BTreeMap<String, Json>,
    #[serde(default, skip_serializing_if = "Asks::is_empty")]
    grants: Asks,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Removed {
    KeepTables,
    DropTables,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Trust {
    keys: Vec<String>,
}

impl Trust {
    fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl Settings {
    /// Those of a world.
    pub fn of(live: &config::WorldConfig) -> Self {
        let config::HistorySettings { ticks, max_mib, every_ticks: every, components } =
            live.history.clone();
        let config::SnapshotSettings { every_ticks, keep } = live.snapshots;
        Self {
            world: World::of(&live.world),
            durability: Durability::of(live.durability),
            on_save_failure: OnSaveFailure::of(&live.on_save_failure),
            history: History { ticks, max_mib, every, components },
            snapshots: Snapshots { every_ticks, keep },
            logs: Logs { lines: live.logs.lines, level: live.logs.level.name().to_owned() },
            limits: Limits::of(&live.limits),
            mods: live.mods.iter().map(|(id, settings)| (id.clone(), Mod::of(settings))).collect(),
            removed: live.removed.iter().map(|(id, it)| (id.clone(), Removed::of(*it))).collect(),
            trust: Trust { keys: live.trust.keys.clone() },
            summary: live.summary.iter().map(Query::of).collect(),
            chart: live.chart.iter().map(Query::of).collect(),
            question: live.question.iter().map(Question::of).collect(),
            api: Api {
                edit: live.api.edit,
                visibility: live.api.visibility.as_ref().map(Visibility::of),
            },
            outbox: Outbox::of(&live.outbox),
            hash_version: (live.hash_version as u64).into(),
        }
    }

    /// What they say, in the types of today.
    pub fn upgrade(self) -> Result<config::WorldConfig, StoredError> {
        let hash_version = self.hash_version.as_u64().and_then(HashVersion::from_number);
        let hash_version =
            hash_version.ok_or(StoredError::HashVersion(self.hash_version.to_string()))?;
        let History { ticks, max_mib, every, components } = self.history;
        let Snapshots { every_ticks, keep } = self.snapshots;
        let level = self.logs.level.parse().map_err(StoredError::Unknown)?;
        let removed = |it: Removed| Ok::<_, StoredError>(it.upgrade());
        Ok(config::WorldConfig {
            world: self.world.upgrade(),
            durability: self.durability.upgrade(),
            on_save_failure: self.on_save_failure.upgrade(),
            history: config::HistorySettings { ticks, max_mib, every_ticks: every, components },
            snapshots: config::SnapshotSettings { every_ticks, keep },
            logs: config::LogSettings { lines: self.logs.lines, level },
            limits: self.limits.upgrade(),
            mods: upgrade_all(self.mods, Mod::upgrade).map_err(StoredError::Unknown)?,
            removed: upgrade_all(self.removed, removed)?,
            trust: config::Trust { keys: self.trust.keys },
            summary: self.summary.into_iter().map(Query::upgrade).collect(),
            chart: self.chart.into_iter().map(Query::upgrade).collect(),
            question: questions(self.question)?,
            api: config::ApiSettings {
                edit: self.api.edit,
                visibility: self.api.visibility.map(Visibility::upgrade),
            },
            nats: config::NatsSettings::default(),
            outbox: self.outbox.upgrade()?,
            hash_version,
        })
    }
}

impl World {
    fn of(live: &config::WorldSettings) -> Self {
        let config::WorldSettings {
            name,
            seed,
            dt_seconds,
            shard_rows,
            faults_to_suspend,
            faults_to_set_aside,
            log_ticks,
            label,
            strict_nan,
        } = live.clone();
        Self {
            name,
            seed,
            dt_seconds,
            shard_rows,
            faults_to_suspend,
            faults_to_set_aside,
            log_ticks,
            label,
            strict_nan,
        }
    }

    fn upgrade(self) -> config::WorldSettings {
        let Self {
            name,
            seed,
            dt_seconds,
            shard_rows,
            faults_to_suspend,
            faults_to_set_aside,
            log_ticks,
            label,
            strict_nan,
        } = self;
        config::WorldSettings {
            name,
            seed,
            dt_seconds,
            shard_rows,
            faults_to_suspend,
            faults_to_set_aside,
            log_ticks,
            label,
            strict_nan,
        }
    }
}

impl Durability {
    fn of(live: config::Durability) -> Self {
        match live {
            config::Durability::EveryTick => Self::EveryTick,
            config::Durability::SyncEveryTicks { ticks } => Self::SyncEveryTicks { ticks },
            config::Durability::SyncEveryMillis { millis } => Self::SyncEveryMillis { millis },
            config::Durability::CommitEveryTicks { ticks } => Self::CommitEveryTicks { ticks },
        }
    }

    fn upgrade(self) -> config::Durability {
        match self {
            Self::EveryTick => config::Durability::EveryTick,
            Self::SyncEveryTicks { ticks } => config::Durability::SyncEveryTicks { ticks },
            Self::SyncEveryMillis { millis } => config::Durability::SyncEveryMillis { millis },
            Self::CommitEveryTicks { ticks } => config::Durability::CommitEveryTicks { ticks },
        }
    }
}

impl OnSaveFailure {
    fn of(live: &config::OnSaveFailure) -> Self {
        let mode = match live.mode {
            config::SaveFailureMode::Halt => SaveFailureMode::Halt,
            config::SaveFailureMode::ContinueInMemory => SaveFailureMode::ContinueInMemory,
        };
        Self { mode, ticks_max: live.ticks_max, max_bytes: live.max_bytes }
    }

    fn upgrade(self) -> config::OnSaveFailure {
        let mode = match self.mode {
            SaveFailureMode::Halt => config::SaveFailureMode::Halt,
            SaveFailureMode::ContinueInMemory => config::SaveFailureMode::ContinueInMemory,
        };
        config::OnSaveFailure { mode, ticks_max: self.ticks_max, max_bytes: self.max_bytes }
    }
}

impl Mod {
    fn of(live: &config::ModSettings) -> Self {
        Self {
            path: live.path.clone(),
            assets: live.assets.clone(),
            limits: LimitOverrides::of(&live.limits),
            settings: live.settings.clone(),
            grants: Asks::of(&live.grants),
        }
    }

    fn upgrade(self) -> Result<config::ModSettings, String> {
        Ok(config::ModSettings {
            path: self.path,
            assets: self.assets,
            limits: self.limits.upgrade(),
            settings: self.settings,
            grants: self.grants.upgrade()?,
        })
    }
}

impl Removed {
    fn of(live: config::Removed) -> Self {
        match live {
            config::Removed::KeepTables => Self::KeepTables,
            config::Removed::DropTables => Self::DropTables,
        }
    }

    fn upgrade(self) -> config::Removed {
        match self {
            Self::KeepTables => config::Removed::KeepTables,
            Self::DropTables => config::Removed::DropTables,
        }
    }
}
