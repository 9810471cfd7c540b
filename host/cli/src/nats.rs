//! The NATS server that a verb works with: what is said of it on the command line comes
//! before what a world file says.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use sandtable::catalog;
use sandtable::config::{AwayCalls, NatsSettings};
use sandtable::names::is_pack;
use sandtable_nats::Network;

use super::screen::Screen;

/// How long a server is waited for before a world goes on without it, or a verb that
/// needs one gives up.
const PATIENCE: Duration = Duration::from_secs(2);

/// Which NATS server, and how it is reached.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "NATS")]
pub struct NatsArguments {
    /// The NATS server, as in `nats://127.0.0.1:4222`; several of one cluster with commas
    /// between them
    #[arg(long, value_name = "URL")]
    nats: Option<String>,
    /// A credentials file, as `nsc` writes it
    #[arg(long, value_name = "FILE")]
    nats_credentials: Option<PathBuf>,
    /// A file with the seed of an NKEY
    #[arg(long, value_name = "FILE")]
    nats_nkey: Option<PathBuf>,
    /// Certificates of who is trusted to be the server, as PEM
    #[arg(long, value_name = "FILE")]
    nats_ca: Option<PathBuf>,
    /// The certificate that is shown to the server, as PEM
    #[arg(long, value_name = "FILE")]
    nats_cert: Option<PathBuf>,
    /// The key of that certificate, as PEM
    #[arg(long, value_name = "FILE")]
    nats_key: Option<PathBuf>,
    /// What all subjects begin with [default: st]
    #[arg(long, value_name = "PREFIX")]
    nats_prefix: Option<String>,
    /// What subjects begin with at which answers are received [default:
    /// PREFIX.inbox.ROLE]
    #[arg(long, value_name = "PREFIX")]
    nats_inbox: Option<String>,
}

/// Which NATS server a world is run with, and which of its calls workers are given.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct WorldNats {
    #[command(flatten)]
    pub server: NatsArguments,
    /// Of the calls that workers make, so many in a hundred are made here as well, and
    /// compared [default: 1]
    #[arg(long, value_name = "PERCENT", help_heading = "NATS")]
    check_percent: Option<f64>,
    /// Give workers all calls that can be sent, and not only those that are worth it
    #[arg(long, help_heading = "NATS")]
    all_calls: bool,
}

/// A NATS server that is worked with.
pub struct Reached {
    /// The connection.
    pub network: Network,
    /// What it was made of.
    pub settings: NatsSettings,
}

impl NatsArguments {
    /// Whether a server is named.
    pub fn is_given(&self) -> bool {
        self.nats.is_some()
    }

    /// The settings, with those of a world file under them.
    pub fn settings(&self, world: Option<&Path>) -> Result<NatsSettings> {
        let of_file = |path: &&Path| path.is_dir() || !is_pack(path);
        let said = match world.filter(of_file) {
            Some(path) => catalog::load(path)?.nats,
            None => NatsSettings::default(),
        };
        let Self { nats, nats_credentials, nats_nkey, nats_ca, nats_cert, nats_key, .. } =
            self.clone();
        // Who we are is said by one of the two, and what is said here counts.
        let is_named = nats_credentials.is_some() || nats_nkey.is_some();
        let (credentials, nkey) = match is_named {
            true => (nats_credentials, nats_nkey),
            false => (said.credentials, said.nkey),
        };
        Ok(NatsSettings {
            url: nats.or(said.url),
            credentials,
            nkey,
            tls_ca: nats_ca.or(said.tls_ca),
            tls_cert: nats_cert.or(said.tls_cert),
            tls_key: nats_key.or(said.tls_key),
            prefix: self.nats_prefix.clone().unwrap_or(said.prefix),
            inbox: self.nats_inbox.clone().or(said.inbox),
            ..said
        })
    }

    /// Connects, where a server is named. One that does not answer yet is told of, and
    /// looked for.
    pub fn reach(&self, role: &str, screen: &Screen) -> Result<Option<Reached>> {
        reach(self.settings(None)?, role, screen)
    }

    /// Connects for a verb that is nothing without a server.
    pub fn must_reach(&self, role: &str) -> Result<Reached> {
        let reached = connect(self.settings(None)?, role)?;
        reached.network.wait(PATIENCE)?;
        Ok(reached)
    }
}

impl WorldNats {
    /// Connects for a world that is run, where a server is named. One that does not answer
    /// yet is told of, and the world goes on without it until it does.
    pub fn reach(&self, world: Option<&Path>, screen: &Screen) -> Result<Option<Reached>> {
        let said = self.server.settings(world)?;
        let settings = NatsSettings {
            check_percent: self.check_percent.unwrap_or(said.check_percent),
            calls: match self.all_calls {
                true => AwayCalls::All,
                false => said.calls,
            },
            ..said
        };
        reach(settings, "world", screen)
    }
}

/// Connects, and waits for nothing.
pub fn connect(settings: NatsSettings, role: &str) -> Result<Reached> {
    Ok(Reached { network: Network::connect(&settings, role)?, settings })
}

fn reach(settings: NatsSettings, role: &str, screen: &Screen) -> Result<Option<Reached>> {
    if settings.url.is_none() {
        return Ok(None);
    }
    let reached = connect(settings, role)?;
    if let Err(error) = reached.network.wait(PATIENCE) {
        screen.warn(&format!("{error}; the {role} goes on, and looks for it"));
    }
    Ok(Some(reached))
}
