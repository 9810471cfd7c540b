//! What subjects and streams of a world are called.

use sandtable::identity::WorldId;

/// What subjects and streams of a world are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    prefix: String,
    world: WorldId,
}

impl Naming {
    /// Of a world, with what all subjects begin with.
    pub fn new(prefix: &str, world: WorldId) -> Self {
        Self { prefix: prefix.to_owned(), world }
    }

    /// The world.
    pub fn world(&self) -> WorldId {
        self.world
    }

    /// A subject of the world.
    pub fn subject(&self, name: &str) -> String {
        format!("{}.{}.{name}", self.prefix, self.world)
    }

    /// The stream of its outbox.
    pub fn stream(&self) -> String {
        format!("st_{}", self.world)
    }

    /// All subjects of its outbox.
    pub fn events(&self) -> String {
        self.subject("event.>")
    }

    /// The subject of a row, by its kind.
    pub fn event(&self, kind: &str) -> String {
        self.subject(&format!("event.{}", dotted(kind)))
    }
}

/// The name of a kind with a dot in the place of its slash.
pub(crate) fn dotted(kind: &str) -> String {
    kind.replace('/', ".")
}
