//! `sandtable digest`: what is, as one number.

use std::path::PathBuf;

use anyhow::{Result, bail};
use sandtable::hash::content::{Chosen, Content, digest};
use sandtable::record::hex;
use sandtable::save::Reader;
use serde_json::json;

use super::screen::answer;

/// Get a digest of what is in a world, however it came to be
///
/// Over chosen kinds and tables. It is free of ticks, of what systems have read, of
/// settings, and of the numbers of entities: two worlds have the same digest where one is
/// the other with its entities numbered anew. Works also while the world runs.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable digest novel.db --of 'story/*'
  sandtable digest novel.db --of story/Person story/Feels story__events --at 100 --json

`story/*` is all that a mod has, its tables too; `story/P*` and `story__*` are names that
begin so, and `*` is all there is. The rows of a table count as they are: one that holds
numbers of entities, or ticks, is not free of them.

Another digest means another content; the same one means the same content as far as each
entity is told from the others by what it has and whom it stands next to. Where entities are
alike in all of that, how they are joined can differ and the digest be the same: six that
stand next to each other in one ring, or in two rings of three. A component that is another
on each, such as an id, leaves none alike.")]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// Which kinds and tables
    #[arg(long, value_name = "NAME", num_args = 1.., required = true)]
    of: Vec<String>,
    /// As of which tick; without it, the last
    #[arg(long, value_name = "TICK")]
    at: Option<u64>,
    /// Print one JSON object, with how much it is over
    #[arg(long)]
    json: bool,
}

/// Prints it.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, of, at, json } = arguments;
    let reader = Reader::open(&save)?;
    let world = match at {
        Some(tick) => reader.world_at(tick)?,
        None => reader.world()?.0,
    };
    let chosen = match Chosen::of(&world, &of) {
        Ok(chosen) => chosen,
        Err(why) => bail!("{}: {why}", save.display()),
    };
    let Content { digest, entities, edges, resources, rows } = digest(&world, &chosen);
    let digest = hex(&digest);
    Ok(answer(&match json {
        false => digest,
        true => json!({
            "digest": digest, "tick": world.tick(), "entities": entities, "edges": edges,
            "resources": resources, "rows": rows,
        })
        .to_string(),
    })?)
}
