use serde_json::json;

use super::*;
use crate::ecs::{Field, OnDespawn, Role};

fn kind(ty: &str, storage: Storage) -> Kind {
    let ty = Type::parse(ty).expect(ty);
    let size = if storage == Storage::Packed { ty.packed_layout().expect("packs").0 } else { 0 };
    let fields = vec![Field { name: "x".to_owned(), ty, offset: 0 }];
    let name = "a/B".to_owned();
    Kind::new(name, Role::Component, storage, size, fields, OnDespawn::Detach).expect("a kind")
}

#[test]
fn every_value_has_one_form_that_reads_back() {
    for (ty, value) in [
        ("bool", json!(true)),
        ("u64", json!(9_007_199_254_740_991_u64)),
        ("u64", json!("9007199254740992")),
        ("u64", json!("18446744073709551615")),
        ("i64", json!(-9_007_199_254_740_991_i64)),
        ("i64", json!("-9007199254740992")),
        ("i64", json!("-9223372036854775808")),
        ("f64", json!(-0.0)),
        ("f64", json!(5e-324)),
        ("f64", json!(f64::MAX)),
        ("f64", json!("NaN")),
        ("f64", json!("Infinity")),
        ("f64", json!("-Infinity")),
        ("f32", json!(0.1)),
        ("f32", json!(1e-45)),
        ("f32", json!("-Infinity")),
        ("entity", json!("3549v1")),
        ("entity", json!("4294967295v4294967295")),
        ("[f64; 2]", json!(["NaN", 1.5])),
        ("string", json!("NaN")),
        ("option<u64>", json!(null)),
        ("option<u64>", json!("18446744073709551615")),
        ("list<entity>", json!(["0v1", "1v1"])),
        ("{a: u64, b: f32}", json!({"a": "9007199254740992", "b": "NaN"})),
        ("Calm | Proud(u64)", json!("Calm")),
        ("Calm | Proud(u64)", json!({"Proud": "9007199254740992"})),
        ("A(list<u8>) | B", json!({"A": [1, 2]})),
        ("A({x: f32}) | B", json!({"A": {"x": 0.5}})),
        ("Calm | Angry(f32, entity)", json!({"Angry": [1.5, "12v3"]})),
        ("At{x: f32, who: entity} | Nowhere", json!({"At": {"x": 0.5, "who": "12v3"}})),
    ] {
        let json = json!({ "x": value });
        for storage in [Storage::Dynamic, Storage::Packed] {
            if storage == Storage::Packed && Type::parse(ty).expect(ty).packed_layout().is_none() {
                continue;
            }
            let kind = kind(ty, storage);
            let bytes = stored_from_json(&kind, &json).expect(ty);
            let shown = to_json(&kind, &bytes);
            assert_eq!(shown.to_string(), json.to_string(), "{ty} {storage:?}");
        }
    }
}

#[test]
fn other_ways_to_write_a_value_are_read_too() {
    for (ty, value, expected) in [
        ("u8", json!("255"), json!(255)),
        ("i64", json!(i64::MIN), json!("-9223372036854775808")),
        ("u64", json!(u64::MAX), json!("18446744073709551615")),
        ("entity", json!(4_294_967_296_u64), json!("0v1")),
        ("entity", json!("4294967296"), json!("0v1")),
        ("entity", json!(-1), json!("4294967295v4294967295")),
        ("A(f32, u8) | B", json!({"A": {"0": 1.5, "1": 2}}), json!({"A": [1.5, 2]})),
        ("A(u8) | B", json!({"A": {"0": 1}}), json!({"A": 1})),
        ("f64", json!(3), json!(3.0)),
    ] {
        let kind = kind(ty, Storage::Dynamic);
        let bytes = from_json(&kind, &json!({ "x": value })).expect(ty);
        assert_eq!(to_json(&kind, &bytes), json!({ "x": expected }), "{ty}");
    }
}

#[test]
fn what_is_no_value_is_told() {
    for (ty, value, expected) in [
        ("u8", json!(256), "expected u8, found 256"),
        ("u8", json!("256"), "expected u8, found \"256\""),
        ("u64", json!(1.5), "expected u64, found 1.5"),
        ("i8", json!(-129), "expected i8, found -129"),
        ("u64", json!("18446744073709551616"), "expected u64, found \"18446744073709551616\""),
        ("f32", json!(1e300), "expected f32, found 1e+300"),
        ("f64", json!("inf"), "expected f64, found \"inf\""),
        ("entity", json!("12"), "12"),
        ("entity", json!("12v"), "expected an entity, such as \"12v3\", found \"12v\""),
        ("A(f32, u8) | B", json!({"A": [1.5]}), "`A`: expected [f32, u8], found [1.5]"),
        ("A(f32, u8) | B", json!("A"), "expected A(f32, u8) | B, found \"A\""),
    ] {
        let kind = kind(ty, Storage::Dynamic);
        match from_json(&kind, &json!({ "x": value })) {
            Err(problem) => assert_eq!(problem.to_string(), format!("field `x`: {expected}")),
            Ok(_) => assert_eq!(expected, "12", "{ty} {value}"),
        }
    }
}
