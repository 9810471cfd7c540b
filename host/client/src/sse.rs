//! Server-sent events, as the HTML standard has them.

use std::io::{self, BufRead};

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// What it is called.
    pub name: String,
    /// Its id, if it has one of its own.
    pub id: Option<String>,
    /// What it says.
    pub data: String,
}

/// Reads the next event; nothing where the stream ends, also in the middle of one.
///
/// # Errors
///
/// The connection broke, or what came is no text.
pub fn next(from: &mut impl BufRead) -> io::Result<Option<Event>> {
    let mut event = Event::default();
    let (mut has_data, mut line) = (false, String::new());
    loop {
        line.clear();
        if from.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let text = line.trim_end_matches(['\n', '\r']);
        if text.is_empty() {
            if has_data {
                return Ok(Some(event));
            }
            event = Event::default();
            continue;
        }
        let (field, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => event.name = value.to_owned(),
            "id" => event.id = Some(value.to_owned()),
            "data" => {
                if has_data {
                    event.data.push('\n');
                }
                event.data.push_str(value);
                has_data = true;
            }
            // What begins with a colon says only that the connection is alive.
            _ => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_with_all_of_their_lines() {
        let text = ":\n\nevent: tick\r\nid: 3~aa\r\ndata: {\r\ndata:1}\r\nretry: 5\r\n\r\n\
                    event: lost\n\ndata: two\n\ndata: cut";
        let mut from = text.as_bytes();
        let event = |name: &str, id: Option<&str>, data: &str| {
            let (name, id, data) = (name.to_owned(), id.map(str::to_owned), data.to_owned());
            Some(Event { name, id, data })
        };
        assert_eq!(next(&mut from).unwrap(), event("tick", Some("3~aa"), "{\n1}"));
        assert_eq!(next(&mut from).unwrap(), event("", None, "two"));
        assert_eq!(next(&mut from).unwrap(), None);
    }
}
