//! What a mod in JavaScript may call its fields, and what becomes of the values that it
//! writes: each arrives as it was meant, or is refused in one sentence.

use serde_json::{Value as Json, json};

use crate::harness::*;
use crate::javascript::{SMALL, faulted, refused, written};

const HEAD: &str = "import * as st from 'sandtable';\n\
    const { system, component, relation, read, write, query, entity, array, struct, list, option } = st;\n\
    const { bool, string, u8, u32, u64, i64, f32, log, assets } = st;\n\
    const same = (is, should) => {\n\
      if (!Object.is(is, should)) throw new Error(`${String(is)}, not ${String(should)}`);\n\
    };\n";

/// The world of a mod with this text, after as many ticks without a fault.
fn ran(text: &str, ticks: u64) -> sandtable::Simulation {
    let (_folder, source) = written(&format!("{HEAD}{text}"));
    let mut world = world_of(WORLD, vec![source], 1);
    for record in run(&mut world, ticks) {
        assert_eq!(faults(&record), [], "{text}");
    }
    world
}

/// What is said of the second tick of a mod with this text.
fn failed(text: &str) -> String {
    let (_folder, source) = written(&format!("{HEAD}{text}"));
    let mut world = world_of(SMALL, vec![source], 1);
    let records = run(&mut world, 2);
    assert_eq!(faults(&records[0]), [], "{text}");
    let [(_, fault)] = &faults(&records[1])[..] else {
        panic!("{text}: {:?}", faults(&records[1]))
    };
    fault.clone()
}

fn rows(world: &sandtable::Simulation, kind: &str) -> Vec<Json> {
    values(world.world(), kind).into_iter().map(|it| it.1).collect()
}

/// Names that what a row or a column is seen by may have for itself.
const NAMES: [&str; 14] = [
    "row",
    "column",
    "view",
    "values",
    "length",
    "mask",
    "bytes",
    "flat",
    "all",
    "buffer",
    "kind",
    "toJSON",
    "constructor",
    "Uint32Array",
];

#[test]
fn fields_have_whichever_names_a_mod_gives_them() {
    let fields: String = NAMES.iter().map(|name| format!("{name}: u32, ")).collect();
    let text = format!(
        "const names = {NAMES:?};\n\
         const Cell = component('Cell', {{ {fields} }});\n\
         const Note = component('Note', {{ {fields} }}, {{ dynamic: true }});\n\
         system('settle', {{ startup: true, commands: true }}, ({{ commands }}) => {{\n\
           const value = Object.fromEntries(names.map((name, i) => [name, i]));\n\
           for (let n = 0; n < 3; n++) commands.spawn(Cell.of(value), Note.of(value));\n\
           commands.spawn(Cell, Note);\n\
         }});\n\
         system('walk', {{ query: {{ cell: write(Cell), note: write(Note) }} }}, ({{ rows }}) => {{\n\
           for (const {{ cell, note }} of rows) for (const name of names) {{\n\
             cell[name] += 10;\n\
             note[name] += 20;\n\
           }}\n\
           for (const {{ cell, length }} of rows.shards) {{\n\
             for (const name of names) {{ st.add(cell[name], cell[name], 100); same(cell[name].length, length); }}\n\
             st.add(cell, cell, 1000);\n\
             same(st.flat(cell).length, names.length * length);\n\
           }}\n\
         }});\n"
    );
    let world = ran(&text, 2);
    let expected = |start: u32, more: u32| -> Json {
        let value = |(i, name): (u32, &&str)| ((*name).to_owned(), json!(start * i + more));
        Json::Object((0..).zip(&NAMES).map(value).collect())
    };
    for (kind, more) in [("bad/Cell", 1110), ("bad/Note", 20)] {
        let rows = rows(&world, kind);
        assert_eq!(rows.len(), 4);
        assert_eq!((&rows[0], &rows[3]), (&expected(1, more), &expected(0, more)), "{kind}");
    }
}

#[test]
fn what_a_row_shows_is_a_value_like_any_other() {
    let world = ran(
        "const Position = component('Position', { x: f32, y: f32, on: bool.default(true) });\n\
         const Label = component('Label', { text: string }, { dynamic: true });\n\
         const Copy = component('Copy', { x: f32, y: f32, on: bool });\n\
         const Best = component('Best', { x: f32, y: f32, on: bool });\n\
         const Said = component('Said', { text: string }, { dynamic: true });\n\
         system('settle', { startup: true, commands: true }, ({ commands }) => {\n\
           commands.spawn(Position.of({ x: 1, y: 2 }), Label.of({ text: 'one' }));\n\
           commands.spawn(Position.of({ x: 3, y: 4, on: false }), Label.of({ text: 'two' }));\n\
         });\n\
         system('copy', {\n\
           query: { position: read(Position), label: read(Label) }, span: 'everything', commands: true,\n\
           resources: { best: write(Best), said: write(Said) },\n\
         }, ({ rows, commands, resources }) => {\n\
           const kept = [];\n\
           for (const { position, label } of rows) {\n\
             same(position.on, position.x === 1);\n\
             kept.push(Copy.of(position));\n\
             if (position.x === 1) { resources.best = position; resources.said = label; }\n\
           }\n\
           for (const one of kept) commands.spawn(one);\n\
         });\n",
        2,
    );
    let one = json!({"x": 1.0, "y": 2.0, "on": true});
    assert_eq!(rows(&world, "bad/Copy"), [one.clone(), json!({"x": 3.0, "y": 4.0, "on": false})]);
    assert_eq!(resource(world.world(), "bad/Best"), one);
    assert_eq!(resource(world.world(), "bad/Said"), json!({"text": "one"}));
}

