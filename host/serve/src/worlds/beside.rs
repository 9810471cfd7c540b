//! What goes along with each world of a folder while it is open, and is none of ours: what
//! lends its calls, what carries its outbox.

use std::any::Any;
use std::path::Path;
use std::sync::Arc;

use sandtable::{Options, Simulation};

/// Is told that the save of a file is to be opened, with options that may be changed.
pub type Beside = Arc<dyn Fn(&Path, &mut Options) -> Begins + Send + Sync>;

/// Is told that it is open. What it gives is dropped once the world is closed.
pub type Begins = Box<dyn FnOnce(&mut Simulation) -> Box<dyn Any + Send>>;
