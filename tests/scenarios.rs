//! `test`: scenarios pass, fail, and say why.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value as Json, json};

use crate::harness::*;

/// A folder with the guest `careless` and scenarios of it.
struct Place(tempfile::TempDir);

/// What the verb came to.
struct Tested {
    passed: bool,
    out: String,
    error: String,
}

impl Place {
    fn with(scenarios: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("careless.wasm"), component("careless")).unwrap();
        fs::create_dir(folder.path().join("careless.scenarios")).unwrap();
        Self(folder).write(scenarios)
    }

    fn write(self, scenarios: &str) -> Self {
        fs::write(self.at("careless.scenarios/a.toml"), scenarios).unwrap();
        self
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn test(&self, arguments: &[&str]) -> Tested {
        let mut command = sandtable();
        let output = command.current_dir(self.0.path()).arg("test").args(arguments);
        let output = output.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).expect("text");
        let (out, error) = (text(output.stdout), text(output.stderr));
        assert!(matches!(output.status.code(), Some(0 | 1)), "{arguments:?}: {error}");
        Tested { passed: output.status.success(), out, error }
    }

    /// Checks that the scenarios fail with this in the report.
    #[track_caller]
    fn fails_with(&self, expected: &str) {
        let Tested { passed, out, error } = self.test(&["careless.wasm"]);
        assert!(!passed && out.contains(expected), "{expected}\n--- not in\n{out}\n{error}");
    }

    #[track_caller]
    fn passes(&self, arguments: &[&str]) -> String {
        let Tested { passed, out, error } = self.test(arguments);
        assert!(passed, "{out}\n{error}");
        out
    }
}

const FRIENDS: &str = r#"
[[scenario]]
name = "friends"

[scenario.given.ada]
"careless/Place" = { number = 7 }
"careless/Friend" = { other = { entity = "bob" }, strength = 0.1 }

[scenario.given.bob]
"careless/Friend" = { other = { entity = "ada" }, strength = 0.3 }

[scenario.resources]
"careless/Winner" = { number = 9 }

[[scenario.relations]]
kind = "careless/Knows"
from = "bob"
to = "ada"
value = { since = "school" }

[[scenario.tables.careless__tickets]]
number = 4
"#;

/// These scenarios, the last of them with expectations.
fn expecting(scenarios: &str, expectations: &[&str]) -> String {
    expectations
        .iter()
        .fold(scenarios.to_owned(), |text, each| format!("{text}\n[[scenario.expect]]\n{each}\n"))
}

#[test]
fn what_is_given_is_there_and_expectations_are_met() {
    let scenarios = format!("mods = [\"../drift.wasm\"]\n{FRIENDS}");
    let place = Place::with(&expecting(
        &scenarios,
        &[
            "after = 0\nsql = 'SELECT number FROM careless_place'\none = 7",
            "after = 0\nsql = 'SELECT number FROM careless_winner'\none = 9",
            "after = 1\nsql = 'SELECT number FROM careless_place'\none = 0",
            "after = 1\nsql = 'SELECT number FROM careless_winner'\none = 4",
            "after = 2\ntolerance = 0.02\n\
             sql = 'SELECT name, other, strength FROM given JOIN careless_friend USING (entity)'\n\
             rows = [['ada', { entity = 'bob' }, 0.1], ['bob', { entity = 'ada' }, 0.31]]",
            "sql = 'SELECT source, target, since FROM careless_knows'\n\
             rows = [[{ entity = 'bob' }, { entity = 'ada' }, 'school']]",
            "sql = 'SELECT count(*) FROM careless__tickets WHERE owner IS NULL'\none = 1",
            "sql = 'SELECT count(*) FROM drift_position'\none = 100",
            "sql = 'SELECT count(*) FROM system_runs WHERE tick = 2'\none = 4",
            "sql = 'SELECT * FROM careless_friend WHERE strength > 1'\nrows = []",
        ],
    ));
    fs::write(place.at("drift.wasm"), component("drift")).unwrap();
    let out = place.passes(&["careless.wasm"]);
    assert!(out.contains("✓ friends (2 ticks, "), "{out}");
    assert!(out.contains("\n1 passed, 0 failed, in "), "{out}");
}

