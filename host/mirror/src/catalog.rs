//! What a mirror has of tables and columns, as it keeps it itself.

use std::collections::BTreeSet;

use sandtable_save::quoted;

use crate::Error;
use crate::cell::ColumnType;
use crate::layout::{Column, Laid, Names, Table, Wanted, fitting, free, is_of_postgres};
use crate::schema::{COLUMNS, Schema, TABLES};

/// What a mirror has of tables and columns, and what others have put beside them.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    laid: Vec<Laid>,
    names: Names,
}

impl Catalog {
    /// Reads it.
    pub async fn read(schema: &Schema) -> Result<Self, Error> {
        let [tables, columns] = [TABLES, COLUMNS].map(|name| schema.of(name));
        let mut laid = Vec::new();
        let sql = format!("SELECT name, what, source, key FROM {tables} ORDER BY name");
        for row in schema.query(&sql, &[]).await? {
            let [name, what, source, key] = [0, 1, 2, 3].map(|at| row.get::<_, String>(at));
            laid.push(Laid { name, what, source, key, columns: Vec::new() });
        }
        let sql = format!("SELECT table_name, name, field, type FROM {columns}");
        for row in schema.query(&sql, &[]).await? {
            let [table, name, field, ty] = [0, 1, 2, 3].map(|at| row.get::<_, String>(at));
            let Some(ty) = ColumnType::named(&ty) else { continue };
            if let Some(laid) = laid.iter_mut().find(|laid| laid.name == table) {
                laid.columns.push((field, Column { name, ty }));
            }
        }
        let sql = "SELECT c.relname, a.attname
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 LEFT JOIN pg_attribute a
                     ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             WHERE n.nspname = $1";
        let mut names = Names::new();
        for row in schema.query(sql, &[&schema.name()]).await? {
            let of: &mut BTreeSet<String> = names.entry(row.get(0)).or_default();
            of.extend(row.get::<_, Option<String>>(1));
        }
        Ok(Self { laid, names })
    }

    /// Looks whether all that the mirror made is there. What is not is forgotten, to be
    /// made again, where that may be; says whether anything was. The mirror stands at no
    /// tick then, so that all is written anew, also where this one is killed before it does.
    pub async fn hold_against_names(
        &mut self,
        schema: &Schema,
        may_forget: bool,
    ) -> Result<bool, Error> {
        let lost = self.lost();
        let Some(first) = lost.first() else { return Ok(false) };
        if !may_forget {
            let (what, name) = match first {
                (table, None) => ("table", table.clone()),
                (table, Some(column)) => ("column", format!("{table}.{column}")),
            };
            return Err(Error::Lost { what, name, schema: schema.name().to_owned() });
        }
        let [tables, columns] = [TABLES, COLUMNS].map(|name| schema.of(name));
        schema.run("BEGIN").await?;
        schema.unset_stand().await?;
        for (table, column) in &lost {
            match column {
                None => {
                    let sql = format!("DELETE FROM {tables} WHERE name = $1");
                    schema.execute(&sql, &[table]).await?
                }
                Some(column) => {
                    let sql = format!("DELETE FROM {columns} WHERE table_name = $1 AND name = $2");
                    schema.execute(&sql, &[table, column]).await?
                }
            };
        }
        schema.run("COMMIT").await?;
        self.laid.retain(|laid| self.names.contains_key(&laid.name));
        for laid in &mut self.laid {
            let there = self.names.get(&laid.name);
            laid.columns.retain(|(_, it)| there.is_some_and(|there| there.contains(&it.name)));
        }
        Ok(true)
    }

    /// The tables that are not there, and the columns of those that are.
    fn lost(&self) -> Vec<(String, Option<String>)> {
        let mut lost = Vec::new();
        for laid in &self.laid {
            let Some(there) = self.names.get(&laid.name) else {
                lost.push((laid.name.clone(), None));
                continue;
            };
            let columns = laid.columns.iter().map(|(_, column)| &column.name);
            let gone = columns.filter(|name| !there.contains(*name));
            lost.extend(gone.map(|name| (laid.name.clone(), Some(name.clone()))));
        }
        lost
    }

