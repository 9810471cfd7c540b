//! On which terms a mod takes part: its limits, and what it may do with what
//! belongs to other mods.
//!
//! All of a declaration is checked when a mod is loaded. Commands and statements
//! are known only at run time, and are held against the same [`Rights`] there.

use std::collections::BTreeSet;
use std::sync::Arc;

use semver::Version;

use super::error::ProgramError;
use crate::catalog::{Asks, Manifest, ModSource, Pattern};
use crate::config::{Limits, ModSettings, WorldConfig};
use crate::declaration::{Declaration, DeclarationError, Kind, Query, Reading, Role, resolve};
use crate::ecs::Access;
use crate::grants::Rights;
use crate::system::Assets;

/// On which terms a mod takes part.
#[derive(Clone)]
pub struct Terms {
    /// What its calls may use up.
    pub limits: Limits,
    /// The files that it may read.
    pub assets: Arc<Assets>,
    /// What it may do with what belongs to other mods.
    pub rights: Arc<Rights>,
    /// Its systems without which it goes on.
    pub dispensable: BTreeSet<String>,
}

impl Terms {
    /// Those of a mod in a world, beside the mods that bring files it was
    /// granted.
    pub fn of(source: &ModSource, all: &[ModSource], config: &WorldConfig) -> Self {
        let settings = config.mods.get(&source.id).cloned().unwrap_or_default();
        let manifest = source.manifest.as_ref();
        let asked = manifest.map(|manifest| config.limits.with(&manifest.limits));
        let limits = asked.as_ref().unwrap_or(&config.limits).with(&settings.limits);
        let granted = manifest.map_or(&settings.grants, |manifest| &manifest.asks);
        let rights = Rights::new(&source.id, granted);
        let mut assets = source.assets.clone();
        for other in all.iter().filter(|other| other.id != source.id) {
            for (name, bytes) in &other.assets {
                let name = format!("{}:{name}", other.id);
                if rights.may_read(&name) {
                    assets.entry(name).or_insert_with(|| bytes.clone());
                }
            }
        }
        let dispensable = manifest.map(|manifest| manifest.dispensable.clone());
        Self {
            limits,
            assets: Arc::new(assets),
            rights: Arc::new(rights),
            dispensable: dispensable.unwrap_or_default(),
        }
    }
}

/// Checks that a mod, whose component speaks a version of the interface, is what
/// the world file and its manifest say, and takes no more of others and of the
/// host than the world gives it.
///
/// # Errors
///
/// The first thing that speaks against it.
pub fn check(
    source: &ModSource,
    interface: &str,
    declaration: &Declaration,
    config: &WorldConfig,
) -> Result<(), ProgramError> {
    let ModSource { id, manifest, .. } = source;
    if declaration.id != *id {
        let (expected, found) = (id.clone(), declaration.id.clone());
        return Err(ProgramError::Id { expected, found });
    }
    let settings = config.mods.get(id).cloned().unwrap_or_default();
    let objection = match (Version::parse(&declaration.version), manifest) {
        (Err(why), _) => Some(format!(
            "it says it is version `{}`, which is none ({why}): write it like `1.2.3`",
            declaration.version
        )),
        (Ok(version), Some(manifest)) if version != manifest.version => Some(format!(
            "it is version {version}, and its mod.toml says {}: make both the same",
            manifest.version
        )),
        (Ok(_), Some(manifest)) if manifest.interface.to_string() != interface => Some(format!(
            "it was made for sandtable:guest {interface}, and its mod.toml says {}: write \
             `interface = \"{interface}\"` there, or build it with the SDK of that version",
            manifest.interface
        )),
        (Ok(_), manifest) => objection(declaration, manifest.as_ref(), &settings, &config.limits),
    };
    match objection {
        // Before a save keeps it, whose form has no words for all that is wrong.
        None => Ok(declaration.kinds.iter().try_for_each(|kind| resolve(id, kind).map(drop))?),
        Some(what) => Err(DeclarationError::new(id, what).into()),
    }
}

/// What a mod lacks of other mods, as patterns or names.
#[derive(Default)]
struct Missing {
    read: BTreeSet<String>,
    write: BTreeSet<String>,
}

impl Missing {
    fn is_empty(&self) -> bool {
        self.read.is_empty() && self.write.is_empty()
    }

    /// `read ... and write ...`.
    fn told(&self) -> String {
        let list = |verb: &str, names: &BTreeSet<String>| {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            (!names.is_empty()).then(|| format!("{verb} {}", names.join(", ")))
        };
        let lists = [list("read", &self.read), list("write", &self.write)];
        lists.into_iter().flatten().collect::<Vec<_>>().join(" and ")
    }

    /// The lines that give it to who already has something.
    fn lines(&self, had: &Asks) -> String {
        let line = |key: &str, had: &[Pattern], more: &BTreeSet<String>| {
            let names = had.iter().map(ToString::to_string).chain(more.iter().cloned());
            let names: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
            (!more.is_empty()).then(|| format!("`{key} = [{}]`", names.join(", ")))
        };
        let lines = [line("read", &had.read, &self.read), line("write", &had.write, &self.write)];
        lines.into_iter().flatten().collect::<Vec<_>>().join(" and ")
    }
}

