//! Functions of SQL about entities, which are numbers in columns and texts such
//! as `12v3` in JSON and wherever people write them.

use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value;
use rusqlite::{Connection, Error};

use sandtable_world::ecs::Entity;

use super::cells;

/// A function of one value, or why it has none.
pub type Function = fn(Value) -> Result<Value, String>;

/// Every function, by name.
pub const FUNCTIONS: [(&str, Function); 2] = [("entity", to_number), ("entity_text", to_text)];

/// Adds all to a connection.
pub(in super::super) fn make(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    for (name, function) in FUNCTIONS {
        connection.create_scalar_function(name, 1, flags, move |context| {
            function(context.get(0)?).map_err(|what| Error::UserFunctionError(what.into()))
        })?;
    }
    Ok(())
}

fn to_number(value: Value) -> Result<Value, String> {
    Ok(meant("entity", value)?.map_or(Value::Null, cells::entity))
}

fn to_text(value: Value) -> Result<Value, String> {
    Ok(meant("entity_text", value)?.map_or(Value::Null, |it| Value::Text(it.to_string())))
}

/// The entity that a value names; none of NULL.
fn meant(function: &str, value: Value) -> Result<Option<Entity>, String> {
    let entity = match &value {
        Value::Null => return Ok(None),
        Value::Integer(bits) => Some(Entity::from_bits(*bits as u64)),
        Value::Text(text) => Entity::parse(text),
        Value::Real(_) | Value::Blob(_) => None,
    };
    let shown = || super::exact(&value);
    entity.map(Some).ok_or_else(|| {
        format!(
            "{function}() takes an entity as 12v3 or as its number, and `{}` is neither",
            shown()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_numbers_and_texts() {
        let connection = Connection::open_in_memory().expect("a connection");
        make(&connection).expect("functions");
        let ask = |sql: &str| {
            let asked = connection.query_row(&format!("SELECT {sql}"), [], |row| row.get(0));
            asked.map_err(|error| error.to_string())
        };
        let text = |text: &str| Ok(Value::Text(text.to_owned()));
        assert_eq!(ask("entity('3549v1')"), Ok(Value::Integer(4_294_970_845)));
        assert_eq!(ask("entity(4294970845)"), Ok(Value::Integer(4_294_970_845)));
        assert_eq!(ask("entity_text(4294970845)"), text("3549v1"));
        assert_eq!(
            ask("entity_text(entity('4294967295v4294967294'))"),
            text("4294967295v4294967294")
        );
        assert_eq!(ask("entity(NULL)"), Ok(Value::Null));
        let told = "entity() takes an entity as 12v3 or as its number, and `FRA` is neither";
        assert_eq!(ask("entity('FRA')"), Err(told.to_owned()));
    }
}
