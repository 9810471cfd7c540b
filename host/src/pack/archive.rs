//! A zip file that a stranger may have made, held in memory.
//!
//! Only the plainest zip files are taken: regular files, stored or deflated, one
//! after another without gaps, each described the same way in both of its headers,
//! the directory, its end, and nothing before, between or after. What every zip
//! tool reads the same way leaves nothing to hide in.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use zip::{CompressionMethod, ZipArchive};

use super::contents::{LIST, folded, objection_to_name};
use super::{ENTRIES_MAX, RATIO_MAX};

const LOCAL_HEADER_BYTES: u64 = 30;
const CENTRAL_HEADER_BYTES: u64 = 46;
const END_BYTES: usize = 22;

/// A zip file whose form has been checked; its contents have not.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// Places of entries, by name.
    places: BTreeMap<String, usize>,
}

/// One entry, as its headers have it.
struct Entry {
    name: String,
    header_start: u64,
    data_start: u64,
    packed: u64,
}

impl<'a> Archive<'a> {
    /// Reads the headers.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, String> {
        let directory = End::of(bytes)?;
        let malformed = |error: zip::result::ZipError| format!("it is malformed ({error})");
        let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(malformed)?;
        if zip.has_duplicate_names() {
            return Err("two of its entries have one name".to_owned());
        }
        if zip.len() as u64 != directory.entries
            || zip.offset() != 0
            || zip.central_directory_start() != directory.start
        {
            return Err("its directory is not where its end says".to_owned());
        }
        let mut entries = Vec::with_capacity(zip.len());
        for place in 0..zip.len() {
            entries.push(entry(&mut zip, place)?);
        }
        let named: u64 =
            entries.iter().map(|entry| CENTRAL_HEADER_BYTES + entry.name.len() as u64).sum();
        if named != directory.bytes {
            return Err("its directory has more in it than its entries".to_owned());
        }
        let mut seen = BTreeMap::new();
        for entry in &entries {
            if let Some(other) = seen.insert(folded(&entry.name), &entry.name) {
                return Err(format!(
                    "its entries {other:?} and {:?} are one file where the case of letters does \
                     not count",
                    entry.name
                ));
            }
        }
        check_places(&entries, directory.start)?;
        zip.validate_header_consistency().map_err(malformed)?;
        let places = entries.into_iter().enumerate().map(|(place, entry)| (entry.name, place));
        Ok(Self { places: places.collect(), zip })
    }

    /// The names of all entries.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// Unpacks an entry, if it is there and has at most so many bytes.
    pub(super) fn unpack(&mut self, name: &str, most: u64) -> Result<Vec<u8>, String> {
        let Some(place) = self.places.get(name) else {
            return Err(format!("it lacks the entry {name:?}"));
        };
        let malformed = |error: &dyn std::fmt::Display| {
            format!("its entry {name:?} cannot be unpacked ({error})")
        };
        let mut entry = self.zip.by_index(*place).map_err(|error| malformed(&error))?;
        let most_by_ratio = entry.compressed_size().saturating_mul(RATIO_MAX);
        let mut bytes = Vec::new();
        // Counted while it unpacks: no header is believed.
        let unpacked = entry.by_ref().take(most.min(most_by_ratio) + 1).read_to_end(&mut bytes);
        unpacked.map_err(|error| malformed(&error))?;
        if bytes.len() as u64 > most_by_ratio {
            return Err(format!(
                "its entry {name:?} unpacks to more than {RATIO_MAX} times its size"
            ));
        }
        if bytes.len() as u64 > most {
            return Err(format!("its entry {name:?} unpacks to more than {most} bytes"));
        }
        Ok(bytes)
    }
}

/// What the end of a zip file says of its directory.
struct End {
    entries: u64,
    bytes: u64,
    start: u64,
}

