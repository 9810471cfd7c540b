//! `sandtable rewind`: a save as it was after an earlier tick.

use std::path::PathBuf;

use anyhow::Result;
use sandtable::record::hex;
use sandtable::save::{self, Rewound};

use super::screen::answer;
use super::text::{count, counted};

/// Take a save back to an earlier tick
///
/// World, tables of mods and mods become exactly what they were: the state hash
/// is the one that was recorded. What is ahead is kept as a save of its own
/// beside this one, unless it is to be discarded.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable rewind earth.db --to 1200
  sandtable rewind earth.db --to 1200 --discard")]
pub struct Arguments {
    /// The save, which must not run
    save: PathBuf,
    /// The tick after which it shall stand
    #[arg(long, value_name = "TICK")]
    to: u64,
    /// Do not keep what is ahead
    #[arg(long)]
    discard: bool,
}

/// Takes it back, and says where what was ahead is.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, to, discard } = arguments;
    go(&save, to, discard)
}

/// Says that inputs are gone that waited, where some are.
pub fn lost_inputs(rewound: &Rewound) -> Option<String> {
    let Rewound { tick, lost_inputs, .. } = rewound;
    (*lost_inputs > 0).then(|| {
        let (inputs, tick) = (counted(*lost_inputs, "input"), count(*tick));
        format!("{inputs} that waited went: the mods of tick {tick} know no such value; send anew")
    })
}

/// Takes a save back to a tick.
pub fn go(save: &std::path::Path, to: u64, discard: bool) -> Result<()> {
    let rewound = match discard {
        true => save::rewind(save, to)?,
        false => save::rewind_and_keep(save, to)?,
    };
    let mut lines = vec![format!(
        "{}: back from tick {} at tick {}, hash {}",
        save.display(),
        count(rewound.from),
        count(rewound.tick),
        hex(&rewound.hash)
    )];
    lines.extend(lost_inputs(&rewound));
    if let Some(ahead) = rewound.ahead {
        lines.push(format!("what was ahead is in {}", ahead.display()));
    }
    Ok(answer(&lines.join("\n"))?)
}
