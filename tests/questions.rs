//! Questions that a world file and a mod bring along: asked by name with values that are
//! bound, of the world now and as it was, wherever the save is.

use std::fs;

use serde_json::{Value as Json, json};

use crate::harness::*;
use crate::place::Place;

/// Questions of the world file: one with an entity, one of each other type.
pub const OF_WORLD: &str = "
[[question]]
name = \"purse\"
about = \"How much gold a citizen has, if at least so much.\"
sql = \"\"\"
SELECT name, gold FROM citizens_citizen JOIN citizens_wealth USING (entity)
WHERE entity = :who AND gold >= :least\"\"\"
parameters = [
    { name = \"who\", type = \"entity\", about = \"whose\" },
    { name = \"least\", type = \"integer\", default = 0 },
]

[[question]]
name = \"echo\"
about = \"What is given, as SQL has it.\"
sql = \"SELECT :text AS text, :number AS number, :truth AS truth, typeof(:text) AS type\"
parameters = [
    { name = \"text\", type = \"text\" },
    { name = \"number\", type = \"number\", default = 1.5 },
    { name = \"truth\", type = \"boolean\", default = true },
]

[[question]]
name = \"nothing\"
about = \"What this world cannot answer.\"
sql = \"SELECT x FROM geography_nation\"
";

/// The manifest of `ledger`, with a question that reads its table.
pub const LEDGER: &str = "id = \"ledger\"
version = \"0.1.0\"
interface = \"0.2.0\"

[[question]]
name = \"booked\"
about = \"What was booked in some ticks.\"
sql = \"SELECT count(*) AS entries FROM ledger__entries WHERE tick BETWEEN :first AND :last\"
parameters = [
    { name = \"first\", type = \"integer\" },
    { name = \"last\", type = \"integer\" },
]
";

/// The world file of both, without its mods.
pub fn text() -> String {
    let label = WORLD.replacen("[world]", "[world]\nlabel = \"citizens/Citizen.name\"", 1);
    format!("{label}{OF_WORLD}")
}

/// Five ticks of a world of both.
fn place() -> Place {
    let place = Place::with(&text(), &["citizens", "ledger"]);
    place.write("ledger.toml", LEDGER);
    ticks(Some(place.0.path()), &place.at("save.db"), 5);
    place
}

/// The answer, row by row.
fn asked(place: &Place, arguments: &[&str]) -> Json {
    let all = [&["ask", "save.db"], arguments, &["--format", "json"]].concat();
    serde_json::from_str(&told(&mut place.program(&all))).unwrap()
}

#[test]
fn a_question_is_answered_now_and_as_of_a_tick() {
    let place = place();
    assert_eq!(asked(&place, &["purse", "who=Ada"]), json!([{ "name": "Ada", "gold": 40 }]));
    assert_eq!(asked(&place, &["purse", "who=Ada", "--at", "2"])[0]["gold"], 10);
    assert_eq!(asked(&place, &["purse", "who=0v1", "least=41"]), json!([]));
    // Who died in tick 4 is there before.
    assert_eq!(asked(&place, &["purse", "who=Mortal", "--at", "3"])[0]["gold"], 23);
    let gone = place.refusal(&["ask", "save.db", "purse", "who=Mortal"]);
    assert_eq!(
        gone,
        "question `purse` cannot be answered: no entity `Mortal` is alive at tick 5: entities are \
         written as 12v3"
    );
    let twins = place.refusal(&["ask", "save.db", "purse", "who=Twin"]);
    assert!(twins.contains("several entities are called `Twin` at tick 5"), "{twins}");
}

#[test]
fn a_mod_brings_questions_about_its_tables() {
    let place = place();
    let arguments = ["first=1", "last=3"];
    for (name, at, expected) in
        [("ledger/booked", None, 9), ("booked", None, 9), ("ledger/booked", Some("2"), 6)]
    {
        let mut all = [&[name], &arguments[..]].concat();
        all.extend(at.into_iter().flat_map(|at| ["--at", at]));
        assert_eq!(asked(&place, &all), json!([{ "entries": expected }]), "{all:?}");
    }
}

#[test]
fn a_save_and_a_pack_carry_their_questions() {
    let place = place();
    told(&mut place.program(&["pack", ".", "-o", "w.pack"]));
    let away = Place(tempfile::tempdir().unwrap());
    for name in ["save.db", "w.pack"] {
        fs::copy(place.at(name), away.at(name)).unwrap();
    }
    let expected = json!([{ "entries": 9 }]);
    let arguments = ["ledger/booked", "first=1", "last=3"];
    assert_eq!(asked(&away, &arguments), expected);
    fs::remove_file(away.at("save.db")).unwrap();
    told(&mut away.program(&["run", "w.pack", "--save", "save.db", "--ticks", "5", "--quiet"]));
    assert_eq!(asked(&away, &arguments), expected);
    assert_eq!(asked(&away, &["purse", "who=Ada"])[0]["gold"], 40);
}

#[test]
fn all_questions_are_listed_and_those_that_cannot_be_asked_said() {
    let place = place();
    let output = place.program(&["ask", "save.db", "--format", "csv"]).output().unwrap();
    let (out, error) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "name,parameters,about");
    assert_eq!(
        lines[1],
        "purse,\"who (entity), least (integer, else 0)\",\"How much gold a citizen has, if at \
         least so much.\""
    );
    assert_eq!(
        lines[4],
        "ledger/booked,\"first (integer), last (integer)\",What was booked in some ticks."
    );
    assert_eq!(lines.len(), 5);
    assert!(
        error.contains("nothing cannot be asked here: no such table: geography_nation"),
        "{error}"
    );
    let told = place.refusal(&["ask", "save.db", "nothing"]);
    let expected = "question `nothing` cannot be answered: no such table: geography_nation; ";
    assert!(told.starts_with(expected), "{told}");
}

#[test]
fn what_a_question_says_of_its_answer_is_kept_and_held_against_it() {
    let shown = "
[[question]]
name = \"rich\"
about = \"Who has how much.\"
show.subjects = { name = \"citizen\", gold = \"entity\" }
show.labels = { name = \"title\" }
sql = \"SELECT name, gold FROM citizens_citizen JOIN citizens_wealth USING (entity)\"
";
    let place = Place::with(&format!("{}{shown}", text()), &["citizens", "ledger"]);
    place.write("ledger.toml", LEDGER);
    ticks(Some(place.0.path()), &place.at("save.db"), 2);
    // The answer is the same with it and without.
    let sql = "SELECT name, gold FROM citizens_citizen JOIN citizens_wealth USING (entity)";
    let plain = told(&mut place.program(&["sql", "save.db", sql, "--format", "json"]));
    assert_eq!(asked(&place, &["rich"]), serde_json::from_str::<Json>(&plain).unwrap());
    let output = place.program(&["ask", "save.db"]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    let expected = "rich cannot be shown as it says: `show.labels` names the column `title`, and \
                    the answer has name, gold: name one of them";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn what_is_given_is_a_value_and_never_a_part_of_the_select() {
    let place = place();
    let hostile = [
        "'; DROP TABLE st_world; --",
        "\" OR 1=1 --",
        "x' UNION SELECT config FROM st_settings --",
        ":number",
        "?1",
        "a\nb",
        "",
        "=",
        "ä\u{202e}",
    ];
    for text in hostile {
        let row = asked(&place, &["echo", &format!("text={text}")]);
        let expected = json!([{ "text": text, "number": 1.5, "truth": 1, "type": "text" }]);
        assert_eq!(row, expected, "{text:?}");
    }
    let row = asked(&place, &["echo", "text=1", "number=2", "truth=false"]);
    assert_eq!(row, json!([{ "text": "1", "number": 2.0, "truth": 0, "type": "text" }]));
}

#[test]
fn what_does_not_fit_is_told_in_a_sentence() {
    let place = place();
    let refused = |arguments: &[&str]| place.refusal(&[&["ask", "save.db"], arguments].concat());
    let takes = "it takes `text` (text), `number` (number, else 1.5), `truth` (boolean, else true)";
    assert_eq!(
        refused(&["echo"]),
        format!("question `echo` needs `text`, which takes a text: {takes}")
    );
    assert_eq!(
        refused(&["echo", "text=a", "nubmer=2"]),
        format!("question `echo` has no parameter `nubmer`: {takes}")
    );
    assert_eq!(
        refused(&["echo", "text=a", "number=much"]),
        "question `echo` was given \"much\" for `number`, which takes a number"
    );
    assert_eq!(
        refused(&["booked", "first=1.5", "last=2"]),
        "question `ledger/booked` was given \"1.5\" for `first`, which takes a whole number"
    );
    assert_eq!(
        refused(&["echo", "text=a", "text=b"]),
        "`text` is given a second time: leave one of the two out"
    );
    assert_eq!(
        refused(&["ehco"]),
        "there is no question `ehco`: there are purse, echo, nothing, ledger/booked"
    );
    let without = Place::with_save(&["drift"]);
    assert_eq!(
        without.refusal(&["ask", "save.db", "echo"]),
        "there is no question `echo`: neither the world file nor a mod brings any along under \
         [[question]]"
    );
}

#[test]
fn a_question_that_cannot_be_is_refused_before_the_world_runs() {
    for (question, expected) in [
        ("sql = \"SELECT 1\"", "the key `name` is missing in `question[0]`: add it"),
        (
            "name = \"a\"\nabout = \"b\"\nsql = \"DELETE FROM st_world\"",
            "`question[0].sql` begins with neither SELECT nor WITH: give one SELECT",
        ),
        (
            "name = \"a\"\nabout = \"b\"\nsql = \"SELECT 1 FRM x\"",
            "`question[0].sql` is no SELECT that can be answered: near \"x\": syntax error",
        ),
        (
            "name = \"a\"\nabout = \"b\"\nsql = \"SELECT :n\"",
            "`question[0].sql` has `:n`, and no parameter is called so: declare it",
        ),
        (
            "name = \"a\"\nabout = \"b\"\nsql = \"SELECT 1\"\nshow.as = \"timeline\"",
            "`question[0].show.as` is `timeline`, which needs `time`: say which column that is",
        ),
        (
            "name = \"a\"\nabout = \"b\"\nsql = \"SELECT 1\"\nshow.as = \"pie\"",
            "`question[0].show.as` is `pie`, which is not known: choose `table`, `timeline`, \
             `graph`",
        ),
        (
            "name = \"a\"\nabout = \"b\"\nsql = \"SELECT 1\"\nshow.labels = { n = \"m\" }",
            "`question[0].show.labels.n` is no column of `subjects`: say there of which kind it is",
        ),
        (
            "name = \"a\"\nabout = \"b\"\nsql = \"SELECT :n\"\n\
             parameters = [{ name = \"n\", type = \"boolean\", clock = \"story\" }]",
            "`question[0].parameters[0].clock` is set, and the type is `boolean`: leave it out",
        ),
    ] {
        let place = Place::with(&format!("{WORLD}[[question]]\n{question}\n"), &["drift"]);
        let told = place.refusal(&["run", ".", "--save", "new.db", "--ticks", "1"]);
        assert!(told.ends_with(expected), "{told}\n{expected}");
    }
}
