//! What is answered beside entities: relations, graphs, changes, causes, charts, health.

use serde_json::{Value as Json, json};

use super::OnAir;
use crate::harness::*;

#[test]
fn columns_come_as_they_are() {
    #[derive(serde::Deserialize)]
    struct Columns {
        at: String,
        rows: usize,
        size: usize,
        entities: serde_bytes::ByteBuf,
        data: serde_bytes::ByteBuf,
    }

    let on_air = OnAir::with(&["drift"], &["--hz", "20"]);
    on_air.come_to(3);
    let answer = on_air.get("/columns?kind=drift/Position&at=2");
    let columns: Columns = rmp_serde::from_slice(&answer.body).unwrap();
    assert_eq!((columns.rows, columns.size), (100, 12));
    assert_eq!((columns.entities.len(), columns.data.len()), (800, 1200));
    let asked = "/entities?with=drift/Position&select=drift/Position.z&limit=100&at=";
    let rows = on_air.ask(&format!("{asked}{}", columns.at))["rows"].clone();
    for (at, row) in rows.as_array().unwrap().iter().enumerate() {
        let bits = u64::from_le_bytes(columns.entities[at * 8..][..8].try_into().unwrap());
        let entity = sandtable::ecs::Entity::from_bits(bits).to_string();
        let z = f32::from_le_bytes(columns.data[at * 12 + 8..][..4].try_into().unwrap());
        assert_eq!(row["entity"], entity);
        assert_eq!(row["drift/Position.z"], f64::from(z));
    }
    let refused = on_air.get("/columns?kind=drift/Nothing");
    assert_eq!(refused.status, 400);
}

/// Citizens with names, and a chart.
fn citizens() -> OnAir {
    let label = WORLD.replacen("[world]", "[world]\nlabel = \"citizens/Citizen.name\"", 1);
    let chart =
        "[[chart]]\ntitle = \"Gold\"\nsql = \"SELECT sum(gold) AS gold FROM citizens_wealth\"";
    OnAir::of_world(&format!("{label}\n{chart}\n"), &["citizens"], &["--hz", "50"])
}

fn rows(json: &Json) -> &Vec<Json> {
    json["rows"].as_array().unwrap()
}

#[test]
fn edges_are_answered_in_pages_and_around_an_entity() {
    let on_air = citizens();
    on_air.come_to(3);
    let all = on_air.ask("/relations?at=2&count=true&limit=2");
    assert_eq!((&all["count"], rows(&all).len()), (&json!(3), 2));
    let rest = on_air.ask(&format!("/relations?limit=2&cursor={}", all["next"].as_str().unwrap()));
    assert_eq!((rows(&rest).len(), &rest["next"]), (1, &Json::Null));
    let edge = &rows(&all)[0];
    let labels = json!(["citizens/Knows", "Twin", "Ada", {}]);
    assert_eq!(
        json!([edge["kind"], edge["source_label"], edge["target_label"], edge["data"]]),
        labels
    );
    let of_ada = on_air.ask("/relations?at=2&to=Ada");
    assert_eq!(rows(&of_ada), &rows(&all)[..1]);
    let from_ada = on_air.ask("/relations?at=2&from=Ada&kind=citizens/Knows&count=true");
    assert_eq!(from_ada["count"], 0);
    let near = on_air.ask("/graph?at=2&around=Ada");
    let names = |graph: &Json| -> Vec<Json> {
        let nodes = graph["nodes"].as_array().unwrap().iter();
        nodes.map(|node| json!([node["label"], node["depth"], node["edges"]])).collect()
    };
    assert_eq!(names(&near), [json!(["Ada", 0, 1]), json!(["Twin", 1, 2])]);
    assert_eq!(near["edges"].as_array().unwrap().len(), 1);
    let far = on_air.ask("/graph?at=2&around=Ada&depth=3");
    assert_eq!((names(&far).len(), far["edges"].as_array().unwrap().len()), (4, 3));
    let cut = on_air.ask("/graph?at=2&around=Ada&depth=3&limit=2");
    assert_eq!((names(&cut).len(), &cut["truncated"]), (2, &json!(true)));
    for bad in
        ["/graph?around=Ada&depth=4", "/relations?kind=citizens/Wealth", "/relations?from=Bob"]
    {
        assert!(matches!(on_air.get(bad).status, 400 | 404), "{bad}");
    }
}

