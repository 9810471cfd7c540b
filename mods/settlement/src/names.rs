//! Names for cities that no map knows.

use sandtable_sdk::EntityRng;

const FIRST: [&str; 24] = [
    "Al", "Bar", "Cor", "Dal", "El", "Far", "Gal", "Har", "Is", "Jun", "Kal", "Lor", "Mar", "Nor",
    "Or", "Pal", "Quin", "Ros", "Sal", "Tor", "Ul", "Var", "Wes", "Zan",
];

const MIDDLE: [&str; 16] = [
    "a", "ama", "ara", "e", "eli", "ena", "i", "ino", "isa", "o", "ola", "ora", "u", "una", "ura",
    "y",
];

const LAST: [&str; 20] = [
    "bad", "berg", "burg", "by", "dale", "don", "ford", "grad", "ham", "lis", "mere", "mouth",
    "pol", "port", "pur", "stad", "stan", "ton", "ville", "wick",
];

/// A new name.
pub fn draw(dice: &mut EntityRng) -> String {
    let mut part = |parts: &[&'static str]| dice.pick(parts).copied().unwrap_or_default();
    [part(&FIRST), part(&MIDDLE), part(&LAST)].concat()
}

/// The name of a city that is built on the ruin of another.
pub fn renewed(ruin: &str) -> String {
    match ruin.strip_prefix("New ") {
        Some(old) => format!("Newer {old}"),
        None => format!("New {ruin}"),
    }
}

#[cfg(test)]
mod tests {
    use super::renewed;

    #[test]
    fn ruins_pass_their_name_on() {
        assert_eq!(renewed("Valoraton"), "New Valoraton");
        assert_eq!(renewed("New Valoraton"), "Newer Valoraton");
    }
}
