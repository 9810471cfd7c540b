//! What a worker makes calls with: compiled mods and their files.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use sandtable_guest::{Assets, Code, Engine, GuestError};
use sandtable_world::record::{Digest, hex};

use crate::lock::lock;
use crate::message::{self, Load};

/// Compiled mods and their files, by package.
pub struct Packages {
    threads: usize,
    /// With NaN as it comes, and with it made the same everywhere.
    engines: [OnceLock<Arc<Engine>>; 2],
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    packages: BTreeMap<Digest, Package>,
    /// How often any was asked for.
    uses: u64,
}

struct Package {
    engine: Arc<Engine>,
    code: Code,
    assets: Arc<Assets>,
    /// At which use it was asked for last.
    used: u64,
}

/// What a call is made with.
pub type Ready = (Arc<Engine>, Code, Arc<Assets>);

impl Packages {
    /// Packages that are kept: those that were asked for last.
    const MOST: usize = 256;

    /// None yet, for calls on so many threads.
    pub fn start(threads: usize) -> Result<Self, GuestError> {
        let packages =
            Self { threads, engines: [OnceLock::new(), OnceLock::new()], kept: Mutex::default() };
        packages.engine(false)?;
        Ok(packages)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        lock(&self.kept)
    }

    fn engine(&self, strict_nan: bool) -> Result<Arc<Engine>, GuestError> {
        let place = &self.engines[usize::from(strict_nan)];
        if let Some(engine) = place.get() {
            return Ok(engine.clone());
        }
        let engine = Arc::new(Engine::new(strict_nan, self.threads)?);
        Ok(place.get_or_init(|| engine).clone())
    }

    /// What calls can be made with.
    pub fn ready(&self) -> Vec<Digest> {
        self.kept().packages.keys().copied().collect()
    }

    /// What a call with this package is made with.
    pub fn get(&self, package: &Digest) -> Option<Ready> {
        let mut kept = self.kept();
        kept.uses += 1;
        let used = kept.uses;
        let package = kept.packages.get_mut(package)?;
        package.used = used;
        Some((package.engine.clone(), package.code.clone(), package.assets.clone()))
    }

    /// Compiles a mod, and keeps it with its files.
    pub fn add(&self, load: &Load, component: &[u8], assets: &[u8]) -> Result<(), String> {
        let name = format!("component {}", &hex(&load.component)[..8]);
        let engine = self.engine(load.strict_nan).map_err(|error| error.to_string())?;
        let code = engine.load(&name, component).map_err(|error| error.to_string())?;
        let files: Option<BTreeMap<String, serde_bytes::ByteBuf>> = message::read(assets);
        let files = files.ok_or_else(|| format!("the files of {name} cannot be read"))?;
        let files = files.into_iter().map(|(file, bytes)| (file, bytes.into_vec()));
        let assets: Arc<Assets> = Arc::new(files.collect());
        let mut kept = self.kept();
        kept.uses += 1;
        let used = kept.uses;
        kept.packages.insert(load.package, Package { engine, code, assets, used });
        if kept.packages.len() > Self::MOST {
            let oldest = kept.packages.iter().min_by_key(|(_, package)| package.used);
            let oldest = oldest.map(|(package, _)| *package);
            oldest.and_then(|package| kept.packages.remove(&package));
        }
        Ok(())
    }
}
