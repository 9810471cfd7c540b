//! Which mods read an input, and why an input is refused that none can read.
//!
//! An input that was taken is read, waits, or is set aside by name. So it is
//! refused, with the reason, while it could not be read: no
//! system that takes part reads it, or the mods of those are suspended.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;

use crate::declaration::Reading;
use crate::error::Error;
use crate::save::{self, KnownRequest, Parcel, Standing, read_declaration};

/// Gives a save an input for its next tick, also while another process runs it: the
/// input's full name, its fields as JSON, and who sends it.
///
/// When this returns, the input is on disk.
///
/// # Errors
///
/// As [`send_parcel`].
pub fn send(path: &Path, kind: &str, fields: &Json, sender: &str) -> Result<(), Error> {
    let inputs = vec![(kind.to_owned(), fields.clone())];
    let parcel = Parcel { sender: sender.to_owned(), inputs, ..Parcel::default() };
    send_parcel(path, &parcel).map(drop)
}

/// Gives a save what is sent at once for its next tick, also while another process runs
/// it. Gives what is known of it, where it was sent before under its key.
///
/// When this returns, it is on disk.
///
/// # Errors
///
/// That no mod declares an input or can read it, that fields do not fit it, that the
/// world does not grant edits, that another parcel has the same key, that too much waits,
/// or that the save cannot be written. Nothing is sent then.
pub fn send_parcel(path: &Path, parcel: &Parcel) -> Result<Option<KnownRequest>, Error> {
    let found = save::send(path, parcel, &unread(path))?;
    match (&found, &parcel.key) {
        (Some(known), Some(key)) if known.digest != key.digest => {
            Err(Error::OtherRequest { key: key.key.clone() })
        }
        _ => Ok(found),
    }
}

/// Which of these inputs could not be sent to a save, by place, and why. Nothing is sent.
///
/// # Errors
///
/// The save cannot be read.
pub fn objections(path: &Path, inputs: &[(String, Json)]) -> Result<Vec<(usize, String)>, Error> {
    Ok(save::objections(path, inputs, &unread(path))?)
}

/// Why no mod of a save could read an input of some name, looked at once for each.
fn unread(path: &Path) -> impl Fn(&str, &Standing) -> Option<String> {
    let known: RefCell<BTreeMap<String, Option<String>>> = RefCell::default();
    move |kind, standing| {
        let objects = || {
            let readers = readers_of(kind, standing)?;
            let why = objection(kind, &readers)?;
            Some(match readers.keys().next() {
                Some(id) => {
                    format!("{why}: `sandtable resume {} {id}` brings it back", path.display())
                }
                None => why,
            })
        };
        known.borrow_mut().entry(kind.to_owned()).or_insert_with(objects).clone()
    }
}

/// The mods of the systems that read an input, and whether each is suspended.
pub(crate) type Readers = BTreeMap<String, bool>;

/// Why no mod could read an input, by its full name.
pub(crate) fn objection(kind: &str, readers: &Readers) -> Option<String> {
    let ids: Vec<String> = readers.keys().map(|id| format!("`{id}`")).collect();
    let owner = kind.split('/').next().unwrap_or_default();
    match ids.as_slice() {
        _ if readers.values().any(|is_suspended| !is_suspended) => None,
        [] => Some(format!(
            "no system of this world reads it, so nothing would come of it: look whether mod \
             `{owner}` takes part, or another that reads it"
        )),
        [id] => Some(format!("mod {id}, which reads it, is suspended")),
        ids => Some(format!("mods {}, which read it, are suspended", ids.join(" and "))),
    }
}

/// The mods that read an input, by what the mods of a save declared. None where a
/// declaration cannot be read.
fn readers_of(kind: &str, standing: &Standing) -> Option<Readers> {
    let mut readers = Readers::new();
    for (id, declaration) in &standing.declarations {
        let declaration = read_declaration(declaration).ok()?;
        let of_kind = |index: &u32| {
            declaration.kinds.get(*index as usize).is_some_and(|declared| declared.name == kind)
        };
        let reads = declaration.systems.iter().any(|system| {
            let is_over = system.startup && standing.ran.contains(&format!("{id}/{}", system.name));
            let reading = |reading: &Reading| matches!(reading, Reading::Event(it) if of_kind(it));
            !is_over && system.reads.iter().any(reading)
        });
        if reads {
            readers.insert(id.clone(), standing.suspended.contains(id));
        }
    }
    Some(readers)
}
