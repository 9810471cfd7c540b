//! Declarations of mods: JSON, with the number of its form, which the first one
//! does not say.

mod v1;
mod v2;

use serde::Deserialize;

use super::StoredError;
use sandtable_world::declaration::Declaration;

/// A declaration as a save keeps it.
pub fn declaration_text(declaration: &Declaration) -> String {
    // A declaration is texts, numbers and lists, which JSON has words for.
    let written = match v2::Declaration::is_needed(declaration) {
        false => serde_json::to_string(&v1::Declaration::of(declaration)),
        true => serde_json::to_string(&v2::Declaration::of(declaration)),
    };
    written.unwrap_or_default()
}

/// A declaration that a save kept.
///
/// # Errors
///
/// The text is none that any version wrote, or has a form that is newer than this
/// program.
pub fn read_declaration(text: &str) -> Result<Declaration, StoredError> {
    #[derive(Deserialize)]
    struct Form {
        #[serde(default)]
        format: Option<u64>,
    }

    match serde_json::from_str::<Form>(text)?.format {
        None => Ok(serde_json::from_str::<v1::Declaration>(text)?.upgrade()),
        Some(v2::FORMAT) => Ok(serde_json::from_str::<v2::Declaration>(text)?.upgrade()),
        Some(newer) => Err(StoredError::Newer(newer)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandtable_world::declaration::{Comparison, Condition, Term};
    use sandtable_world::ecs::Access;

    /// As the first version wrote it, with one of everything.
    const FIRST: &str = r#"{"id":"a","version":"1.2.3","kinds":[{"name":"a/Gold","role":"Component","storage":"Packed","size":8,"fields":[{"name":"coins","ty":"f64","offset":0,"was":["money"],"default":[203,63,240,0,0,0,0,0,0]}],"on_despawn":"Detach"},{"name":"a/Settings","role":"Component","storage":"Dynamic","size":0,"fields":[],"on_despawn":"Cascade"},{"name":"a/Paid","role":"Event","storage":"Dynamic","size":0,"fields":[],"on_despawn":"Detach"},{"name":"a/Order","role":"Input","storage":"Dynamic","size":0,"fields":[],"on_despawn":"Detach"},{"name":"a/Owns","role":"Relation","storage":"Dynamic","size":0,"fields":[],"on_despawn":"Cascade"}],"systems":[{"name":"grow","queries":[{"terms":[{"kind":0,"access":"Read"},{"kind":0,"access":"Write"},{"kind":0,"access":"OptionalRead"},{"kind":0,"access":"OptionalWrite"},{"kind":0,"access":"Has"},{"kind":0,"access":"Lacks"},{"kind":0,"access":"Changed"},{"kind":0,"access":"Added"}],"entities":true}],"span":"Shard","every":30,"startup":false,"resources":[{"kind":1,"write":true}],"lookups":[0],"relations":[4],"reads":[{"Event":3},{"Removed":0},"Despawned"],"emits":[2],"tables":true,"commands":true,"before":["b/tax"],"after":["a/first"]},{"name":"first","queries":[],"span":"Archetype","every":1,"startup":true,"resources":[],"lookups":[],"relations":[],"reads":[],"emits":[],"tables":false,"commands":false,"before":[],"after":[]},{"name":"last","queries":[],"span":"Everything","every":1,"startup":false,"resources":[],"lookups":[],"relations":[],"reads":[],"emits":[],"tables":false,"commands":false,"before":[],"after":[]}],"migrations":[{"name":"0001_a","sql":"SELECT 1"}],"conversions":[{"name":"0001_b","old":[],"new":[0]}]}"#;

    #[test]
    fn what_the_first_version_wrote_is_read_and_written_again_byte_by_byte() {
        let declaration = read_declaration(FIRST).expect("read");
        assert_eq!(declaration.kinds[1].role, sandtable_world::declaration::Role::Settings);
        assert_eq!(declaration_text(&declaration), FIRST);
    }

    #[test]
    fn what_the_first_form_lacks_words_for_has_the_second() {
        let mut declaration = read_declaration(FIRST).expect("read");
        let (field, value) = ("coins".to_owned(), vec![1]);
        let compares = Comparison::AtLeast;
        declaration.systems[0].phase = 7;
        declaration.systems[1].run_if = vec![Condition { kind: 1, field, compares, value }];
        let text = declaration_text(&declaration);
        assert!(text.starts_with(r#"{"format":2,"id":"a","#), "{text}");
        let condition = r#"{"kind":1,"field":"coins","compares":"AtLeast","value":[1]}"#;
        assert!(
            text.contains(&format!(r#""after":[],"phase":0,"run_if":[{condition}]"#)),
            "{text}"
        );
        assert!(!text.contains("alternatives"), "{text}");
        assert_eq!(read_declaration(&text).expect("read"), declaration);

        declaration = read_declaration(FIRST).expect("read");
        let term = |access| Term { kind: 0, access };
        let alternatives = vec![vec![term(Access::Has)], vec![term(Access::Lacks)]];
        declaration.systems[0].queries[0].alternatives = alternatives;
        let text = declaration_text(&declaration);
        let expected =
            r#""alternatives":[[[{"kind":0,"access":"Has"}],[{"kind":0,"access":"Lacks"}]]]}"#;
        assert!(text.starts_with(r#"{"format":2,"#) && text.contains(expected), "{text}");
        assert_eq!(read_declaration(&text).expect("read"), declaration);
    }

    #[test]
    fn what_no_version_wrote_is_refused() {
        let told = |text: &str| read_declaration(text).expect_err("refused").to_string();
        assert!(told("{}").contains("missing field `id`"));
        assert!(told(&FIRST.replace("\"Shard\"", "\"Page\"")).contains("unknown variant `Page`"));
        let newer = FIRST.replacen('{', "{\"format\":99,", 1);
        assert_eq!(
            told(&newer),
            "it has form 99, which this Sandtable does not know: use a newer one"
        );
    }
}
