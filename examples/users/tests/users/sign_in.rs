//! Requests of signed-in users create and correct their row.

use std::time::{Duration, UNIX_EPOCH};

use axum::http::StatusCode;
use portal_axum::portal_sdk::clock::UnixTime;
use portal_axum::{BackendError, EmailAddress, User};
use portal_example_users::{MOST_ROWS, UserRow};

use crate::databases::{TestDatabase, on_each_database};
use crate::world::{Version, World};

on_each_database! {
    first_request_creates_the_row
    concurrent_first_requests_make_one_row
    newer_token_updates_the_row_and_older_token_does_not
    removed_address_is_removed_from_the_row
    token_without_claims_costs_one_look_up
    outage_at_the_first_request_creates_no_row
    names_are_shown_as_text
    latest_rows_are_shown
}

/// The row with the token's time, which is rounded down to seconds.
fn row_of_token(version: &Version, id: i64) -> UserRow {
    let row = version.row(id, "sign-in");
    let in_secs = |time: UnixTime| UnixTime::from_secs(time.as_secs());
    UserRow {
        created_at: row.created_at.map(in_secs),
        updated_at: in_secs(row.updated_at),
        ..row
    }
}

async fn first_request_creates_the_row(database: TestDatabase) {
    let world = World::new(&database).await;
    let ada = Version::new("user_ada", 0);
    let (status, page) = world.visit(&world.session(&ada)).await;
    assert_eq!(status, StatusCode::OK);
    let row = world.row("user_ada").await.expect("the row is there");
    assert_eq!(row, row_of_token(&ada, row.id));
    let updated_at = UNIX_EPOCH + Duration::from_millis(u64::try_from(row.updated_at.as_millis()).expect("after 1970"));
    let updated_at = httpdate::fmt_http_date(updated_at);
    for text in ["user_ada.0@example.com", "Ada 0", &updated_at, "sign-in"] {
        assert!(page.contains(text), "expected {text:?}, found {page}");
    }
}

async fn concurrent_first_requests_make_one_row(database: TestDatabase) {
    let ada = Version::new("user_ada", 0);
    let mut tasks = tokio::task::JoinSet::new();
    // Each has a connection and a replica, so that only the database can keep them apart.
    for number in 0..8 {
        let world = World::new(&database).await;
        let ada = ada.clone();
        tasks.spawn(async move {
            match number % 4 {
                0 => world.deliver(&ada.event()).await,
                _ => world.sign_in(&ada).await,
            }
        });
    }
    assert!(tasks.join_all().await.iter().all(|status| *status == StatusCode::OK));
    let rows = World::new(&database)
        .await
        .database
        .latest()
        .await
        .expect("the query succeeds");
    let [row] = &rows[..] else {
        panic!("expected one row, found {rows:?}")
    };
    assert_eq!(*row, ada.row(row.id, "webhook"));
}

async fn newer_token_updates_the_row_and_older_token_does_not(database: TestDatabase) {
    let world = World::new(&database).await;
    let versions: Vec<Version> = (0..=2).map(|number| Version::new("user_ada", number)).collect();
    world.deliver(&versions[0].event()).await;
    let id = world.row("user_ada").await.expect("the row is there").id;

    // The token is faster than the webhook.
    assert_eq!(world.sign_in(&versions[1]).await, StatusCode::OK);
    assert_eq!(world.row("user_ada").await, Some(row_of_token(&versions[1], id)));

    // Another browser's token is a minute older.
    assert_eq!(world.sign_in(&versions[0]).await, StatusCode::OK);
    assert_eq!(world.row("user_ada").await, Some(row_of_token(&versions[1], id)));

    world.deliver(&versions[2].event()).await;
    assert_eq!(world.sign_in(&versions[2]).await, StatusCode::OK);
    assert_eq!(world.row("user_ada").await, Some(versions[2].row(id, "webhook")));
}

async fn removed_address_is_removed_from_the_row(database: TestDatabase) {
    let world = World::new(&database).await;
    for user in ["user_ada", "user_bob"] {
        world.deliver(&Version::new(user, 0).event()).await;
    }
    world
        .deliver(&Version::new("user_ada", 1).with_email(None).event())
        .await;
    world.sign_in(&Version::new("user_bob", 1).with_email(None)).await;
    for user in ["user_ada", "user_bob"] {
        assert_eq!(world.row(user).await.expect("the row is there").email, None);
    }
}

async fn token_without_claims_costs_one_look_up(database: TestDatabase) {
    let world = World::new(&database).await;
    let backend = world.clerk.backend();
    let address = EmailAddress::new("idn_1", "ada@example.com");
    let user = User::builder("user_ada").primary_email_address(address);
    let changed_at = UnixTime::from_millis(1_700_000_000_250);
    backend.set_user("user_ada", Ok(user.updated_at(changed_at).build()));
    let session = world.clerk.signed_in("user_ada");
    for _ in 0..2 {
        assert_eq!(world.visit(&session).await.0, StatusCode::OK);
    }
    let row = world.row("user_ada").await.expect("the row is there");
    assert_eq!(
        (row.email.as_deref(), row.updated_at),
        (Some("ada@example.com"), changed_at)
    );

    // A replica without the user in its memory needs no look-up either.
    let other = World::new(&database).await;
    assert_eq!(other.visit(&other.clerk.signed_in("user_ada")).await.0, StatusCode::OK);
    assert_eq!(other.clerk.backend().calls(), Vec::<String>::new());
}

async fn outage_at_the_first_request_creates_no_row(database: TestDatabase) {
    let world = World::new(&database).await;
    let outage = Err(BackendError::answer(StatusCode::BAD_GATEWAY));
    world.clerk.backend().set_user("user_ada", outage);
    let (status, page) = world.visit(&world.clerk.signed_in("user_ada")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.contains("Please try again in a minute."), "{page}");
    assert!(world.row("user_ada").await.is_none());
    // With the claims, Clerk is not needed.
    assert_eq!(world.sign_in(&Version::new("user_ada", 0)).await, StatusCode::OK);
}

async fn names_are_shown_as_text(database: TestDatabase) {
    let world = World::new(&database).await;
    let session = world.session(&Version::new("user_ada", 0));
    let (_, page) = world.visit(&session.claim("name", "<script>alert(1)</script>")).await;
    assert!(page.contains("script&#62;") && !page.contains("<script>"), "{page}");
}

async fn latest_rows_are_shown(database: TestDatabase) {
    let world = World::new(&database).await;
    for number in 0..=MOST_ROWS {
        world.deliver(&Version::new(&format!("user_{number}"), 0).event()).await;
    }
    let (_, page) = world.visit(&world.session(&Version::new("user_0", 0))).await;
    assert!(
        page.contains("the latest 200 rows") && !page.contains("user_0.0@"),
        "{page}"
    );
}
