//! Packs that carry what slim saves lack.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Error, Keys, Pack};
use crate::catalog::ModSource;
use crate::names::is_pack;
use crate::record::Digest;
use crate::save::{Contents, LockedMod, Save};

/// The components and assets of mods, by digest.
pub fn contents(mods: &[ModSource]) -> Contents {
    let all = mods
        .iter()
        .flat_map(|source| [&source.component].into_iter().chain(source.assets.values()));
    all.map(|bytes| (*blake3::hash(bytes).as_bytes(), bytes.clone())).collect()
}

/// Puts the mods of a save back into it from a pack. Who is trusted, besides
/// those that the save's world trusts, is given.
///
/// # Errors
///
/// That the save cannot be opened or written, that the pack is refused, or that it
/// lacks a mod of the save. The save is as it was.
pub fn embed(save: &Path, pack: &Path, trusted: &[String]) -> Result<(), Error> {
    let (mut save, config, _) = Save::open(save)?;
    let keys = Keys::new(&[trusted, &config.trust.keys].concat())?;
    let pack = Pack::read(pack, &keys)?;
    save.embed(&contents(&pack.mods))?;
    Ok(save.close()?)
}

/// What the packs in the folder of a slim save have of its mods, by the digests
/// in its lock. Where that is not all of it, a pack that was refused is worth an
/// error: it may be the one.
///
/// # Errors
///
/// That the folder cannot be read, or why a pack in it was refused, where the others
/// lack something.
pub fn contents_beside(save: &Path, lock: &[LockedMod], keys: &Keys) -> Result<Contents, Error> {
    let digests = |locked: &LockedMod| {
        locked.assets.values().copied().chain([locked.hash]).collect::<Vec<Digest>>()
    };
    let wanted: BTreeSet<Digest> = lock.iter().flat_map(digests).collect();
    let mut found = Contents::new();
    let mut refusal = None;
    for path in packs_beside(save)? {
        match Pack::read(&path, keys) {
            Ok(pack) => found.extend(contents(&pack.mods)),
            Err(error) => refusal = refusal.or(Some(error)),
        }
        found.retain(|digest, _| wanted.contains(digest));
        if found.len() == wanted.len() {
            return Ok(found);
        }
    }
    refusal.map_or(Ok(found), Err)
}

fn packs_beside(save: &Path) -> Result<Vec<PathBuf>, Error> {
    let folder = match save.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let failed = |cause| Error::Io { path: folder.to_owned(), doing: "read", cause };
    let mut packs = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if is_pack(&path) && path.is_file() {
            packs.push(path);
        }
    }
    packs.sort();
    Ok(packs)
}
