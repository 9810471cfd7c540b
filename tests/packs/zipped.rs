//! Zip files by hand, so that they can be wrong in ways no writer offers.

use std::io::Write;

use sandtable::catalog::ModSource;
use sandtable::config::WorldConfig;
use sandtable::pack;
use toml::{Table, Value};

/// The smallest thing that passes for a component until it is compiled.
pub const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// One entry, with every field of its headers.
#[derive(Clone)]
pub struct Entry {
    pub name: Vec<u8>,
    pub local_name: Option<Vec<u8>>,
    pub data: Vec<u8>,
    pub method: u16,
    pub local_method: Option<u16>,
    pub flags: u16,
    pub mode: u32,
    pub crc: u32,
    pub unpacked: u32,
    pub extra: Vec<u8>,
    pub comment: Vec<u8>,
    /// Bytes before its header that belong to no entry.
    pub gap: Vec<u8>,
    /// Whether it has no data of its own, but that of the entry before.
    pub shared: bool,
}

impl Entry {
    /// A stored regular file.
    pub fn new(name: impl AsRef<[u8]>, data: &[u8]) -> Self {
        Self {
            name: name.as_ref().to_vec(),
            local_name: None,
            data: data.to_vec(),
            method: 0,
            local_method: None,
            flags: 0,
            mode: 0o100_644,
            crc: crc32(data),
            unpacked: data.len() as u32,
            extra: Vec::new(),
            comment: Vec::new(),
            gap: Vec::new(),
            shared: false,
        }
    }

    /// A deflated one.
    pub fn deflated(name: &str, data: &[u8]) -> Self {
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(data).unwrap();
        Self { data: encoder.finish().unwrap(), method: 8, ..Self::new(name, data) }
    }
}

/// A zip file, with every field of its end.
#[derive(Clone, Default)]
pub struct Zip {
    pub entries: Vec<Entry>,
    pub before: Vec<u8>,
    pub after: Vec<u8>,
    pub comment: Vec<u8>,
    /// Added to what the end says.
    pub more_entries: i64,
    pub more_directory: i64,
    pub disk: u16,
}

impl Zip {
    pub fn bytes(&self) -> Vec<u8> {
        let mut file = self.before.clone();
        let mut directory = Vec::new();
        let mut start = 0;
        for entry in &self.entries {
            file.extend(&entry.gap);
            if !entry.shared {
                start = file.len() as u32;
                let name = entry.local_name.as_ref().unwrap_or(&entry.name);
                let method = entry.local_method.unwrap_or(entry.method);
                file.extend(b"PK\x03\x04");
                file.extend(common(entry, method, name));
                file.extend(name);
                file.extend(&entry.extra);
                file.extend(&entry.data);
            }
            directory.extend(b"PK\x01\x02");
            directory.extend([20, 3]);
            directory.extend(common(entry, entry.method, &entry.name));
            directory.extend((entry.comment.len() as u16).to_le_bytes());
            directory.extend([0; 4]);
            directory.extend((entry.mode << 16).to_le_bytes());
            directory.extend(start.to_le_bytes());
            directory.extend(&entry.name);
            directory.extend(&entry.extra);
            directory.extend(&entry.comment);
        }
        let start = file.len() as u32;
        file.extend(&directory);
        let count = (self.entries.len() as i64 + self.more_entries) as u16;
        let bytes = (directory.len() as i64 + self.more_directory) as u32;
        file.extend(b"PK\x05\x06");
        file.extend([self.disk, self.disk, count, count].iter().flat_map(|it| it.to_le_bytes()));
        file.extend(bytes.to_le_bytes());
        file.extend(start.to_le_bytes());
        file.extend((self.comment.len() as u16).to_le_bytes());
        file.extend(&self.comment);
        file.extend(&self.after);
        file
    }
}

/// What both headers have: version, flags, method, date, digest, sizes, lengths.
fn common(entry: &Entry, method: u16, name: &[u8]) -> Vec<u8> {
    let mut bytes = vec![20, 0];
    bytes.extend(entry.flags.to_le_bytes());
    bytes.extend(method.to_le_bytes());
    bytes.extend([0, 0, 0x21, 0]);
    bytes.extend(entry.crc.to_le_bytes());
    bytes.extend((entry.data.len() as u32).to_le_bytes());
    bytes.extend(entry.unpacked.to_le_bytes());
    bytes.extend((name.len() as u16).to_le_bytes());
    bytes.extend((entry.extra.len() as u16).to_le_bytes());
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut digest = flate2::Crc::new();
    digest.update(bytes);
    digest.sum()
}

/// The settings of a world with one mod.
pub fn config() -> WorldConfig {
    toml::from_str("[world]\nname = \"w\"\n[mods.a]\npath = \"a\"\n").unwrap()
}

/// A small pack as the host writes it, and what is in it.
pub fn good() -> (Vec<u8>, Vec<(String, Vec<u8>)>) {
    let source = ModSource {
        id: "a".to_owned(),
        component: COMPONENT.to_vec(),
        assets: [("notes.txt".to_owned(), b"A note.".to_vec())].into(),
        manifest: Some(sandtable::catalog::Manifest::new("a", semver::Version::new(1, 0, 0))),
        source: "a".to_owned(),
    };
    let bytes = pack::write(&config(), &[source]).unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes.clone())).unwrap();
    let files = (0..zip.len()).map(|at| {
        let mut entry = zip.by_index(at).unwrap();
        let mut data = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut data).unwrap();
        (entry.name().unwrap().into_owned(), data)
    });
    let files = files.collect();
    (bytes, files)
}

/// The entries of the small pack with more of them, all listed as they are, and
/// then what was changed in the list.
pub fn listed(more: &[Entry], change: impl FnOnce(&mut Table)) -> Zip {
    let (_, files) = good();
    let mut list = Table::new();
    let mut entries: Vec<Entry> = Vec::new();
    for (name, data) in &files {
        match name.as_str() {
            "pack.toml" => list = std::str::from_utf8(data).unwrap().parse().unwrap(),
            name => entries.push(Entry::new(name, data)),
        }
    }
    let lines = list["entries"].as_table_mut().unwrap();
    for entry in more {
        let line = Table::from_iter([
            ("bytes".to_owned(), Value::Integer(i64::from(entry.unpacked))),
            ("blake3".to_owned(), blake3::hash(&unpacked(entry)).to_hex().as_str().into()),
        ]);
        lines.insert(String::from_utf8_lossy(&entry.name).into_owned(), line.into());
        entries.push(entry.clone());
    }
    change(&mut list);
    entries.push(Entry::new("pack.toml", list.to_string().as_bytes()));
    Zip { entries, ..Zip::default() }
}

fn unpacked(entry: &Entry) -> Vec<u8> {
    if entry.method != 8 {
        return entry.data.clone();
    }
    let mut bytes = Vec::new();
    let mut decoder = flate2::read::DeflateDecoder::new(entry.data.as_slice());
    let _ = std::io::Read::read_to_end(&mut decoder, &mut bytes);
    bytes
}
