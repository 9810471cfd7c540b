//! Addresses of entities at a tick, as clients keep them.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::super::problem::{Kind, Problem};

/// How addresses begin.
pub const SCHEME: &str = "sandtable://";

/// The address of an entity at a tick.
pub fn uri(world: &str, entity: &str, at: &str) -> String {
    format!("{SCHEME}{}/entities/{entity}?at={at}", utf8_percent_encode(world, NON_ALPHANUMERIC))
}

/// World, entity and tick of an address.
///
/// # Errors
///
/// It is none.
pub fn parts(uri: &str) -> Result<(String, String, Option<String>), Problem> {
    let decoded = |text: &str| {
        percent_decode_str(text).decode_utf8().map(|text| text.into_owned()).map_err(|_| wrong(uri))
    };
    let (path, query) = uri.split_once('?').map_or((uri, None), |(path, at)| (path, Some(at)));
    let mut parts = path.strip_prefix(SCHEME).ok_or_else(|| wrong(uri))?.split('/');
    let (Some(world), Some("entities"), Some(entity), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(wrong(uri));
    };
    let at = match query {
        None => None,
        Some(query) => Some(decoded(query.strip_prefix("at=").ok_or_else(|| wrong(uri))?)?),
    };
    Ok((decoded(world)?, decoded(entity)?, at))
}

fn wrong(uri: &str) -> Problem {
    let what = format!(
        "`{uri}` is no address here: write {SCHEME}<world>/entities/<entity>?at=<tick>, as \
         `entity` gives it"
    );
    Problem::new(Kind::NotFound, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_it_was_written() {
        let address = uri("Earth / 2", "12v3", "7~6db9a168");
        assert_eq!(address, "sandtable://Earth%20%2F%202/entities/12v3?at=7~6db9a168");
        let (world, entity, at) = parts(&address).expect("an address");
        assert_eq!((&*world, &*entity, at.as_deref()), ("Earth / 2", "12v3", Some("7~6db9a168")));
        assert_eq!(parts("sandtable://a/entities/0v1").expect("an address").2, None);
        for wrong in [
            "",
            "sandtable://a",
            "http://a/entities/0v1",
            "sandtable://a/entities/0v1/x",
            "sandtable://a/entities/0v1?tick=7",
        ] {
            assert!(parts(wrong).is_err(), "{wrong}");
        }
    }
}
