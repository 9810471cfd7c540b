//! A prompt for SQL: statements that end with `;`, over as many lines as they
//! need, and commands that begin with a dot.
//!
//! Each statement is asked of the world as it is then, and nothing is held open
//! between them, so that the log of a world that runs does not grow while a
//! person thinks. Where no person is there, the same lines come from a pipe.

mod completion;
mod statement;

use std::io::{self, BufRead, IsTerminal};
use std::mem;
use std::ops::ControlFlow;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::ValueEnum;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{CompletionType, Config, Editor};
use sandtable::save::{ColumnShape, Inquiry, SaveError, TableShape};

use super::screen::{Mark, answer, tell};
use super::table::{self, Format};
use super::text::{counted, one_line, visible};
use completion::{COMMANDS, Words};

/// Where what was typed is kept, in the home folder.
const HISTORY: &str = ".sandtable_history";

/// A prompt for SQL.
pub struct Shell<'a> {
    open: &'a dyn Fn() -> Result<Inquiry, SaveError>,
    format: Format,
    tables: Vec<TableShape>,
    /// Lines of a statement whose end has not come.
    unfinished: String,
    failed: u64,
}

impl<'a> Shell<'a> {
    /// Looks at what is asked, so that what is no save is refused at once.
    pub fn new(
        open: &'a dyn Fn() -> Result<Inquiry, SaveError>,
        format: Format,
    ) -> Result<Self, SaveError> {
        let tables = open()?.tables()?;
        Ok(Self { open, format, tables, unfinished: String::new(), failed: 0 })
    }

    /// Obeys until there is no more.
    pub fn run(self) -> Result<()> {
        match io::stdin().is_terminal() {
            true => self.prompt(),
            false => self.read(io::stdin().lock()),
        }
    }

    fn prompt(mut self) -> Result<()> {
        answer("Statements end with `;`. `.help` lists commands, Ctrl-D leaves.")?;
        let config = Config::builder().completion_type(CompletionType::List).build();
        let mut editor = Editor::<Words, DefaultHistory>::with_config(config)?;
        let history: Option<PathBuf> = std::env::home_dir().map(|home| home.join(HISTORY));
        if let Some(history) = &history {
            let _ = editor.load_history(history);
        }
        loop {
            editor.set_helper(Some(Words::of(&self.tables)));
            let fresh = self.unfinished.is_empty();
            match editor.readline(if fresh { "sandtable> " } else { "      ...> " }) {
                Ok(line) => {
                    let whole = format!("{}{line}", self.unfinished);
                    let flow = self.take(&line)?;
                    if self.unfinished.is_empty() && !whole.trim().is_empty() {
                        editor.add_history_entry(whole)?;
                    }
                    if flow.is_break() {
                        break;
                    }
                }
                Err(ReadlineError::Interrupted) => self.unfinished.clear(),
                Err(ReadlineError::Eof) => break,
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(history) = &history {
            let _ = editor.save_history(history);
        }
        Ok(())
    }

    fn read(mut self, lines: impl BufRead) -> Result<()> {
        for line in lines.lines() {
            if self.take(&line?)?.is_break() {
                break;
            }
        }
        let rest = mem::take(&mut self.unfinished);
        if !statement::is_blank(&rest) {
            self.ask(&rest)?;
        }
        match self.failed {
            0 => Ok(()),
            failed => bail!("{} failed; see above", counted(failed, "statement")),
        }
    }

    /// Takes a line, and obeys what it ends.
    fn take(&mut self, line: &str) -> Result<ControlFlow<()>> {
        if self.unfinished.is_empty() && line.trim_start().starts_with('.') {
            return self.command(line.trim());
        }
        self.unfinished.push_str(line);
        self.unfinished.push('\n');
        while let Some(end) = statement::end(&self.unfinished) {
            let rest = self.unfinished.split_off(end);
            let whole = mem::replace(&mut self.unfinished, rest);
            if !statement::is_blank(&whole) {
                self.ask(&whole)?;
            }
        }
        if statement::is_blank(&self.unfinished) {
            self.unfinished.clear();
        }
        Ok(ControlFlow::Continue(()))
    }

    fn ask(&mut self, sql: &str) -> Result<()> {
        let asked = (self.open)().and_then(|inquiry| {
            self.tables = inquiry.tables()?;
            inquiry.query(sql)
        });
        match asked {
            Ok(table) => Ok(answer(&table::write(&table, self.format))?),
            Err(error) => {
                self.refuse(&error.to_string());
                Ok(())
            }
        }
    }

    fn command(&mut self, line: &str) -> Result<ControlFlow<()>> {
        let (command, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match (command, argument.trim()) {
            (".tables", "") => self.ask("SELECT name, what FROM tables")?,
            (".schema", table) => self.schema(table)?,
            (".mode", mode) => match Format::from_str(mode, true) {
                Ok(format) => self.format = format,
                Err(_) => self.refuse("`.mode` takes `table`, `csv` or `json`"),
            },
            (".help", "") => {
                let lines = COMMANDS.map(|(command, what)| format!("{command:8} {what}"));
                answer(&lines.join("\n"))?;
            }
            (".quit", "") => return Ok(ControlFlow::Break(())),
            _ => self.refuse(&format!("there is no command `{line}`; `.help` lists all")),
        }
        Ok(ControlFlow::Continue(()))
    }

    fn schema(&mut self, name: &str) -> Result<()> {
        let column = |it: &ColumnShape| format!("{} {}", it.name, it.ty).trim_end().to_owned();
        let shown = self.tables.iter().filter(|it| name.is_empty() || it.name == name);
        let lines: Vec<String> = shown
            .map(|table| {
                let columns: Vec<String> = table.columns.iter().map(column).collect();
                visible(&format!("{} ({})", table.name, columns.join(", ")))
            })
            .collect();
        if lines.is_empty() {
            self.refuse(&format!("there is no table `{name}`; `.tables` lists all"));
            return Ok(());
        }
        Ok(answer(&lines.join("\n"))?)
    }

    fn refuse(&mut self, what: &str) {
        self.failed += 1;
        tell(&format!("{} {}", Mark::Error, one_line(what)));
    }
}
