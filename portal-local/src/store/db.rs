//! [`Db`]: the open transaction, and the queries that every table repeats.

use portal_sdk::clock::UnixTime;
use rusqlite::types::{FromSql, ToSql};
use rusqlite::{Connection, OptionalExtension as _, Params, params_from_iter};

use super::Result;
use super::record::{Cells, Column, Driver, Record};

/// An open transaction, and the time of everything that happens in it.
///
/// A `condition` is the SQL behind `WHERE`.
#[derive(Clone, Copy)]
pub(crate) struct Db<'a> {
    pub(super) connection: &'a Connection,
    pub(crate) now: UnixTime,
}

impl Db<'_> {
    /// The record that `condition` selects; the first one of several.
    pub(super) fn find<T: Record>(self, condition: &str, values: impl Params) -> Result<Option<T>> {
        let mut query = self.connection.prepare_cached(&select::<T>(condition))?;
        Ok(query.query_row(values, |row| T::read(&mut Cells::of(row))).optional()?)
    }

    /// The records that `condition` selects.
    pub(super) fn list<T: Record>(self, condition: &str, values: impl Params) -> Result<Vec<T>> {
        self.rows(&select::<T>(condition), values, T::read)
    }

    /// The records that `condition` selects, the oldest first.
    pub(super) fn oldest_first<T: Record>(self, condition: &str, values: impl Params) -> Result<Vec<T>> {
        self.list(&format!("{condition} ORDER BY created_at, rowid"), values)
    }

    /// The records that `condition` selects, the latest first.
    pub(super) fn latest_first<T: Record>(self, condition: &str, values: impl Params) -> Result<Vec<T>> {
        self.list(&format!("{condition} ORDER BY created_at DESC, rowid DESC"), values)
    }

    /// The first column of the first row of a query.
    pub(super) fn value<T: FromSql>(self, query: &str, values: impl Params) -> Result<Option<T>> {
        let mut query = self.connection.prepare_cached(query)?;
        Ok(query.query_row(values, |row| row.get(0)).optional()?)
    }

    /// The first column of every row of a query.
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "a path to a method of `Cells<'_>` names one lifetime, not every one"
    )]
    pub(super) fn values<T: Column>(self, query: &str, values: impl Params) -> Result<Vec<T>> {
        self.rows(query, values, |cells| cells.cell())
    }

    /// Reads every row of a query.
    pub(super) fn rows<T>(
        self,
        query: &str,
        values: impl Params,
        read: impl Fn(&mut Cells<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut query = self.connection.prepare_cached(query)?;
        let rows = query.query_map(values, |row| read(&mut Cells::of(row)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Writes a new record, and `more` columns that are never read.
    pub(super) fn insert<T: Record>(self, record: &T, more: &[(&str, &dyn ToSql)]) -> Result<()> {
        let written = record.written();
        let read: Vec<Driver<&dyn Column>> = written.iter().map(|(_, value)| Driver(*value)).collect();
        let names = written
            .iter()
            .map(|(name, _)| *name)
            .chain(more.iter().map(|(name, _)| *name));
        let names: Vec<&str> = names.collect();
        let marks = vec!["?"; names.len()].join(", ");
        let values = read
            .iter()
            .map(|value| value as &dyn ToSql)
            .chain(more.iter().map(|(_, value)| *value));
        let insert = format!("INSERT INTO {} ({}) VALUES ({marks})", T::TABLE, names.join(", "));
        self.run(&insert, params_from_iter(values))
    }

    /// Writes `columns` of the row with this `id`.
    pub(super) fn set<T: Record>(self, id: &str, columns: &[(&str, &dyn ToSql)]) -> Result<()> {
        let names: Vec<String> = columns.iter().map(|(name, _)| format!("{name} = ?")).collect();
        let update = format!("UPDATE {} SET {} WHERE id = ?", T::TABLE, names.join(", "));
        let id: &dyn ToSql = &id;
        self.run(
            &update,
            params_from_iter(columns.iter().map(|(_, value)| *value).chain([id])),
        )
    }

    /// Deletes the row with this `id`.
    pub(super) fn delete<T: Record>(self, id: &str) -> Result<()> {
        self.run(&format!("DELETE FROM {} WHERE id = ?", T::TABLE), [id])
    }

    /// Runs a statement.
    pub(super) fn run(self, statement: &str, values: impl Params) -> Result<()> {
        self.changed(statement, values).map(drop)
    }

    /// Runs a statement. Returns `true` if it changed a row.
    pub(super) fn changed(self, statement: &str, values: impl Params) -> Result<bool> {
        Ok(self.connection.prepare_cached(statement)?.execute(values)? > 0)
    }
}

fn select<T: Record>(condition: &str) -> String {
    format!("SELECT {} FROM {} WHERE {condition}", T::COLUMNS.join(", "), T::TABLE)
}
