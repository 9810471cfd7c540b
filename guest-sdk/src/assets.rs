//! Files that are shipped with the mod.

use std::fmt;
use std::ops::Range;

use crate::call::Call;
use crate::declaration::SystemDeclaration;
use crate::fault::Fault;
use crate::param::{Param, Slots};
use crate::sys;

/// The mod's files, by the names they have in its `assets` folder.
///
/// A save keeps them with the mod, so they are the same whenever a tick is run
/// again. While `sandtable dev` runs a world, a file that changes is taken over
/// as a change of the code is: systems read it from the next tick on, and those
/// that run at startup do not run again.
#[derive(Clone, Copy, Debug)]
pub struct Assets(());

impl Assets {
    /// The names of all files, sorted.
    pub fn names(&self) -> Vec<String> {
        sys::asset_names()
    }

    /// The bytes of a file.
    ///
    /// # Errors
    ///
    /// There is no such asset, or the mod may not read it.
    pub fn bytes(&self, name: &str) -> Result<Vec<u8>, AssetError> {
        sys::asset(name)
            .ok_or_else(|| AssetError { name: name.to_owned(), mistake: Mistake::Missing })
    }

    /// The text of a file.
    ///
    /// # Errors
    ///
    /// As [`Assets::bytes`], or it is not UTF-8.
    pub fn text(&self, name: &str) -> Result<String, AssetError> {
        String::from_utf8(self.bytes(name)?)
            .map_err(|_| AssetError { name: name.to_owned(), mistake: Mistake::NotText })
    }
}

/// An asset that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetError {
    name: String,
    mistake: Mistake,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    Missing,
    NotText,
}

impl fmt::Display for AssetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mistake {
            Mistake::Missing => write!(f, "the mod has no asset named {:?}", self.name),
            Mistake::NotText => write!(f, "the asset {:?} is not UTF-8 text", self.name),
        }
    }
}

impl std::error::Error for AssetError {}

impl From<AssetError> for String {
    fn from(error: AssetError) -> Self {
        error.to_string()
    }
}

impl Param for Assets {
    type State = ();
    type Item<'w> = Assets;

    fn declare(_: &mut SystemDeclaration<'_>) {}

    fn open(_: &Call, _: &mut Slots) -> Result<(), Fault> {
        Ok(())
    }

    fn item<'w>((): &'w mut (), _: Range<usize>, _: &'w Call) -> Assets {
        Assets(())
    }
}
