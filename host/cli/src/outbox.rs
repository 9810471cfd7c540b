//! What leaves a save, as the command line says, and the relay of a world that is run.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use sandtable::Simulation;
use sandtable::config::{OutboxOverrides, OutboxSettings};
use sandtable::record::OutboxFormat;
use sandtable_bus::Relay;

use super::nats::Reached;
use super::screen::Screen;
use super::text::counted;

/// How long a stream that acknowledges nothing is waited for when a run ends.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long one is waited for at the most where a person asked to stop.
const STOPS_MAX: Duration = Duration::from_secs(5);

/// What leaves the save, in the place of what its world says.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Outbox")]
pub struct OutboxArguments {
    /// Events that leave the save in order: `<mod>/<Name>`, `<mod>/*` or `*`; entities that
    /// come and go are `sandtable/*`. May be given again
    #[arg(long, value_name = "KIND")]
    outbox: Vec<String>,
    /// In which form their values leave: json or msgpack [default: json]
    #[arg(long, value_name = "FORM")]
    outbox_format: Option<OutboxFormat>,
    /// Rows that stay in the save once they were acknowledged [default: 100000]
    #[arg(long, value_name = "ROWS")]
    outbox_keep_rows: Option<u64>,
    /// Messages that are under way at once [default: 512]
    #[arg(long, value_name = "MESSAGES")]
    outbox_in_flight: Option<u64>,
}

impl OutboxArguments {
    /// Whether anything is said.
    pub fn is_given(&self) -> bool {
        let Self { outbox, outbox_format, outbox_keep_rows, outbox_in_flight } = self;
        let numbers = outbox_keep_rows.or(*outbox_in_flight);
        !outbox.is_empty() || outbox_format.is_some() || numbers.is_some()
    }

    /// What stands in the place of settings.
    pub fn overrides(&self) -> Result<OutboxOverrides> {
        let overrides = OutboxOverrides {
            events: self.outbox.clone(),
            format: self.outbox_format,
            keep_rows: self.outbox_keep_rows,
            in_flight: self.outbox_in_flight,
        };
        if let Some((key, what)) = overrides.over(&OutboxSettings::default()).objection() {
            let (key, _) = key.split_once('.').unwrap_or((&key, ""));
            let option = match key {
                "events" => "--outbox".to_owned(),
                key => format!("--outbox-{}", key.replace('_', "-")),
            };
            bail!("{option} {what}");
        }
        Ok(overrides)
    }
}

/// The relay of a world that is run, where something leaves its save and a server is named.
pub fn relay(
    simulation: &Simulation,
    save: &Path,
    reached: Option<&Reached>,
) -> Result<Option<Relay>> {
    let outbox = simulation.outbox();
    match reached.filter(|_| outbox.is_on()) {
        Some(reached) => Ok(Some(Relay::start(save, &reached.settings, outbox.in_flight)?)),
        None => Ok(None),
    }
}

/// Waits until all that left the save is acknowledged, and says where it is not. Where a
/// person asked to stop it waits for some seconds alone.
pub fn finish(relay: &Relay, save: &Path, stops: bool, screen: &Screen) -> Result<()> {
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
