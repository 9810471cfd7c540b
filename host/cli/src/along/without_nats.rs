//! What goes along with a world in a program that knows no NATS.

use std::path::Path;

use anyhow::Result;
use sandtable::catalog;
use sandtable::config::OutboxOverrides;
use sandtable::names::is_pack;
use sandtable::{Options, Simulation};
use sandtable_serve::{Beside, Server};

use crate::outbox::OutboxArguments;
use crate::screen::Screen;

/// What the command line says of it.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct AlongArguments {
    #[command(flatten)]
    outbox: OutboxArguments,
}

/// What a world is opened with.
pub struct Along {
    outbox: OutboxOverrides,
}

/// What is under way while the world runs.
pub struct Under;

impl Along {
    /// Of a world file, or of what a save holds.
    ///
    /// # Errors
    ///
    /// When the command line or the world file says something that cannot be.
    pub fn new(arguments: &AlongArguments, world: Option<&Path>, screen: &Screen) -> Result<Self> {
        let of_file = world.filter(|path| path.is_dir() || !is_pack(path));
        if let Some(url) = of_file.map(catalog::load).transpose()?.and_then(|file| file.nats.url) {
            screen.warn(&format!(
                "the world names the NATS server {url}, and this program was built without \
                 NATS: it runs alone, and its outbox stays in the save"
            ));
        }
        Ok(Self { outbox: arguments.outbox.overrides()? })
    }

    /// Sets what a world is opened with.
    pub fn set(&self, options: &mut Options) {
        options.outbox = self.outbox.clone();
    }

    /// The world is open.
    pub fn opened(&self, _simulation: &Simulation) {}

    /// Its ticks begin.
    ///
    /// # Errors
    ///
    /// None.
    pub fn begin(
        &self,
        _simulation: &mut Simulation,
        _save: &Path,
        _on_air: Option<&Server>,
    ) -> Result<Under> {
        Ok(Under)
    }
}

impl Under {
    /// Its ticks are over.
    ///
    /// # Errors
    ///
    /// None.
    pub fn finish(self, _save: &Path, _stops: bool, _screen: &Screen) -> Result<()> {
        Ok(())
    }
}

/// What goes along with each world of a folder.
///
/// # Errors
///
/// When the command line says something that cannot be.
pub fn beside(arguments: &AlongArguments, _screen: &Screen) -> Result<Option<Beside>> {
    arguments.outbox.beside()
}
