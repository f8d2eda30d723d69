//! Events and requests in every order: the row is the same in the end.

use std::time::Duration;

use axum::http::StatusCode;
use portal_axum::UserId;
use portal_axum::portal_sdk::clock::UnixTime;
use portal_axum::testing::TestWebhook;
use portal_example_users::KEPT_AFTER_DELETION;
use serde_json::json;

use crate::databases::{TestDatabase, on_each_database};
use crate::world::{Version, World};

on_each_database! {
    every_order_of_changes_ends_with_the_latest
    every_order_with_a_deletion_ends_deleted
    swapped_addresses_are_kept_in_both_orders
    address_of_a_deleted_user_can_be_another_ones
    deleted_row_is_removed_after_its_time
    event_without_a_version_is_refused
    other_events_change_nothing
}

/// An event or a request. The number is the version of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Changed(i64),
    SignedIn(i64),
    Deleted,
}

const DELETED_AT: i64 = 9;

/// All orders of the steps.
fn orders(steps: &[Step]) -> Vec<Vec<Step>> {
    if steps.is_empty() {
        return vec![Vec::new()];
    }
    let mut orders_found = Vec::new();
    for (index, first) in steps.iter().enumerate() {
        let others = [&steps[..index], &steps[index + 1..]].concat();
        orders_found.extend(orders(&others).into_iter().map(|rest| [&[*first][..], &rest].concat()));
    }
    orders_found
}

/// Takes the steps in this order, each event twice.
async fn take(world: &World, user: &str, order: &[Step]) {
    let mut is_deleted = false;
    for step in order {
        match *step {
            Step::SignedIn(number) => {
                let expected = if is_deleted {
                    StatusCode::FORBIDDEN
                } else {
                    StatusCode::OK
                };
                let status = world.sign_in(&Version::new(user, number)).await;
                assert_eq!(status, expected, "{step:?} of {order:?}");
            }
            Step::Changed(number) => {
                // Each is another delivery, so the service cannot tell that the event is known.
                for event in [Version::new(user, number).event(), Version::new(user, number).event()] {
                    assert_eq!(world.deliver(&event).await, StatusCode::OK, "{step:?} of {order:?}");
                }
            }
            Step::Deleted => {
                is_deleted = true;
                for event in [(); 2].map(|()| Version::new(user, DELETED_AT).deleted()) {
                    assert_eq!(world.deliver(&event).await, StatusCode::OK, "{step:?} of {order:?}");
                }
            }
        }
    }
}

async fn every_order_of_changes_ends_with_the_latest(database: TestDatabase) {
    let world = World::new(&database).await;
    for token in 0..=2 {
        let steps = [
            Step::Changed(0),
            Step::Changed(1),
            Step::Changed(2),
            Step::SignedIn(token),
        ];
        for (index, order) in orders(&steps).iter().enumerate() {
            let user = format!("user_{token}_{index}");
            take(&world, &user, order).await;
            let row = world.row(&user).await.expect("the row is there");
            // The event of the latest change has the exact time, so it replaces the token's data.
            assert_eq!(row, Version::new(&user, 2).row(row.id, "webhook"), "{order:?}");
        }
    }
}

async fn every_order_with_a_deletion_ends_deleted(database: TestDatabase) {
    let world = World::new(&database).await;
    // Clerk's servers have different clocks, so a change can bear a later time than the deletion.
    let changes = [Step::Changed(0), Step::Changed(1), Step::Changed(DELETED_AT + 1)];
    let orders = orders(&[&changes[..], &[Step::SignedIn(1), Step::Deleted]].concat());
    assert_eq!(orders.len(), 120);
    for (index, order) in orders.iter().enumerate() {
        let user = format!("user_{index}");
        take(&world, &user, order).await;
        let row = world.row(&user).await.expect("the row is there");
        assert_eq!(row, Version::new(&user, DELETED_AT).deleted_row(row.id), "{order:?}");
    }
}

async fn swapped_addresses_are_kept_in_both_orders(database: TestDatabase) {
    let world = World::new(&database).await;
    for users in [["user_ada", "user_bob"], ["user_bob", "user_ada"]] {
        let [first, second] = users.map(|user| Version::new(user, 0));
        for version in [&first, &second] {
            world.deliver(&version.event()).await;
        }
        let [new_first, new_second] = [
            Version::new(users[0], 1).with_email(second.email.as_deref()),
            Version::new(users[1], 1).with_email(first.email.as_deref()),
        ];
        for version in [&new_first, &new_second] {
            assert_eq!(world.deliver(&version.event()).await, StatusCode::OK);
        }
        for version in [new_first, new_second] {
            let row = world.row(&version.id).await.expect("the row is there");
            assert_eq!(row.email, version.email);
        }
    }
}

async fn address_of_a_deleted_user_can_be_another_ones(database: TestDatabase) {
    let world = World::new(&database).await;
    let ada = Version::new("user_ada", 0);
    let heir = Version::new("user_heir", 2).with_email(ada.email.as_deref());
    // The deletion is the last to arrive.
    for event in [ada.event(), heir.event(), Version::new("user_ada", 1).deleted()] {
        assert_eq!(world.deliver(&event).await, StatusCode::OK);
    }
    assert_eq!(world.row("user_heir").await.expect("the row is there").email, ada.email);
    assert_eq!(world.row("user_ada").await.expect("the row is there").email, None);
}

async fn deleted_row_is_removed_after_its_time(database: TestDatabase) {
    let world = World::new(&database).await;
    let deleted_at = Version::new("user_ada", 0).at();
    let after = |duration: Duration| {
        let millis = i64::try_from(duration.as_millis()).expect("a month");
        UnixTime::from_millis(deleted_at.as_millis() + millis)
    };
    let delete = async |user: &str, deleted_at, now| {
        let deleted = world.database.delete(&UserId::from(user), deleted_at, now).await;
        deleted.expect("the statements succeed");
    };
    delete("user_ada", deleted_at, deleted_at).await;
    let last = after(KEPT_AFTER_DELETION);
    delete("user_bob", last, last).await;
    assert!(world.row("user_ada").await.is_some(), "removed too early");
    let next = after(KEPT_AFTER_DELETION + Duration::from_millis(1));
    delete("user_eve", next, next).await;
    assert!(world.row("user_ada").await.is_none());
    assert!(world.row("user_bob").await.is_some());
}

async fn event_without_a_version_is_refused(database: TestDatabase) {
    let world = World::new(&database).await;
    for data in [
        json!({ "id": "user_ada" }),
        json!({ "updated_at": 1_700_000_000_000_i64 }),
    ] {
        let event = TestWebhook::new("user.updated", data);
        assert_eq!(world.deliver(&event).await, StatusCode::INTERNAL_SERVER_ERROR);
    }
    assert!(world.row("user_ada").await.is_none());
}

async fn other_events_change_nothing(database: TestDatabase) {
    let world = World::new(&database).await;
    let session = json!({ "id": "sess_1", "user_id": "user_ada", "status": "ended" });
    for event in [
        TestWebhook::new("session.ended", session),
        TestWebhook::new("organization.created", json!({ "malformed": true })),
        TestWebhook::new("email.created", json!({})),
    ] {
        assert_eq!(world.deliver(&event).await, StatusCode::OK);
    }
    assert_eq!(world.database.latest().await.expect("the query succeeds"), []);
}
