use serde_json::json;

use super::*;

fn parsed(json: &Json) -> Edit {
    Edit::parse(json).expect("an edit")
}

#[test]
fn an_edit_is_one_operation_several_or_whole() {
    let one = json!({ "op": "despawn", "entity": "1v1" });
    let whole = json!({ "operations": [one] });
    assert_eq!(parsed(&one), parsed(&json!([one])));
    assert_eq!(parsed(&one), parsed(&whole));
    let text: Json = serde_json::from_str(&parsed(&whole).text()).expect("JSON");
    assert_eq!(text, whole);
    let expects = json!({
        "operations": [one],
        "expects": [
            { "entity": "1v1", "component": "a/B", "value": { "x": 1 } },
            { "entity": "1v1", "component": "a/C" },
            { "from": "1v1", "relation": "a/R", "to": "2v1", "value": null },
            { "resource": "a/S", "value": {} },
            { "entity": "1v1", "digest": "00" },
        ],
        "undoes": { "tick": 3, "number": 0 },
    });
    let edit = parsed(&expects);
    assert!(matches!(edit.expects[1], Expectation::Component { value: None, .. }));
    assert!(matches!(edit.expects[4], Expectation::Entity { .. }));
    assert_eq!(parsed(&serde_json::from_str(&edit.text()).expect("JSON")), edit);
}

#[test]
fn what_is_no_edit_is_told() {
    for (json, why) in [
        (json!(null), "an edit is an operation, such as"),
        (json!([]), "an edit is an operation, such as"),
        (json!({ "operations": [] }), "an edit is an operation, such as"),
        (json!([{ "op": "explode" }]), "operation 1 is none: unknown variant `explode`"),
        (json!({ "op": "set", "entity": "1v1" }), "operation 1 is none: missing field `component`"),
        (
            json!({ "op": "despawn", "entity": "1v1", "x": 1 }),
            "operation 1 is none: unknown field `x`",
        ),
        (
            json!({ "operations": [{ "op": "despawn", "entity": "1v1" }], "expect": [] }),
            "the edit is none: unknown field `expect`",
        ),
    ] {
        let said = Edit::parse(&json).expect_err("none");
        assert!(said.starts_with(why), "{json}: {said}");
    }
    let many = vec![json!({ "op": "despawn", "entity": "1v1" }); Edit::OPERATIONS_MAX + 1];
    assert!(Edit::parse(&json!(many)).expect_err("too many").contains("10000 operations at most"));
}

#[test]
fn entities_are_named_once_and_by_what_people_call_them() {
    let mut edit = parsed(&json!([
        { "op": "spawn", "as": "new" },
        { "op": "relate", "from": "new", "relation": "a/R", "to": "Ada" },
        { "op": "despawn", "entity": "1v1" },
        { "op": "remove", "entity": "Ada", "component": "a/B" },
    ]));
    assert_eq!(edit.entities(), ["Ada", "1v1"]);
    let mut name =
        |text: &str| if text == "Ada" { Ok("7v1".to_owned()) } else { Err(text.to_owned()) };
    edit.name_by(&mut name).expect("all are known");
    assert_eq!(edit.entities(), ["7v1", "1v1"]);
    let mut other = parsed(&json!({ "op": "despawn", "entity": "Bob" }));
    assert_eq!(other.name_by(&mut name), Err("Bob".to_owned()));
}
