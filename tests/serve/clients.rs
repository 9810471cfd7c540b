//! The client library for Rust, through the real server.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use sandtable_client::{
    At, ChangesTold, Client, Entity, Error, GapCause, Kind, OPERATIONS, Told, World,
};
use serde_json::{Value as Json, json};

use super::{OnAir, TOKEN};
use crate::harness::*;

/// A client of what is on the air.
pub fn client(on_air: &OnAir) -> Client {
    Client::new(&format!("http://{}", on_air.host()), TOKEN).unwrap()
}

fn world(on_air: &OnAir) -> World {
    client(on_air).world("test")
}

/// Ends it as a crash does; gives its folder and where it was.
pub fn killed(mut on_air: OnAir) -> (tempfile::TempDir, String) {
    on_air.child.kill().unwrap();
    on_air.child.wait().unwrap();
    let host = on_air.host().to_owned();
    (std::mem::replace(&mut on_air.folder, tempfile::tempdir().unwrap()), host)
}

/// The operations of the document: method, path, and what may stand behind the `?`.
pub fn documented() -> Vec<(String, String, String, Vec<String>)> {
    let path = root().join("tests/serve/openapi.json");
    let document: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let each = paths.iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().iter().map(move |(method, operation)| {
            let parameters = operation["parameters"].as_array().unwrap().iter();
            let behind = parameters.filter(|it| it["in"] == "query");
            let names = behind.map(|it| it["name"].as_str().unwrap().to_owned());
            let name = operation["operationId"].as_str().unwrap().to_owned();
            // The form of an answer is a matter of the client.
            let names = names.filter(|name| name != "format").collect();
            (name, method.to_uppercase(), path.clone(), names)
        })
    });
    each.collect()
}

#[test]
fn each_operation_has_a_method_in_rust() {
    let known = |(name, method, path, parameters): &(String, String, String, Vec<String>)| {
        OPERATIONS.iter().any(|it| {
            let mut names = it.parameters.to_vec();
            names.sort_unstable();
            let mut parameters: Vec<&str> = parameters.iter().map(String::as_str).collect();
            parameters.sort_unstable();
            (it.name, it.method, it.path, names) == (name, method, path, parameters)
        })
    };
    let mut documented = documented();
    // It is asked by its body, which may be long.
    documented.retain(|(name, ..)| name != "query");
    let unknown: Vec<_> = documented.iter().filter(|it| !known(it)).collect();
    assert!(unknown.is_empty(), "give these to host/client/src/operations.rs: {unknown:#?}");
    assert_eq!(OPERATIONS.len(), documented.len(), "the client has no others");
}

/// Citizens and what drifts, with labels and a chart, that stands at a tick.
pub fn citizens() -> OnAir {
    let label = WORLD.replacen("[world]", "[world]\nlabel = \"citizens/Citizen.name\"", 1);
    let chart =
        "[[chart]]\ntitle = \"Gold\"\nsql = \"SELECT sum(gold) AS gold FROM citizens_wealth\"";
    let text = format!("{label}\n{chart}\n{}", crate::questions::OF_WORLD);
    let on_air = OnAir::of_world(&text, &["citizens", "drift"], &["--hz", "100"]);
    on_air.come_to(12);
    on_air
}