/// What speaks against a mod's use of others and its limits, in words that
/// follow its name.
fn objection(
    declaration: &Declaration,
    manifest: Option<&Manifest>,
    settings: &ModSettings,
    limits: &Limits,
) -> Option<String> {
    let used = used(declaration);
    let granted = &settings.grants;
    let id = &declaration.id;
    let Some(manifest) = manifest else {
        let missing = lacking(&used, granted);
        return (!missing.is_empty()).then(|| not_granted(id, &missing, granted));
    };
    let unasked = lacking(&used, &manifest.asks);
    if !unasked.is_empty() {
        return Some(format!(
            "its systems {}, and its mod.toml does not ask for that: write {} under `[asks]` there",
            unasked.told(),
            unasked.lines(&manifest.asks)
        ));
    }
    let ungranted = Missing {
        read: beyond(&manifest.asks.read, granted.read.iter().chain(&granted.write)),
        write: beyond(&manifest.asks.write, granted.write.iter()),
    };
    if !ungranted.is_empty() {
        return Some(not_granted(id, &ungranted, granted));
    }
    if let Some(what) = unkept(declaration, manifest) {
        return Some(what);
    }
    let (limit, asked, allowed) =
        manifest.limits.above(limits).find(|(limit, ..)| !settings.limits.sets(limit))?;
    Some(format!(
        "its mod.toml asks for {asked} as the limit `{limit}`, and the world allows {allowed}: \
         write `{limit} = {asked}` under `[mods.{id}.limits]` in the world file, or ask for less"
    ))
}

/// What a manifest says of events and systems that are none, or none of that sort.
fn unkept(declaration: &Declaration, manifest: &Manifest) -> Option<String> {
    let id = &declaration.id;
    let is_event = |event: &str| {
        let is_it = |kind: &Kind| kind.name == format!("{id}/{event}") && kind.role == Role::Event;
        declaration.kinds.iter().any(is_it)
    };
    if let Some(finding) = manifest.finding.iter().find(|it| !is_event(&it.event)) {
        let event = &finding.event;
        return Some(format!(
            "its mod.toml has `{event}` as a finding, and it declares no event of that name: name \
             an event that it sends, or remove the `[[finding]]`"
        ));
    }
    manifest.dispensable.iter().find_map(|name| {
        let why = match declaration.systems.iter().find(|system| system.name == *name) {
            None => "it has no system of that name",
            // Events that it does not read meanwhile would have to be kept for it.
            Some(system) if !system.reads.is_empty() => "that system reads events",
            Some(system) if system.startup => "that system runs once",
            Some(_) => return None,
        };
        Some(format!(
            "its mod.toml has `{name}` under `dispensable`, and {why}: name systems that run again \
             and again and read no events"
        ))
    })
}

fn not_granted(id: &str, missing: &Missing, granted: &Asks) -> String {
    format!(
        "it asks to {}, which the world does not grant: write {} under `[mods.{id}.grants]` in \
         the world file",
        missing.told(),
        missing.lines(granted)
    )
}

/// The names that no pattern covers.
fn lacking(used: &Missing, asks: &Asks) -> Missing {
    let without = |names: &BTreeSet<String>, lists: &[&[Pattern]]| {
        let covered =
            |name: &&String| lists.iter().copied().flatten().any(|pattern| pattern.covers(name));
        names.iter().filter(|name| !covered(name)).cloned().collect()
    };
    Missing {
        read: without(&used.read, &[&asks.read, &asks.write]),
        write: without(&used.write, &[&asks.write]),
    }
}

/// The patterns that are not within any of the others.
fn beyond<'a>(
    asked: &[Pattern],
    granted: impl Iterator<Item = &'a Pattern> + Clone,
) -> BTreeSet<String> {
    let within = |pattern: &&Pattern| granted.clone().any(|wider| wider.includes(pattern));
    asked.iter().filter(|pattern| !within(pattern)).map(ToString::to_string).collect()
}

/// Names of the kinds of other mods that systems read and write.
fn used(declaration: &Declaration) -> Missing {
    let mut used = Missing::default();
    let own = format!("{}/", declaration.id);
    let mut uses = |index: u32, writes: bool| {
        let Some(kind) = declaration.kinds.get(index as usize) else { return };
        if !kind.name.starts_with(&own) {
            let names = if writes { &mut used.write } else { &mut used.read };
            names.insert(kind.name.clone());
        }
    };
    for system in &declaration.systems {
        for term in system.queries.iter().flat_map(Query::all_terms) {
            uses(term.kind, matches!(term.access, Access::Write | Access::OptionalWrite));
        }
        system.resources.iter().for_each(|resource| uses(resource.kind, resource.write));
        system.run_if.iter().for_each(|condition| uses(condition.kind, false));
        system.lookups.iter().chain(&system.relations).for_each(|kind| uses(*kind, false));
        for reading in &system.reads {
            match reading {
                Reading::Event(kind) | Reading::Removed(kind) => uses(*kind, false),
                Reading::Despawned => {}
            }
        }
        system.emits.iter().for_each(|kind| uses(*kind, true));
    }
    used.read.retain(|name| !used.write.contains(name));
    used
}
