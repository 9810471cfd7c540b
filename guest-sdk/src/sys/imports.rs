//! The host, as a guest sees it.

pub(crate) use crate::bindings::sandtable::guest::assets::{names as asset_names, read as asset};
pub(crate) use crate::bindings::sandtable::guest::log::write as log;
pub(crate) use crate::bindings::sandtable::guest::lookups::{lookup, related};
pub(crate) use crate::bindings::sandtable::guest::output::{commands, emit, set_resource};
pub(crate) use crate::bindings::sandtable::guest::shards::{next, write};
pub(crate) use crate::bindings::sandtable::guest::tables::{execute, query};