#[test]
fn what_is_not_met_is_shown_beside_what_was_expected() {
    let place = Place::with(&expecting(
        FRIENDS,
        &[
            "after = 1\nsql = 'SELECT name, strength FROM given JOIN careless_friend USING (entity)'\n\
             rows = [['ada', 0.1], ['bob', 0.4], ['cleo', 1]]",
            "sql = 'SELECT nonsense FROM careless_friend'\none = 1",
        ],
    ));
    let line = 1 + FRIENDS.lines().count() + 1;
    place.fails_with("✗ friends (1 tick, ");
    place.fails_with(&format!(
        "      careless.scenarios/a.toml:{line}:1: after 1 tick (- expected, + found)\n\
         \x20         name | strength\n\
         \x20         ada | 0.1\n\
         \x20       - bob | 0.4\n\
         \x20       - cleo | 1\n\
         \x20       + bob | 0.3\n"
    ));
    place.fails_with("no such column: nonsense");
    let tested = place.test(&["careless.wasm"]);
    assert_eq!(tested.error, "error: 1 of 1 scenario failed\n");
}

const PANIC: &str = r#"
[[scenario.input]]
tick = 2
kind = "careless/Panic"
value = { text = "out of cake" }
"#;

#[test]
fn a_fault_fails_a_scenario_unless_it_is_expected() {
    let scenario = |more: &str| format!("[[scenario]]\nname = \"cake\"\nafter = 3\n{more}\n");
    let place = Place::with(&scenario(PANIC));
    place.fails_with("a.toml:1:1: a fault (and 1 more): tick 2, careless/fail: ");
    place.fails_with("out of cake");
    let place = place.write(&scenario(&format!("expect_fault = \"out of cake\"\n{PANIC}")));
    place.passes(&["careless.wasm"]);
    let place = place.write(&scenario(&format!("expect_fault = \"out of tea\"\n{PANIC}")));
    place.fails_with("a.toml:4:1: expected is a fault with \"out of tea\", and found tick 2, ");
    let place = place.write(&scenario("expect_fault = \"out of cake\""));
    place.fails_with("a.toml:4:1: expected is a fault with \"out of cake\", and there is none");
}

#[test]
fn golden_files_are_written_when_told_and_compared_with_else() {
    let sql = "golden = 'places'\nsql = 'SELECT name, number FROM given JOIN careless_place USING (entity)'";
    let place = Place::with(&expecting(FRIENDS, &["after = 1\ngolden = 'all'", sql]));
    let golden = |name: &str| place.at(&format!("careless.scenarios/golden/{name}.txt"));
    place.fails_with("all.txt cannot be read: write it with `sandtable test --bless`");
    let out = place.passes(&["careless.wasm", "--bless"]);
    assert!(out.contains("wrote careless.scenarios/golden/all.txt"), "{out}");
    assert_eq!(fs::read_to_string(golden("places")).unwrap(), "name | number\nada | 0\n");
    let all = fs::read_to_string(golden("all")).unwrap();
    assert_eq!(
        all,
        "# careless__tickets\nnumber | owner\n4 | NULL\n\n\
         # careless_friend\nentity | other | strength\n@ada | @bob | 0.1\n@bob | @ada | 0.3\n\n\
         # careless_knows\nsource | target | since\n@bob | @ada | school\n\n\
         # careless_place\nentity | number\n@ada | 0\n\n\
         # careless_winner\nentity | number\nNULL | 4\n"
    );
    let out = place.passes(&["careless.wasm"]);
    assert!(!out.contains("wrote"), "{out}");
    fs::write(golden("all"), all.replace("school", "work")).unwrap();
    place.fails_with("        - @bob | @ada | work\n        + @bob | @ada | school\n");
    assert!(!place.passes(&["careless.wasm", "--bless"]).contains("places.txt"));
    assert_eq!(fs::read_to_string(golden("all")).unwrap(), all);
}

#[test]
fn what_depends_on_the_order_of_rows_is_caught() {
    let ticket = "\n[[scenario.tables.careless__tickets]]\nnumber = ";
    let place =
        Place::with(&format!("[[scenario]]\nname = \"a draw\"\nafter = 2\n{ticket}1\n{ticket}2\n"));
    place.fails_with("tick 1 ends otherwise where rows come the other way round");
    place.fails_with("lacks an ORDER BY");
}

#[test]
fn what_depends_on_the_size_of_shards_is_caught() {
    let mut scenarios = "[[scenario]]\nname = \"a queue\"\nafter = 1\n".to_owned();
    for number in 0..30 {
        scenarios.push_str(&format!("given.p{number}.'careless/Place' = {{ number = 0 }}\n"));
    }
    let place = Place::with(&scenarios);
    place.fails_with("tick 1 ends otherwise with smaller shards: a system carries something");
}

