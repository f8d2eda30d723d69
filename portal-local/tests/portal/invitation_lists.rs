//! Lists of invitations and of the waitlist: filters, orders, pages.

use serde_json::json;

use crate::lists::{ask, ids};
use crate::organizations::{organization, user};
use crate::world::World;

const ADA: &str = "ada+clerk_test@example.com";

#[tokio::test]
async fn invitations_are_found_by_status_address_and_time() {
    let world = World::start().await;
    let application = world.application();
    let ada = user(&application, ADA).await;
    let acme = organization(&application, "Acme", &ada).await;
    for base in [
        "/v1/invitations".to_owned(),
        format!("/v1/organizations/{acme}/invitations"),
    ] {
        let mut made = Vec::new();
        for (address, days) in [("b@example.com", 9), ("A@example.org", 5), ("c@example.com", 7)] {
            let mut body = json!({ "email_address": address, "expires_in_days": days });
            if base.starts_with("/v1/organizations") {
                body["role"] = json!("org:member");
            }
            let one = application.post(&base, &body).await.json();
            made.push(one["id"].as_str().unwrap().to_owned());
            world.clock.forward_secs(1);
        }
        application
            .post(&format!("{base}/{}/revoke", made[2]), &json!({}))
            .await;
        let [b, a, c] = [&made[0], &made[1], &made[2]];
        let is_for_organization = base.contains("organizations");
        let unfiltered = if is_for_organization { vec![c, a, b] } else { vec![a, b] };
        let mut cases = vec![
            (String::new(), unfiltered),
            ("status=pending".into(), vec![a, b]),
            ("status=revoked".into(), vec![c]),
            ("status=pending&order_by=email_address".into(), vec![a, b]),
            ("status=pending&order_by=-email_address".into(), vec![b, a]),
            ("status=pending&order_by=%2Bcreated_at".into(), vec![b, a]),
            ("status=pending&limit=1&offset=1".into(), vec![b]),
        ];
        if is_for_organization {
            cases.push(("status=pending&status=revoked".into(), vec![c, a, b]));
            cases.push(("email_address=a@example.org".into(), vec![a]));
        } else {
            cases.push(("query=EXAMPLE.ORG".into(), vec![a]));
            cases.push((format!("query={b}"), vec![b]));
            cases.push(("order_by=expires_at".into(), vec![a, b]));
        }
        for (query, expected) in cases {
            let found = ask(&application, &format!("{base}?{query}")).await;
            assert_eq!(ids(&found), expected, "{base}?{query}");
        }
    }
    let pending = ask(
        &application,
        &format!("/v1/organizations/{acme}/invitations/pending?limit=1"),
    )
    .await;
    assert_eq!(
        (&pending["data"][0]["email_address"], &pending["total_count"]),
        (&json!("A@example.org"), &json!(2))
    );
    let page = ask(&application, "/v1/invitations?paginated=true&limit=1").await;
    assert_eq!((ids(&page).len(), &page["total_count"]), (1, &json!(2)));
    world.clock.forward_secs(6 * 24 * 60 * 60);
    let expired = ask(&application, "/v1/invitations?status=expired").await;
    assert_eq!(ids(&expired).len(), 1);
}

#[tokio::test]
async fn waitlist_is_sorted_by_invitation_time() {
    let world = World::start().await;
    let application = world.application();
    let mut made = Vec::new();
    for address in ["a@example.com", "b@example.com", "c@example.org"] {
        let body = json!({ "email_address": address });
        let entry = application.post("/v1/waitlist_entries", &body).await.json();
        made.push(entry["id"].as_str().unwrap().to_owned());
        world.clock.forward_secs(1);
    }
    let [a, b, c] = [&made[0], &made[1], &made[2]];
    for id in [b, a] {
        application
            .post(&format!("/v1/waitlist_entries/{id}/invite"), &json!({}))
            .await;
        world.clock.forward_secs(1);
    }
    for (query, expected) in [
        (String::new(), vec![c, b, a]),
        ("order_by=email_address".into(), vec![a, b, c]),
        ("order_by=-invited_at".into(), vec![a, b, c]),
        ("status=invited&order_by=invited_at".into(), vec![b, a]),
        ("status=pending".into(), vec![c]),
        ("status=rejected".into(), vec![]),
        ("query=example.ORG".into(), vec![c]),
        (format!("query={b}"), vec![b]),
    ] {
        let found = ask(&application, &format!("/v1/waitlist_entries?{query}")).await;
        assert_eq!(ids(&found), expected, "{query}");
        assert_eq!(found["total_count"], expected.len(), "{query}");
    }
}
