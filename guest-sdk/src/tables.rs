//! The mod's tables in the save.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::declaration::SystemDeclaration;
use crate::fault::Fault;
use crate::param::{Param, Slots};
use crate::sys;

/// SQL over the mod's own tables in the save, and over those of other mods that
/// the world grants.
///
/// Parameters and rows are tuples or structs for serde, in the order of `?1`,
/// `?2`, … and of the columns. `Entity` is an INTEGER.
///
/// A table is made by a migration, a file of SQL that `export!` names, which
/// runs once in each save:
///
/// ```sql
/// CREATE TABLE economy__trades (
///     tick INTEGER, at INTEGER, seller TEXT, buyer TEXT, gold REAL,
///     PRIMARY KEY (tick, at)
/// ) STRICT, WITHOUT ROWID;
/// ```
///
/// Every table is called `<mod>__<table>`, ends in `STRICT, WITHOUT ROWID` and
/// has a primary key, so that its rows are the same and in the same order on
/// every machine. Its defaults are literals; it has no foreign keys, generated
/// columns, triggers or views. Indices may be made, changed and dropped as
/// tables are.
///
/// ```
/// # use sandtable_sdk::prelude::*;
/// #[derive(Event, Clone)]
/// struct Trade { seller: String, buyer: String, gold: f64 }
///
/// #[system]
/// fn book(trades: EventReader<Trade>, mut tables: Tables, tick: Tick) -> Result<(), TableError> {
///     let rows = trades.iter().zip(0..).map(|(trade, at)| {
///         (tick.number(), at, trade.seller.as_str(), trade.buyer.as_str(), trade.gold)
///     });
///     tables.execute_many("INSERT INTO economy__trades VALUES (?1, ?2, ?3, ?4, ?5)", rows)?;
///     let richest: Vec<(String, f64)> = tables.query(
///         "SELECT seller, sum(gold) FROM economy__trades WHERE tick > ?1
///          GROUP BY seller ORDER BY 2 DESC, 1 LIMIT 3",
///         (tick.number().saturating_sub(365),),
///     )?;
///     info!("{richest:?}");
///     Ok(())
/// }
/// ```
///
/// A statement sees what earlier systems of the tick changed. All of it is part
/// of the tick: if the system fails, nothing of it was. A system that takes
/// tables is called once, and runs while no other such system does. Say ORDER
/// BY where the order of rows matters.
#[derive(Debug)]
pub struct Tables<'w>(PhantomData<&'w mut ()>);

impl Tables<'_> {
    /// The rows that a SELECT answers.
    ///
    /// # Errors
    ///
    /// The statement is refused or fails, or its rows are no `R`. It left nothing
    /// behind then.
    pub fn query<R: DeserializeOwned>(
        &self,
        sql: &str,
        parameters: impl Serialize,
    ) -> Result<Vec<R>, TableError> {
        let parameters = encode(&parameters)?;
        let answer = sys::query(sql, &parameters).map_err(TableError)?;
        rmp_serde::from_slice(&answer.rows).map_err(|error| {
            let columns = answer.columns.join(", ");
            TableError(format!("the columns ({columns}) do not fit what they are read as: {error}"))
        })
    }

    /// The first row that a SELECT answers, if there is one.
    ///
    /// # Errors
    ///
    /// As [`Tables::query`].
    pub fn query_one<R: DeserializeOwned>(
        &self,
        sql: &str,
        parameters: impl Serialize,
    ) -> Result<Option<R>, TableError> {
        Ok(self.query(sql, parameters)?.into_iter().next())
    }

    /// Makes an INSERT, UPDATE or DELETE with RETURNING, and gives the rows that it
    /// returns. No order of several rows can be relied on.
    ///
    /// ```
    /// # use sandtable_sdk::prelude::*;
    /// # fn open(tables: &mut Tables<'_>, owner: Entity) -> Result<Option<i64>, TableError> {
    /// let sql = "INSERT INTO bank__accounts
    ///            SELECT ifnull(max(number), 0) + 1, ?1 FROM bank__accounts RETURNING number";
    /// let opened: Vec<(i64,)> = tables.execute_returning(sql, (owner,))?;
    /// # Ok(opened.first().map(|row| row.0))
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The statement is refused or fails, and changes nothing; or its rows are no `R`,
    /// and it has changed what it says.
    pub fn execute_returning<R: DeserializeOwned>(
        &mut self,
        sql: &str,
        parameters: impl Serialize,
    ) -> Result<Vec<R>, TableError> {
        self.query(sql, parameters)
    }

    /// Makes an INSERT, UPDATE or DELETE, and gives how many rows it changed.
    ///
    /// # Errors
    ///
    /// The statement is refused or fails. Nothing is changed then.
    pub fn execute(&mut self, sql: &str, parameters: impl Serialize) -> Result<u64, TableError> {
        self.execute_many(sql, [parameters])
    }

    /// Makes one INSERT, UPDATE or DELETE for each row of parameters, or none of
    /// them, and gives how many rows they changed.
    ///
    /// # Errors
    ///
    /// The statement is refused or fails for one of the rows. Nothing is changed then.
    pub fn execute_many<P: Serialize>(
        &mut self,
        sql: &str,
        rows: impl IntoIterator<Item = P>,
    ) -> Result<u64, TableError> {
        // An array in the form that has room for any number of rows.
        let (mut count, mut encoded) = (0_u32, vec![0xdd, 0, 0, 0, 0]);
        for row in rows {
            row.serialize(&mut rmp_serde::Serializer::new(&mut encoded)).map_err(unfit)?;
            count += 1;
        }
        if count == 0 {
            return Ok(0);
        }
        encoded[1..5].copy_from_slice(&count.to_be_bytes());
        sys::execute(sql, &encoded).map_err(TableError)
    }
}

fn encode(parameters: &impl Serialize) -> Result<Vec<u8>, TableError> {
    rmp_serde::to_vec(parameters).map_err(unfit)
}

fn unfit(error: rmp_serde::encode::Error) -> TableError {
    TableError(format!("the parameters cannot be given: {error}"))
}

/// A statement that was refused or failed, and changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError(String);

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TableError {}

impl From<TableError> for String {
    fn from(error: TableError) -> Self {
        error.0
    }
}

impl Param for Tables<'_> {
    type State = ();
    type Item<'w> = Tables<'w>;

    const NEEDS_WORLD: bool = true;

    fn declare(system: &mut SystemDeclaration<'_>) {
        system.tables();
    }

    fn open(_: &Call, _: &mut Slots) -> Result<(), Fault> {
        Ok(())
    }

    fn item<'w>((): &'w mut (), _: Range<usize>, _: &'w Call) -> Tables<'w> {
        Tables(PhantomData)
    }
}
