//! The nine questions, held against a model that goes through all lines each time.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use rusqlite::types::Value;
use sandtable::save::Reader;
use serde_json::{Value as Json, json};

use super::{Dice, caught_up, lines, tell, untold};
use crate::harness::*;
use crate::outside::{PYTHON3, needs};

/// The nine questions, with their parameters but for `time`.
const QUESTIONS: [(&str, &[&str]); 9] = [
    ("present", &["place", "toward", "trust"]),
    ("between", &["one", "other"]),
    ("holders", &["item"]),
    ("what_happened", &["who"]),
    ("present_at", &["event"]),
    ("timeline", &["id"]),
    ("graph", &[]),
    ("changed_since", &["since"]),
    ("alive", &[]),
];

/// The answer to a question of the mod, as rows of JSON.
pub fn asked(save: &Path, name: &str, parameters: &Json) -> Vec<Vec<Json>> {
    let reader = Reader::open(save).unwrap();
    let questions = reader.questions().unwrap();
    let known = questions.find(name).unwrap();
    let given = parameters.as_object().unwrap().iter();
    let given: Vec<String> =
        given.map(|(name, value)| format!("{name}={}", value.as_str().unwrap())).collect();
    let given = known.question.read(name, &given).unwrap();
    let values = known.question.values(name, &given).unwrap();
    let inquiry = reader.inquiry().unwrap();
    let mut answer = inquiry.ask(known, &values, &[]).unwrap();
    let cell = |value: &Value| match value {
        Value::Null => Json::Null,
        Value::Integer(number) => json!(number),
        Value::Text(text) => json!(text),
        other => panic!("{other:?}"),
    };
    let rows = std::iter::from_fn(|| answer.next().unwrap());
    rows.map(|row| row.iter().map(cell).collect()).collect()
}

#[test]
fn the_nine_questions_are_answered_as_by_a_naive_model() {
    needs!(PYTHON3);
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("novel.db");
    let mut world = untold(Some(&save), json!({}));
    let mut events = lines();
    Dice(7).shuffle(&mut events);
    tell(&mut world, &events);
    caught_up(&mut world);
    world.close().unwrap();

    let mut dice = Dice(20);
    let ids =
        |of: fn(&Json) -> Vec<String>| -> Vec<String> { events.iter().flat_map(of).collect() };
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let people = ids(|event| {
        let actors = event["actors"].as_array().unwrap();
        actors.iter().map(|it| it["who"].as_str().unwrap().to_owned()).collect()
    });
    let items = ids(|event| {
        let moves = event["items"].as_array().cloned().unwrap_or_default();
        moves.iter().map(|it| it["what"].as_str().unwrap().to_owned()).collect()
    });
    let mut questions = Vec::new();
    for _ in 0..20 {
        let whole = text(&dice.of(&events)["time"]);
        let cut = *dice.of(&[4, 7, 10, 16]);
        let time = whole[..cut.min(whole.len())].to_owned();
        for (name, parameters) in QUESTIONS {
            let mut given = json!({ "time": time });
            let event = dice.of(&events);
            let felt_for = event["valence"][0]["to"].as_str().unwrap_or("myriel");
            for parameter in parameters {
                given[*parameter] = json!(match *parameter {
                    "place" => text(&event["place"]),
                    "toward" => felt_for.to_owned(),
                    "trust" => (100 * dice.below(3)).to_string(),
                    "item" => dice.of(&items).clone(),
                    "event" => text(&event["id"]),
                    "since" => text(&event["time"]),
                    _ => dice.of(&people).clone(),
                });
            }
            questions.push(json!([name, given]));
        }
    }
    let answers = naive(&questions);
    let mut rows = BTreeMap::new();
    for (question, expected) in questions.iter().zip(answers) {
        let name = question[0].as_str().unwrap();
        let answer = json!(asked(&save, name, &question[1]));
        assert_eq!(answer, expected, "{question}");
        *rows.entry(name.to_owned()).or_insert(0) += answer.as_array().unwrap().len();
    }
    for (name, _) in QUESTIONS {
        assert!(rows[name] > 0, "{name} is answered with something");
    }
    let graph = asked(&save, "graph", &json!({ "time": "9999" }));
    let feels = "SELECT one.id, other.id, max(-1000, min(1000, trust)),
        max(-1000, min(1000, affection)), max(-1000, min(1000, respect)), max(-1000, min(1000, fear))
        FROM story_feels JOIN story_person AS one ON one.entity = source
        JOIN story_person AS other ON other.entity = target ORDER BY 1, 2";
    let derived = Reader::open(&save).unwrap().inquiry().unwrap().query(feels).unwrap();
    assert_eq!(graph.len(), derived.rows.len());
    assert_eq!(format!("{:?}", derived.rows[3][2]), format!("Integer({})", graph[3][2]));
}