#[test]
fn scenarios_of_a_world_have_its_mods_or_some() {
    let folder = tempfile::tempdir().unwrap();
    let grants = "[mods.auditor.grants]\nread = [\"ledger__entries\"]\n";
    write_world(folder.path(), WORLD, &["auditor", "ledger", "drift"]);
    let file = folder.path().join("world.toml");
    fs::write(&file, fs::read_to_string(&file).unwrap() + grants).unwrap();
    let scenarios = folder.path().join("scenarios");
    fs::create_dir(&scenarios).unwrap();
    let counts = "[[scenario]]\nname = 'counts'\nafter = 2\n";
    let expect = "sql = 'SELECT entries FROM auditor__counts ORDER BY tick'\nrows = [[4], [7]]";
    fs::write(scenarios.join("b.toml"), expecting(counts, &[expect])).unwrap();
    let some = format!("mods = ['ledger']\n{}", counts.replace("counts", "alone"));
    let expect = "sql = 'SELECT count(*) FROM entities'\none = 0";
    fs::write(scenarios.join("a.toml"), expecting(&some, &[expect])).unwrap();

    let test = |arguments: &[&str]| {
        let mut command = sandtable();
        told(command.arg("test").arg(folder.path()).args(arguments))
    };
    let out = test(&[]);
    let (alone, counts) = (out.find("✓ alone").unwrap(), out.find("✓ counts").unwrap());
    assert!(alone < counts && out.contains("2 passed"), "{out}");
    let json: Json = serde_json::from_str(&test(&["--json", "--filter", "count"])).unwrap();
    assert_eq!((&json["passed"], &json["failed"]), (&json!(1), &json!(0)));
    let [scenario] = &json["scenarios"].as_array().unwrap()[..] else { panic!("{json}") };
    assert_eq!((&scenario["name"], &scenario["ticks"]), (&json!("counts"), &json!(2)));

    let of_mod = folder.path().join("ledger.scenarios");
    fs::create_dir(&of_mod).unwrap();
    let golden = "sql = 'SELECT count(*) AS entries FROM ledger__entries'\ngolden = 'entries'";
    let book = "[[scenario]]\nname = 'book'\nafter = 2\n";
    fs::write(of_mod.join("c.toml"), expecting(book, &[golden])).unwrap();
    let wrote = test(&["--bless"]);
    assert!(wrote.contains("3 passed"), "those of its mods run too: {wrote}");
    let golden = of_mod.join("golden/entries.txt");
    assert!(wrote.contains(&format!("wrote {}", golden.display())), "{wrote}");
    fs::remove_dir_all(&scenarios).unwrap();
    let out = test(&[]);
    assert!(out.contains("✓ book") && out.contains("1 passed"), "without its own: {out}");
    fs::remove_file(of_mod.join("c.toml")).unwrap();
    let output = sandtable().arg("test").arg(folder.path()).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("scenarios has no scenarios: write some"), "{error}");
}

#[test]
fn a_scenario_may_leave_startup_systems_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("drift.wasm");
    fs::write(&file, component("drift")).unwrap();
    fs::create_dir(folder.path().join("drift.scenarios")).unwrap();
    let scenario = |startup: &str, entities: u32| {
        let given = "\"drift/Position\" = { x = 0.0, y = 0.0, z = 0.0 }\n\
                     \"drift/Velocity\" = { x = 1.0, y = 0.0, z = 0.0 }";
        let text =
            format!("[[scenario]]\nname = '{startup}'\n{startup}\n[scenario.given.one]\n{given}\n");
        let count = format!("sql = 'SELECT count(*) FROM entities'\none = {entities}");
        let moved = "sql = \"SELECT x FROM drift_position JOIN given USING (entity)\"\none = 2.0";
        expecting(&text, &[&format!("after = 2\n{count}"), &format!("after = 2\n{moved}")])
    };
    let text =
        scenario("startup = false", 1) + &scenario("startup = true", 101) + &scenario("", 101);
    fs::write(
        folder.path().join("drift.scenarios/a.toml"),
        text.replace("name = ''", "name = 'x'"),
    )
    .unwrap();
    let out = told(sandtable().arg("test").arg(&file));
    assert!(out.contains("3 passed"), "{out}");
}

