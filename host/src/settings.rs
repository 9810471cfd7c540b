//! Settings of mods: what a world file says under `[mods.<id>.settings]`, as a
//! resource that only the host sets.
//!
//! A mod that has settings declares one kind named `<mod>/Settings`, in which
//! every field has a default. Its value is made of those and of the world file
//! whenever mods or settings are taken over, and set where it differs. So it is
//! part of the world, and of all that history and `verify` know.

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use serde_json::Value as Json;

use crate::config::{SettingValues, WorldConfig};
use crate::declaration::{self, Declaration, DeclarationError, ResolvedKind, Role};
use crate::ecs::{
    Bytes, Field, Kind, KindId, Registry, Storage, World, field_from_json, to_json, write_array,
};

/// A setting that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` in the world file {what}")]
pub struct SettingsError {
    /// The whole key, with dots.
    pub key: String,
    /// What is wrong with it and what would be right, in words that follow it.
    pub what: String,
}

/// A field of a mod's settings that is another than before.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingChange {
    /// `<mod>.<field>`.
    pub name: String,
    /// Before; nothing where it is new.
    pub from: Option<Json>,
    /// Now.
    pub to: Json,
}

impl Display for SettingChange {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { name, from, to } = self;
        match from {
            Some(from) => write!(f, "setting {name} goes from {from} to {to}"),
            None => write!(f, "setting {name} is {to}"),
        }
    }
}

/// Why settings could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// What the world file says does not fit.
    #[error(transparent)]
    Given(#[from] SettingsError),
    /// What the mod declares cannot be settings.
    #[error(transparent)]
    Declared(#[from] DeclarationError),
}

/// The values of the settings of all mods, each with its kind as the registry has
/// it.
pub(crate) fn values<'a>(
    mods: impl Iterator<Item = &'a Declaration>,
    config: &WorldConfig,
    registry: &Registry,
) -> Result<Vec<(KindId, Bytes)>, Error> {
    let nothing = SettingValues::new();
    let mut values = Vec::new();
    for declaration in mods {
        let id = &declaration.id;
        let given = config.mods.get(id).map_or(&nothing, |settings| &settings.settings);
        match declared_by(declaration)? {
            Some(settings) => {
                let value = value(id, &settings, given)?;
                values.extend(registry.find(&settings.kind.name).map(|kind| (kind, value)));
            }
            None => {
                if let Some(key) = given.keys().next() {
                    let what = format!("is none: mod `{id}` has no settings, so leave it out");
                    return Err(SettingsError { key: full_key(id, key), what }.into());
                }
            }
        }
    }
    Ok(values)
}

/// The settings that a mod declares for itself.
fn declared_by(declaration: &Declaration) -> Result<Option<ResolvedKind>, DeclarationError> {
    let own = format!("{}/Settings", declaration.id);
    let is_it = |kind: &&declaration::Kind| kind.name == own && kind.role == Role::Settings;
    let Some(kind) = declaration.kinds.iter().find(is_it) else { return Ok(None) };
    let settings = declaration::resolve(&declaration.id, kind)?;
    let wrong = |what: String| DeclarationError::new(&declaration.id, what);
    if settings.kind.storage != Storage::Dynamic {
        return Err(wrong("its settings are packed, and settings are dynamic".to_owned()));
    }
    let fields = settings.kind.fields.iter().zip(&settings.histories);
    match fields.clone().find(|(_, history)| history.default.is_none()) {
        Some((field, _)) => {
            Err(wrong(format!("its setting `{}` has no default: give it one", field.name)))
        }
        None => Ok(Some(settings)),
    }
}

/// The defaults, and over them what the world file says.
fn value(id: &str, settings: &ResolvedKind, given: &SettingValues) -> Result<Bytes, SettingsError> {
    let fields = &settings.kind.fields;
    if let Some(key) = given.keys().find(|key| fields.iter().all(|field| field.name != **key)) {
        return Err(SettingsError { key: full_key(id, key), what: unknown(id, key, fields) });
    }
    let mut value = Vec::new();
    write_array(&mut value, fields.len());
    for (field, history) in fields.iter().zip(&settings.histories) {
        match given.get(&field.name) {
            None => value.extend_from_slice(history.default.as_deref().unwrap_or_default()),
            Some(json) => {
                let encoded = field_from_json(&field.ty, json).map_err(|problem| {
                    let what = format!("does not fit its type, {}: {problem}", field.ty);
                    SettingsError { key: full_key(id, &field.name), what }
                })?;
                value.extend(encoded);
            }
        }
    }
    Ok(value.into())
}

fn full_key(id: &str, field: &str) -> String {
    format!("mods.{id}.settings.{field}")
}

fn unknown(id: &str, key: &str, fields: &[Field]) -> String {
    const ALIKE: f64 = 0.75;
    let alike = |field: &&Field| strsim::jaro(key, &field.name);
    let nearest = fields
        .iter()
        .filter(|field| alike(field) > ALIKE)
        .max_by(|one, two| alike(one).total_cmp(&alike(two)));
    let meant = nearest.map(|field| format!("did you mean `{}`? ", field.name));
    let all: Vec<String> =
        fields.iter().map(|field| format!("`{}` ({})", field.name, field.ty)).collect();
    let meant = meant.unwrap_or_default();
    format!("is no setting of mod `{id}`: {meant}it has {}", all.join(", "))
}

/// Sets what differs, and says what that is.
pub(crate) fn set(world: &mut World, values: Vec<(KindId, Bytes)>) -> Vec<SettingChange> {
    let mut changes = Vec::new();
    for (id, value) in values {
        let before = world.resources.get(&id).cloned();
        if before.as_ref() == Some(&value) {
            continue;
        }
        changes.extend(differences(world.registry.get(id), before.as_deref(), &value));
        Arc::make_mut(&mut world.resources).insert(id, value);
    }
    changes
}

fn differences(kind: &Kind, before: Option<&[u8]>, now: &[u8]) -> Vec<SettingChange> {
    let before = before.map(|value| to_json(kind, value)).unwrap_or_default();
    let now = to_json(kind, now);
    let change = |field: &Field| {
        let (from, to) = (before.get(&field.name), now.get(&field.name)?);
        let name = format!("{}.{}", kind.owner(), field.name);
        (from != Some(to)).then(|| SettingChange { name, from: from.cloned(), to: to.clone() })
    };
    kind.fields.iter().filter_map(change).collect()
}
