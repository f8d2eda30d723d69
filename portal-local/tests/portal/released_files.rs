//! Database files of released versions, which every later version opens.

use std::path::{Path, PathBuf};

use portal_local::{LocalPortal, SeedUser, StartError};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::application::Application;
use crate::browser::Browser;
use crate::world::{DASHBOARD, PASSWORD, PortalClock, identify};

/// One file for each released schema version, the first one first.
// A release that adds a migration adds the dump of a file that it wrote.
const RELEASED: [&str; 2] = [
    include_str!("released/schema_1.sql"),
    include_str!("released/schema_2.sql"),
];
const JANE: &str = "jane+clerk_test@example.com";
const TOTP: &str = "totp+clerk_test@example.com";

fn written(dir: &TempDir, name: &str, sql: &str) -> PathBuf {
    let file = dir.path().join(name);
    Connection::open(&file).unwrap().execute_batch(sql).unwrap();
    file
}

/// Every table, index and trigger, by kind and name.
fn schema(file: &Path) -> Vec<(String, String, Option<String>)> {
    let connection = Connection::open(file).unwrap();
    let mut found = connection
        .prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")
        .unwrap();
    let rows = found.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

async fn opened(file: &Path) -> LocalPortal {
    PortalClock::new().builder().database_file(file).start().await.unwrap()
}

#[tokio::test]
async fn released_file_keeps_keys_users_and_organizations() {
    let dir = TempDir::new().unwrap();
    for (version, sql) in (1..).zip(RELEASED) {
        let portal = opened(&written(&dir, &format!("{version}.sqlite"), sql)).await;
        assert_eq!(portal.secret_key().expose(), format!("sk_test_of_schema_{version}"));
        assert!(portal.webhook_signing_secret().expose().starts_with("whsec_"));
        assert_eq!(portal.webhooks().await.unwrap().len(), version - 1);

        let mut browser = Browser::new(portal.origin());
        identify(&mut browser, JANE, DASHBOARD).await;
        assert_eq!(browser.submit(&[("password", PASSWORD)]).await.status, 303);
        assert!(portal.totp_code_for(TOTP).await.unwrap().is_some());
        assert_eq!(portal.outbox().await.unwrap().len(), 5);

        let application = Application::new(&portal);
        let get = async |path: &str| {
            let answer = application.get(path).await;
            assert_eq!(answer.status, 200, "{version}: {path}: {}", answer.body);
            answer.json()
        };
        assert!(application.handshake(&mut browser).await.is_signed_in());
        let real = get("/v1/users?external_id=x1").await;
        assert_eq!(real[0]["public_metadata"], json!({ "role": "admin" }));
        assert_eq!(
            get(&format!("/v1/users/{}", SeedUser::new(JANE).id())).await["has_image"],
            true
        );
        let active = get(&format!("/v1/sessions?status=active&user_id={}", id_of(&real))).await;
        assert_eq!(active.as_array().unwrap().len(), 2);
        assert_eq!(get("/v1/organizations/acme/memberships").await["total_count"], 2);
        assert_eq!(
            get("/v1/organizations/acme/invitations/pending").await["total_count"],
            1
        );
        for path in ["/v1/invitations", "/v1/jwt_templates", "/v1/allowlist_identifiers"] {
            assert_eq!(get(path).await.as_array().unwrap().len(), 1, "{version}: {path}");
        }
        assert_eq!(get("/v1/waitlist_entries").await["total_count"], 1);
    }
}

fn id_of(users: &Value) -> &str {
    users[0]["id"].as_str().unwrap()
}

/// Fails too if a released migration was changed: the released file keeps what it had.
#[tokio::test]
async fn released_file_gets_the_schema_of_a_new_one() {
    let dir = TempDir::new().unwrap();
    let new = dir.path().join("new.sqlite");
    opened(&new).await.shut_down().await;
    for (version, sql) in (1..).zip(RELEASED) {
        let file = written(&dir, &format!("{version}.sqlite"), sql);
        opened(&file).await.shut_down().await;
        assert_eq!(schema(&file), schema(&new), "from version {version}");
    }
    let version: u32 = Connection::open(&new)
        .unwrap()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version as usize, RELEASED.len(), "each schema version has its file");
}

#[test]
fn released_files_have_rows_in_every_table() {
    for sql in RELEASED {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(sql).unwrap();
        let mut tables = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
            .unwrap();
        let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
        for table in tables.map(Result::unwrap) {
            let count = format!("SELECT count(*) FROM {table}");
            let rows: i64 = connection.query_row(&count, [], |row| row.get(0)).unwrap();
            assert!(rows > 0, "{table}");
        }
    }
}

#[tokio::test]
async fn file_from_before_the_first_release_is_refused_and_unchanged() {
    let dir = TempDir::new().unwrap();
    let sql = "CREATE TABLE instance (x); PRAGMA application_id = 0x50744c6f; PRAGMA user_version = 12;";
    let file = written(&dir, "old.sqlite", sql);
    let before = std::fs::read(&file).unwrap();
    let error = LocalPortal::builder().database_file(&file).start().await.unwrap_err();
    assert!(matches!(error, StartError::UnreleasedDatabase { .. }), "{error:?}");
    let text = error.to_string();
    assert!(!text.contains('\n'), "{text}");
    for part in [
        "old.sqlite",
        "before its first release",
        "delete the file",
        "choose another file",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(std::fs::read(&file).unwrap(), before);
}
