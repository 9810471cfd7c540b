//! The worlds of a server: one that is run elsewhere in the program, or those of a
//! folder of saves, which are opened when they are asked for.

mod beside;
mod entry;
mod folder;
mod names;
mod room;
mod turns;

use std::collections::BTreeMap;
use std::io;
use std::ops::Deref;
use std::sync::Arc;

use super::metrics::Metrics;
use super::on_air::OnAir;
use super::problem::{Kind, Problem};
use super::served::Served;

pub use beside::{Begins, Beside};
use entry::Use;
pub use entry::{Listed, Status};
pub use folder::{Folder, Saves};
pub use names::check_name;

/// The worlds of a server. Clones are the same ones.
#[derive(Clone)]
pub struct Worlds {
    metrics: Arc<Metrics>,
    held: Held,
}

#[derive(Clone)]
enum Held {
    /// One, which is run elsewhere.
    One(Arc<OnAir>),
    /// Those of a folder.
    Saves(Arc<Saves>),
}

/// A world that is on the air for as long as this is kept. Clones keep it, too.
#[derive(Clone)]
pub struct Lease {
    world: Arc<OnAir>,
    /// Last, so that the world is not closed before nothing here holds it.
    _used: Option<Use>,
}

impl Deref for Lease {
    type Target = OnAir;

    fn deref(&self) -> &OnAir {
        &self.world
    }
}

impl From<Served> for Worlds {
    /// A world that is run elsewhere in the program.
    fn from(served: Served) -> Self {
        let metrics = Arc::new(Metrics::new());
        let name = served.name().to_owned();
        let held = Held::One(OnAir::new(&name, served, &metrics));
        Self { metrics, held }
    }
}

impl Worlds {
    /// The saves of a folder. None is opened yet.
    ///
    /// # Errors
    ///
    /// The folder cannot be read, or there are no threads for ticks.
    pub fn of_folder(folder: Folder) -> io::Result<Self> {
        let metrics = Arc::new(Metrics::new());
        let held = Held::Saves(Saves::new(folder, metrics.clone())?);
        Ok(Self { metrics, held })
    }

    /// What is counted, as text.
    pub fn figures(&self) -> String {
        self.on_air().iter().for_each(|world| world.look());
        let counts = match &self.held {
            Held::One(world) => BTreeMap::from([(Status::of_open(world), 1)]),
            Held::Saves(saves) => saves.standing().0,
        };
        let count = |status: Status| counts.get(&status).copied().unwrap_or_default();
        self.metrics.text(Status::ALL.map(|status| (status.name(), count(status))))
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Sees to what is to be done beside requests. Must be called within a tokio runtime.
    pub fn tend(&self) {
        match &self.held {
            Held::One(world) => world.tend(),
            Held::Saves(saves) => saves.tend(),
        }
    }

    /// A world, which is opened where it is not.
    ///
    /// # Errors
    ///
    /// There is none of the name, its save cannot be opened, or there is no room for it.
    pub async fn enter(&self, name: &str) -> Result<Lease, Problem> {
        match &self.held {
            Held::One(world) if world.served().name() == name => {
                Ok(Lease { world: world.clone(), _used: None })
            }
            Held::One(world) => {
                let what = format!("there is no world `{name}`: it is {}", world.served().name());
                Err(Problem::new(Kind::NotFound, what))
            }
            Held::Saves(saves) => {
                let (world, used) = saves.enter(name).await?;
                Ok(Lease { world, _used: Some(used) })
            }
        }
    }

    /// Whether there is a world of the name, as far as is known without looking.
    pub fn has(&self, name: &str) -> bool {
        match &self.held {
            Held::One(world) => world.served().name() == name,
            Held::Saves(saves) => saves.has(name),
        }
    }

    /// The one world, where there is one alone.
    pub fn only(&self) -> Option<&OnAir> {
        match &self.held {
            Held::One(world) => Some(world),
            Held::Saves(_) => None,
        }
    }

    /// The saves of the folder, where it is one.
    pub fn saves(&self) -> Option<&Arc<Saves>> {
        match &self.held {
            Held::One(_) => None,
            Held::Saves(saves) => Some(saves),
        }
    }

    /// All of them, by name.
    ///
    /// # Errors
    ///
    /// The folder cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, Problem> {
        match &self.held {
            Held::One(world) => Ok(vec![Listed {
                name: world.served().name().to_owned(),
                status: Status::of_open(world),
                bytes: Some(world.served().bytes().0),
                world: Some(world.clone()),
                glance: None,
                problem: None,
            }]),
            Held::Saves(saves) => saves.list(),
        }
    }

    /// Those that are on the air.
    pub fn on_air(&self) -> Vec<Arc<OnAir>> {
        match &self.held {
            Held::One(world) => vec![world.clone()],
            Held::Saves(saves) => saves.on_air(),
        }
    }

    /// Closes all that were opened here, and says of each that could not be closed why.
    /// No server may be running.
    pub fn close(&self) -> Vec<String> {
        match &self.held {
            Held::One(world) => {
                world.end();
                Vec::new()
            }
            Held::Saves(saves) => saves.close(),
        }
    }
}
