//! What goes along with each world of a folder that is served: what lends its calls to
//! workers, carries its outbox and tells of its ticks.

use std::any::Any;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use sandtable::calls::Elsewhere;
use sandtable::{Options, Simulation};
use sandtable_bus::Relay;
use sandtable_serve::{Begins, Beside};
use sandtable_workers::Coordinator;

use super::bus;
use super::nats::{self, Reached, WorldNats};
use super::outbox::{self, OutboxArguments};
use super::screen::Screen;

/// What goes along with each, where a server is named or something leaves its save.
pub fn beside(
    nats: &WorldNats,
    outbox: &OutboxArguments,
    screen: &Screen,
) -> Result<Option<Beside>> {
    let overrides = outbox.overrides()?;
    let Some(Reached { settings, .. }) = nats.reach(None, screen)? else {
        let sets = move |_: &Path, options: &mut Options| -> Begins {
            options.outbox = overrides.clone();
            Box::new(|_| Box::new(()))
        };
        return Ok(outbox.is_given().then(|| -> Beside { Arc::new(sets) }));
    };
    let opens = move |save: &Path, options: &mut Options| -> Begins {
        options.outbox = overrides.clone();
        // Each world has a connection of its own, as each that is run by itself has.
        let reached = match nats::connect(settings.clone(), "world") {
            Ok(reached) => reached,
            Err(error) => {
                tracing::warn!("{} goes on without NATS: {error}", save.display());
                return Box::new(|_| Box::new(()));
            }
        };
        let lending = Coordinator::new(&reached.network, &reached.settings);
        options.elsewhere = Some(lending.clone() as Arc<dyn Elsewhere>);
        let save = save.to_owned();
        Box::new(move |simulation| {
            nats::begin(&lending, &reached, simulation);
            let relay = relay(simulation, &save, &reached);
            let telling = bus::tell(simulation, Some(&reached), None);
            Box::new((relay, telling, reached)) as Box<dyn Any + Send>
        })
    };
    Ok(Some(Arc::new(opens)))
}

/// The relay of its outbox, if it has one. A world that cannot be relayed runs all the same.
fn relay(simulation: &Simulation, save: &Path, reached: &Reached) -> Option<Relay> {
    let relay = outbox::relay(simulation, save, Some(reached));
    relay.unwrap_or_else(|error| {
        tracing::warn!("the outbox of {} is not relayed: {error}", save.display());
        None
    })
}