#[test]
fn what_the_client_answers_is_what_the_server_answers() {
    let on_air = citizens();
    let world = world(&on_air);
    let same = |raw: Result<Json, Error>, path: &str| {
        let (said, asked) = (raw.unwrap(), on_air.ask(path));
        assert_eq!(said, asked, "{path}");
    };
    let sql = "SELECT entity, gold FROM citizens_wealth WHERE gold > 100 + 1";
    let in_path =
        "SELECT%20entity,%20gold%20FROM%20citizens_wealth%20WHERE%20gold%20%3E%20100%20%2B%201";
    let wealth = "citizens/Wealth";

    same(world.charts().raw(), "/charts");
    same(world.questions().raw(), "/questions");
    same(
        world.question("purse").values(serde_json::json!({ "who": "Ada" })).at(5).limit(1).raw(),
        "/ask?question=purse&values=%7B%22who%22%3A%22Ada%22%7D&at=5&limit=1",
    );
    same(
        world.context("Ada").tokens(600).words("gold mill").time("9").at(5).raw(),
        "/context?about=Ada&tokens=600&text=gold%20mill&time=9&at=5",
    );
    same(world.kinds().at(5).raw(), "/kinds?at=5");
    same(world.resources().at(5).raw(), "/resources?at=5");
    let entities = world.entities().with("citizens/Citizen").with(wealth).without("drift/Position");
    let entities = entities
        .filter("citizens/Wealth.gold:lt:99")
        .filter("citizens/Wealth.gold:ge:40")
        .select("citizens/Citizen.name");
    let entities = entities.select(wealth).order("-label").limit(2).count().at(5);
    same(
        entities.raw(),
        "/entities?with=citizens/Citizen,citizens/Wealth&without=drift/Position\
         &where=citizens/Wealth.gold:lt:99&where=citizens/Wealth.gold:ge:40&select=citizens/Citizen.name,citizens/Wealth\
         &order=-label&limit=2&count=true&at=5",
    );
    same(world.entity("Ada").at(5).raw(), "/entities/Ada?at=5");
    same(
        world.history("0v1", wealth).from(2).to(9).raw(),
        "/entities/0v1/history?component=citizens/Wealth&from=2&to=9",
    );
    same(
        world.blame("0v1", "citizens/Wealth.gold").from(2).to(9).raw(),
        "/entities/0v1/blame?component=citizens/Wealth.gold&from=2&to=9",
    );
    same(
        world.why("0v1", "citizens/Wealth.gold").at(5).raw(),
        "/why?entity=0v1&component=citizens/Wealth.gold&at=5",
    );
    same(world.timeline("0v1").to(9).raw(), "/entities/0v1/timeline?to=9");
    same(
        world.relations().kind("citizens/Knows").to("Ada").at(5).raw(),
        "/relations?kind=citizens/Knows&to=Ada&at=5",
    );
    same(
        world.graph("Ada").depth(2).limit(3).at(5).raw(),
        "/graph?around=Ada&depth=2&limit=3&at=5",
    );
    same(
        world.changes().entity("0v1").kind(wealth).from(3).to(6).limit(2).raw(),
        "/changes?entity=0v1&kind=citizens/Wealth&from=3&to=6&limit=2",
    );
    same(world.diff(3).to(5).raw(), "/diff?from=3&to=5");
    same(world.diff(3).to(5).summary().raw(), "/diff?from=3&to=5&summary=true");
    same(world.mods().at(5).raw(), "/mods?at=5");
    same(world.tables().at(5).raw(), "/tables?at=5");
    same(world.query(sql).at(12).limit(2).raw(), &format!("/query?at=12&limit=2&sql={in_path}"));
    same(
        world.series(sql, 4).from(4).to(12).raw(),
        &format!("/series?every=4&from=4&to=12&sql={in_path}"),
    );
    // What has the tick of now in it is compared without.
    for (raw, path) in [
        (world.ticks().from(3).to(5).limit(2).raw(), "/ticks?from=3&to=5&limit=2"),
        (world.events().to(5).limit(2).raw(), "/events?to=5&limit=2"),
        (
            world.system_runs().system("citizens/earn").to(5).raw(),
            "/system-runs?system=citizens/earn&to=5",
        ),
        (world.logs().of_mod("citizens").to(5).raw(), "/logs?mod=citizens&to=5"),
    ] {
        assert_eq!(raw.unwrap()["rows"], on_air.ask(path)["rows"], "{path}");
    }
    let names = |json: &Json| -> Vec<String> {
        json.as_object().unwrap().keys().map(String::clone).collect()
    };
    assert_eq!(names(&world.standing().raw().unwrap()), names(&on_air.ask("")));
    assert_eq!(names(&world.health().raw().unwrap()), names(&on_air.ask("/health")));
    let systems = (world.systems().raw().unwrap(), on_air.ask("/systems"));
    assert_eq!(names(&systems.0["rows"][0]), names(&systems.1["rows"][0]));
    let worlds = client(&on_air).worlds().ask().unwrap();
    assert_eq!((worlds.len(), worlds[0].name.as_str()), (1, "test"));
}

