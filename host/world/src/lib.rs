//! The world of Sandtable and what every layer above it speaks of: entities and
//! their components, the record of a tick, the state hash, settings, grants.
//!
//! | part | what it is |
//! |---|---|
//! | [`ecs`] | the world, as a value |
//! | [`hash`] | the state hash and the chain |
//! | [`record`] | what one tick did |
//! | [`edit`] | changes of a world by hand |
//! | [`system`] | a system as the host runs it |
//! | [`reading`] | which events a system is offered, and which are set aside |
//! | [`statements`] | what a run may ask of its mod's tables |
//! | [`fault`] | how a call can fail, and whose failure it is |
//! | [`declaration`] | what a mod declares, whichever version of the contract it speaks |
//! | [`condition`] | by which systems say in which ticks they run |
//! | [`config`] | every setting and limit |
//! | [`finding`] | events by which mods say that something is wrong |
//! | [`grants`], [`manifest`] | what mods ask of each other, and may |
//! | [`identity`] | by which name a world is known outside |
//! | [`label`] | by which component and field people know entities |
//! | [`interface`], [`names`] | what is called how |
//!
//! Deliberately absent: wasm, SQL, files, clocks. Nothing in here fails for a
//! reason outside its arguments; only the state hash uses threads, to be faster.

pub mod condition;
pub mod config;
pub mod declaration;
pub mod ecs;
pub mod edit;
pub mod fault;
pub mod finding;
pub mod grants;
pub mod hash;
pub mod identity;
pub mod interface;
pub mod label;
pub mod manifest;
pub mod names;
pub mod question;
pub mod reading;
pub mod record;
pub mod statements;
pub mod system;