#[test]
fn entities_come_in_the_order_that_is_asked_for() {
    let on_air = citizens();
    on_air.come_to(3);
    let column = |asked: &str, name: &str| -> Vec<Json> {
        let page = on_air.ask(&format!("/entities?at=3&select=citizens/Wealth.gold&{asked}"));
        rows(&page).iter().map(|row| row[name].clone()).collect()
    };
    let gold = "citizens/Wealth.gold";
    assert_eq!(column("order=citizens/Wealth.gold", gold), [20, 21, 22, 23]);
    assert_eq!(column("order=-citizens/Wealth.gold", gold), [23, 22, 21, 20]);
    assert_eq!(column("order=-label", "label"), ["Twin", "Twin", "Mortal", "Ada"]);
    let page = on_air.ask("/entities?at=3&order=-label&limit=3");
    let next = page["next"].as_str().unwrap();
    let last = on_air.ask(&format!("/entities?order=-label&cursor={next}"));
    assert_eq!(rows(&last)[0]["label"], "Ada", "the walk keeps its order");
    assert_eq!(on_air.get(&format!("/entities?order=label&cursor={next}")).status, 400);
    assert_eq!(on_air.get("/entities?order=citizens/Wealth").status, 400);
}

#[test]
fn changes_are_told_with_those_who_made_them() {
    let on_air = citizens();
    on_air.come_to(8);
    let of_ada = on_air.ask("/changes?entity=Countess&to=7&kind=citizens/Citizen");
    let row = &rows(&of_ada)[0];
    assert_eq!(
        json!([
            row["tick"],
            row["action"],
            row["label"],
            row["old"],
            row["new"],
            row["system"],
            row["step"]
        ]),
        json!([6, "changed", "Countess", { "name": "Ada" }, { "name": "Countess" }, "citizens/live", "commands"])
    );
    let of_tick = on_air.ask("/changes?to=4");
    assert!(rows(&of_tick).iter().all(|row| row["tick"] == 4));
    assert!(rows(&of_tick).iter().any(|row| row["action"] == "despawned"));
    assert_eq!(rows(&on_air.ask("/changes?to=4&limit=1")).len(), 1);
    let summary = on_air.ask("/diff?from=3&to=5&summary=true");
    let gold = rows(&summary).iter().find(|row| row["field"] == "gold").unwrap();
    assert_eq!((&gold["action"], &gold["count"]), (&json!("changed"), &json!(3)));
    let whole = on_air.ask("/diff?from=3&to=5");
    let counted: u64 = rows(&summary).iter().map(|row| row["count"].as_u64().unwrap()).sum();
    assert_eq!(rows(&whole).len() as u64, counted);
    assert_eq!(on_air.get("/changes?kind=citizens/None").status, 404);
}

#[test]
fn why_a_value_is_so_is_answered_hop_by_hop() {
    let on_air = citizens();
    on_air.come_to(8);
    let why = on_air.ask("/why?entity=Countess&component=citizens/Citizen.name&at=8");
    let set = &why["set"];
    assert_eq!(
        json!([why["value"], set["tick"], set["system"], set["old"], set["new"], set["step"]]),
        json!(["Countess", 6, "citizens/live", "Ada", "Countess", "commands"])
    );
    assert!(set["version"].is_string() && set["at"].as_str().unwrap().starts_with("6~"));
    let seen = why["read"].as_array().unwrap();
    let name = seen.iter().find(|seen| seen["name"] == "citizens/Citizen").unwrap();
    assert_eq!(
        json!([name["what"], name["value"], name["set"]["tick"], name["set"]["system"]]),
        json!(["component", { "name": "Ada" }, 1, "citizens/settle"]),
        "as it was when it was seen"
    );
    let hop = on_air
        .ask("/why?entity=Countess&component=citizens/Citizen.name&at=6&seen_by=citizens/live");
    assert_eq!(
        json!([hop["value"], hop["set"]["tick"], hop["set"]["system"]]),
        json!(["Ada", 1, "citizens/settle"]),
        "before the system changed it"
    );
    let same = told(sandtable().arg("why").arg(on_air.folder.path().join("save.db")).args([
        "Countess",
        "citizens/Citizen.name",
        "--at",
        "8",
        "--format",
        "json",
    ]));
    let same: Json = serde_json::from_str(&same).unwrap();
    assert_eq!(json!([same[0]["tick"], same[0]["system"]]), json!([6, "citizens/live"]));
    for (bad, status) in [
        ("/why?entity=Countess&component=citizens/Citizen&at=6&seen_by=citizens/settle", 404),
        ("/why?entity=Countess&component=citizens/Citizen&at=6&seen_by=nonsense", 404),
        ("/why?entity=Countess&component=citizens/None", 404),
        ("/why?entity=Bob&component=citizens/Citizen", 404),
        ("/why?entity=Countess&component=citizens/Citizen&at=8~00000000", 409),
        ("/why?entity=Countess&component=citizens/Citizen&at=800000", 404),
        ("/why?entity=Countess", 400),
    ] {
        let answer = on_air.get(bad);
        assert_eq!(answer.status, status, "{bad}: {}", String::from_utf8_lossy(&answer.body));
    }
}

