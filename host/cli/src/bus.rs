//! What a world that is run tells over NATS while it runs.

use std::sync::Arc;

use sandtable::Simulation;
use sandtable_bus::{Answerer, Naming, Telling};
use sandtable_serve::Server;

use super::nats::Reached;

/// Tells of a world where a server is named; queries are answered where it is served, for
/// that has the tokens by which they are asked.
pub fn tell(
    simulation: &mut Simulation,
    reached: Option<&Reached>,
    on_air: Option<&Server>,
) -> Option<Telling> {
    let network = &reached?.network;
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
