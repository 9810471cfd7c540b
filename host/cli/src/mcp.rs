//! `sandtable mcp`: answers AI clients about a save.

use std::path::PathBuf;

use anyhow::Result;

/// Let an AI client ask about a save: a server of the Model Context Protocol over stdio
///
/// For the settings of an AI client, which starts it. The save is read and not run, also
/// while another process runs it: each answer is of the last tick that it has, or of the
/// tick that is asked for. Nothing is written to it, unless --allow says so. `sandtable
/// serve` answers the same at `/mcp`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable mcp earth.db --allow send:economy/TaxDecree

In the settings of an AI client:
  {\"mcpServers\": {\"earth\": {\"command\": \"sandtable\", \"args\": [\"mcp\", \"/home/ada/earth.db\"]}}}")]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// What may be done besides reading: send, or send:MOD/INPUT; several times for
    /// several
    #[arg(long, value_name = "SCOPE")]
    allow: Vec<String>,
}

/// Answers until the client ends.
pub fn run(arguments: Arguments) -> Result<()> {
    Ok(sandtable_serve::mcp_over_stdio(&arguments.save, &arguments.allow)?)
}
