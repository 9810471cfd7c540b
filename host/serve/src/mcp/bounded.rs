//! Answers of a bounded length: lists are cut from their end, long texts in place, and
//! what was left out is counted.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::text;

/// Bytes that are counted as a token. Most models count fewer tokens than that for
/// numbers and names as answers have them.
const TOKEN_BYTES: usize = 3;
/// Bytes of a text that is never cut.
const TEXT_MIN: usize = 120;
/// Bytes that members of an object may have beyond the part of each.
const MEMBERS_MORE: usize = 2 * TEXT_MIN;
/// Room for what is said of what was left out.
const SAID: usize = 400;

/// An answer of a bounded length.
pub struct Bounded {
    /// Its members.
    pub members: Map<String, Json>,
    /// The same for a model.
    pub text: String,
    /// How much was left out of each list, by its name.
    pub left_out: BTreeMap<String, usize>,
}

/// An answer of so many tokens at most, with what it says of the rest.
pub fn bounded(members: &Map<String, Json>, tokens: usize, rest: &str) -> Bounded {
    let most = tokens * TOKEN_BYTES;
    let mut room = most;
    loop {
        let bounded = cut_to(members, room, rest);
        let length = bounded.text.len().max(length_of(&bounded.members));
        if length <= most || room == 0 {
            return bounded;
        }
        // What is said of the rest takes room, and so may lines of a text.
        room = room.saturating_sub((length - most).max(most / 16));
    }
}

fn cut_to(members: &Map<String, Json>, room: usize, rest: &str) -> Bounded {
    let cut = |each: usize| {
        let mut left_out = BTreeMap::new();
        let of = |(name, value): (&String, &Json)| {
            (name.clone(), cut(value, each, name, &mut left_out).0)
        };
        let members: Map<String, Json> = members.iter().map(of).collect();
        (members, left_out)
    };
    let (mut members_now, mut left_out) = cut(usize::MAX);
    let mut said = 0;
    if length_of(&members_now) > room {
        said = SAID;
        // The most that each list may have for all of them to fit.
        let (mut fits, mut exceeds) = (0, room * 64 + 1);
        while fits + 1 < exceeds {
            let each = fits.midpoint(exceeds);
            match length_of(&cut(each).0) + said <= room {
                true => fits = each,
                false => exceeds = each,
            }
        }
        (members_now, left_out) = cut(fits);
    }
    let is_truncated = members_now.get("truncated").is_some_and(|it| it == true);
    if !left_out.is_empty() {
        let lists = left_out.iter().map(|(of, count)| json!({ "of": of, "left_out": count }));
        members_now.insert("shortened".to_owned(), lists.collect());
    }
    if said > 0 || is_truncated || members_now.contains_key("next") {
        members_now.insert("rest".to_owned(), rest.into());
    }
    let text = text::of(&members_now);
    Bounded { members: members_now, text, left_out }
}

/// A value whose lists and texts have so many bytes each at most, and its bytes.
fn cut(
    value: &Json,
    most: usize,
    name: &str,
    left_out: &mut BTreeMap<String, usize>,
) -> (Json, usize) {
    match value {
        Json::String(text) if text.len() > most.max(TEXT_MIN) => {
            let end = text.floor_char_boundary(most.max(TEXT_MIN));
            let cut = Json::from(format!("{}… ({} bytes more)", &text[..end], text.len() - end));
            let length = cut.to_string().len();
            (cut, length)
        }
        Json::Array(items) => {
            let (mut kept, mut length) = (Vec::new(), 2);
            for item in items {
                let mut of_item = BTreeMap::new();
                let (item, more) = cut(item, most, name, &mut of_item);
                if length + more > most {
                    break;
                }
                of_item.iter().for_each(|(of, more)| count(left_out, of, *more));
                length += more + 1;
                kept.push(item);
            }
            count(left_out, name, items.len() - kept.len());
            (kept.into(), length)
        }
        Json::Object(members) => {
            let (mut kept, mut length) = (Map::new(), 2);
            // A long one leaves the others their part.
            let each = most / members.len().max(1);
            for (member, value) in members {
                let within = format!("{name}.{member}");
                let (value, more) = cut(value, each, &within, left_out);
                if length + more > most.saturating_add(MEMBERS_MORE) {
                    break;
                }
                length += more + member.len() + 4;
                kept.insert(member.clone(), value);
            }
            count(left_out, name, members.len() - kept.len());
            (kept.into(), length)
        }
        other => (other.clone(), other.to_string().len()),
    }
}

