//! `sandtable edit`: changes values of a world by hand.

use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use sandtable::ecs::{Entity, Stamp};
use sandtable::edit::{Edit, EditPlace, Operation};
use sandtable::record::RequestKey;
use sandtable::save::{Parcel, Reader};
use sandtable::send_parcel;
use serde_json::{Map, Value as Json};

use super::screen::tell;

/// Who the save says sent what comes this way.
const SENDER: &str = "sandtable edit";

/// Change values of a world by hand, which its next tick does before its systems run
///
/// All of an edit is done or nothing. The save keeps it with who sent it: `blame`,
/// `history` and `why` name the sender, `verify` does it again, and
/// `SELECT * FROM edits` lists them. The world must grant it with `edit = true` under
/// `[api]`. Works also while the world runs.
///
/// With --json, the edit is one operation or a list of them: set, insert, remove,
/// spawn, despawn, relate, unrelate, set-resource, as the guide has them.
///
/// With --undo, an edit is taken back, unless what it set has changed since.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable edit earth.db Germany economy/Economy.gdp_usd=4.2e12
  sandtable edit earth.db 12v3 --remove economy/Economy
  sandtable edit earth.db --json '{\"op\": \"despawn\", \"entity\": \"12v3\"}'
  sandtable edit earth.db --undo 120/0")]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// An entity, as 12v3, by its number in SQL, or by its label
    #[arg(required_unless_present_any = ["json", "undo"])]
    entity: Option<String>,
    /// Fields and what they are to be: economy/Economy.gdp_usd=4.2e12; a text needs no
    /// quotes
    #[arg(value_name = "FIELD=VALUE", requires = "entity")]
    fields: Vec<String>,
    /// Take a component away from the entity; may be given again
    #[arg(long, value_name = "COMPONENT", requires = "entity")]
    remove: Vec<String>,
    /// End the life of the entity
    #[arg(long, requires = "entity")]
    despawn: bool,
    /// The edit as JSON; - is what is piped in
    #[arg(long, value_name = "EDIT", conflicts_with_all = ["entity", "undo"])]
    json: Option<String>,
    /// Take an edit back: its tick and its number in it, as `blame` names them
    #[arg(long, value_name = "TICK/NUMBER", value_parser = place, conflicts_with = "entity")]
    undo: Option<EditPlace>,
    /// Who does it, for the save to keep
    #[arg(long, value_name = "NAME", default_value = SENDER)]
    sender: String,
    /// A name for the edit, by which it counts once
    #[arg(long)]
    key: Option<String>,
}

fn place(text: &str) -> Result<EditPlace, String> {
    let wrong = || "give the tick and the number of an edit, as in 120/0".to_owned();
    let (tick, number) = text.split_once('/').ok_or_else(wrong)?;
    let number_of = |text: &str| text.parse().map_err(|_| wrong());
    Ok(EditPlace { tick: number_of(tick)?, number: number_of(number)? })
}

/// Puts the edit into the save.
pub fn run(arguments: Arguments) -> Result<()> {
    let reader = Reader::open(&arguments.save)?;
    let edit = match (arguments.undo, &arguments.json) {
        (Some(place), _) => reader.inverse(place)?,
        (None, Some(json)) => read(json)?,
        (None, None) => of_fields(&reader, &arguments)?,
    };
    let (world, _) = Reader::open(&arguments.save)?.world()?;
    // What cannot be done now is said now; the tick that has it decides.
    if let Err(why) = world.edited(&edit, Stamp::commands(world.tick())) {
        bail!("the edit cannot be done: {why}");
    }
    let digest = *blake3::hash(edit.text().as_bytes()).as_bytes();
    let key = arguments.key.map(|key| RequestKey { key, digest });
    let (sender, edits) = (arguments.sender, vec![edit]);
    let known = send_parcel(&arguments.save, &Parcel { sender, key, edits, ..Parcel::default() })?;
    let save = arguments.save.display();
    match known.map(|known| known.place) {
        None => tell(&format!("the edit is in {save}; its next tick does it")),
        Some(None) => tell(&format!("the edit was sent before, and waits in {save}")),
        Some(Some(place)) => {
            tell(&format!("the edit was sent before, and tick {} had it", place.tick));
        }
    }
    Ok(())
}

fn read(json: &str) -> Result<Edit> {
    let mut text = json.to_owned();
    if json == "-" {
        text.clear();
        let most = Edit::BYTES_MAX as u64;
        std::io::stdin().take(most).read_to_string(&mut text).context("what is piped in")?;
    }
    let json: Json = serde_json::from_str(&text).context("the edit is not JSON")?;
    Edit::parse(&json).map_err(anyhow::Error::msg)
}

fn of_fields(reader: &Reader, arguments: &Arguments) -> Result<Edit> {
    let entity: Entity = reader.entity_called(arguments.entity.as_deref().unwrap_or_default())?;
    let entity = entity.to_string();
    let mut operations: Vec<Operation> = Vec::new();
    for field in &arguments.fields {
        operations.push(set(&entity, field)?);
    }
    operations.extend(arguments.remove.iter().map(|component| Operation::Remove {
        entity: entity.clone(),
        component: component.clone(),
    }));
    operations.extend(arguments.despawn.then(|| Operation::Despawn { entity: entity.clone() }));
    if operations.is_empty() {
        bail!(
            "there is nothing to do with {entity}: give a field and its value, as in \
             economy/Economy.gdp_usd=4.2e12, or --remove or --despawn"
        );
    }
    Ok(Edit { operations, ..Edit::default() })
}

/// That a field is to be other: `economy/Economy.gdp_usd=4.2e12`. A text needs no quotes.
pub fn set(entity: &str, assignment: &str) -> Result<Operation> {
    let parts = assignment.split_once('=').and_then(|(name, value)| {
        let (component, field) = name.split_once('.')?;
        Some((component, field, value))
    });
    let Some((component, field, value)) = parts else {
        bail!("`{assignment}` is no field and value: write it as economy/Economy.gdp_usd=4.2e12");
    };
    let value = serde_json::from_str(value).unwrap_or_else(|_| Json::from(value));
    let value = Map::from_iter([(field.to_owned(), value)]);
    Ok(Operation::Set { entity: entity.to_owned(), component: component.to_owned(), value })
}
