//! What leaves a save, as the command line says.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use sandtable::Options;
use sandtable::config::{OutboxOverrides, OutboxSettings};
use sandtable::record::OutboxFormat;
use sandtable_serve::{Begins, Beside};

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
    fn is_given(&self) -> bool {
        let Self { outbox, outbox_format, outbox_keep_rows, outbox_in_flight } = self;
        let numbers = outbox_keep_rows.or(*outbox_in_flight);
        !outbox.is_empty() || outbox_format.is_some() || numbers.is_some()
    }

    /// What each world of a folder that is served is opened with, if anything is said.
    pub fn beside(&self) -> Result<Option<Beside>> {
        let outbox = self.overrides()?;
        let sets = move |_: &Path, options: &mut Options| -> Begins {
            options.outbox = outbox.clone();
            Box::new(|_| Box::new(()))
        };
        Ok(self.is_given().then(|| -> Beside { Arc::new(sets) }))
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
