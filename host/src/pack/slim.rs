//! Packs that carry what slim saves lack.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Error, Keys, Pack};
use crate::catalog::ModSource;
use crate::persist::{LockedMod, Save};
use crate::record::Digest;

/// The components and assets of a pack, by digest.
fn contents(mods: &[ModSource]) -> BTreeMap<Digest, &[u8]> {
    let all = mods.iter().flat_map(|source| {
        [&source.component].into_iter().chain(source.assets.values()).map(Vec::as_slice)
    });
    all.map(|bytes| (*blake3::hash(bytes).as_bytes(), bytes)).collect()
}

/// Puts the mods of a save back into it from a pack. Who is trusted, besides
/// those that the save's world trusts, is given.
pub fn embed(save: &Path, pack: &Path, trusted: &[String]) -> Result<(), Error> {
    let (mut save, config, _) = Save::open(save)?;
    let keys = Keys::new(&[trusted, &config.trust.keys].concat())?;
    let pack = Pack::read(pack, &keys)?;
    save.embed(&contents(&pack.mods))?;
    Ok(save.close()?)
}

/// The mods of a slim save from the packs in its folder, by the digests in its
/// lock; nothing when they do not have all of them.
pub fn mods_beside(
    save: &Path,
    lock: &[LockedMod],
    keys: &Keys,
) -> Result<Option<Vec<ModSource>>, Error> {
    let mut found: BTreeMap<Digest, Vec<u8>> = BTreeMap::new();
    let mut refusal = None;
    for path in packs_beside(save)? {
        match Pack::read(&path, keys) {
            Ok(pack) => {
                let contents = contents(&pack.mods).into_iter();
                found.extend(contents.map(|(digest, bytes)| (digest, bytes.to_vec())));
            }
            Err(error) => refusal = refusal.or(Some(error)),
        }
        if let Some(mods) = complete(lock, &found) {
            return Ok(Some(mods));
        }
    }
    // A pack that would have been the one is worth more words than none.
    refusal.map_or(Ok(None), Err)
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
        if Pack::is_named(&path) && path.is_file() {
            packs.push(path);
        }
    }
    packs.sort();
    Ok(packs)
}

fn complete(lock: &[LockedMod], found: &BTreeMap<Digest, Vec<u8>>) -> Option<Vec<ModSource>> {
    let whole = |locked: &LockedMod| {
        let asset =
            |(name, digest): (&String, &Digest)| Some((name.clone(), found.get(digest)?.clone()));
        Some(ModSource {
            id: locked.id.clone(),
            component: found.get(&locked.hash)?.clone(),
            assets: locked.assets.iter().map(asset).collect::<Option<_>>()?,
            manifest: locked.manifest.clone(),
            source: locked.source.clone(),
        })
    };
    lock.iter().map(whole).collect()
}