#[test]
fn what_the_client_answers_has_types() {
    let on_air = citizens();
    let world = world(&on_air);
    let standing = world.standing().ask().unwrap();
    assert_eq!((standing.mods.len(), standing.dt_seconds), (2, Some(1.0)));
    assert_eq!(world.health().ask().unwrap().version, env!("CARGO_PKG_VERSION"));
    assert_eq!(world.charts().ask().unwrap()[0].title, "Gold");
    let context = world.context("Ada,3v1").at(3).ask().unwrap();
    assert_eq!((context.at.tick(), context.left_out["state"]), (3, 0));
    assert_eq!(context.relations[0].target_label.as_deref(), Some("Ada"));
    assert!(context.events.iter().any(|it| it.cite == "change 3"), "{:?}", context.events);
    let questions = world.questions().ask().unwrap();
    let (purse, echo) = (&questions[0], &questions[1]);
    assert_eq!((purse.name.as_str(), echo.parameters[1].takes.as_str()), ("purse", "number"));
    assert_eq!(echo.parameters[1].default, Some(serde_json::json!(1.5)));
    let kinds = world.kinds().ask().unwrap();
    let wealth = kinds.iter().find(|kind| kind.name == "citizens/Wealth").unwrap();
    assert_eq!((wealth.role.as_str(), wealth.fields[0].ty.as_str()), ("component", "u32"));
    assert!(world.resources().ask().unwrap().is_empty());

    let rich = world.entities().with("citizens/Wealth").select("citizens/Wealth.gold").at(5);
    let page = rich.ask().unwrap();
    assert_eq!(page[0].entity, Entity::new(0, 1));
    assert_eq!(page[0].number("citizens/Wealth.gold"), Some(40.0));
    let at = page.at.clone().unwrap();
    assert_eq!((at.tick(), at.chain().map(str::len)), (5, Some(8)));
    assert_eq!(rich.clone().at(&at).ask().unwrap(), page, "as a permanent link");

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Wealth {
        gold: u32,
    }
    let ada = world.entity("Ada").at(5).ask().unwrap();
    assert_eq!(ada.component("citizens/Wealth").unwrap(), Some(Wealth { gold: 40 }));
    assert_eq!(ada.component::<Wealth>("drift/Position").unwrap(), None);
    assert!(ada.component::<String>("citizens/Wealth").is_err());
    assert_eq!(ada.incoming[0].label.as_deref(), Some("Twin"));

    let history = world.history(ada.entity, "citizens/Wealth").from(3).to(3).ask().unwrap();
    assert_eq!((history[0].tick, &history[0].values["gold"]), (3, &json!(20)));
    let blame = world.blame("0v1", "citizens/Citizen").ask().unwrap();
    assert_eq!(blame.iter().last().unwrap().system.as_deref(), Some("citizens/live"));
    let why = world.why("0v1", "citizens/Citizen.name").ask().unwrap();
    assert_eq!((why.value, why.set.unwrap().tick), (json!("Countess"), 6));
    let seen = world.why("0v1", "citizens/Citizen.name").at(6).seen_by("citizens/live").ask();
    assert_eq!(seen.unwrap().value, json!("Ada"));
    let timeline = world.timeline("0v1").to(1).ask().unwrap();
    assert_eq!(timeline[0].action, "spawned");
    let edges = world.relations().at(2).ask().unwrap();
    assert_eq!((edges.len(), edges[0].target), (3, Entity::new(0, 1)));
    let from = world.relations().from("0v1").at(2).count().ask().unwrap();
    assert_eq!(from.count, Some(0));
    assert_eq!(world.graph("0v1").kind("citizens/Knows").at(2).ask().unwrap().nodes.len(), 2);
    let changes = world.changes().to(4).ask().unwrap();
    assert!(changes.iter().any(|change| change.action == "despawned"));
    let summary = world.diff(3).to(5).summary().ask().unwrap();
    assert!(summary.iter().any(|it| it.field.as_deref() == Some("gold") && it.count == Some(3)));
    assert!(world.diff(3).to(5).ask().unwrap().iter().all(|it| it.count.is_none()));
    assert_eq!(world.ticks().from(7).to(7).ask().unwrap()[0].tick, 7);
    let runs = world.system_runs().to(9).limit(1).ask().unwrap();
    assert_eq!((runs.len(), runs.truncated, runs[0].tick), (1, true, 9));
    assert_eq!(world.logs().to(4).ask().unwrap()[0].text, "Mortal dies");
    assert_eq!(world.mods().ask().unwrap()[0].id, "citizens");
    assert!(world.systems().ask().unwrap().iter().any(|it| it.name == "citizens/earn"));
    let tables = world.tables().ask().unwrap();
    assert!(tables.iter().any(|it| it.name == "citizens_wealth" && it.columns.len() == 2));

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Rich {
        entity: Entity,
        gold: u32,
    }
    let rich: Vec<Rich> = world
        .query("SELECT * FROM citizens_wealth ORDER BY gold")
        .at(5)
        .limit(1)
        .ask_as()
        .unwrap()
        .rows;
    assert_eq!(rich, [Rich { entity: Entity::new(0, 1), gold: 40 }]);
    let series = world.series("SELECT sum(gold) AS gold FROM citizens_wealth", 4).to(8);
    let points: Vec<Json> = series.ask().unwrap().iter().map(|it| it["gold"].clone()).collect();
    assert_eq!(points, [Json::Null, json!(93), json!(213)]);
}

