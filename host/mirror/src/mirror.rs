//! A mirror that follows a save.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sandtable_save::{Commit, Inquiry, Reader};
use sandtable_world::ecs::World;
use tokio::runtime::{self, Runtime};

use crate::Error;
use crate::address::Address;
use crate::layout::{Source, Wanted, fitting, schema_of};
use crate::moment::{KeptRows, Sent, Stand, Worldly, kept, log, tables};
use crate::rows::{self, Changed};
use crate::store::{News, Parcel, Store};

/// Where a world is mirrored, and how.
#[derive(Clone, Debug, Default)]
pub struct MirrorSettings {
    /// The address of PostgreSQL, as `postgres://user@host/database`.
    pub url: String,
    /// Certificates of who is trusted to be the server; those of the system where none
    /// are named.
    pub trusted: Option<PathBuf>,
    /// What the schema is called; the name of the world where nothing is said.
    pub schema: Option<String>,
    /// Columns whose JSON an index searches, as `table.column`.
    pub searched: Vec<String>,
    /// Whether all is written anew, whatever the mirror has.
    pub resync: bool,
}

/// What a look at the save came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The mirror has what the save has.
    Same {
        /// The tick of both.
        tick: u64,
    },
    /// The mirror was brought up.
    Carried {
        /// The tick that it has now.
        tick: u64,
        /// How many rows were sent for it.
        rows: u64,
        /// Why all was written anew, where it was.
        anew: Option<String>,
    },
}

/// A mirror that follows a save, which another process may run meanwhile. What it reads
/// of the save it has read before it waits for PostgreSQL.
pub struct Mirror {
    save: PathBuf,
    address: Address,
    schema: String,
    world: String,
    searched: Vec<String>,
    resync: bool,
    store: Option<Store>,
    worldly: Worldly,
    /// The world that the mirror has, and the one that it has if the last commit reached it
    /// unheard.
    known: Vec<Known>,
    sent: BTreeMap<String, Sent>,
    /// Last, so that what waits in it goes first.
    runtime: Runtime,
}

struct Known {
    commit: Commit,
    world: World,
}

/// From what the mirror goes on.
enum Base {
    World(World),
    /// From nothing, and why.
    Nothing(Option<String>),
}

impl Mirror {
    /// Reads which world it is. PostgreSQL is not asked for yet.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or the settings name no server.
    pub fn new(save: &Path, settings: &MirrorSettings) -> Result<Self, Error> {
        let address = Address::parse(&settings.url, settings.trusted.as_deref())?;
        if settings.trusted.is_some() {
            address.tls()?;
        }
        let (world, schema) = named(&Reader::open(save)?, settings.schema.as_deref())?;
        Ok(Self {
            save: save.to_owned(),
            address,
            schema,
            world,
            searched: settings.searched.clone(),
            resync: settings.resync,
            store: None,
            worldly: Worldly::default(),
            known: Vec::new(),
            sent: BTreeMap::new(),
            runtime: driver()?,
        })
    }

    /// What the schema is called.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Where PostgreSQL is, without a password.
    pub fn address(&self) -> &str {
        &self.address.shown
    }

    /// How many ticks the mirror is behind the save, as far as that can be told.
    pub fn behind(&self) -> Option<u64> {
        let mirror = self.known.last()?.commit.tick;
        let save = Reader::open(&self.save).and_then(|reader| reader.tick()).ok()?;
        Some(save.saturating_sub(mirror))
    }

    /// Lets time pass, in which a connection that ends is noticed.
    pub fn rest(&self, time: Duration) {
        self.runtime.block_on(async { tokio::time::sleep(time).await });
    }

    /// Looks at the save, and brings the mirror up to it in one transaction.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or PostgreSQL cannot be written to. The mirror is then as
    /// it was, or, where the connection was lost at the end, as it was to be: the next
    /// step finds that out.
    pub fn step(&mut self) -> Result<Step, Error> {
        let stepped = self.try_step();
        if stepped.is_err() {
            self.store = None;
            self.sent.clear();
        }
        stepped
    }