    /// The names of all its tables.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.laid.iter().map(|laid| laid.name.as_str())
    }

    /// The table that is wanted, where it is there with all of its columns.
    pub fn table(&self, wanted: &Wanted) -> Option<Table> {
        let laid = self.laid.iter().find(|laid| laid.is(wanted))?;
        let columns = wanted.columns.iter().map(|(field, ty)| laid.column(field, *ty).cloned());
        let columns = columns.collect::<Option<_>>()?;
        Some(Table { name: laid.name.clone(), columns, key: wanted.key })
    }

    /// Makes what is wanted and not there, and empties tables that are not wanted any more.
    pub async fn lay_out(&mut self, schema: &Schema, wanted: &[Wanted]) -> Result<(), Error> {
        for wanted in wanted {
            if self.table(wanted).is_some() {
                continue;
            }
            match self.laid.iter().position(|laid| laid.is(wanted)) {
                Some(at) => self.widen(schema, at, wanted).await?,
                None => self.create(schema, wanted).await?,
            }
        }
        for laid in &self.laid {
            if !wanted.iter().any(|wanted| laid.is(wanted)) {
                schema.run(&format!("DELETE FROM {}", schema.of(&laid.name))).await?;
            }
        }
        Ok(())
    }

    async fn create(&mut self, schema: &Schema, wanted: &Wanted) -> Result<(), Error> {
        let is_ours = |name: &str| self.laid.iter().any(|laid| laid.name == name);
        let own = |name: &str| [TABLES, COLUMNS, crate::schema::MIRROR].contains(&name);
        let name = free(&wanted.name, |name| is_ours(name) || own(name));
        if self.names.contains_key(&name) {
            return Err(taken("table", name, schema));
        }
        let (what, source) = wanted.source.kept();
        let key = wanted.key_told();
        let sql = format!("INSERT INTO {} VALUES ($1, $2, $3, $4)", schema.of(TABLES));
        schema.execute(&sql, &[&name, &what, &source, &key]).await?;
        let (what, source) = (what.to_owned(), source.to_owned());
        let mut laid = Laid { name: name.clone(), what, source, key, columns: Vec::new() };
        let mut typed = Vec::new();
        for (field, ty) in &wanted.columns {
            let column = claim(schema, &mut laid, &BTreeSet::new(), field, *ty).await?;
            typed.push(format!("{} {}", quoted(&column.name), ty.sql()));
        }
        let columns: Vec<Column> = laid.columns.iter().map(|(_, column)| column.clone()).collect();
        let key = Table::listed(&columns[..wanted.key], "");
        let (shown, typed) = (schema.of(&name), typed.join(", "));
        schema.run(&format!("CREATE TABLE {shown} ({typed}, PRIMARY KEY ({key}))")).await?;
        if wanted.source.kept() == ("world", "relations") {
            let to = quoted(&columns[2].name);
            schema.run(&format!("CREATE INDEX ON {shown} ({to})")).await?;
        }
        let names = columns.into_iter().map(|column| column.name).collect();
        self.names.insert(name, names);
        self.laid.push(laid);
        Ok(())
    }

    async fn widen(&mut self, schema: &Schema, at: usize, wanted: &Wanted) -> Result<(), Error> {
        let laid = &mut self.laid[at];
        let there = self.names.entry(laid.name.clone()).or_default();
        for (field, ty) in &wanted.columns {
            if laid.column(field, *ty).is_some() {
                continue;
            }
            let column = claim(schema, laid, there, field, *ty).await?;
            let (table, name) = (schema.of(&laid.name), quoted(&column.name));
            schema.run(&format!("ALTER TABLE {table} ADD COLUMN {name} {}", ty.sql())).await?;
            there.insert(column.name);
        }
        Ok(())
    }

    /// Has a column with JSON searched by an index.
    pub async fn index(&self, schema: &Schema, asked: &str) -> Result<(), Error> {
        let wrong = || Error::NoJson { asked: asked.to_owned() };
        let (table, name) = asked.split_once('.').ok_or_else(wrong)?;
        let laid = self.laid.iter().find(|laid| laid.name == table).ok_or_else(wrong)?;
        let is_it = |it: &Column| it.name == name && it.ty == ColumnType::Json;
        if !laid.columns.iter().any(|(_, column)| is_it(column)) {
            return Err(wrong());
        }
        let index = quoted(&fitting(&format!("{table}_{name}_gin")));
        let (table, name) = (schema.of(table), quoted(name));
        let sql = format!("CREATE INDEX IF NOT EXISTS {index} ON {table} USING gin ({name})");
        schema.run(&sql).await
    }
}

/// Gives a field of a table a column.
async fn claim(
    schema: &Schema,
    laid: &mut Laid,
    there: &BTreeSet<String>,
    field: &str,
    ty: ColumnType,
) -> Result<Column, Error> {
    let is_ours = |name: &str| laid.columns.iter().any(|(_, column)| column.name == name);
    let name = free(&field.replace('/', "_"), |name| is_ours(name) || is_of_postgres(name));
    if there.contains(&name) {
        return Err(taken("column", format!("{}.{name}", laid.name), schema));
    }
    let sql = format!("INSERT INTO {} VALUES ($1, $2, $3, $4)", schema.of(COLUMNS));
    schema.execute(&sql, &[&laid.name, &name, &field, &ty.sql()]).await?;
    let column = Column { name, ty };
    laid.columns.push((field.to_owned(), column.clone()));
    Ok(column)
}

fn taken(what: &'static str, name: String, schema: &Schema) -> Error {
    Error::Taken { what, name, schema: schema.name().to_owned() }
}
