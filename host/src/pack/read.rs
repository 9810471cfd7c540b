//! From the bytes of a pack to a world, trusting none of them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::archive::Archive;
use super::contents::{Contents, FORMAT, LIST, Part, is_archive, part_of};
use super::{Error, Keys, PACKED_MAX_BYTES, UNPACKED_MAX_BYTES};
use crate::catalog::component::objection;
use crate::catalog::{self, ModSource, toml_text};
use crate::config::WorldConfig;
use crate::save::Reader;

/// The most bytes that `pack.toml` may have.
const LIST_MAX_BYTES: u64 = 4 << 20;

/// A pack that was read and found good.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    /// The file.
    pub path: PathBuf,
    /// The world's settings.
    pub config: WorldConfig,
    /// Its mods, by id.
    pub mods: Vec<ModSource>,
}

impl Pack {
    /// Reads a pack to be run with a save, which may be there already and whose
    /// world may trust keys, too.
    ///
    /// # Errors
    ///
    /// As [`Pack::read`]; also that the save cannot be read.
    pub fn for_save(path: &Path, save: &Path, trusted: &[String]) -> Result<Self, Error> {
        let mut keys = trusted.to_vec();
        if save.exists() {
            keys.extend(Reader::open(save)?.config()?.trust.keys);
        }
        Self::read(path, &Keys::new(&keys)?)
    }

    /// Reads a pack, for an operator who trusts these keys. Where there are none, those
    /// that the pack itself names must have signed it.
    ///
    /// # Errors
    ///
    /// That the file cannot be read, that its signature is missing or is of no trusted
    /// key, or that it is no pack or holds more than a pack may. Nothing of it was
    /// used.
    pub fn read(path: &Path, keys: &Keys) -> Result<Self, Error> {
        let failed = |cause| Error::Io { path: path.to_owned(), doing: "read", cause };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(failed)?;
        file.take(PACKED_MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        Self::of_bytes(path, &bytes, keys)
    }

    /// As [`Pack::read`], of what would be in the file of this name; its signature is
    /// beside that.
    ///
    /// # Errors
    ///
    /// As [`Pack::read`].
    pub fn of_bytes(path: &Path, bytes: &[u8], keys: &Keys) -> Result<Self, Error> {
        let refused = |what| Error::Refused { path: path.to_owned(), what };
        if bytes.len() as u64 > PACKED_MAX_BYTES {
            return Err(refused(format!("it has more than {} MiB", PACKED_MAX_BYTES >> 20)));
        }
        keys.verify(path, bytes)?;
        let mut archive = Archive::open(bytes).map_err(refused)?;
        let contents = list(&mut archive).map_err(refused)?;
        if keys.is_empty() {
            Keys::new(&contents.config.trust.keys)?.verify(path, bytes)?;
        }
        let files = unpack(&mut archive, &contents).map_err(refused)?;
        let mods = assemble(path, &contents.config, files).map_err(refused)?;
        Ok(Self { path: path.to_owned(), config: contents.config, mods })
    }
}

fn list(archive: &mut Archive<'_>) -> Result<Contents, String> {
    let bytes = archive.unpack(LIST, LIST_MAX_BYTES)?;
    let text = String::from_utf8(bytes).map_err(|_| format!("its {LIST} is not UTF-8"))?;
    // Before the rest of it: another format may have other keys.
    let format = DeTable::parse(&text).ok().and_then(|table| {
        table.get_ref().get("format").and_then(|format| match format.get_ref() {
            DeValue::Integer(number) => number.as_str().parse::<u64>().ok(),
            _ => None,
        })
    });
    if let Some(found) = format.filter(|found| *found != u64::from(FORMAT)) {
        return Err(format!("its format is {found}, and this Sandtable reads {FORMAT}"));
    }
    let told = |complaint| toml_text::told(LIST, &text, complaint);
    let contents: Contents = toml_text::parse(&text).map_err(told)?;
    catalog::check(&contents.config)
        .map_err(|mistake| format!("its {LIST} is wrong: `config` has {mistake}"))?;
    Ok(contents)
}

/// Unpacks every entry, which are those that are listed.
fn unpack(
    archive: &mut Archive<'_>,
    contents: &Contents,
) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let listed = |name: &&str| *name != LIST && !contents.entries.contains_key(*name);
    if let Some(name) = archive.names().find(listed) {
        return Err(format!("its entry {name:?} is not in its {LIST}"));
    }
    let all = contents.entries.values();
    let bytes = all.fold(0_u64, |sum, listed| sum.saturating_add(listed.bytes));
    if bytes > UNPACKED_MAX_BYTES {
        let most = UNPACKED_MAX_BYTES >> 20;
        return Err(format!("its entries unpack to more than {most} MiB"));
    }
    let mut files = BTreeMap::new();
    for (name, listed) in &contents.entries {
        let bytes = archive.unpack(name, listed.bytes)?;
        if bytes.len() as u64 != listed.bytes {
            let found = bytes.len();
            return Err(format!("its entry {name:?} has {found} bytes, not {}", listed.bytes));
        }
        if blake3::hash(&bytes).to_hex().as_str() != listed.blake3 {
            return Err(format!("its entry {name:?} has another BLAKE3 digest than it lists"));
        }
        if is_archive(&bytes) {
            return Err(format!("its entry {name:?} is an archive in the archive"));
        }
        files.insert(name.clone(), bytes);
    }
    Ok(files)
}

fn assemble(
    path: &Path,
    config: &WorldConfig,
    files: BTreeMap<String, Vec<u8>>,
) -> Result<Vec<ModSource>, String> {
    let source = path.file_name().unwrap_or_default().to_string_lossy();
    let mut mods: BTreeMap<&str, ModSource> = config
        .mods
        .keys()
        .map(|id| {
            let empty = ModSource {
                id: id.clone(),
                component: Vec::new(),
                assets: BTreeMap::new(),
                manifest: None,
                source: source.to_string(),
            };
            (id.as_str(), empty)
        })
        .collect();
    for (name, bytes) in files {
        let found = part_of(&name).and_then(|(id, part)| Some((mods.get_mut(id)?, part)));
        let Some((source, part)) = found else {
            return Err(format!("its entry {name:?} belongs to none of its mods"));
        };
        match part {
            Part::Component => match objection(&bytes) {
                None => source.component = bytes,
                Some(what) => return Err(format!("its entry {name:?} {what}")),
            },
            Part::Manifest => {
                let text = String::from_utf8(bytes)
                    .map_err(|_| format!("its entry {name:?} is not UTF-8"))?;
                let manifest = catalog::manifest::parse(&text, &source.id)
                    .map_err(|complaint| toml_text::told(&name, &text, complaint))?;
                source.manifest = Some(manifest);
            }
            Part::Asset(asset) => drop(source.assets.insert(asset.to_owned(), bytes)),
        }
    }
    match mods.values().find(|source| source.component.is_empty()) {
        None => Ok(mods.into_values().collect()),
        Some(source) => Err(format!("it lacks the entry {:?}", Part::Component.name(&source.id))),
    }
}