    fn try_step(&mut self) -> Result<Step, Error> {
        let mut store = match self.store.take() {
            Some(store) if store.is_closed() => {
                let why = "the connection was lost".to_owned();
                return Err(Error::Away { address: self.address.shown.clone(), why });
            }
            Some(store) => store,
            None => {
                let (address, resync) = (&self.address, self.resync);
                let open = Store::open(address, &self.schema, &self.world, resync);
                self.runtime.block_on(open)?
            }
        };
        let reader = self.worldly.open(&self.save)?;
        let commit = reader.commit()?;
        let is_known = |known: &&Known| Some(Stand::of(&known.commit)) == store.at;
        if let Some(known) = self.known.iter().find(is_known)
            && known.commit == commit
            && !self.resync
        {
            self.store = Some(store);
            return Ok(Step::Same { tick: commit.tick });
        }
        let base = self.base(&reader, &commit, store.at.as_ref())?;
        let world = self.worldly.now(&reader, &commit, matches!(base, Base::World(_)))?;
        let wanted = tables(&reader, &world)?;
        let inquiry = reader.inquiry_over(world.clone())?;
        let read = self.read(&inquiry, &base, &world, &wanted, &store)?;
        // From here on nothing of the save is open.
        drop(inquiry);
        let (parcels, anew) = match base {
            Base::World(_) => (read, None),
            Base::Nothing(why) => {
                let of_world = wanted.iter().map(|wanted| Parcel {
                    source: wanted.source.clone(),
                    rows: rows::all(&world, wanted),
                    gone: Vec::new(),
                    is_whole: false,
                });
                (of_world.chain(read).collect(), Some(why))
            }
        };
        let is_anew = anew.is_some();
        let news = News {
            to: Stand::of(&commit),
            anew: is_anew,
            wanted: &wanted,
            parcels,
            searched: &self.searched,
        };
        let tick = commit.tick;
        self.known.retain(|known| Some(Stand::of(&known.commit)) == store.at);
        self.known.push(Known { commit, world: world.clone() });
        let rows = self.runtime.block_on(store.carry(news))?;
        let last = self.known.len() - 1;
        self.known.drain(..last);
        self.store = Some(store);
        self.resync = false;
        Ok(Step::Carried { tick, rows, anew: anew.flatten() })
    }

    /// From what the mirror goes on: the world that it has, where that can be had.
    fn base(
        &mut self,
        reader: &Reader,
        commit: &Commit,
        at: Option<&Stand>,
    ) -> Result<Base, Error> {
        if self.resync {
            self.worldly.forget();
            return Ok(Base::Nothing(Some("it was asked for".to_owned())));
        }
        let Some(at) = at else { return Ok(Base::Nothing(None)) };
        let chain = match at.tick == commit.tick {
            true => Some(commit.chain),
            false => reader.chain(at.tick)?,
        };
        // No tick led to the first world, and the log forgets.
        let is_other = match &chain {
            Some(chain) => crate::moment::hex(chain) != at.chain,
            None => at.tick > commit.tick,
        };
        if is_other {
            self.worldly.forget();
            let (schema, tick) = (self.schema.clone(), at.tick);
            return Err(Error::OtherFuture { schema, tick });
        }
        if let Some(known) = self.known.iter().find(|known| Stand::of(&known.commit) == *at) {
            return Ok(Base::World(known.world.clone()));
        }
        if *at == Stand::of(commit) {
            return Ok(Base::World(reader.world()?.0));
        }
        Ok(match self.worldly.at(reader, at) {
            Some(world) => Base::World(world),
            None => Base::Nothing(Some(format!(
                "the world as it was at tick {} cannot be had of the history of the save",
                at.tick
            ))),
        })
    }

    /// Reads what differs from the base: of the world, unless all of it is new, of the log
    /// and of the tables of mods.
    fn read(
        &mut self,
        inquiry: &Inquiry,
        base: &Base,
        world: &World,
        wanted: &[Wanted],
        store: &Store,
    ) -> Result<Vec<Parcel<'static>>, Error> {
        let parcel = |source: &Source, Changed { rows, gone }, is_whole| Parcel {
            source: source.clone(),
            rows: Box::new(rows.into_iter()),
            gone,
            is_whole,
        };
        let mut parcels = Vec::new();
        let before = match base {
            Base::World(before) => Some(before),
            Base::Nothing(_) => None,
        };
        if let Some(before) = before {
            let between = rows::between(before, world, wanted);
            parcels.extend(between.into_iter().map(|(source, it)| parcel(&source, it, false)));
        }
        // What is shown of events depends on how their kinds are declared.
        let declared = |before: &&World| before.registry.iter().eq(world.registry.iter());
        let after = before.filter(declared).map(World::tick);
        for table in wanted {
            match &table.source {
                source @ (Source::Events | Source::Ticks) => {
                    let rows = log(inquiry, table, after)?;
                    parcels.push(parcel(source, Changed { rows, gone: Vec::new() }, false));
                }
                source @ Source::Kept(name) => {
                    let sent = self.sent.entry(name.clone()).or_default();
                    let before = before.filter(|_| store.has(table));
                    let before = before.and_then(|before| before.tables.get(name));
                    let now = world.tables.get(name);
                    if let Some(KeptRows { changed, is_whole }) =
                        kept(inquiry, table, sent, before, now)?
                    {
                        parcels.push(parcel(source, changed, is_whole));
                    }
                }
                _ => {}
            }
        }
        Ok(parcels)
    }
}

/// By which name a world is known outside, and what its schema is called.
pub(crate) fn named(reader: &Reader, schema: Option<&str>) -> Result<(String, String), Error> {
    let path = || reader.path().display().to_string();
    let world = reader.world_id()?.ok_or_else(|| Error::NoId { path: path() })?;
    let schema = match schema {
        Some(schema) => fitting(schema),
        None => schema_of(&reader.config()?.world.name),
    };
    Ok((world.to_string(), schema))
}

/// What drives a connection.
pub(crate) fn driver() -> Result<Runtime, Error> {
    runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Runtime)
}