#[test]
fn a_type_stays_what_it_is_with_a_default_or_an_earlier_name() {
    ran(
        "const One = component('One', { x: f32, y: f32.default(2), z: f32.was('w') });\n\
         const Flag = component('Flag', { is: bool.was('was') });\n\
         system('settle', { startup: true, commands: true }, ({ commands }) => {\n\
           commands.spawn(One.of({ x: 1 }), Flag.of({ is: true }));\n\
         });\n\
         system('walk', { query: { one: write(One), flag: read(Flag) } }, ({ rows }) => {\n\
           for (const { one } of rows.shards) st.add(one, one, 1);\n\
           for (const { one, flag } of rows) { same(one.y, 3); same(flag.is, true); }\n\
         });\n",
        2,
    );
}

#[test]
fn a_write_to_a_copy_is_refused_and_the_whole_can_be_written() {
    let with = |body: &str| {
        format!(
            "const P = component('P', {{ v: array(f32, 2), s: struct({{ a: array(u8, 4) }}) }});\n\
             system('settle', {{ startup: true, commands: true }}, ({{ commands }}) => {{\n\
               commands.spawn(P.of({{ v: [1, 2] }}));\n\
             }});\n\
             system('walk', {{ query: {{ p: write(P) }} }}, ({{ rows }}) => {{\n\
               for (const {{ p }} of rows) {{\n{body}\n}}\n\
             }});\n"
        )
    };
    for body in ["  p.v[0] = 5;", "  p.s.a[1] = 5;", "  p.s.a = [1, 2, 3, 4];", "  p.v.push(3);"] {
        let told = failed(&with(body));
        assert!(told.starts_with("it failed: mod.js:13:"), "{body}: {told}");
        assert!(told.contains("TypeError: "), "{body}: {told}");
    }
    let world = ran(&with("  p.v = [p.v[0] + 1, 7]; p.s = { a: [...p.s.a.slice(1), 9] };"), 2);
    assert_eq!(rows(&world, "bad/P"), [json!({"v": [2.0, 7.0], "s": {"a": [0, 0, 0, 9]}})]);
}

#[test]
fn a_number_that_is_too_large_is_never_another_number() {
    ran(
        "system('ask', { tables: true }, ({ tables }) => {\n\
           const asked = (it) => tables.query('SELECT ? AS it', [it])[0].it;\n\
           for (const it of [0, -0, 1, -1, -33, 1.5, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 64 + 2 ** 20, -(2 ** 70), 1e300])\n\
             same(asked(it), it);\n\
           same(asked(2n ** 63n - 1n), 2n ** 63n - 1n);\n\
         });\n",
        1,
    );
    for (body, expected) in [
        (
            "  it.tables.query('SELECT ?', [2n ** 64n]);",
            "18446744073709551616 does not fit into 64 bits",
        ),
        (
            "  it.tables.query('SELECT ?', [-(2n ** 63n) - 1n]);",
            "-9223372036854775809 does not fit into 64 bits",
        ),
        (
            "  it.commands.spawn(Many.of({ small: 2 ** 64 }));",
            "small: 18446744073709551616 does not fit into 64 bits",
        ),
        (
            "  it.commands.spawn(Many.of({ wide: 2n ** 64n }));",
            "wide: 18446744073709551616 does not fit into 64 bits",
        ),
    ] {
        let told = failed(&format!(
            "const Many = component('Many', {{ small: u32, wide: i64 }}, {{ dynamic: true }});\n\
             system('idle', {{ startup: true }}, () => {{}});\n\
             system('work', {{ tables: true, commands: true, every: 2 }}, (it) => {{\n{body}\n}});\n"
        ));
        assert!(told.contains(expected), "{body}: {told}");
    }
}

#[test]
fn half_a_pair_of_code_units_is_replaced_and_stops_nothing() {
    let world = ran(
        "const Name = component('Name', { text: string }, { dynamic: true });\n\
         system('say', { startup: true, commands: true, tables: true }, ({ commands, tables }) => {\n\
           log.info('half a \\ud83d', 'and a whole \\u{1f600}');\n\
           commands.spawn(Name.of({ text: '\\ude00 \\u{1f600} \\ud83d' }));\n\
           same(assets.text('\\ud800'), undefined);\n\
           same(tables.query('SELECT ? AS it', ['\\ud83dx'])[0].it, '\\ufffdx');\n\
           same(tables.query(\"SELECT 'a\\ud83d' AS it\")[0].it, 'a\\ufffd');\n\
         });\n",
        1,
    );
    assert_eq!(rows(&world, "bad/Name"), [json!({"text": "\u{fffd} \u{1f600} \u{fffd}"})]);
    assert!(faulted("  throw new Error('\\ud83d');").ends_with("Error: \u{fffd}"));
}

