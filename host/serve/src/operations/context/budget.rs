//! What fits of some lists: whole items, as they come, and a count of what does not.

use serde_json::{Map, Value as Json};

/// Bytes that are counted as a token. Most models count fewer tokens than that for numbers
/// and names as answers have them.
pub const TOKEN_BYTES: usize = 3;

/// A list of what is to be told.
pub struct Section {
    /// What it is called.
    pub name: &'static str,
    /// Up to which share of all, in hundredths, it and those before it are filled at first.
    pub share: usize,
    /// What there is, the weightiest first.
    pub items: Vec<Json>,
    /// How much more there is that was not looked at.
    pub more: usize,
}

/// An object with what fits of some lists into so many bytes. Each list is filled up to its
/// share, and what is left then goes to them in turn.
pub fn fitted(
    members: Map<String, Json>,
    sections: [Section; 4],
    most: usize,
) -> Map<String, Json> {
    let mut frame = members;
    let mut left_out = Map::new();
    for section in &sections {
        frame.insert(section.name.to_owned(), Json::Array(Vec::new()));
        // As long as the count can become.
        left_out.insert(section.name.to_owned(), (section.items.len() + section.more).into());
    }
    frame.insert("left_out".to_owned(), Json::Object(left_out));
    let mut used = Json::Object(frame.clone()).to_string().len();
    let lengths = sections.each_ref().map(|section| {
        // With the comma between it and the next.
        section.items.iter().map(|item| item.to_string().len() + 1).collect::<Vec<_>>()
    });
    let mut is_in = lengths.each_ref().map(|lengths| vec![false; lengths.len()]);
    let shares = sections.iter().map(|section| most * section.share / 100);
    for limits in [shares.collect::<Vec<_>>(), vec![most; sections.len()]] {
        for ((lengths, is_in), limit) in lengths.iter().zip(&mut is_in).zip(limits) {
            for (length, is_in) in lengths.iter().zip(is_in) {
                if !*is_in && used + length <= limit {
                    used += length;
                    *is_in = true;
                }
            }
        }
    }
    let mut left_out = Map::new();
    for (section, is_in) in sections.into_iter().zip(is_in) {
        let count = section.more + is_in.iter().filter(|is_in| !**is_in).count();
        let items = section.items.into_iter().zip(is_in);
        let items: Vec<Json> = items.filter(|(_, is_in)| *is_in).map(|(item, _)| item).collect();
        frame.insert(section.name.to_owned(), items.into());
        left_out.insert(section.name.to_owned(), count.into());
    }
    frame.insert("left_out".to_owned(), Json::Object(left_out));
    frame
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sections(lengths: [&[usize]; 4]) -> [Section; 4] {
        let names = ["notes", "state", "relations", "events"];
        let mut at = 0;
        lengths.map(|lengths| {
            at += 1;
            let items = lengths.iter().map(|length| Json::from("é\"".repeat(*length))).collect();
            Section { name: names[at - 1], share: [10, 45, 65, 100][at - 1], items, more: at }
        })
    }

    #[test]
    fn the_answer_is_never_longer_and_counts_what_is_missing() {
        let mut seed = 7_u64;
        let mut next = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for _ in 0..1_000 {
            let lists: [Vec<usize>; 4] =
                std::array::from_fn(|_| (0..next(30)).map(|_| next(60) as usize).collect());
            let counts = lists.each_ref().map(Vec::len);
            let most = 900 + next(4_000) as usize;
            let lists = lists.each_ref().map(Vec::as_slice);
            let about = Map::from_iter([("at".to_owned(), json!("7~6db9a168"))]);
            let told = Json::Object(fitted(about, sections(lists), most));
            assert!(told.to_string().len() <= most, "{told}");
            let names = ["notes", "state", "relations", "events"];
            for (at, (name, count)) in names.into_iter().zip(counts).enumerate() {
                let shown = told[name].as_array().map_or(0, Vec::len);
                // Of the n-th list there were n more.
                assert_eq!(told["left_out"][name], count - shown + at + 1);
            }
        }
    }

    #[test]
    fn what_one_list_leaves_another_gets() {
        let about = || Map::from_iter([("at".to_owned(), json!("7~6db9a168"))]);
        let told = fitted(about(), sections([&[], &[20; 40], &[], &[]]), 1_200);
        let shown = told["state"].as_array().map_or(0, Vec::len);
        assert!(shown > 10, "more than a share: {shown}");
        let told = fitted(about(), sections([&[], &[20; 40], &[20; 40], &[20; 40]]), 3_000);
        for name in ["state", "relations", "events"] {
            assert!(told[name].as_array().map_or(0, Vec::len) > 5, "each has its share: {name}");
        }
        let told = fitted(about(), sections([&[], &[], &[], &[9_000, 1]]), 900);
        assert_eq!(told["events"], json!(["é\""]), "what is too long is left out whole");
    }
}