/// What the model in Python answers.
fn naive(questions: &[Json]) -> Vec<Json> {
    let mut child = PYTHON3
        .command()
        .arg(root().join("tests/novel/naive.py"))
        .arg(root().join("examples/novel/novel.ndjson"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(json!(questions).to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_question_has_the_columns_that_it_says_it_shows() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("novel.db");
    let mut world = untold(Some(&save), json!({}));
    tell(&mut world, &lines());
    caught_up(&mut world);
    world.close().unwrap();
    let reader = Reader::open(&save).unwrap();
    let (questions, inquiry) = (reader.questions().unwrap(), reader.inquiry().unwrap());
    for known in questions.iter() {
        let columns = inquiry.rows(&known.question.sql).unwrap().columns();
        let lacks = known.question.show.as_ref().and_then(|show| show.lacks(&columns));
        assert_eq!(lacks, None, "{}", known.name);
    }
}

#[test]
fn a_person_has_a_life_a_journey_and_possessions() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("novel.db");
    let mut world = untold(Some(&save), json!({}));
    let mut events = lines();
    Dice(3).shuffle(&mut events);
    tell(&mut world, &events);
    caught_up(&mut world);
    world.close().unwrap();
    let column = |rows: &[Vec<Json>], at: usize| -> Vec<String> {
        rows.iter().map(|row| row[at].as_str().unwrap_or("-").to_owned()).collect()
    };
    let all = asked(&save, "chronicle", &json!({}));
    assert_eq!(all.len(), events.len());
    // Each who was there is named once, whatever they were there as.
    let gift = all.iter().find(|row| row[1] == "1.2.12/3").unwrap();
    let there: Vec<String> = serde_json::from_str(gift[4].as_str().unwrap()).unwrap();
    assert_eq!((there, &gift[5]), (vec!["myriel".to_owned(), "valjean".to_owned()], &Json::Null));
    // One comes to no place where one is already.
    let journey = asked(&save, "journey", &json!({ "who": "javert" }));
    let places = column(&journey, 3);
    assert!(journey.len() > 5 && places.windows(2).all(|pair| pair[0] != pair[1]), "{places:?}");
    assert_eq!(places.last().unwrap(), "paris/seine");
    let seen = column(&journey, 4);
    assert!(column(&journey, 0).iter().zip(&seen).all(|(came, until)| came <= until), "{seen:?}");
    let early = asked(&save, "journey", &json!({ "who": "javert", "time": "1823" }));
    assert_eq!(early[..], journey[..early.len()]);
    // What one had is what came to them, until it went on.
    let had = asked(&save, "possessions", &json!({ "who": "valjean" }));
    let candlesticks = had.iter().find(|row| row[1] == "candlesticks").unwrap();
    assert_eq!(candlesticks[2], "myriel");
    let hands = asked(&save, "holders", &json!({ "item": "candlesticks" }));
    let came = hands.iter().filter(|row| row[3] == "valjean").count();
    assert_eq!(had.iter().filter(|row| row[1] == "candlesticks").count(), came);
    // Ties are those of the graph that have to do with one.
    let graph = asked(&save, "graph", &json!({ "time": "1832" }));
    let ties = asked(&save, "ties", &json!({ "person": "javert", "time": "1832" }));
    let own: Vec<&[Json]> = graph
        .iter()
        .filter(|row| row[..2].contains(&json!("javert")))
        .map(|row| &row[..6])
        .collect();
    assert_eq!(ties.iter().map(|row| &row[..6]).collect::<Vec<_>>(), own);
    let life = asked(&save, "life", &json!({ "who": "javert" }));
    assert_eq!(life.last().unwrap()[3], "dead");
    assert_eq!(
        asked(&save, "life", &json!({ "who": "javert", "time": "1831" })).len(),
        life.len() - 1
    );
}
