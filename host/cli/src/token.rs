//! `sandtable token`: who may ask this host's servers for what.

use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Result, bail};
use clap::Subcommand;
use rusqlite::types::Value;
use sandtable::save::Table;
use sandtable_serve::{Act, Grants, NewToken, Outcome, Token, Trust};

use super::screen::{answer, tell};
use super::table::{self, Format};
use super::text::{counted, date};

/// Make, list and revoke tokens, by which worlds are asked over HTTP
///
/// Tokens are kept for this user of the machine, in the folder SANDTABLE_HOME, and in
/// no save. Every server that this user runs knows them at once, and a revoked one is
/// refused from the next request on.
#[derive(clap::Args)]
#[command(after_help = "\
Grants:
  earth:read                        the world as it is now
  earth:read:geography/*            of that, what the mod geography declares
  earth:history                     what it was, and what happened in it
  earth:sql                         SELECTs
  earth:send:economy/TaxDecree      this input; all inputs without it
  earth:edit, earth:fork, earth:run, earth:time
  earth:*                           all of that; `*` in place of `earth` is any world
  host:metrics                      what a monitoring system reads
  host:admin                        tokens, and the audit log

Examples:
  sandtable token create dashboard --grant 'earth:read' --grant 'earth:sql' --expires 30d
  sandtable token create ada --user ada --grant 'earth:read' --grant 'earth:send:economy/*'
  sandtable token list
  sandtable token revoke dashboard")]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Make a token, and print it this once
    Create(Create),
    /// List tokens, without their secrets
    List {
        /// How the list is written
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Revoke a token, and those that were made by it
    Revoke {
        /// Its id, or its name
        token: String,
    },
}

#[derive(clap::Args)]
struct Create {
    /// What it is called: the log of a save shows it as the sender
    name: String,
    /// What it allows; several times for several
    #[arg(long = "grant", value_name = "GRANT", required = true)]
    grants: Vec<String>,
    /// The user whose it is, in a world that says who sees what
    #[arg(long)]
    user: Option<String>,
    /// How long it holds, as in 90m, 12h or 30d; else until it is revoked
    #[arg(long, value_name = "TIME", value_parser = time)]
    expires: Option<Duration>,
}

/// Does what is asked for.
pub fn run(arguments: Arguments) -> Result<()> {
    let trust = Trust::own()?;
    match arguments.verb {
        Verb::Create(create) => {
            let Create { name, grants, user, expires } = create;
            let grants = Grants::parse(grants.iter().map(String::as_str))?;
            let text = trust.create(&NewToken { name, user, grants, lasts: expires }, None)?;
            written(&trust, "create-token")?;
            answer(&text.reveal())?;
            tell("this is all that there will ever be of it: only its digest is kept");
        }
        Verb::List { format } => {
            let tokens = trust.tokens()?;
            if tokens.is_empty() && format == Format::Table {
                tell("there are no tokens: `sandtable token create` makes one");
                return Ok(());
            }
            answer(&table::write(&listed(&tokens), format))?;
        }
        Verb::Revoke { token } => {
            let revoked = trust.revoke(&token)?;
            written(&trust, "revoke-token")?;
            match revoked {
                0 => tell(&format!("{token} was revoked before")),
                some => tell(&format!("revoked {}", counted(some as u64, "token"))),
            }
        }
    }
    Ok(())
}

fn written(trust: &Trust, operation: &str) -> Result<()> {
    let (world, tick, outcome) = (None, None, Outcome::Done);
    trust.record(Act { user: "host", token: "host", operation, world, tick, outcome })?;
    Ok(())
}

fn listed(tokens: &[Token]) -> Table {
    const COLUMNS: [&str; 7] = ["id", "name", "user", "grants", "made", "expires", "state"];
    let text = |text: &Option<String>| text.clone().map_or(Value::Null, Value::Text);
    let row = |token: &Token| {
        let grants: Vec<String> = token.grants.iter().map(ToString::to_string).collect();
        vec![
            Value::Text(token.id.clone()),
            Value::Text(token.name.clone()),
            text(&token.user),
            Value::Text(grants.join(", ")),
            Value::Text(moment(token.made_at)),
            text(&token.expires_at.map(moment)),
            Value::Text(token.state().to_owned()),
        ]
    };
    Table { columns: COLUMNS.map(str::to_owned).into(), rows: tokens.iter().map(row).collect() }
}

/// Seconds since 1970 as a date.
pub fn moment(seconds: i64) -> String {
    date(UNIX_EPOCH + Duration::from_secs(seconds.clamp(0, i64::from(u32::MAX)).unsigned_abs()))
}

/// A time as people write it.
fn time(text: &str) -> Result<Duration> {
    const UNITS: [(char, u64); 4] = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let parsed = UNITS.iter().find_map(|(unit, seconds)| {
        let number: u64 = text.strip_suffix(*unit)?.parse().ok()?;
        Some(Duration::from_secs(number.checked_mul(*seconds)?))
    });
    match parsed.filter(|time| !time.is_zero()) {
        Some(time) => Ok(time),
        None => bail!("write a number and s, m, h or d, as in 12h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_numbers_of_a_unit() {
        assert_eq!(time("90m").expect("a time"), Duration::from_secs(5_400));
        assert_eq!(time("30d").expect("a time"), Duration::from_secs(2_592_000));
        for none in
            ["", "d", "12", "0h", "-1h", "1w", "99999999999999999999d", "9999999999999999999d"]
        {
            assert!(time(none).is_err(), "{none}");
        }
    }
}
