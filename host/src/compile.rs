//! Mods, compiled and asked what they consist of.

use std::sync::Arc;

use crate::catalog::ModSource;
use crate::config::WorldConfig;
use crate::declaration::{self, Declaration, DeclarationError};
use crate::ecs::Kind;
use crate::error::Error;
use crate::guest::{Code, Engine};
use crate::options::Options;
use crate::program::Terms;
use crate::record::Digest;
use crate::save::{StoredMod, declaration_text};

/// A mod that is compiled and has said what it consists of.
#[derive(Clone)]
pub struct Compiled {
    engine: Arc<Engine>,
    source: ModSource,
    code: Code,
    declaration: Declaration,
}

/// Compiles mods for a world, also while it runs and on another thread. Mods
/// that the world has already are not compiled again.
#[derive(Clone)]
pub struct Compiler {
    engine: Arc<Engine>,
    config: WorldConfig,
    known: Vec<Compiled>,
}

impl Compiled {
    /// A mod that an engine compiled before.
    pub(crate) fn new(
        engine: Arc<Engine>,
        source: ModSource,
        code: Code,
        declaration: Declaration,
    ) -> Self {
        Self { engine, source, code, declaration }
    }

    /// The id that it calls itself by; the world may know it by another.
    pub fn declared_id(&self) -> &str {
        &self.declaration.id
    }

    /// The kinds that it declares, those of other mods included.
    ///
    /// # Errors
    ///
    /// The first declaration of a kind that contradicts itself.
    pub fn kinds(&self) -> Result<Vec<Kind>, DeclarationError> {
        let one = |kind| declaration::resolve(self.declared_id(), kind).map(|it| it.kind);
        self.declaration.kinds.iter().map(one).collect()
    }

    /// What it was compiled from.
    pub(crate) fn source(&self) -> &ModSource {
        &self.source
    }

    /// What it was compiled from.
    pub(crate) fn source_mut(&mut self) -> &mut ModSource {
        &mut self.source
    }

    /// What it consists of, in its own words.
    pub(crate) fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    /// What an instance is made of.
    pub(crate) fn code(&self) -> &Code {
        &self.code
    }

    /// The engine that the code is for.
    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// As a save carries it.
    pub fn stored(&self) -> StoredMod {
        let Self { source, code, declaration, .. } = self;
        StoredMod {
            id: source.id.clone(),
            version: declaration.version.clone(),
            hash: code.hash,
            component: source.component.clone(),
            assets: source.assets.clone(),
            manifest: source.manifest.clone(),
            source: source.source.clone(),
            declaration: declaration_text(declaration),
        }
    }
}

impl Compiler {
    /// For a world with these settings, whose mods run on so many threads.
    ///
    /// # Errors
    ///
    /// That the WebAssembly engine could not be started.
    pub fn new(config: WorldConfig, threads: usize) -> Result<Self, Error> {
        let engine = Engine::new(config.world.strict_nan, thread_count(threads))?;
        let engine = Arc::new(engine);
        Ok(Self { engine, config, known: Vec::new() })
    }

    /// For a world with these settings that is run so.
    pub(crate) fn of_options(config: WorldConfig, options: &Options) -> Result<Self, Error> {
        match &options.engines {
            Some(engines) => Ok(Self::of(engines.of(config.world.strict_nan)?, config, Vec::new())),
            None => Self::new(config, options.threads),
        }
    }

    /// For an engine that runs mods already.
    pub(crate) fn of(engine: Arc<Engine>, config: WorldConfig, known: Vec<Compiled>) -> Self {
        Self { engine, config, known }
    }

    /// The engine that the code is for.
    pub(crate) fn engine(&self) -> Arc<Engine> {
        self.engine.clone()
    }

    /// For other settings of the same world.
    ///
    /// # Errors
    ///
    /// That the settings need another engine, and it could not be started.
    pub fn with(&self, config: WorldConfig, threads: usize) -> Result<Self, Error> {
        if config.world.strict_nan != self.config.world.strict_nan {
            return Self::new(config, threads);
        }
        Ok(Self { config, ..self.clone() })
    }

    /// Knows mods, so that they are not compiled again.
    pub fn remember(&mut self, mods: &[Compiled]) {
        self.known = mods.to_vec();
    }

    /// Compiles a mod ahead, so that an edited one is compiled the faster: only what
    /// the edit changed.
    pub fn warm(&self, source: &ModSource) {
        self.engine.warm(&source.component);
    }

    /// Compiles mods and asks each what it consists of; ascending by id.
    ///
    /// # Errors
    ///
    /// The first component that is no mod of this interface, does not compile, or
    /// cannot say what it consists of.
    pub fn compile(&self, mods: Vec<ModSource>) -> Result<Vec<Compiled>, Error> {
        let terms: Vec<Terms> =
            mods.iter().map(|source| Terms::of(source, &mods, &self.config)).collect();
        let one = |(source, terms)| self.one(source, terms);
        let mut compiled = mods.into_iter().zip(&terms).map(one).collect::<Result<Vec<_>, _>>()?;
        compiled.sort_by(|one, two| one.source.id.cmp(&two.source.id));
        Ok(compiled)
    }

    fn one(&self, source: ModSource, terms: &Terms) -> Result<Compiled, Error> {
        let hash: Digest = *blake3::hash(&source.component).as_bytes();
        let known = self.known.iter().find(|known| {
            known.source.id == source.id
                && known.code.hash == hash
                && known.source.assets == source.assets
        });
        if let Some(Compiled { code, declaration, .. }) = known {
            let (code, declaration) = (code.clone(), declaration.clone());
            return Ok(Compiled { engine: self.engine.clone(), source, code, declaration });
        }
        let name = format!("mod `{}`", source.id);
        let code = self.engine.load(&name, &source.component)?;
        let assets = terms.assets.clone();
        let declaration = self.engine.describe(&name, &code, &terms.limits, assets)?;
        Ok(Compiled { engine: self.engine.clone(), source, code, declaration })
    }
}

/// A mod as the save carries it.
pub(crate) fn source_of(stored: &StoredMod) -> ModSource {
    ModSource {
        id: stored.id.clone(),
        component: stored.component.clone(),
        assets: stored.assets.clone(),
        manifest: stored.manifest.clone(),
        source: stored.source.clone(),
    }
}

/// How many threads run guests where so many were asked for; zero: one for each
/// core.
pub(crate) fn thread_count(asked: usize) -> usize {
    match asked {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        asked => asked,
    }
}
