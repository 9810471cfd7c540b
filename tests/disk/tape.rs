//! What happened to the files of a folder, in order.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The files of a folder: a number that one file keeps under all its names.
pub(crate) type Listing = BTreeMap<String, u64>;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The folder has other files now.
    Listed(BTreeMap<String, u64>),
    /// Bytes of a file were written.
    Written {
        /// The file.
        file: u64,
        /// Where.
        at: usize,
        /// What.
        bytes: Vec<u8>,
    },
    /// A file was cut.
    Cut {
        /// The file.
        file: u64,
        /// What is left of it.
        length: usize,
    },
    /// All of a file was synced.
    Synced {
        /// The file.
        file: u64,
    },
    /// The device failed to sync a file, and has forgotten that it should: what
    /// was written since the last time stays in doubt for ever.
    NotSynced {
        /// The file.
        file: u64,
    },
    /// The names of all files were synced.
    FolderSynced,
    /// A test had something to note.
    Mark(u64),
}

/// What happened up to now.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    events: Vec<Event>,
    listing: Listing,
    /// The numbers of files by their inode, which is used anew once they are gone.
    numbers: BTreeMap<u64, u64>,
    next: u64,
}

impl Tape {
    pub fn push(&mut self, event: Event) {
        self.events.push(event);
    }

    pub fn events(self) -> Vec<Event> {
        self.events
    }

    /// The number of a file in the folder.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.listing.get(name).copied()
    }

    /// Looks into the folder, past everybody. What was written into a file before
    /// it was seen first is taken as durable.
    pub fn look(&mut self, folder: &Path) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        let mut listing = Listing::new();
        let mut numbers = BTreeMap::new();
        for entry in entries.flatten() {
            let Ok(about) = entry.metadata() else { continue };
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with("-shm") || name.ends_with(".lock") || !about.is_file() {
                continue;
            }
            let number = self.numbers.get(&about.ino()).copied();
            let number = number.unwrap_or_else(|| self.meet(&entry.path()));
            numbers.insert(about.ino(), number);
            listing.insert(name, number);
        }
        self.numbers = numbers;
        if listing != self.listing {
            self.listing = listing.clone();
            self.push(Event::Listed(listing));
        }
    }

    fn meet(&mut self, path: &Path) -> u64 {
        let file = self.next;
        self.next += 1;
        if let Ok(bytes) = fs::read(path).map_err(drop)
            && !bytes.is_empty()
        {
            self.push(Event::Written { file, at: 0, bytes });
            self.push(Event::Synced { file });
        }
        file
    }
}
