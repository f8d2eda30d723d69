//! Expired rows are deleted from the database.

use rusqlite::Connection;
use tempfile::TempDir;

use crate::organizations::user;
use crate::world::{DASHBOARD, PortalClock, World, identify};

const ADA: &str = "ada@example.com";
const TABLES: [&str; 4] = ["sign_ins", "verifications", "handshake_nonces", "oauth_attempts"];

#[tokio::test]
async fn expired_attempts_and_codes_are_deleted() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("portal.sqlite");
    let clock = PortalClock::new();
    let portal = clock.builder().database_file(&file).start().await.unwrap();
    let world = World { portal, clock };
    user(&world.application(), ADA).await;
    for _ in 0..3 {
        let mut browser = world.browser();
        identify(&mut browser, ADA, DASHBOARD).await;
        browser.get("/sign-in/factor-one?strategy=email_code").await;
        browser.get("/sign-in").await;
        let token = browser.form_token();
        browser.post("/sign-in/sso", &[("form_token", &token)], &[]).await;
        let handshake = format!("/v1/client/handshake?format=nonce&{DASHBOARD}");
        assert_eq!(browser.get(&handshake).await.status, 307);
        world.clock.forward_secs(31);
    }
    world.clock.forward_secs(2 * 24 * 60 * 60);
    world.browser().get("/v1/health").await;
    world.portal.shut_down().await;
    let connection = Connection::open(&file).unwrap();
    for table in TABLES {
        let query = format!("SELECT count(*) FROM {table}");
        let left: u32 = connection.query_row(&query, [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "{table}");
    }
}