impl End {
    fn of(file: &[u8]) -> Result<Self, String> {
        let start = file.len().checked_sub(END_BYTES).filter(|start| is_end(&file[*start..]));
        let Some(start) = start else {
            let end = (0..file.len()).rev().find(|at| {
                is_end(&file[*at..])
                    && number(file, at + 12, 4) + number(file, at + 16, 4) == *at as u64
            });
            return Err(match end.map(|end| file.len() - end - END_BYTES) {
                None => "it is truncated, or no pack at all".to_owned(),
                Some(1) => "1 byte comes after its end".to_owned(),
                Some(more) => format!("{more} bytes come after its end"),
            });
        };
        let end = &file[start..];
        let number = |at, bytes| number(end, at, bytes);
        // Disks, entries here and on all disks, and a comment.
        if number(4, 4) != 0 || number(8, 2) != number(10, 2) || number(20, 2) != 0 {
            return Err("its end is not that of a pack".to_owned());
        }
        let found = Self { entries: number(10, 2), bytes: number(12, 4), start: number(16, 4) };
        if found.entries > ENTRIES_MAX as u64 {
            return Err(format!("it has more than {ENTRIES_MAX} entries"));
        }
        if found.start + found.bytes != start as u64 {
            return Err("its directory is not where its end says".to_owned());
        }
        Ok(found)
    }
}

fn is_end(bytes: &[u8]) -> bool {
    bytes.len() >= END_BYTES && bytes.starts_with(b"PK\x05\x06")
}

/// The number of so many bytes, of which the lowest comes first.
fn number(bytes: &[u8], at: usize, width: usize) -> u64 {
    bytes[at..at + width].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn entry(zip: &mut ZipArchive<Cursor<&[u8]>>, place: usize) -> Result<Entry, String> {
    const FORMAT_BITS: u32 = 0o170_000;
    const REGULAR: u32 = 0o100_000;
    // How hard deflate tried, and that names are UTF-8.
    const PLAIN_FLAGS: u16 = 1 << 1 | 1 << 2 | 1 << 11;
    let entry = zip.by_index_raw(place).map_err(|error| format!("it is malformed ({error})"))?;
    let raw = entry.name_raw();
    let Ok(name) = std::str::from_utf8(raw).map(str::to_owned) else {
        return Err(format!("its entry {:?} has no UTF-8 name", String::from_utf8_lossy(raw)));
    };
    let refused = |what: &str| Err(format!("its entry {name:?} {what}"));
    if let Some(what) = objection_to_name(&name) {
        return refused(what);
    }
    if !matches!(entry.unix_mode().unwrap_or(0) & FORMAT_BITS, 0 | REGULAR) {
        return refused("is a link or something else that is no file");
    }
    if entry.encrypted() {
        return refused("is encrypted");
    }
    if entry.flags().as_u16() & !PLAIN_FLAGS != 0 {
        return refused("has flags that packs do not have");
    }
    if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
        return refused("is compressed in a way that packs are not");
    }
    if entry.extra_data().is_some_and(|extra| !extra.is_empty()) || !entry.comment().is_empty() {
        return refused("has more to its headers than packs have");
    }
    let Some(data_start) = entry.data_start() else { return refused("has no beginning") };
    let (header_start, packed) = (entry.header_start(), entry.compressed_size());
    Ok(Entry { name, header_start, data_start, packed })
}

/// Checks that entries lie one after another and fill all before the directory.
fn check_places(entries: &[Entry], end: u64) -> Result<(), String> {
    let mut ordered: Vec<&Entry> = entries.iter().collect();
    ordered.sort_by_key(|entry| entry.header_start);
    let mut at = 0;
    for entry in ordered {
        let data = entry.header_start + LOCAL_HEADER_BYTES + entry.name.len() as u64;
        if entry.header_start != at || entry.data_start != data {
            return Err(format!("its entry {:?} overlaps another or leaves a gap", entry.name));
        }
        at = data.saturating_add(entry.packed);
    }
    if at != end {
        return Err("there is something between its entries and its directory".to_owned());
    }
    if !entries.iter().any(|entry| entry.name == LIST) {
        return Err(format!("it lacks the entry {LIST:?}"));
    }
    Ok(())
}