#[test]
fn why_tells_the_events_and_resources_that_a_system_saw() {
    let on_air = OnAir::with(&["menagerie"], &["--hz", "100"]);
    on_air.come_to(61);
    let sql = "SELECT entity, tick FROM menagerie_name_history WHERE tick > 20 AND action = 'inserted' LIMIT 1";
    let query = format!(
        "/query?at=60&sql={}",
        sql.replace(' ', "%20").replace('>', "%3E").replace('\'', "%27")
    );
    let named = on_air.ask(&query);
    let (child, tick) = (&rows(&named)[0]["entity"], &rows(&named)[0]["tick"]);
    let path = format!("/why?entity={child}&component=menagerie/Name.text&at={tick}");
    let why = on_air.ask(&path);
    assert_eq!(why["set"]["system"], "menagerie/name_children");
    let seen = why["read"].as_array().unwrap();
    let births: Vec<&Json> = seen.iter().filter(|seen| seen["name"] == "menagerie/Born").collect();
    assert!(!births.is_empty(), "{why}");
    assert!(
        births.iter().any(|birth| birth["value"]["name"] == why["value"]),
        "the one that it was named by"
    );
    assert!(births.iter().all(|birth| birth["set"]["system"] == "menagerie/live"));
}

#[test]
fn charts_and_health_are_told() {
    let on_air = citizens();
    on_air.come_to(9);
    let charts = on_air.ask("/charts");
    let sql = rows(&charts)[0]["sql"].as_str().unwrap().replace(' ', "%20");
    assert_eq!(rows(&charts)[0]["title"], "Gold");
    let drawn = |to: u64| on_air.ask(&format!("/series?sql={sql}&every=4&to={to}"));
    let first = drawn(8);
    let points: Vec<Json> =
        rows(&first).iter().map(|row| json!([row["tick"], row["gold"]])).collect();
    assert_eq!(points, [json!([0, null]), json!([4, 93]), json!([8, 213])]);
    assert_eq!(drawn(8), first, "kept points are the same");
    let long = "/series?every=1&sql=SELECT%20hex(zeroblob(400000))%20AS%20x";
    on_air.come_to(30);
    let cut = on_air.get(long);
    assert!(cut.body.len() < 20 << 20, "{} bytes", cut.body.len());
    assert_eq!(cut.json()["truncated"], true);
    let health = on_air.ask("/health");
    assert!(health["ticks_per_second"].as_f64() > Some(1.0));
    assert!(
        health["tick_ms"]["p50"].as_f64() > Some(0.0) && health["file_bytes"].as_u64() > Some(0)
    );
    assert_eq!((&health["faults"], &health["suspended"]), (&json!([]), &json!([])));
}

#[test]
fn what_may_be_another_answer_later_is_not_kept_for_ever() {
    let on_air = citizens();
    on_air.come_to(6);
    let at = on_air.ask("/entities?at=3&limit=2")["at"].as_str().unwrap().to_owned();
    for (path, lasts) in [
        ("/entities?", true),
        ("/entities?limit=2&", false),
        ("/query?sql=SELECT%20count(*)%20FROM%20citizens_wealth&", true),
        ("/query?sql=SELECT%20count(*)%20FROM%20events&", false),
        ("/query?sql=SELECT%20datetime('now')&", false),
        ("/why?entity=0v1&component=citizens/Wealth&", false),
    ] {
        let answer = on_air.get(&format!("{path}at={at}"));
        let caching = answer.header("cache-control");
        assert_eq!(caching.contains("immutable"), lasts, "{path}: {caching}");
    }
}

#[test]
fn a_cursor_is_of_one_operation_and_one_course() {
    let on_air = citizens();
    on_air.come_to(4);
    let page = on_air.ask("/entities?limit=2&at=3");
    let (next, tick) = (page["next"].as_str().unwrap(), 3);
    assert_eq!(on_air.get(&format!("/relations?limit=2&cursor={next}")).status, 400);
    let other = on_air.get(&format!("/entities?limit=2&cursor={next}&at={tick}~00000000"));
    assert_eq!(other.status, 409);
    let same = format!("/entities?limit=2&cursor={next}&at={}", page["at"].as_str().unwrap());
    assert_eq!(on_air.get(&same).status, 200);
}
