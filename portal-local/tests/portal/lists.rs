//! The filters, orders and pages of the Backend API's lists.

use serde_json::{Value, json};

use crate::application::Application;
use crate::organizations::{organization, user};
use crate::world::World;

const ADA: &str = "ada+clerk_test@example.com";
const JOE: &str = "joe+clerk_test@example.com";
const SUE: &str = "sue+clerk_test@example.org";

/// The ids in a list, whether it is counted or not.
pub(crate) fn ids(list: &Value) -> Vec<&str> {
    let items = list.get("data").unwrap_or(list).as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap()).collect()
}

pub(crate) async fn ask(application: &Application, path: &str) -> Value {
    let answer = application.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

/// Creates three users with names, a minute apart.
async fn three(world: &World) -> [String; 3] {
    let application = world.application();
    let mut made = Vec::new();
    for (address, first, last) in [(ADA, "Ada", "Lovelace"), (JOE, "joe", "Ames"), (SUE, "Sue", "Zorn")] {
        let id = user(&application, address).await;
        let names = json!({ "first_name": first, "last_name": last, "external_id": format!("ext_{first}") });
        assert_eq!(application.patch(&format!("/v1/users/{id}"), &names).await.status, 200);
        made.push(id);
        world.clock.forward_secs(60);
    }
    made.try_into().unwrap()
}

#[tokio::test]
async fn user_list_filters_by_every_parameter() {
    let world = World::start().await;
    let application = world.application();
    let [ada, joe, sue] = three(&world).await;
    let acme = organization(&application, "Acme", &ada).await;
    application.post(&format!("/v1/users/{joe}/ban"), &json!({})).await;
    let minute = |n: i64| (crate::world::START_SECS + 60 * n) * 1_000;
    let session = json!({ "user_id": sue });
    application.post("/v1/sessions", &session).await;
    let now = world.clock.now_secs() * 1_000;
    for (query, expected) in [
        (String::new(), vec![&sue, &joe, &ada]),
        ("query=ADA".into(), vec![&ada]),
        ("query=zorn".into(), vec![&sue]),
        (format!("query={joe}"), vec![&joe]),
        ("name_query=love".into(), vec![&ada]),
        ("email_address_query=EXAMPLE.ORG".into(), vec![&sue]),
        ("email_address=Sue%2Bclerk_test@Example.org".into(), vec![&sue]),
        (format!("user_id={ada},{sue}"), vec![&sue, &ada]),
        (format!("user_id[]={ada}&user_id[]=%2B{sue}"), vec![&sue, &ada]),
        (format!("user_id=+{ada}"), vec![&ada]),
        (format!("user_id=-{ada}"), vec![&sue, &joe]),
        ("external_id=ext_Ada&external_id=nobody".into(), vec![&ada]),
        ("external_id=-ext_Ada".into(), vec![&sue, &joe]),
        (format!("organization_id={acme}"), vec![&ada]),
        (format!("organization_id=-{acme}"), vec![&sue, &joe]),
        ("banned=true".into(), vec![&joe]),
        ("banned=false".into(), vec![&sue, &ada]),
        (format!("created_at_after={}", minute(0)), vec![&sue, &joe]),
        (format!("created_at_before={}", minute(2)), vec![&joe, &ada]),
        (
            format!("created_at_after={}&created_at_before={}", minute(0), minute(2)),
            vec![&joe],
        ),
        (format!("last_active_at_after={}", now - 1), vec![&sue]),
        (format!("last_active_at_since={now}"), vec![&sue]),
        (format!("last_active_at_before={now}"), vec![]),
        (format!("last_sign_in_at_before={}", now + 1), vec![&sue]),
        (format!("last_sign_in_at_after={now}"), vec![]),
        ("username=ada".into(), vec![]),
        ("phone_number_query=555".into(), vec![]),
        ("provider=oauth_google&provider_user_id=1".into(), vec![]),
        ("order_by=created_at".into(), vec![&ada, &joe, &sue]),
        ("order_by=%2Blast_name".into(), vec![&joe, &ada, &sue]),
        ("order_by=-last_name".into(), vec![&sue, &ada, &joe]),
        ("order_by=first_name".into(), vec![&ada, &joe, &sue]),
        ("order_by=-email_address".into(), vec![&sue, &joe, &ada]),
        ("order_by=-last_sign_in_at&limit=1".into(), vec![&sue]),
        ("order_by=username".into(), vec![&ada, &joe, &sue]),
        ("order_by=-username".into(), vec![&sue, &joe, &ada]),
        ("limit=1&offset=1".into(), vec![&joe]),
        (format!("starting_after={sue}&limit=1"), vec![&joe]),
        (format!("order_by=created_at&starting_after={joe}"), vec![&sue]),
    ] {
        let found = ask(&application, &format!("/v1/users?{query}")).await;
        assert_eq!(ids(&found), expected, "{query}");
        if !query.contains("limit") && !query.contains("starting_after") {
            let count = ask(&application, &format!("/v1/users/count?{query}")).await;
            assert_eq!(count["total_count"], expected.len(), "{query}");
        }
    }
}

#[tokio::test]
async fn invalid_list_parameter_is_refused_by_name() {
    let world = World::start().await;
    let application = world.application();
    let ada = user(&application, ADA).await;
    let acme = organization(&application, "Acme", &ada).await;
    let many = vec!["user_x"; 101].join(",");
    for (path, name) in [
        ("/v1/users?order_by=password".to_owned(), "order_by"),
        ("/v1/users?order_by=--created_at".into(), "order_by"),
        ("/v1/users?banned=maybe".into(), "banned"),
        ("/v1/users?created_at_after=yesterday".into(), "created_at_after"),
        ("/v1/users?last_sign_in_at_before=1.5".into(), "last_sign_in_at_before"),
        ("/v1/users?limit=501".into(), "limit"),
        ("/v1/users?limit=0".into(), "limit"),
        ("/v1/users?offset=-1".into(), "offset"),
        (format!("/v1/users?user_id={many}"), "user_id"),
        ("/v1/users?provider=oauth_google".into(), "provider"),
        ("/v1/users?provider_user_id=1".into(), "provider_user_id"),
        ("/v1/users?starting_after=user_x".into(), "starting_after"),
        (format!("/v1/users?starting_after={ada}&offset=1"), "offset"),
        (format!("/v1/users?starting_after={ada}&order_by=last_name"), "order_by"),
        ("/v1/users/count?banned=1".into(), "banned"),
        ("/v1/sessions?status=asleep".into(), "status"),
        ("/v1/sessions?paginated=yes".into(), "paginated"),
        ("/v1/organizations?order_by=slug".into(), "order_by"),
        (
            "/v1/organizations?include_members_count=1".into(),
            "include_members_count",
        ),
        (
            format!("/v1/organizations/{acme}?include_members_count=1"),
            "include_members_count",
        ),
        (
            format!("/v1/organizations/{acme}/memberships?order_by=role"),
            "order_by",
        ),
        (
            format!("/v1/organizations/{acme}/memberships?created_at_after=x"),
            "created_at_after",
        ),
        (format!("/v1/organizations/{acme}/invitations?status=open"), "status"),
        (
            format!("/v1/organizations/{acme}/invitations?order_by=expires_at"),
            "order_by",
        ),
        (format!("/v1/organizations/{acme}/invitations/pending?limit=x"), "limit"),
        ("/v1/invitations?status=completed".into(), "status"),
        ("/v1/invitations?order_by=status".into(), "order_by"),
        ("/v1/waitlist_entries?status=accepted".into(), "status"),
        ("/v1/waitlist_entries?order_by=expires_at".into(), "order_by"),
        ("/v1/allowlist_identifiers?paginated=2".into(), "paginated"),
    ] {
        let answer = application.get(&path).await;
        let error = &answer.json()["errors"][0];
        assert_eq!(
            (answer.status, &error["code"], &error["meta"]["param_name"]),
            (422, &json!("form_param_value_invalid"), &json!(name)),
            "{path}"
        );
        let sentence = error["long_message"].as_str().unwrap();
        assert!(
            sentence.starts_with("Found ") && sentence.contains("expected"),
            "{sentence}"
        );
    }
}

#[tokio::test]
async fn session_list_filters_by_client_user_and_status() {
    let world = World::start().await;
    let application = world.application();
    let [ada, joe, _] = three(&world).await;
    let mut made = Vec::new();
    for user_id in [&ada, &ada, &joe] {
        let session = application
            .post("/v1/sessions", &json!({ "user_id": user_id }))
            .await
            .json();
        made.push((
            session["id"].as_str().unwrap().to_owned(),
            session["client_id"].as_str().unwrap().to_owned(),
        ));
        world.clock.forward_secs(1);
    }
    application
        .post(&format!("/v1/sessions/{}/revoke", made[0].0), &json!({}))
        .await;
    let [first, second, third] = [&made[0].0, &made[1].0, &made[2].0];
    for (query, expected) in [
        (format!("user_id={ada}"), vec![second, first]),
        (format!("client_id={}", made[1].1), vec![second]),
        ("status=active".into(), vec![third, second]),
        (format!("user_id={ada}&status=revoked"), vec![first]),
        ("status=ended".into(), vec![]),
        ("status=pending".into(), vec![]),
        ("limit=1&offset=1".into(), vec![second]),
    ] {
        let found = ask(&application, &format!("/v1/sessions?{query}")).await;
        assert_eq!(ids(&found), expected, "{query}");
    }
    let page = ask(&application, "/v1/sessions?paginated=true&limit=2").await;
    assert_eq!(
        (ids(&page), &page["total_count"]),
        (vec![third.as_str(), second], &json!(3))
    );
}

#[tokio::test]
async fn organization_list_filters_by_member_and_sorts_by_size() {
    let world = World::start().await;
    let application = world.application();
    let [ada, joe, sue] = three(&world).await;
    let big = organization(&application, "Big", &ada).await;
    world.clock.forward_secs(1);
    let alone = organization(&application, "Alone", &joe).await;
    let body = json!({ "name": "Empty" });
    let empty = application.post("/v1/organizations", &body).await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let body = json!({ "user_id": sue, "role": "org:member" });
    application
        .post(&format!("/v1/organizations/{big}/memberships"), &body)
        .await;
    for (query, expected) in [
        (String::new(), vec![&empty, &alone, &big]),
        ("order_by=name".into(), vec![&alone, &big, &empty]),
        ("order_by=-members_count".into(), vec![&big, &alone, &empty]),
        ("order_by=created_at&limit=2".into(), vec![&big, &alone]),
        ("query=B".into(), vec![&big]),
        (format!("query={alone}"), vec![&alone]),
        (format!("user_id={sue}"), vec![&big]),
        (format!("user_id={sue}&user_id={joe}"), vec![&alone, &big]),
        (format!("user_id=-{sue}"), vec![&empty, &alone]),
        (format!("organization_id={big},{empty}"), vec![&empty, &big]),
        (format!("organization_id=-{big}"), vec![&empty, &alone]),
    ] {
        let found = ask(&application, &format!("/v1/organizations?{query}")).await;
        assert_eq!(ids(&found), expected, "{query}");
    }
    let counted = ask(
        &application,
        "/v1/organizations?include_members_count=true&order_by=name",
    )
    .await;
    let counts: Vec<_> = counted["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["members_count"])
        .collect();
    assert_eq!(counts, [1, 2, 0]);
    let plain = ask(
        &application,
        &format!("/v1/organizations/{big}?include_members_count=false"),
    )
    .await;
    assert!(plain.get("members_count").is_none());
    let asked = "include_missing_member_with_elevated_permissions=true";
    for (id, is_missing) in [(&big, false), (&empty, true)] {
        let one = ask(&application, &format!("/v1/organizations/{id}?{asked}")).await;
        assert_eq!(one["missing_member_with_elevated_permissions"], is_missing);
    }
}

#[tokio::test]
async fn member_list_filters_like_users() {
    let world = World::start().await;
    let application = world.application();
    let [ada, joe, sue] = three(&world).await;
    let acme = organization(&application, "Acme", &sue).await;
    for id in [&ada, &joe] {
        world.clock.forward_secs(1);
        let body = json!({ "user_id": id, "role": "org:member" });
        let path = format!("/v1/organizations/{acme}/memberships");
        assert_eq!(application.post(&path, &body).await.status, 200);
    }
    for (query, expected) in [
        (String::new(), vec![&joe, &ada, &sue]),
        ("order_by=created_at".into(), vec![&sue, &ada, &joe]),
        ("order_by=first_name".into(), vec![&ada, &joe, &sue]),
        ("order_by=-email_address".into(), vec![&sue, &joe, &ada]),
        ("role=org:admin".into(), vec![&sue]),
        ("role=org:admin&role=org:nothing".into(), vec![&sue]),
        (format!("user_id={ada}&user_id={sue}"), vec![&ada, &sue]),
        (format!("user_id=-{ada}"), vec![&joe, &sue]),
        ("email_address=joe%2Bclerk_test@example.com".into(), vec![&joe]),
        ("email_address_query=example.org".into(), vec![&sue]),
        ("name_query=ames".into(), vec![&joe]),
        ("query=lovelace".into(), vec![&ada]),
        ("username=x".into(), vec![]),
        (
            format!("created_at_after={}", crate::world::START_SECS * 1_000),
            vec![&joe, &sue],
        ),
        ("last_active_at_after=0".into(), vec![]),
        ("limit=1&offset=2".into(), vec![&sue]),
    ] {
        let path = format!("/v1/organizations/{acme}/memberships?{query}");
        let found = ask(&application, &path).await;
        let members: Vec<&str> = found["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["public_user_data"]["user_id"].as_str().unwrap())
            .collect();
        assert_eq!(members, expected, "{query}");
        if !query.contains("limit") {
            assert_eq!(found["total_count"], expected.len(), "{query}");
        }
    }
}