#[test]
fn an_operation_has_all_of_its_operands_and_reads_them_before_it_writes() {
    ran(
        "const are = (vector, ...should) => should.forEach((it, i) => same(vector.get(i), it));\n\
         system('work', {}, () => {\n\
           for (const type of [f32, st.i32]) {\n\
             const high = st.vector(type, [1, 1, 9]), low = st.vector(type, [0, -9, 2]), x = st.vector(type, [5, -5, 1]);\n\
             st.clamp(high, x, -2, high);\n\
             are(high, 1, -2, 1);\n\
             st.clamp(low, x, low, 3);\n\
             are(low, 3, -5, 2);\n\
             st.clamp(x, x, 0, 2);\n\
             are(x, 2, 0, 1);\n\
             st.gather(x, x, st.vector(u32, [2, 0, 1]));\n\
             are(x, 1, 2, 0);\n\
           }\n\
         });\n",
        1,
    );
    for (body, expected) in [
        ("  clamp(v, v, -3);", "an operand is left out"),
        ("  clamp(v, v);", "an operand is left out"),
        ("  add(v, v);", "an operand is left out"),
        ("  assign(v);", "an operand is left out"),
        ("  axpy(v, v, undefined);", "an operand is left out"),
        ("  where(v, v, 1);", "an operand is left out"),
        ("  less(v, v);", "an operand is left out"),
        ("  gather(v, v);", "an operand is left out"),
        ("  mul(v, null, 1);", "an operand is null"),
        ("  gather(v, v, vector(st.u32, [0, 1, 3]));", "RangeError: number 3 of 3"),
        ("  sum();", "the first operand is a vector"),
    ] {
        let told = failed(&format!(
            "const {{ clamp, add, assign, axpy, where, less, gather, mul, sum, vector }} = st;\n\
             system('idle', {{ startup: true }}, () => {{}});\n\
             system('work', {{ every: 2 }}, () => {{\n  const v = vector(u8, 3);\n{body}\n}});\n"
        ));
        assert!(told.contains(expected), "{body}: {told}");
    }
}

#[test]
fn what_an_async_helper_throws_or_leaves_undone_is_a_fault() {
    let left = "it failed: TypeError: promises are left that nothing waits for: what is called is done \
                when it returns";
    for (body, expected) in [
        (
            "  (async () => { throw new Error('lost'); })();",
            "it failed: mod.js:5:28: Error: lost, called from mod.js:5:43",
        ),
        ("  Promise.reject(7);", "it failed: the mod threw 7"),
        ("  (async () => { await null; throw 1; })();", left),
        ("  Promise.resolve(1).then(() => {});", left),
        ("  Promise.reject(7).catch(() => {});", left),
    ] {
        assert!(faulted(body).starts_with(expected), "{body}\n  {}", faulted(body));
    }
    ran(
        "await Promise.reject(1).catch(() => {});\n\
         system('work', {}, () => { (async () => 1)(); });\n",
        1,
    );
    let told = refused("import 'sandtable';\n\n  Promise.reject(new Error('at the top'));\n");
    assert!(told.ends_with("mod.js:3:22: Error: at the top"), "{told}");
}

#[test]
fn dice_have_as_many_sides_as_in_rust() {
    ran(
        "system('roll', {}, ({ rng }) => {\n\
           for (const wide of [2 ** 32, 2 ** 40, 2 ** 40 - 2 ** 38 + 1, 2 ** 53 - 1]) {\n\
             const dice = rng.world(), words = rng.world(), bits = BigInt((BigInt(wide) - 1n).toString(2).length);\n\
             for (let n = 0; n < 20; n++) {\n\
               let expected;\n\
               do expected = words.u64() & ((1n << bits) - 1n); while (expected >= wide);\n\
               same(dice.range(-5, wide - 5), Number(expected) - 5);\n\
             }\n\
             same(dice.range(0n, BigInt(wide)), BigInt(words.range(0, wide)));\n\
           }\n\
         });\n",
        1,
    );
    let told = faulted("  it.rng.world().range(0, 2 ** 55);");
    assert!(told.contains("RangeError: dice of 36028797018963970: give bigints above"), "{told}");
}

#[test]
fn names_that_would_hide_something_are_refused() {
    for (text, expected) in [
        (
            "relation('Road', { entity: u32 });",
            "a field of Road is named entity, as what a relation leads to is: give it another name",
        ),
        (
            "const A = component('A'); query({ length: read(A) });",
            "a term of a query is named length, as the number of rows is: give it another name",
        ),
        (
            "const A = component('A'); system('a', { queries: { rows: { a: read(A) } } }, () => {});",
            "a query of a is named rows, as that under query is: give it another name",
        ),
    ] {
        let told = refused(&format!("{HEAD}{text}\n"));
        assert!(told.ends_with(expected), "{text}: {told}");
    }
}
