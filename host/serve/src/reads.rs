//! Where what was asked of a world was read, counted.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Source {
    source: &'static str,
}

/// How often was read from where.
pub struct Reads {
    all: Family<Source, Counter>,
    /// From the world as it was published.
    pub memory: Counter,
    /// From the world of an earlier tick that was still kept.
    pub past: Counter,
    /// From the world of an earlier tick, which was made of history for it.
    pub rebuilt: Counter,
    /// From the save: SQL, history, logs.
    pub save: Counter,
}

impl Reads {
    /// With nothing counted yet.
    pub fn new() -> Self {
        let all = Family::<Source, Counter>::default();
        let of = |source| all.get_or_create_owned(&Source { source });
        let (memory, past) = (of("memory"), of("past"));
        let (rebuilt, save) = (of("rebuilt"), of("save"));
        Self { memory, past, rebuilt, save, all }
    }

    /// Shows them where metrics are shown.
    pub fn register(&self, registry: &mut Registry) {
        let what = "Reads of a world, by where what was asked for was found";
        registry.register("reads", what, self.all.clone());
    }
}