#[test]
fn pages_follow_each_other_in_one_tick() {
    let on_air = citizens();
    let world = world(&on_air);
    let asked = world.entities().with("drift/Position").select("drift/Position.x").limit(7);
    let mut pages = asked.pages();
    let first = pages.next().unwrap().unwrap();
    let at = first.at.clone().unwrap();
    on_air.come_to(on_air.tick() + 3);
    let mut rows = first.rows;
    for page in pages {
        let page = page.unwrap();
        assert_eq!(page.at.as_ref(), Some(&at));
        rows.extend(page);
    }
    let at_once = asked.clone().limit(1000).at(&at).ask().unwrap();
    assert_eq!(rows, at_once.rows);
    let each: Vec<_> = asked.at(&at).every_row().map(Result::unwrap).collect();
    assert_eq!(each, rows);
    let edges = world.relations().limit(1).at(2).every_row();
    assert_eq!(edges.map(|edge| edge.unwrap().kind).collect::<Vec<_>>().len(), 3);
}

#[test]
fn columns_are_what_entities_have() {
    let on_air = citizens();
    let world = world(&on_air);
    let columns = world.columns("drift/Position").at(5).ask().unwrap();
    let z: Vec<f32> = columns.field("z").unwrap().collect();
    let asked = world.entities().with("drift/Position").select("drift/Position.z").at(&columns.at);
    for (row, (entity, z)) in asked.every_row().zip(columns.entities.iter().zip(&z)) {
        let row = row.unwrap();
        assert_eq!(row.entity, *entity);
        assert_eq!(row.number("drift/Position.z"), Some(f64::from(*z)));
    }
    assert_eq!(z.len(), 100);
    let mut stream = world.column_stream("drift/Position").open().unwrap();
    let [one, two] = [(); 2].map(|()| stream.next().unwrap().unwrap());
    assert!(one.at.tick() < two.at.tick() && one.data != two.data);
    assert_eq!(one.entities, two.entities, "which are told once");
    let refused = world.columns("citizens/Citizen").ask().unwrap_err();
    assert!(refused.to_string().contains("is not packed"), "{refused}");
}

#[test]
fn a_refusal_is_the_sentence_of_the_server() {
    let text = format!("{WORLD}\n[history]\nticks = 10\n");
    let on_air = OnAir::of_world(&text, &["drift"], &["--hz", "400"]);
    wait_until("ticks are pruned", || on_air.ask("/health")["first_tick"].as_u64() > Some(4));
    let client = client(&on_air);
    let world = client.world("test");
    let said = |error: Error| {
        let problem = error.problem().unwrap().clone();
        assert_eq!(problem.detail, error.to_string());
        (problem.kind, problem.status)
    };
    let pruned = world.entities().at(3).ask().unwrap_err();
    assert!(pruned.to_string().contains("cannot go to tick 3"), "{pruned}");
    assert_eq!(said(pruned), (Kind::Pruned, 410));
    let gap = world.stream().changes("*").after(3).open().unwrap().next().unwrap().unwrap();
    assert_eq!(gap.gap.unwrap().why, GapCause::Pruned);
    let gap = world.stream().after("3~00000000").open().unwrap().next().unwrap().unwrap();
    assert_eq!((gap.gap.unwrap().why, gap.tick.since), (GapCause::Rewound, None));
    assert_eq!(said(world.entity("none").ask().unwrap_err()), (Kind::NotFound, 404));
    assert_eq!(said(world.entities().at(9_999_999).ask().unwrap_err()), (Kind::Future, 404));
    assert_eq!(said(world.query("DROP TABLE x").ask().unwrap_err()), (Kind::Query, 400));
    assert_eq!(said(world.stream().changes("a/B").open().unwrap_err()), (Kind::Parameter, 400));
    let address = format!("http://{}", on_air.host());
    let stranger = Client::new(&address, "another").unwrap().world("test");
    assert_eq!(said(stranger.standing().ask().unwrap_err()), (Kind::Token, 401));
    assert_eq!(said(stranger.stream().open().unwrap_err()), (Kind::Token, 401));
    let mut cut = world.entities().limit(5).cursor("1.2~00000000.5.x").pages();
    assert_eq!(said(cut.next().unwrap().unwrap_err()), (Kind::Parameter, 400));
    assert!(cut.next().is_none(), "no more pages after an error");
    drop(on_air);
    let gone = Client::new(&address, TOKEN).unwrap().worlds().ask().unwrap_err();
    assert!(gone.to_string().contains("is `sandtable serve` running there?"), "{gone}");
    let impatient = client.patience(Duration::ZERO).world("test");
    assert!(impatient.standing().ask().is_err(), "also where it was there before");
    for wrong in ["", "127.0.0.1:7878", "ftp://x", "https://x"] {
        assert!(matches!(Client::new(wrong, ""), Err(Error::Usage(_))), "{wrong}");
    }
}

