//! The database is down: deliveries are refused, and handled when they come again.

use axum::http::StatusCode;

use crate::databases::{TestDatabase, on_each_database};
use crate::world::{Version, World};

on_each_database! { delivery_that_failed_is_handled_when_it_comes_again }

async fn delivery_that_failed_is_handled_when_it_comes_again(database: TestDatabase) {
    let world = World::new(&database).await;
    let ada = Version::new("user_ada", 0);
    let event = ada.event();
    database.break_down().await;
    assert_eq!(world.deliver(&event).await, StatusCode::INTERNAL_SERVER_ERROR);
    let (status, page) = world.visit(&world.session(&ada)).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(page.contains("We couldn&#39;t reach the users."), "{page}");

    database.repair().await;
    assert_eq!(world.deliver(&event).await, StatusCode::OK);
    let row = world.row("user_ada").await.expect("the row is there");
    assert_eq!(row, ada.row(row.id, "webhook"));
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn stopped_server_refuses_and_started_server_is_found_again() {
    let mut server = crate::server::Server::start_new();
    let world = World::new(&TestDatabase::Postgres(server.new_database().await)).await;
    let ada = Version::new("user_ada", 0);
    assert_eq!(world.sign_in(&ada).await, StatusCode::OK);

    server.stop();
    let event = Version::new("user_ada", 1).event();
    for _ in 0..2 {
        assert_eq!(world.deliver(&event).await, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(world.sign_in(&ada).await, StatusCode::INTERNAL_SERVER_ERROR);
    }

    server.start();
    assert_eq!(world.deliver(&event).await, StatusCode::OK);
    assert_eq!(world.sign_in(&ada).await, StatusCode::OK);
    let row = world.row("user_ada").await.expect("the row is there");
    assert_eq!(row, Version::new("user_ada", 1).row(row.id, "webhook"));
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn server_that_does_not_answer_is_given_up_and_used_again() {
    use std::time::Duration;

    use tokio::time::timeout;

    let url = crate::server::Server::shared().new_database().await;
    let world = World::new(&TestDatabase::Postgres(url.clone())).await;
    let ada = Version::new("user_ada", 0);
    assert_eq!(world.sign_in(&ada).await, StatusCode::OK);

    // Another program keeps every query waiting.
    let lock = crate::server::connect(&url).await;
    let sql = "BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE";
    lock.batch_execute(sql).await.expect("the table is locked");
    let event = Version::new("user_ada", 1).event();
    let answer = timeout(Duration::from_secs(30), world.deliver(&event)).await;
    assert_eq!(answer, Ok(StatusCode::INTERNAL_SERVER_ERROR));

    lock.batch_execute("ROLLBACK").await.expect("the table is unlocked");
    assert_eq!(world.deliver(&event).await, StatusCode::OK);
    let row = world.row("user_ada").await.expect("the row is there");
    assert_eq!(row, Version::new("user_ada", 1).row(row.id, "webhook"));
}
