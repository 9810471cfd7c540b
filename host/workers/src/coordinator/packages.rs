//! What workers make calls with: components and the files that their mods may read, by
//! digest.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use sandtable_guest::Assets;
use sandtable_guest::calls::LentMod;
use sandtable_world::record::Digest;

use crate::message::Load;

/// What the mods that run consist of.
#[derive(Default)]
pub struct Packages {
    current: Vec<Package>,
    /// What workers fetch, by digest.
    blobs: BTreeMap<Digest, Bytes>,
}

struct Package {
    load: Load,
    assets: Arc<Assets>,
}

impl Packages {
    /// Other mods run.
    pub fn replace(&mut self, strict_nan: bool, mods: Vec<LentMod>) {
        (self.current, self.blobs) = (Vec::new(), BTreeMap::new());
        for LentMod { hash, component, assets } in mods {
            let packed = packed(&assets);
            let files = *blake3::hash(&packed).as_bytes();
            let load = Load::new(strict_nan, hash, files);
            self.blobs.insert(hash, component);
            self.blobs.insert(files, packed);
            self.current.push(Package { load, assets });
        }
    }

    /// What calls of a mod are made with.
    pub fn of(&self, component: Digest, assets: &Arc<Assets>) -> Option<Digest> {
        let is_it = |package: &&Package| {
            package.load.component == component && Arc::ptr_eq(&package.assets, assets)
        };
        self.current.iter().find(is_it).map(|package| package.load.package)
    }

    /// All of them.
    pub fn current(&self) -> impl Iterator<Item = &Digest> {
        self.current.iter().map(|package| &package.load.package)
    }

    /// What a worker is told to get one ready.
    pub fn load(&self, package: &Digest) -> Option<Load> {
        let mut current = self.current.iter();
        current.find(|known| known.load.package == *package).map(|known| known.load.clone())
    }

    /// A component, or files, by digest.
    pub fn blob(&self, digest: &Digest) -> Option<Bytes> {
        self.blobs.get(digest).cloned()
    }
}

/// The files of a mod as one run of bytes.
fn packed(assets: &Assets) -> Bytes {
    let files: BTreeMap<&str, &serde_bytes::Bytes> =
        assets.iter().map(|(name, file)| (name.as_str(), serde_bytes::Bytes::new(file))).collect();
    crate::message::write(&files)
}
