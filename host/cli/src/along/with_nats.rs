//! What goes along with a world where there may be a NATS server.

use std::any::Any;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use sandtable::calls::Elsewhere;
use sandtable::config::OutboxOverrides;
use sandtable::{Options, Simulation};
use sandtable_bus::{Answerer, Naming, Relay, Telling};
use sandtable_nats::random_token;
use sandtable_serve::{Begins, Beside, Server};
use sandtable_workers::Coordinator;

use crate::nats::{self, Reached, WorldNats};
use crate::outbox::OutboxArguments;
use crate::screen::Screen;
use crate::text::counted;

/// How long a stream that acknowledges nothing is waited for when a run ends.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long one is waited for at the most where a person asked to stop.
const STOPS_MAX: Duration = Duration::from_secs(5);

/// What the command line says of it.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct AlongArguments {
    #[command(flatten)]
    nats: WorldNats,
    #[command(flatten)]
    outbox: OutboxArguments,
}

/// What a world is opened with.
pub struct Along {
    outbox: OutboxOverrides,
    at: Option<Lending>,
}

/// A server, and what lends calls to its workers.
struct Lending {
    reached: Reached,
    coordinator: Arc<Coordinator>,
}

/// What is under way while the world runs.
pub struct Under {
    relay: Option<Relay>,
    _telling: Option<Telling>,
}

impl Along {
    /// Of a world file, or of what a save holds. A server that does not answer is told of,
    /// and the world goes on without it until it does.
    ///
    /// # Errors
    ///
    /// When the command line or the world file says something that cannot be.
    pub fn new(arguments: &AlongArguments, world: Option<&Path>, screen: &Screen) -> Result<Self> {
        let AlongArguments { nats, outbox } = arguments;
        let at = nats.reach(world, screen)?.map(Lending::new);
        Ok(Self { outbox: outbox.overrides()?, at })
    }

    /// Sets what a world is opened with.
    pub fn set(&self, options: &mut Options) {
        options.outbox = self.outbox.clone();
        if let Some(at) = &self.at {
            at.set(options);
        }
    }

    /// The world is open: its calls are lent from now on.
    pub fn opened(&self, simulation: &Simulation) {
        if let Some(at) = &self.at {
            at.opened(simulation);
        }
    }

    /// Its ticks begin: its outbox is carried, and they are told of.
    ///
    /// # Errors
    ///
    /// That another relay carries its outbox, or that it cannot be read.
    pub fn begin(
        &self,
        simulation: &mut Simulation,
        save: &Path,
        on_air: Option<&Server>,
    ) -> Result<Under> {
        let Some(at) = &self.at else { return Ok(Under { relay: None, _telling: None }) };
        let relay = at.relay(simulation, save)?;
        Ok(Under { relay, _telling: at.tell(simulation, on_air) })
    }
}

impl Lending {
    fn new(reached: Reached) -> Self {
        let coordinator = Coordinator::new(&reached.network, &reached.settings);
        Self { reached, coordinator }
    }

    fn set(&self, options: &mut Options) {
        options.elsewhere = Some(self.coordinator.clone() as Arc<dyn Elsewhere>);
    }

    fn opened(&self, simulation: &Simulation) {
        let id = simulation.world_id().map(|id| id.to_string());
        self.coordinator.begin(&self.reached.network, &id.unwrap_or_else(random_token));
    }

    /// The relay of a world that something leaves.
    fn relay(&self, simulation: &Simulation, save: &Path) -> Result<Option<Relay>> {
        let outbox = simulation.outbox();
        let start = || Relay::start(save, &self.reached.settings, outbox.in_flight);
        Ok(outbox.is_on().then(start).transpose()?)
    }

    /// Tells of its ticks. Queries are answered where it is served, for that has the tokens
    /// by which they are asked.
    fn tell(&self, simulation: &mut Simulation, on_air: Option<&Server>) -> Option<Telling> {
        let network = &self.reached.network;
        let naming = Naming::new(network.prefix(), simulation.world_id()?);
        let queries = on_air.and_then(|server| server.queries(&simulation.config().world.name));
        let answer = queries.map(|queries| -> Answerer {
            Arc::new(move |asked| {
                let queries = queries.clone();
                Box::pin(async move { queries.answer(asked).await })
            })
        });
        Some(Telling::start(network, &naming, &simulation.feed(), answer))
    }
}

impl Under {
    /// Its ticks are over: waits until all that left the save is acknowledged, and says
    /// where it is not. Where a person asked to stop it waits for some seconds alone.
    ///
    /// # Errors
    ///
    /// That its outbox cannot be read.
    pub fn finish(self, save: &Path, stops: bool, screen: &Screen) -> Result<()> {
        let Some(relay) = self.relay else { return Ok(()) };
        let standing = relay.wait_for_all(PATIENCE, stops.then_some(STOPS_MAX))?;
        if standing.behind() > 0 {
            let behind = counted(standing.behind(), "row");
            let why = standing.stopped.or(standing.trouble);
            let why = why.unwrap_or_else(|| "they were not acknowledged in time".to_owned());
            screen.warn(&format!(
                "{behind} of the outbox of {} are not in the stream yet: {why}; the next run or \
                 `sandtable relay` carries them",
                save.display()
            ));
        }
        Ok(())
    }
}

/// What goes along with each world of a folder, where a server is named or something
/// leaves its save.
///
/// # Errors
///
/// When the command line says something that cannot be.
pub fn beside(arguments: &AlongArguments, screen: &Screen) -> Result<Option<Beside>> {
    let Some(Reached { settings, .. }) = arguments.nats.reach(None, screen)? else {
        return arguments.outbox.beside();
    };
    let outbox = arguments.outbox.overrides()?;
    let opens = move |save: &Path, options: &mut Options| -> Begins {
        options.outbox = outbox.clone();
        // Each world has a connection of its own, as each that is run by itself has.
        let at = match nats::connect(settings.clone(), "world") {
            Ok(reached) => Lending::new(reached),
            Err(error) => {
                tracing::warn!("{} goes on without NATS: {error}", save.display());
                return Box::new(|_| Box::new(()));
            }
        };
        at.set(options);
        let save = save.to_owned();
        Box::new(move |simulation| {
            at.opened(simulation);
            // A world that cannot be relayed runs all the same.
            let relay = at.relay(simulation, &save).unwrap_or_else(|error| {
                tracing::warn!("the outbox of {} is not relayed: {error}", save.display());
                None
            });
            let telling = at.tell(simulation, None);
            Box::new((relay, telling, at)) as Box<dyn Any + Send>
        })
    };
    Ok(Some(Arc::new(opens)))
}
