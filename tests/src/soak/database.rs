//! The contents of the portal's database after a run.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

/// A row of the largest ordinary tables takes less than this, with its indexes.
const ROW_BYTES: u64 = 1_024;
/// The schema, the roles, the keys, and tables with little in them; each table and index has a page at least.
const BASE_BYTES: u64 = 512 * 1_024;

/// Rows by table, and the bytes in use.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    pub(super) rows: BTreeMap<String, u64>,
    pub(super) bytes: u64,
    pub(super) file_bytes: u64,
}

impl Contents {
    /// Reads a database that no program has open.
    pub(super) fn read(file: &Path) -> rusqlite::Result<Self> {
        let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let intact: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        if intact != "ok" {
            return Err(rusqlite::Error::InvalidParameterName(format!(
                "integrity_check: {intact}"
            )));
        }
        let mut names =
            db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?;
        let names: Vec<String> = names
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let mut contents = Self::default();
        for name in names {
            let count: u32 = db.query_row(&format!("SELECT count(*) FROM {name}"), [], |row| row.get(0))?;
            contents.rows.insert(name, count.into());
        }
        let number = |pragma: &str| -> rusqlite::Result<u64> {
            let number: u32 = db.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))?;
            Ok(number.into())
        };
        let page = number("page_size")?;
        contents.file_bytes = number("page_count")? * page;
        contents.bytes = contents.file_bytes - number("freelist_count")? * page;
        Ok(contents)
    }

    pub(super) fn rows(&self, table: &str) -> u64 {
        self.rows.get(table).copied().unwrap_or(0)
    }

    /// Returns the figures that this many accounts and sign-ins do not explain.
    pub(super) fn unexplained(&self, accounts: u64, sign_ins: u64) -> Vec<String> {
        let rows: u64 = self.rows.values().sum();
        let explained = BASE_BYTES + ROW_BYTES * rows;
        let mut found = Vec::new();
        for (what, held, most) in [
            ("users", self.rows("users"), accounts),
            ("email addresses", self.rows("email_addresses"), accounts),
            ("sessions", self.rows("sessions"), sign_ins),
            ("bytes in use", self.bytes, explained),
        ] {
            if held > most {
                found.push(format!("{held} {what}, expected at most {most}"));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_without_accounts_are_unexplained() {
        let rows = BTreeMap::from([("users".to_owned(), 10), ("sessions".to_owned(), 30)]);
        let contents = Contents {
            rows,
            bytes: 400_000,
            file_bytes: 400_000,
        };
        assert!(contents.unexplained(10, 30).is_empty());
        assert_eq!(contents.unexplained(9, 29).len(), 2);
        let large = Contents {
            bytes: 700_000,
            ..contents
        };
        assert_eq!(
            large.unexplained(10, 30),
            ["700000 bytes in use, expected at most 565248"]
        );
    }
}
