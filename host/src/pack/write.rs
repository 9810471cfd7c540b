//! From a world and its mods to the bytes of a pack.
//!
//! What a pack would be refused for is refused here, before an operator who
//! was given the pack stumbles over it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use zip::write::{PreparedZipFile, SimpleFileOptions};
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::contents::{
    Contents, FORMAT, LIST, Listed, Part, folded, is_archive, objection_to_name,
};
use super::{ENTRIES_MAX, Error, PACKED_MAX_BYTES, RATIO_MAX, UNPACKED_MAX_BYTES};
use crate::catalog::ModSource;
use crate::config::WorldConfig;

/// The most that deflate can do, which is still fast.
const LEVEL: i64 = 9;

/// Packs a world: the same bytes for the same settings and mods.
///
/// # Errors
///
/// That the world has more files or bytes than a pack may.
pub fn write(config: &WorldConfig, mods: &[ModSource]) -> Result<Vec<u8>, Error> {
    let mut files = BTreeMap::new();
    for source in mods {
        let id = &source.id;
        files.insert(Part::Component.name(id), source.component.clone());
        if let Some(manifest) = &source.manifest {
            let text = toml::to_string(manifest).map_err(unfit)?;
            files.insert(Part::Manifest.name(id), text.into_bytes());
        }
        for (name, bytes) in &source.assets {
            files.insert(Part::Asset(name).name(id), bytes.clone());
        }
    }
    check(&files)?;
    let entries = files.iter().map(|(name, bytes)| {
        let blake3 = blake3::hash(bytes).to_hex().to_string();
        (name.clone(), Listed { bytes: bytes.len() as u64, blake3 })
    });
    let contents = Contents { format: FORMAT, config: config.clone(), entries: entries.collect() };
    let list = toml::to_string(&contents).map_err(unfit)?;
    files.insert(LIST.to_owned(), list.into_bytes());

    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in &files {
        let entry = prepare(name, bytes).map_err(unfit)?;
        archive.add_prepared_file(entry).map_err(unfit)?;
    }
    let packed = archive.finish().map_err(unfit)?.into_inner();
    if packed.len() as u64 > PACKED_MAX_BYTES {
        return Err(too_large(packed.len() as u64, PACKED_MAX_BYTES, "packed"));
    }
    Ok(packed)
}

fn check(files: &BTreeMap<String, Vec<u8>>) -> Result<(), Error> {
    if files.len() >= ENTRIES_MAX {
        return Err(unfit(format!(
            "it has {} files, and a pack has room for {}: join some",
            files.len(),
            ENTRIES_MAX - 1
        )));
    }
    let bytes = files.values().map(|bytes| bytes.len() as u64).sum();
    if bytes > UNPACKED_MAX_BYTES {
        return Err(too_large(bytes, UNPACKED_MAX_BYTES, "before packing"));
    }
    let mut names = BTreeSet::new();
    for (name, bytes) in files {
        if let Some(what) = objection_to_name(name) {
            return Err(unfit(format!("{name:?} {what}: rename it")));
        }
        if !names.insert(folded(name)) {
            let what = "differs from another file only by the case of letters: rename it";
            return Err(unfit(format!("{name:?} {what}")));
        }
        if is_archive(bytes) {
            let what = "is compressed or an archive: ship what is in it, the pack compresses it";
            return Err(unfit(format!("{name:?} {what}")));
        }
    }
    Ok(())
}

fn prepare(name: &str, bytes: &[u8]) -> zip::result::ZipResult<PreparedZipFile> {
    // Neither the clock nor the user who packs is part of a pack.
    let options = SimpleFileOptions::default()
        .last_modified_time(DateTime::DEFAULT)
        .unix_permissions(0o644)
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL));
    let entry = PreparedZipFile::from_data(name, options, bytes)?;
    if (entry.compressed_size() * RATIO_MAX) >= bytes.len() as u64
        && entry.compressed_size() < bytes.len() as u64
    {
        return Ok(entry);
    }
    // What shrinks beyond the allowed ratio, or not at all, goes in as it is.
    let options = options.compression_method(CompressionMethod::Stored).compression_level(None);
    PreparedZipFile::from_data(name, options, bytes)
}

fn too_large(bytes: u64, most: u64, when: &str) -> Error {
    unfit(format!("it has {bytes} bytes {when}, and at most {most} are allowed: ship less"))
}

fn unfit(what: impl ToString) -> Error {
    Error::Unfit(what.to_string().replace('\n', " "))
}
