//! Rows as structs: [`record!`] declares a struct together with its table.

use portal_sdk::clock::UnixTime;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Result, Row};

/// A type that a column holds. (`UnixTime` and [`ToSql`] both come from elsewhere.)
pub(crate) trait Column {
    fn from_column(value: ValueRef<'_>) -> FromSqlResult<Self>
    where
        Self: Sized;

    fn to_column(&self) -> Result<ToSqlOutput<'_>>;
}

/// Implements [`Column`] for types that SQLite's driver knows.
macro_rules! columns {
    ($($type:ty),+ $(,)?) => {$(
        impl $crate::store::record::Column for $type {
            fn from_column(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
                rusqlite::types::FromSql::column_result(value)
            }

            fn to_column(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                rusqlite::types::ToSql::to_sql(self)
            }
        }
    )+};
}
pub(super) use columns;

/// Implements [`Column`] for types that are kept as JSON.
macro_rules! json_columns {
    ($($type:ty),+) => {$(
        impl rusqlite::types::ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                match serde_json::to_string(self) {
                    Ok(text) => Ok(text.into()),
                    Err(error) => Err(rusqlite::Error::ToSqlConversionFailure(error.into())),
                }
            }
        }

        impl rusqlite::types::FromSql for $type {
            fn column_result(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
                serde_json::from_str(value.as_str()?).map_err(|error| rusqlite::types::FromSqlError::Other(error.into()))
            }
        }

        $crate::store::record::columns!($type);
    )+};
}
pub(super) use json_columns;

columns!(
    String,
    Vec<u8>,
    bool,
    i64,
    u16,
    u32,
    crate::secrets::SecretHash,
    crate::totp::TotpSecret
);

impl Column for UnixTime {
    fn from_column(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(Self::from_millis)
    }

    fn to_column(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.as_millis().into())
    }
}

impl<T: Column> Column for Option<T> {
    fn from_column(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Null => Ok(None),
            value => T::from_column(value).map(Some),
        }
    }

    fn to_column(&self) -> Result<ToSqlOutput<'_>> {
        match self {
            Some(value) => value.to_column(),
            None => Ok(rusqlite::types::Null.into()),
        }
    }
}

/// A [`Column`] as the driver reads and writes it.
pub(super) struct Driver<T>(pub(super) T);

impl<T: Column> FromSql for Driver<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        T::from_column(value).map(Self)
    }
}

impl ToSql for Driver<&dyn Column> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        self.0.to_column()
    }
}

/// The cells of a row, read from left to right.
pub(crate) struct Cells<'a> {
    row: &'a Row<'a>,
    read: usize,
}

impl<'a> Cells<'a> {
    pub(super) fn of(row: &'a Row<'a>) -> Self {
        Self { row, read: 0 }
    }

    pub(super) fn cell<T: Column>(&mut self) -> Result<T> {
        let cell = self.row.get::<_, Driver<T>>(self.read)?;
        self.read += 1;
        Ok(cell.0)
    }
}

/// A struct with one field for each column of a table that is read.
pub(crate) trait Record: Sized {
    const TABLE: &'static str;
    /// The columns, or the expressions read in their place, in the order of the fields.
    const COLUMNS: &'static [&'static str];

    fn read(cells: &mut Cells<'_>) -> Result<Self>;

    /// The columns that are written, with their values.
    fn written(&self) -> Vec<(&'static str, &dyn Column)>;
}

/// Declares a struct that is a [`Record`].
///
/// A field is the column of its name, or the column behind `as`; one with an expression behind `=` is never written.
macro_rules! record {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident in $table:literal {
            $(
                $(#[$field_attribute:meta])*
                $field_visibility:vis $field:ident: $type:ty $(as $column:literal)? $(= $expression:literal)?
            ),+ $(,)?
        }
    ) => {
        $(#[$attribute])*
        $visibility struct $name {
            $( $(#[$field_attribute])* $field_visibility $field: $type, )+
        }

        impl $crate::store::record::Record for $name {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [&'static str] =
                &[$( $crate::store::record::read!($field $(as $column)? $(= $expression)?) ),+];

            fn read(cells: &mut $crate::store::record::Cells<'_>) -> rusqlite::Result<Self> {
                Ok(Self { $( $field: cells.cell()? ),+ })
            }

            fn written(&self) -> Vec<(&'static str, &dyn $crate::store::record::Column)> {
                let all = [$(
                    ($crate::store::record::written!($field $(as $column)? $(= $expression)?), &self.$field as _)
                ),+];
                all.into_iter().filter_map(|(column, value)| Some((column?, value))).collect()
            }
        }
    };
}
pub(super) use record;

/// The source of a field of a [`record!`].
macro_rules! read {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident as $column:literal) => {
        $column
    };
    ($field:ident = $expression:literal) => {
        $expression
    };
}
pub(super) use read;

/// The column that a field of a [`record!`] is written to.
macro_rules! written {
    ($field:ident = $expression:literal) => {
        None
    };
    ($($column:tt)+) => {
        Some($crate::store::record::read!($($column)+))
    };
}
pub(super) use written;
