//! By which component and field people know entities, as `label` in `[world]`
//! names them; so do other settings that name a field.

use crate::ecs::{Kind, KindId, Registry, Role};

/// Finds the component of a label such as `geography/Nation.name`, and the place
/// of its field.
///
/// # Errors
///
/// A sentence that says what is wrong, and what would be right.
pub fn find(label: &str, registry: &Registry) -> Result<(KindId, usize), String> {
    field("`label` in [world]", label, registry)
}

/// Finds the component and the place of the field that a setting names.
///
/// # Errors
///
/// A sentence that says what is wrong, and what would be right.
pub fn field(setting: &str, label: &str, registry: &Registry) -> Result<(KindId, usize), String> {
    let wrong = |what: String| Err(format!("{setting} names `{label}`, {what}"));
    let Some((name, field)) = label.split_once('.').filter(|(name, _)| name.contains('/')) else {
        let what = "which is no field of a component: write it as in `geography/Nation.name`";
        return wrong(what.to_owned());
    };
    let known = registry.find(name).and_then(|id| Some((id, registry.known(id)?)));
    let Some((id, kind)) = known.filter(|(_, kind)| kind.role == Role::Component) else {
        let is_near = |kind: &&Kind| kind.role == Role::Component && kind.owner() == owner(name);
        let near: Vec<&Kind> = registry.iter().map(|(_, kind)| &**kind).filter(is_near).collect();
        let names: Vec<&str> = near.iter().map(|kind| kind.name.as_str()).collect();
        return wrong(match names.is_empty() {
            true => format!("and no mod declares a component of `{}`", owner(name)),
            false => format!("which is no component: there is {}", names.join(", ")),
        });
    };
    let fields: Vec<&str> = kind.fields.iter().map(|field| field.name.as_str()).collect();
    match fields.iter().position(|known| *known == field) {
        Some(at) => Ok((id, at)),
        None if fields.is_empty() => wrong(format!("and {name} has no fields")),
        None => wrong(format!("and {name} has no field `{field}`: it has {}", fields.join(", "))),
    }
}

fn owner(name: &str) -> &str {
    name.split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs::{Field, OnDespawn, Storage, Type};

    #[test]
    fn what_is_no_field_of_a_component_is_told() {
        let mut registry = Registry::default();
        let field = Field { name: "iso".to_owned(), ty: Type::String, offset: 0 };
        for (name, role, fields) in [
            ("geography/Nation", Role::Component, vec![field.clone()]),
            ("geography/Sea", Role::Component, Vec::new()),
            ("geography/Quake", Role::Event, vec![field]),
        ] {
            let (storage, detach) = (Storage::Dynamic, OnDespawn::Detach);
            registry
                .add(Kind::new(name.to_owned(), role, storage, 0, fields, detach).expect("one"));
        }
        assert_eq!(find("geography/Nation.iso", &registry), Ok((KindId(0), 0)));
        for (label, expected) in [
            (
                "Nation.iso",
                "which is no field of a component: write it as in `geography/Nation.name`",
            ),
            (
                "geography/Nation",
                "which is no field of a component: write it as in `geography/Nation.name`",
            ),
            ("geography/Nation.name", "and geography/Nation has no field `name`: it has iso"),
            ("geography/Sea.name", "and geography/Sea has no fields"),
            (
                "geography/Quake.iso",
                "which is no component: there is geography/Nation, geography/Sea",
            ),
            ("history/Nation.iso", "and no mod declares a component of `history`"),
        ] {
            let expected = format!("`label` in [world] names `{label}`, {expected}");
            assert_eq!(find(label, &registry), Err(expected));
        }
    }
}
