//! Components and assets by digest: stored once, compressed, and read with
//! distrust.

use std::collections::BTreeMap;
use std::io::Read;

use rusqlite::{Connection, OptionalExtension, params};
use sandtable_world::record::{Digest, hex};

use crate::error::{Fallible, damage};

/// Components and assets by digest, which a slim save lacks.
pub type Contents = BTreeMap<Digest, Vec<u8>>;

/// Bytes that one component or asset may have.
const BLOB_BYTES_MAX: u64 = 1 << 30;
const ZSTD_LEVEL: i32 = 3;

pub(super) fn digest(bytes: &[u8]) -> Digest {
    *blake3::hash(bytes).as_bytes()
}

/// Drops all contents, and keeps what they were.
pub(crate) fn slim(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("UPDATE st_blobs SET data = NULL", []).map(drop)
}

/// Puts those contents back that the save lacks.
pub(crate) fn embed(connection: &Connection, contents: &Contents) -> rusqlite::Result<()> {
    let mut select = connection.prepare("SELECT digest FROM st_blobs WHERE data IS NULL")?;
    let lacking: Vec<Digest> = select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for bytes in lacking.iter().filter_map(|digest| contents.get(digest)) {
        store_blob(connection, bytes, false)?;
    }
    Ok(())
}

pub(super) fn store_blob(
    connection: &Connection,
    bytes: &[u8],
    is_slim: bool,
) -> rusqlite::Result<()> {
    let digest = digest(bytes);
    let sql = "SELECT EXISTS (
                   SELECT 1 FROM st_blobs WHERE digest = ?1 AND (?2 OR data IS NOT NULL))";
    if connection.query_row(sql, params![digest, is_slim], |row| row.get(0))? {
        return Ok(());
    }
    let packed = (!is_slim).then(|| zstd::bulk::compress(bytes, ZSTD_LEVEL)).transpose();
    let packed = packed.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    connection.execute(
        "INSERT INTO st_blobs (digest, bytes, data) VALUES (?1, ?2, ?3)
         ON CONFLICT (digest) DO UPDATE SET bytes = excluded.bytes, data = excluded.data",
        params![digest, bytes.len() as i64, packed],
    )?;
    Ok(())
}

pub(super) fn lacks<T>(digest: &Digest) -> Fallible<T> {
    damage(format!("it lacks the contents with digest {}", hex(digest)))
}

/// Reads contents; there are none in a slim save.
pub(crate) fn load_blob(connection: &Connection, digest: &Digest) -> Fallible<Option<Vec<u8>>> {
    let found: Option<(i64, Option<Vec<u8>>)> = connection
        .query_row("SELECT bytes, data FROM st_blobs WHERE digest = ?1", [digest], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let name = hex(digest);
    let Some((bytes, packed)) = found else { return lacks(digest) };
    let Some(packed) = packed else { return Ok(None) };
    let wanted = u64::try_from(bytes).ok().filter(|bytes| *bytes <= BLOB_BYTES_MAX);
    let Some(wanted) = wanted else {
        return damage(format!("the contents with digest {name} claim {bytes} bytes"));
    };
    // Read as it comes and not past what was claimed: a few bytes can unpack to
    // any length, and a claim is not worth an allocation.
    let mut unpacked = Vec::new();
    let read = zstd::stream::Decoder::new(packed.as_slice())
        .and_then(|decoder| decoder.take(wanted + 1).read_to_end(&mut unpacked));
    if read.is_err() || unpacked.len() as u64 != wanted || self::digest(&unpacked) != *digest {
        return damage(format!("the contents with digest {name} are others"));
    }
    Ok(Some(unpacked))
}
