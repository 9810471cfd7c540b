//! What is to be told of some entities within so many tokens: never more than asked for, the
//! same to the byte when it is asked again, the weightiest first, and only what is seen.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::mcp::client::Client;
use super::trust::{WORLD_AT, create, of_world_with_tokens};
use super::*;
use crate::outside::{MCP, needs};

/// What is told of citizens, as a question of the world.
const TOLD: &str = "
[[question]]
name = \"told\"
about = \"What is told of a citizen.\"
in_context = \"events\"
sql = \"\"\"
WITH told(id, who, text, weight) AS (VALUES
    ('1', 'Ada', 'buys a mill', 1), ('2', 'Ada', 'sells the bread', 1),
    ('3', 'Mortal', 'coughs', 1), ('4', 'Ada', 'warns a friend', 1),
    ('4', 'Mortal', 'warns a friend', 1), ('5', 'Ada', 'counts', 0.01))
SELECT id, text, weight FROM told WHERE who = :about AND id <= :time ORDER BY id DESC\"\"\"
parameters = [
    { name = \"about\", type = \"text\" },
    { name = \"time\", type = \"text\", default = \"9\" },
]
[[question]]
name = \"stood\"
about = \"What a citizen was at a time.\"
in_context = \"state\"
sql = \"\"\"
WITH stood(who, was) AS (VALUES ('Ada', 'baker'), ('Ada', 'widow'), ('Mortal', 'sick'))
SELECT was, NULL AS missing, :time AS since FROM stood WHERE who = :about\"\"\"
parameters = [
    { name = \"about\", type = \"text\" },
    { name = \"time\", type = \"text\", default = \"9\" },
]
";

fn world() -> OnAir {
    let on_air =
        of_world_with_tokens(&format!("{}{TOLD}", crate::questions::text()), &["citizens"]);
    on_air.come_to(8);
    on_air
}

/// What is cited of what happened, in order.
fn cited(answer: &Json, of: &str) -> Vec<String> {
    let events = answer["events"].as_array().unwrap().iter();
    let cites = events.map(|it| it["cite"].as_str().unwrap().to_owned());
    cites.filter(|cite| cite.starts_with(of)).collect()
}

#[test]
fn what_they_are_how_they_stand_and_what_happened_is_told() {
    let on_air = world();
    let answer = on_air.ask("/context?about=Ada,Mortal&at=3");
    assert_eq!(answer["about"], json!(["0v1", "3v1"]));
    let wealth = json!({
        "entity": "0v1", "label": "Ada", "component": "citizens/Wealth", "value": { "gold": 20 },
    });
    assert!(answer["state"].as_array().unwrap().contains(&wealth), "{answer}");
    let edges = answer["relations"].as_array().unwrap();
    let ends: Vec<Json> =
        edges.iter().map(|it| json!([it["source_label"], it["target_label"]])).collect();
    assert_eq!(ends, [json!(["Twin", "Ada"]), json!(["Mortal", "Twin"])]);
    // What both did comes first, what is hardly anything last.
    assert_eq!(cited(&answer, "told"), ["told 4", "told 3", "told 2", "told 1", "told 5"]);
    let changes: Vec<&Json> =
        answer["events"].as_array().unwrap().iter().filter(|it| it["cite"] == "change 3").collect();
    let told = "changed citizens/Wealth from {\"gold\":10} to {\"gold\":20} by citizens/earn";
    assert!(changes.iter().any(|it| it["text"].as_str().unwrap().starts_with(told)), "{answer}");
    let left_out = json!({ "notes": 0, "state": 0, "relations": 0, "events": 0 });
    assert_eq!((&answer["left_out"], &answer["notes"]), (&left_out, &json!([])));

    let answer = on_air.ask("/context?about=Ada,Mortal&at=3&text=the%20bread!");
    assert_eq!(cited(&answer, "told")[0], "told 2", "by its words");
    let answer = on_air.ask("/context?about=Ada&at=3&time=2");
    assert_eq!(cited(&answer, "told"), ["told 2", "told 1"], "up to a time of the story");
    assert_eq!(answer["events"].as_array().unwrap().len(), 2, "nothing of the log: {answer}");
    let stood = json!({
        "entity": "0v1", "label": "Ada", "question": "stood",
        "value": { "was": "baker", "since": "2" },
    });
    assert_eq!(answer["state"][0], stood);
    assert_eq!(answer["relations"], json!([]), "nothing of later");
    let both = on_air.ask("/context?about=Ada,Mortal&at=3&time=2");
    let was = both["state"].as_array().unwrap().iter().map(|it| &it["value"]["was"]);
    assert_eq!(was.collect::<Vec<_>>(), ["baker", "sick", "widow"], "of each, then more");
    let by_label = on_air.get("/context?about=Ada&at=3&tokens=500").body;
    assert_eq!(by_label, on_air.get("/context?about=0v1&at=3&tokens=500").body);
    assert_eq!(by_label, on_air.get("/context?about=0v1,Ada&about=0v1&at=3&tokens=500").body);
}

/// So many random questions as `SANDTABLE_CONTEXTS` says, 200 where it says nothing.
#[test]
fn it_is_never_longer_than_asked_for_and_the_same_when_it_is_asked_again() {
    let on_air = OnAir::of_world(
        &format!("{}{TOLD}", crate::questions::text()),
        &["citizens", "herald", "drift"],
        &["--hz", "50"],
    );
    on_air.come_to(12);
    let mut seed = 20_260_101_u64;
    let mut below = |most: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % most
    };
    let names = ["Ada", "0v1", "1v1", "2v1", "3v1", "4v1", "50v1", "100v1"];
    let words = ["", "&text=gold", "&text=mill%20bread", "&text=%22%27%5C", "&time=3"];
    let (mut cut, mut asked) = (0, BTreeSet::new());
    // Of a world that runs, too, all parts are of the tick that is said.
    for _ in 0..10 {
        let now = on_air.ask("/context?about=50v1&tokens=900");
        let at = now["at"].as_str().unwrap();
        assert_eq!(on_air.ask(&format!("/context?about=50v1&tokens=900&at={at}")), now);
    }
    // The first ticks are kept for as long as it takes.
    on_air.done("/run", &[], &json!({ "paused": true }));
    let count = std::env::var("SANDTABLE_CONTEXTS").map_or(200, |it| it.parse().unwrap());
    for _ in 0..count {
        let about: Vec<&str> = (0..=below(4)).map(|_| names[below(8) as usize]).collect();
        let tokens = 300 + below(1_500);
        let (at, more) = (1 + below(3), words[below(5) as usize]);
        let path = format!("/context?about={}&tokens={tokens}&at={at}{more}", about.join(","));
        let answer = on_air.get(&path);
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
        assert!(answer.body.len() as u64 <= 3 * tokens, "{path}: {}", answer.body.len());
        let told = answer.json();
        for name in ["notes", "state", "relations", "events"] {
            cut += told["left_out"][name].as_u64().unwrap();
        }
        if asked.insert(path.clone()) {
            assert_eq!(on_air.get(&path).body, answer.body, "{path}: the same again");
        }
    }
    assert!(cut > 100, "some was left out: {cut}");
}

#[test]
fn what_is_too_much_to_be_looked_at_is_counted_or_noted() {
    const MUCH: &str = "
[[question]]
name = \"held\"
about = \"What a citizen holds.\"
in_context = \"state\"
sql = \"\"\"
WITH RECURSIVE n(item) AS (SELECT 1 UNION ALL SELECT item + 1 FROM n WHERE item < 250)
SELECT item FROM n WHERE :about = 'Ada'\"\"\"
parameters = [{ name = \"about\", type = \"text\" }]
[[question]]
name = \"heard\"
about = \"What a citizen heard.\"
in_context = \"events\"
sql = \"\"\"
WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 260)
SELECT id, 'word ' || id AS text FROM n WHERE :about = 'Ada'\"\"\"
parameters = [{ name = \"about\", type = \"text\" }]
";
    let text = format!("{}{MUCH}", crate::questions::text());
    let on_air = of_world_with_tokens(&text, &["citizens"]);
    on_air.come_to(4);
    let told = on_air.ask("/context?about=Ada&at=3&tokens=100000");
    let of = |name: &str| {
        told["state"].as_array().unwrap().iter().filter(|it| it["question"] == name).count()
    };
    assert_eq!((of("held"), cited(&told, "heard").len()), (200, 200));
    let left_out = json!({ "notes": 0, "state": 50, "relations": 0, "events": 60 });
    assert_eq!(told["left_out"], left_out);
    // The same, as far as less room has it.
    let told = on_air.ask("/context?about=Ada&at=3&tokens=300");
    let shown = |name: &str| told[name].as_array().unwrap().len() as u64;
    assert!(told["left_out"]["state"].as_u64().unwrap() + shown("state") >= 250, "{told}");
}

#[test]
fn what_cannot_be_told_is_refused_or_noted_in_a_sentence() {
    let on_air = world();
    for (path, status, words) in [
        ("/context", 400, "`about` is missing"),
        ("/context?about=", 404, "no entity ``"),
        ("/context?about=,", 400, "`about` names none or more than 16 entities"),
        ("/context?about=Eve", 404, "no entity `Eve` is alive at tick"),
        ("/context?about=Ada,Eve&at=3", 404, "no entity `Eve` is alive at tick 3"),
        ("/context?about=Twin&at=3", 404, "several entities are called `Twin`"),
        ("/context?about=0v1&time=", 400, "`time` is empty"),
        ("/context?about=0v1&tokens=299", 400, "`tokens` is 299: give 300 to 100000"),
        ("/context?about=0v1&tokens=100001", 400, "`tokens` is 100001"),
        ("/context?about=0v1&tokens=-1", 400, "`tokens` is `-1`: give a whole number"),
        ("/context?about=0v1&at=99999999", 404, "tick 99999999 is still to come"),
    ] {
        let answer = on_air.get(path);
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert_eq!(answer.status, status, "{path}: {detail}");
        assert!(detail.starts_with(words), "{path}: {detail}");
    }
    let token = create(&on_air.home(), "reader", &["--grant", "test:read"]);
    let told = on_air.as_of(&token, &format!("{WORLD_AT}/context?about=0v1")).json();
    assert_eq!((cited(&told, "").len(), told["state"][0]["entity"].as_str()), (0, Some("0v1")));
    let note = "what happened is not told: the token lacks `test:history`";
    assert!(told["notes"][0].as_str().unwrap().starts_with(note), "{told}");
}

#[test]
fn a_model_is_told_the_same_within_the_length_of_its_answer() {
    needs!(MCP);
    let on_air = world();
    let mut client = Client::of_server(&on_air, "auto");
    for (about, tokens) in [(json!("Ada"), 400), (json!(["0v1", "Mortal"]), 2_000)] {
        let asked = json!({ "about": about, "at": 3, "text": "mill", "max_tokens": tokens });
        let (told, text) = client.both("context", asked);
        let names = if about.is_array() { "0v1,Mortal" } else { "Ada" };
        let mut expected =
            on_air.ask(&format!("/context?about={names}&at=3&text=mill&tokens={tokens}"));
        assert!(text.len() <= 3 * tokens, "{text}");
        if text.len() + 200 < 3 * tokens {
            expected["at"] = told["at"].clone();
            assert_eq!(told, expected);
        }
        assert!(told["at"].as_str().unwrap().starts_with("3~"), "{told}");
    }
}
