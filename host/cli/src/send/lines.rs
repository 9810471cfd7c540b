//! Inputs that come line by line: they are sent by the thousand, and a line that is no
//! input is told with its number and why.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result, bail};
use sandtable::{objections, send_parcel};
use serde::Deserialize;
use serde_json::Value as Json;

use super::super::screen::tell;
use super::super::text;
use super::parcel::parcel;

/// Inputs that are put into the save at once.
const AT_ONCE: usize = 1_000;

/// What becomes of the others when a line is no input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum BadLines {
    /// Those before it are sent, up to the last whole thousand, and none after
    Stop,
    /// The others are sent
    Skip,
    /// Nothing is sent; all lines are read first
    Nothing,
}

/// Which lines are sent, and how.
pub struct Lines<'a> {
    /// To which save.
    pub save: &'a Path,
    /// The file, or `-`.
    pub file: &'a Path,
    /// Which input each line has the fields of; without it, each says so itself.
    pub input: Option<&'a str>,
    /// By which what is sent counts once.
    pub key: Option<&'a str>,
    /// What becomes of the others.
    pub bad_lines: BadLines,
}

/// A line that says which input it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    input: String,
    value: Json,
}

/// How far it came.
#[derive(Default)]
struct Course {
    sent: u64,
    known: u64,
    bad: u64,
}

/// Inputs, each with the number of its line.
type Batch = Vec<(usize, (String, Json))>;

/// Writes an input for each line into the save, and says how many lines were left out.
///
/// # Errors
///
/// A line is no input, or the save or the file cannot be read or written. The sentence
/// says how many lines are in the save.
pub fn send(lines: &Lines) -> Result<u64> {
    let read: Box<dyn BufRead> = match lines.file.as_os_str() == "-" {
        true => Box::new(io::stdin().lock()),
        false => {
            let file = File::open(lines.file);
            Box::new(BufReader::new(file.with_context(|| format!("{}", lines.file.display()))?))
        }
    };
    let (mut course, mut batch) = (Course::default(), Batch::new());
    let at_once = match lines.bad_lines {
        BadLines::Nothing => usize::MAX,
        _ => AT_ONCE,
    };
    for (line, number) in read.split(b'\n').zip(1..) {
        let line = line.with_context(|| format!("line {number} cannot be read"))?;
        let read = match str::from_utf8(&line) {
            Ok(line) if line.trim().is_empty() => continue,
            Ok(line) => lines.read(line),
            Err(_) => Err("it is no text in UTF-8".to_owned()),
        };
        match read {
            Ok(input) => batch.push((number, input)),
            Err(why) => lines.objects(number, &why, &mut course)?,
        }
        if batch.len() == at_once {
            lines.put(&mut batch, &mut course)?;
        }
    }
    lines.put(&mut batch, &mut course)?;
    let Course { sent, known, bad } = course;
    let told = format!("{} in {}", text::counted(sent, "input"), lines.save.display());
    let told = match known {
        0 => told,
        known => format!("{told}; {} of them were sent before", text::count(known)),
    };
    match bad {
        0 => tell(&told),
        bad => tell(&format!("{told}; {} left out", text::counted(bad, "line"))),
    }
    Ok(bad)
}

impl Lines<'_> {
    fn read(&self, line: &str) -> Result<(String, Json), String> {
        let read = match self.input {
            Some(input) => serde_json::from_str(line).map(|value| (input.to_owned(), value)),
            None => serde_json::from_str(line).map(|Named { input, value }| (input, value)),
        };
        read.map_err(|error| match self.input {
            Some(_) => format!("{error}; write the fields of the input as {{…}}"),
            None => {
                format!("{error}; write {{\"input\": \"economy/TaxDecree\", \"value\": {{…}}}}")
            }
        })
    }

    /// Tells of a line that is no input, and ends where the others are not sent either.
    fn objects(&self, number: usize, why: &str, course: &mut Course) -> Result<()> {
        course.bad += 1;
        let sentence = format!("line {number} is no input: {why}");
        match self.bad_lines {
            BadLines::Stop => {
                let (sent, save) = (text::counted(course.sent, "input"), self.save.display());
                bail!("{sentence}; {sent} of the lines before are in {save}, and none after")
            }
            BadLines::Skip | BadLines::Nothing => tell(&sentence),
        }
        Ok(())
    }

    /// Sends what there is, but for what is no input.
    fn put(&self, batch: &mut Batch, course: &mut Course) -> Result<()> {
        let mut batch = std::mem::take(batch);
        let mut numbers: Vec<usize> = batch.iter().map(|(number, _)| *number).collect();
        let inputs: Vec<(String, Json)> = batch.drain(..).map(|(_, input)| input).collect();
        let bad = objections(self.save, &inputs)?;
        for (at, why) in &bad {
            self.objects(numbers[*at], why, course)?;
        }
        if self.bad_lines == BadLines::Nothing && course.bad > 0 {
            let (bad, save) = (text::counted(course.bad, "line"), self.save.display());
            bail!("nothing was sent to {save}, because of {bad}");
        }
        let is_bad = |at: usize| bad.binary_search_by_key(&at, |(bad, _)| *bad).is_ok();
        let mut at = 0..;
        numbers.retain(|_| at.next().is_some_and(|at| !is_bad(at)));
        let inputs = inputs.into_iter().enumerate().filter(|(at, _)| !is_bad(*at));
        let inputs: Vec<(String, Json)> = inputs.map(|(_, input)| input).collect();
        for (inputs, numbers) in inputs.chunks(AT_ONCE).zip(numbers.chunks(AT_ONCE)) {
            // Each batch counts once by where it begins.
            let key = self.key.map(|key| format!("{key}/{}", course.sent));
            let found =
                send_parcel(self.save, &parcel(inputs.to_vec(), key)).with_context(|| {
                    format!(
                        "of lines {} to {} nothing was sent, and the {} before are in {}",
                        numbers[0],
                        numbers[numbers.len() - 1],
                        text::count(course.sent),
                        self.save.display()
                    )
                })?;
            let count = inputs.len() as u64;
            course.known += found.map_or(0, |_| count);
            course.sent += count;
        }
        Ok(())
    }
}