fn count(left_out: &mut BTreeMap<String, usize>, name: &str, more: usize) {
    if more > 0 {
        *left_out.entry(name.to_owned()).or_default() += more;
    }
}

fn length_of(members: &Map<String, Json>) -> usize {
    let of = |(name, value): (&String, &Json)| name.len() + 4 + length(value);
    members.iter().map(of).sum::<usize>() + 2
}

/// Bytes of a value as JSON.
fn length(value: &Json) -> usize {
    match value {
        Json::Array(items) => items.iter().map(|it| length(it) + 1).sum::<usize>() + 2,
        Json::Object(members) => length_of(members),
        other => other.to_string().len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(json: Json) -> Map<String, Json> {
        match json {
            Json::Object(members) => members,
            other => panic!("{other} is no object"),
        }
    }

    #[test]
    fn what_fits_is_whole() {
        let answer = members(json!({ "at": "7~6db9a168", "rows": [{ "a": 1 }, { "a": 2 }] }));
        let bounded = bounded(&answer, 300, "ask again");
        assert_eq!((&bounded.members, bounded.left_out.len()), (&answer, 0));
    }

    #[test]
    fn what_is_left_out_is_counted_and_the_rest_is_short_enough() {
        let row = |at: usize| json!({ "entity": format!("{at}v1"), "data": { "x": at } });
        let rows: Vec<Json> = (0..5_000).map(row).collect();
        let answer = members(json!({ "at": "7~6db9a168", "rows": rows, "notes": ["a note"] }));
        for tokens in [300, 500, 2_000, 20_000] {
            let bounded = bounded(&answer, tokens, "ask again");
            let (json, kept) = (Json::Object(bounded.members.clone()), &bounded.members["rows"]);
            let kept = kept.as_array().map_or(0, Vec::len);
            let bytes = json.to_string().len();
            assert!(bytes <= tokens * TOKEN_BYTES, "{bytes} bytes");
            assert!(bounded.text.len() <= tokens * TOKEN_BYTES);
            assert!(bytes > tokens * TOKEN_BYTES / 2, "{bytes} bytes of {tokens} tokens");
            assert_eq!(bounded.left_out["rows"], 5_000 - kept);
            assert_eq!(json["shortened"][0]["left_out"], 5_000 - kept);
            assert_eq!(json["at"], "7~6db9a168");
            assert_eq!((&json["rest"], &json["notes"][0]), (&"ask again".into(), &"a note".into()));
        }
    }

    #[test]
    fn a_long_value_leaves_the_others_their_part() {
        let long: Vec<u32> = (0..10_000).collect();
        let components = json!({ "a/Long": { "items": long }, "a/Text": { "text": "é".repeat(9_000) },
            "b/Short": { "gold": 3 } });
        let answer = members(json!({ "at": "7~6db9a168", "components": components }));
        let bounded = bounded(&answer, 400, "ask again");
        let shown = &bounded.members["components"];
        assert_eq!(shown["b/Short"], json!({ "gold": 3 }));
        let kept = shown["a/Long"]["items"].as_array().map_or(0, Vec::len);
        assert!(kept > 5, "{kept}");
        assert_eq!(bounded.left_out["components.a/Long.items"], 10_000 - kept);
        let text = shown["a/Text"]["text"].as_str().unwrap_or_default();
        assert!(text.ends_with("bytes more)"), "{text}");
    }
}
