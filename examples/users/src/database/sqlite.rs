//! SQLite, with one connection that all requests share.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use portal_axum::portal_sdk::clock::UnixTime;
use rusqlite::types::{ToSql, ToSqlOutput};
use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params_from_iter};
use tokio::task::spawn_blocking;

use super::{DatabaseError, Statement, UserRow, Value};

const SCHEMA: &str = include_str!("sqlite.sql");

#[derive(Clone, Debug)]
pub(super) struct Sqlite(Arc<Mutex<Connection>>);

impl Sqlite {
    pub(super) fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    pub(super) async fn run(&self, statements: Vec<Statement>) -> Result<Vec<UserRow>, DatabaseError> {
        let connection = Arc::clone(&self.0);
        // A panic leaves no statement half done: SQLite rolls an open transaction back.
        let work = move || run(&connection.lock().unwrap_or_else(PoisonError::into_inner), &statements);
        Ok(spawn_blocking(work).await??)
    }
}

fn run(connection: &Connection, statements: &[Statement]) -> rusqlite::Result<Vec<UserRow>> {
    // A single statement is a transaction by itself. Several take the write lock first: SQLite refuses to upgrade a read
    // transaction that another program has overtaken (`SQLITE_BUSY_SNAPSHOT`).
    let behavior = match statements {
        [_] => TransactionBehavior::Deferred,
        _ => TransactionBehavior::Immediate,
    };
    let transaction = Transaction::new_unchecked(connection, behavior)?;
    let mut rows = Vec::new();
    for Statement { sql, values } in statements {
        let mut prepared = transaction.prepare_cached(sql)?;
        rows = prepared
            .query_map(params_from_iter(values), row)?
            .collect::<rusqlite::Result<_>>()?;
    }
    transaction.commit()?;
    Ok(rows)
}

fn row(cells: &Row<'_>) -> rusqlite::Result<UserRow> {
    let time = |name| {
        cells
            .get::<_, Option<i64>>(name)
            .map(|millis| millis.map(UnixTime::from_millis))
    };
    Ok(UserRow {
        id: cells.get("id")?,
        clerk_id: cells.get("clerk_id")?,
        email: cells.get("email")?,
        name: cells.get("name")?,
        created_at: time("created_at")?,
        updated_at: UnixTime::from_millis(cells.get("updated_at")?),
        deleted_at: time("deleted_at")?,
        source: cells.get("source")?,
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Text(text) => text.to_sql(),
            Self::Integer(integer) => integer.to_sql(),
        }
    }
}
