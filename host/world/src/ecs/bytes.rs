//! A cheaply cloned, immutable run of bytes: one dynamic value, an event, the
//! data of an edge.

use std::sync::Arc;

/// Immutable bytes shared by reference count.
pub type Bytes = Arc<[u8]>;