/// Components of entities, as the stream tells them.
#[derive(Debug, Default, PartialEq)]
struct Copy(BTreeMap<Entity, BTreeMap<String, Json>>);

impl Copy {
    fn read(world: &World, at: &At) -> Self {
        let rows = world.entities().select("*").limit(50).at(at).every_row().map(Result::unwrap);
        let of = |row: sandtable_client::EntityRow| {
            let values = row.values.into_iter().filter(|(_, value)| !value.is_null());
            (row.entity, values.collect())
        };
        Self(rows.map(of).collect())
    }

    fn follow(&mut self, told: ChangesTold) {
        for entity in &told.despawned {
            self.0.remove(entity);
        }
        for entity in told.spawned {
            self.0.entry(entity).or_default();
        }
        for it in told.removed {
            self.0.get_mut(&it.entity).unwrap().remove(&it.kind);
        }
        for it in told.set {
            self.0.get_mut(&it.entity).unwrap().insert(it.kind, it.value);
        }
    }
}

/// What a stream tells, read by a thread of its own.
fn read_apart(world: &World, with_changes: bool) -> mpsc::Receiver<Result<Told, Error>> {
    let (send, told) = mpsc::channel();
    let asked = world.stream();
    let asked = if with_changes { asked.changes("*").events("*") } else { asked };
    let stream = asked.open().unwrap();
    thread::spawn(move || {
        for told in stream {
            if send.send(told).is_err() {
                break;
            }
        }
    });
    told
}

#[test]
fn a_stream_loses_nothing_when_the_server_is_killed() {
    let mut on_air = OnAir::with(&["menagerie"], &["--hz", "50"]);
    on_air.come_to(20);
    let world = world(&on_air);
    let (ticks, whole) = (read_apart(&world, false), read_apart(&world, true));
    let first = whole.recv().unwrap().unwrap();
    let mut copy = Copy::read(&world, &first.at);
    let mut last = [ticks.recv().unwrap().unwrap().at.tick(), first.at.tick()];
    let mut born = 0;
    for kill in 0..3 {
        let upto = on_air.tick() + 10;
        let mut at = first.at.clone();
        for (place, told) in [&ticks, &whole].into_iter().enumerate() {
            while last[place] < upto {
                let told = told.recv().unwrap().unwrap();
                assert_eq!(told.gap, None);
                assert_eq!(told.tick.since, Some(last[place]), "nothing is between, nor twice");
                last[place] = told.at.tick();
                born += told.events.map_or(0, |it| it.rows.len());
                at = told.at;
                if let Some(changes) = told.changes {
                    copy.follow(changes);
                }
            }
        }
        assert_eq!(copy, Copy::read(&world, &at), "after {kill} kills");
        let (folder, host) = killed(on_air);
        on_air = OnAir::again(folder, &["--hz", "50", "--listen", &host]);
    }
    assert!(born > 0, "events are told too");
    let births = world.events().kind("menagerie/Born").limit(1).ask().unwrap();
    assert_eq!((births.len(), births.truncated), (1, true));
    assert!(births[0].payload.is_some() && births[0].system.is_some());
}

#[test]
fn the_example_follows_a_field() {
    let on_air = OnAir::with(&["citizens"], &["--hz", "20"]);
    on_air.come_to(2);
    let tests = std::env::current_exe().unwrap();
    let example = tests.parent().unwrap().with_file_name("examples").join("follow");
    assert!(example.exists(), "`cargo build --example follow` makes what `cargo test` has made");
    let mut command = std::process::Command::new(example);
    command.env("SANDTABLE_TOKEN", TOKEN).arg(format!("http://{}", on_air.host()));
    let said = told(command.args(["test", "0v1", "citizens/Wealth.gold", "3"]));
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("0v1 in tick "), "{said}");
    assert_eq!(lines.len(), 4, "{said}");
    assert!(lines[1..].iter().all(|line| line.contains(" by ")), "{said}");
}
