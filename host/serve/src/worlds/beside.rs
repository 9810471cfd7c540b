//! What goes along with each world of a folder while it is open, and is none of ours: what
//! lends its calls, what carries its outbox.

use std::any::Any;
use std::path::Path;
use std::sync::Arc;

use sandtable::{Error, Options, Simulation};

/// Is told that the save of a file is to be opened, with options that may be changed.
pub type Beside = Arc<dyn Fn(&Path, &mut Options) -> Begins + Send + Sync>;

/// Is told that it is open. What it gives is dropped once the world is closed.
pub type Begins = Box<dyn FnOnce(&mut Simulation) -> Along>;

/// What goes along with a world.
pub type Along = Box<dyn Any + Send>;

/// Opens a save, with what goes along with it.
///
/// # Errors
///
/// It cannot be opened; nothing goes along then.
pub fn open(
    save: &Path,
    mut options: Options,
    beside: Option<&Beside>,
) -> Result<(Simulation, Option<Along>), Error> {
    let begins = beside.map(|beside| beside(save, &mut options));
    let mut simulation = Simulation::open(save, None, options)?;
    let along = begins.map(|begins| begins(&mut simulation));
    Ok((simulation, along))
}
