//! Names of questions, of their parameters, and of what these and answers are about: kinds of
//! subjects, such as people, and clocks, such as the time of a story.

/// The kind of subject that entities of the world are.
pub const ENTITY: &str = "entity";
/// The clock that the ticks of the world are.
pub const TICK: &str = "tick";

/// What is said of what is no name.
pub const NAME: &str = "is no name: use lower-case letters, digits, `_` and `-`, a letter first, 64 \
                    at most";

/// Whether a text is a name.
pub fn is_name(text: &str) -> bool {
    let plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || b"_-".contains(&it);
    text.len() <= 64
        && text.bytes().all(plain)
        && text.bytes().next().is_some_and(|it| it.is_ascii_lowercase())
}

/// A kind of subject or a clock as it is known outside of the mod that names it.
pub fn of_mod(id: &str, name: String) -> String {
    match name.contains('/') || [ENTITY, TICK].contains(&name.as_str()) {
        true => name,
        false => format!("{id}/{name}"),
    }
}

/// What is wrong with the name of a kind of subject or of a clock, if anything is.
pub fn objection_to_kind(name: &str) -> Option<String> {
    let is_good = name.split('/').all(is_name) && name.split('/').count() <= 2;
    (!is_good).then(|| format!("{NAME}; that of another mod with `<mod>/` before it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_mod_names_is_its_own_unless_it_says_whose() {
        for (name, expected) in
            [("person", "story/person"), ("old/person", "old/person"), ("entity", "entity")]
        {
            assert_eq!(of_mod("story", name.to_owned()), expected);
        }
    }
}