#[test]
fn mistakes_are_told_with_their_place() {
    for (scenarios, expected) in [
        ("[[scenario]\n", "a.toml:1:12: this is not TOML: "),
        ("mods = []\n", "a.toml:1:1: the key `scenario` is missing at the top level: add it"),
        (
            "[[scenario]]\nname = 'a'\nafter = 1\ngivne = {}\n",
            "a.toml:4:1: there is no key `givne` in `scenario[0]`; the keys are `name`, ",
        ),
        (
            "[[scenario]]\nname = 'a'\n",
            "a.toml:1:1: `scenario[0].after` is missing: say how many ticks to run",
        ),
        (
            "[[scenario]]\nname = 'a'\nafter = 1\n[[scenario]]\nname = 'a'\nafter = 1\n",
            "a.toml:5:1: `scenario[1].name` is `a` a second time: give it another",
        ),
        (
            "[[scenario]]\nname = 'a'\nafter = 1\n[[scenario.expect]]\nsql = 'SELECT 1'\n",
            "a.toml:4:1: `scenario[0].expect[0]` needs exactly one of `rows`, `one` and `golden`: \
             say what the answer is compared with",
        ),
        (
            "[[scenario]]\nname = 'a'\nafter = 1\n[[scenario.expect]]\ngolden = '../a'\n",
            "a.toml:5:1: `scenario[0].expect[0].golden` is no name for a file: use letters, \
             digits, `-` and `_`",
        ),
        (
            "[[scenario]]\nname = 'a'\nafter = 1\n[[scenario.input]]\ntick = 2\nkind = 'a/B'\n",
            "a.toml:5:1: `scenario[0].input[0].tick` is 2, which is never run: give a tick from 1 \
             to 1",
        ),
        (
            "[[scenario]]\nname = 'a'\nafter = 1\ngiven.ada = {}\n[[scenario.relations]]\n\
             kind = 'careless/Knows'\nfrom = 'ada'\nto = 'bob'\n",
            "a.toml:8:1: `scenario[0].relations[0].to` is `bob`, which no entity is called: there \
             are `ada`",
        ),
        (
            "mods = ['../gone.wasm']\n[[scenario]]\nname = 'a'\nafter = 1\n",
            "a.toml:1:9: `mods[0]` leads to careless.scenarios/../gone.wasm, which is not there: \
             give a cargo package's folder or a .wasm file, relative to this file",
        ),
    ] {
        let Tested { passed, out, error } = Place::with(scenarios).test(&["careless.wasm"]);
        assert!(!passed && out.is_empty(), "{scenarios}: {out}");
        let expected = format!("error: careless.scenarios/{expected}");
        assert!(error.starts_with(&expected), "{error}\nis not\n{expected}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn mistakes_about_mods_fail_their_scenario() {
    let scenario = "[[scenario]]\nname = 'a'\nafter = 1\n";
    for (more, expected) in [
        (
            "given.ada.'careless/Palce' = { number = 1 }",
            "a.toml:4:11: `given.ada.careless/Palce` is no component of these mods: there are \
             `careless/",
        ),
        (
            "given.ada.'careless/Place' = { numbr = 1 }",
            "a.toml:4:11: `given.ada.careless/Place` does not fit: there is no field `numbr`; the \
             fields are `number` (u64)",
        ),
        (
            "given.ada.'careless/Friend' = { other = { entity = 'bob' }, strength = 1 }",
            "a.toml:4:11: `given.ada.careless/Friend` names the entity `bob`, which is not given: \
             there are `ada`",
        ),
        (
            "resources.'careless/Place' = { number = -1 }",
            "a.toml:4:11: `resources.careless/Place` does not fit: field `number`: expected u64, \
             found -1",
        ),
        (
            "[[scenario.tables.careless__stubs]]\nnumber = 1",
            "a.toml:4:19: `tables.careless__stubs` is no table of these mods: there are \
             `careless__tickets`",
        ),
        (
            "[[scenario.tables.careless__tickets]]\nnumber = 'one'",
            "a.toml:4:1: `tables.careless__tickets[0]` is no row of the table: ",
        ),
        (
            "[[scenario.input]]\ntick = 1\nkind = 'careless/Cake'",
            "a.toml:4:1: input `careless/Cake`: no mod declares it; there are `careless/Panic`",
        ),
    ] {
        Place::with(&format!("{scenario}{more}\n")).fails_with(expected);
    }
}

#[test]
fn a_mod_without_scenarios_is_told_where_they_go() {
    let place = Place::with("");
    fs::remove_file(place.at("careless.scenarios/a.toml")).unwrap();
    let tested = place.test(&["careless.wasm"]);
    assert_eq!(
        tested.error,
        "error: careless.scenarios has no scenarios: write some into a `.toml` file in that \
         folder, or give the path of another mod or world\n"
    );
}

#[test]
fn the_scenarios_of_the_mods_of_earth_pass() {
    let out = told(sandtable().arg("test").arg(root().join("examples/earth")));
    for name in ["budget.toml", "abandon.toml"] {
        assert!(out.contains(name), "{out}");
    }
}
