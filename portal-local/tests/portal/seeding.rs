//! Backend API calls of seeding scripts and admin pages, besides users and organizations.

use hyper::Method;
use portal_local::{MailKind, SeedOrganization, SeedUser};
use serde_json::{Value, json};

use crate::application::Application;
use crate::browser::Answer;
use crate::world::{PASSWORD, PortalClock, World, identify, signed_in};

const ADA: &str = "ada+clerk_test@example.com";
const JOE: &str = "joe@example.com";

async fn world() -> World {
    let clock = PortalClock::new();
    let person = |address: &str| SeedUser::new(address).password(PASSWORD);
    let acme = SeedOrganization::new("Acme", "acme").member(ADA, "org:admin");
    let beta = SeedOrganization::new("Beta", "beta").invitation(JOE, "org:member");
    let builder = clock.builder().user(person(ADA)).user(person(JOE));
    let portal = builder.organization(acme).organization(beta).start().await.unwrap();
    World { portal, clock }
}

fn id(address: &str) -> String {
    SeedUser::new(address).id()
}

fn refusal(answer: &Answer) -> (u16, String) {
    let error = answer.json()["errors"][0].clone();
    (answer.status, error["code"].as_str().unwrap().to_owned())
}

async fn primary(application: &Application, address: &str) -> Value {
    let user = application.get(&format!("/v1/users/{}", id(address))).await.json();
    user["primary_email_address_id"].clone()
}

#[tokio::test]
async fn email_address_is_added_changed_and_deleted() {
    let world = world().await;
    let application = world.application();
    let body = json!({ "user_id": id(JOE), "email_address": "second@example.com" });
    let added = application.post("/v1/email_addresses", &body).await;
    assert_eq!(added.status, 200, "{}", added.body);
    let address = added.json();
    assert_eq!(
        (&address["object"], &address["verification"]["status"]),
        (&json!("email_address"), &json!("unverified"))
    );
    let path = format!("/v1/email_addresses/{}", address["id"].as_str().unwrap());
    assert_eq!(application.get(&path).await.json(), address);
    assert_eq!(
        refusal(&application.post("/v1/email_addresses", &body).await),
        (422, "form_identifier_exists".into())
    );

    let unverified = application.patch(&path, &json!({ "primary": true })).await;
    assert_eq!(refusal(&unverified), (422, "form_param_value_invalid".into()));
    let before = primary(&application, JOE).await;
    let wanted = json!({ "verified": true, "primary": true, "notify_primary_email_address_changed": true });
    let changed = application.patch(&path, &wanted).await.json();
    assert_eq!(changed["verification"]["strategy"], "admin");
    assert_eq!(primary(&application, JOE).await, address["id"]);
    let mail = world.portal.outbox().await.unwrap().remove(0);
    assert_eq!((mail.to.as_str(), mail.kind), (JOE, MailKind::PrimaryAddressChanged));
    let unverified = application.patch(&path, &json!({ "verified": false })).await;
    assert_eq!(
        refusal(&unverified),
        (422, "form_param_value_invalid".into()),
        "the primary address cannot become unverified"
    );

    assert_eq!(application.delete(&path).await.json()["deleted"], true);
    assert_eq!(
        primary(&application, JOE).await,
        before,
        "the other address becomes primary"
    );
    assert_eq!(application.get(&path).await.status, 404);
    let last = format!("/v1/email_addresses/{}", before.as_str().unwrap());
    assert_eq!(
        refusal(&application.delete(&last).await).1,
        "identification_deletion_failed"
    );
}

#[tokio::test]
async fn email_address_of_another_or_unknown_user_is_refused() {
    let world = world().await;
    let application = world.application();
    for (body, status, code) in [
        (json!({ "email_address": "x@example.com" }), 422, "form_param_missing"),
        (json!({ "user_id": id(JOE) }), 422, "form_param_missing"),
        (
            json!({ "user_id": id(JOE), "email_address": "x" }),
            422,
            "form_param_format_invalid",
        ),
        (
            json!({ "user_id": "user_0", "email_address": "x@example.com" }),
            404,
            "resource_not_found",
        ),
        (
            json!({ "user_id": id(JOE), "email_address": ADA, "verified": true }),
            422,
            "form_identifier_exists",
        ),
        (
            json!({ "user_id": id(JOE), "email_address": "x@example.com", "primary": true }),
            422,
            "form_param_value_invalid",
        ),
    ] {
        let answer = application.post("/v1/email_addresses", &body).await;
        assert_eq!(refusal(&answer), (status, code.to_owned()), "{body}");
    }
    let user = application.get(&format!("/v1/users/{}", id(JOE))).await.json();
    assert_eq!(
        user["email_addresses"].as_array().unwrap().len(),
        1,
        "a refused request stores nothing"
    );
}

#[tokio::test]
async fn verified_address_signs_in() {
    let world = world().await;
    let application = world.application();
    let body = json!({ "user_id": id(ADA), "email_address": "new+clerk_test@example.com", "verified": true });
    assert_eq!(application.post("/v1/email_addresses", &body).await.status, 200);
    let mut browser = world.browser();
    identify(&mut browser, "new+clerk_test@example.com", "").await;
    assert_eq!(browser.submit(&[("password", PASSWORD)]).await.status, 303);
    assert!(application.handshake(&mut browser).await.is_signed_in());
}

#[tokio::test]
async fn membership_metadata_is_merged() {
    let world = world().await;
    let application = world.application();
    let path = format!("/v1/organizations/acme/memberships/{}/metadata", id(ADA));
    application
        .patch(&path, &json!({ "public_metadata": { "a": { "b": 1 }, "c": 2 } }))
        .await;
    let wanted = json!({ "public_metadata": { "a": { "x": 3 }, "c": null }, "private_metadata": { "p": true } });
    let merged = application.patch(&path, &wanted).await;
    assert_eq!(merged.status, 200, "{}", merged.body);
    let membership = merged.json();
    assert_eq!(membership["public_metadata"], json!({ "a": { "b": 1, "x": 3 } }));
    assert_eq!(membership["private_metadata"], json!({ "p": true }));
    let stranger = format!("/v1/organizations/acme/memberships/{}/metadata", id(JOE));
    assert_eq!(application.patch(&stranger, &json!({})).await.status, 404);
}

#[tokio::test]
async fn memberships_of_all_organizations_are_listed() {
    let world = world().await;
    let application = world.application();
    let add = json!({ "user_id": id(ADA), "role": "org:member" });
    assert_eq!(
        application
            .post("/v1/organizations/beta/memberships", &add)
            .await
            .status,
        200
    );
    let all = application
        .get("/v1/organization_memberships?order_by=%2Bcreated_at&limit=1")
        .await
        .json();
    assert_eq!(
        (&all["total_count"], all["data"].as_array().unwrap().len()),
        (&json!(2), 1)
    );
    assert_eq!(all["data"][0]["public_user_data"]["user_id"], json!(id(ADA)));
}

#[tokio::test]
async fn invitations_of_a_user_carry_the_organization() {
    let world = world().await;
    let application = world.application();
    let path = format!("/v1/users/{}/organization_invitations", id(JOE));
    let found = application.get(&path).await.json();
    assert_eq!(found["total_count"], 1);
    let invitation = &found["data"][0];
    assert_eq!(
        (&invitation["status"], &invitation["email_address"]),
        (&json!("pending"), &json!(JOE))
    );
    let organization = &invitation["public_organization_data"];
    assert_eq!(
        (&organization["slug"], &organization["has_image"]),
        (&json!("beta"), &json!(false))
    );
    assert_eq!(
        application.get(&format!("{path}?status=revoked")).await.json()["total_count"],
        0
    );
    let none = format!("/v1/users/{}/organization_invitations", id(ADA));
    assert_eq!(
        application.get(&none).await.json(),
        json!({ "data": [], "total_count": 0 })
    );
    assert_eq!(
        application
            .get("/v1/users/user_0/organization_invitations")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn deleted_password_is_refused_at_sign_in() {
    let world = world().await;
    let application = world.application();
    let mut browser = signed_in(&world, ADA).await;
    let path = format!("/v1/users/{}/remove_password", id(ADA));
    let user = application.post(&path, &json!({})).await;
    assert_eq!((user.status, &user.json()["password_enabled"]), (200, &json!(false)));
    assert!(
        application.handshake(&mut browser).await.is_signed_in(),
        "existing sessions continue"
    );
    let wrong = application
        .post(
            &format!("/v1/users/{}/verify_password", id(ADA)),
            &json!({ "password": PASSWORD }),
        )
        .await;
    assert_eq!(refusal(&wrong).1, "no_password_set");
    let again = application
        .post(&path, &json!({ "sign_out_of_other_sessions": true }))
        .await;
    assert_eq!(again.status, 200);
    assert!(!application.handshake(&mut browser).await.is_signed_in());
    assert_eq!(
        application
            .post("/v1/users/user_0/remove_password", &json!({}))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn session_is_verified_only_by_its_own_token() {
    let world = world().await;
    let application = world.application();
    let mut tokens = Vec::new();
    for address in [ADA, JOE] {
        let session = application
            .post("/v1/sessions", &json!({ "user_id": id(address) }))
            .await
            .json();
        let id = session["id"].as_str().unwrap().to_owned();
        let token = application
            .post(&format!("/v1/sessions/{id}/tokens"), &json!({}))
            .await
            .json();
        tokens.push((format!("/v1/sessions/{id}/verify"), token["jwt"].clone()));
    }
    let (path, token) = &tokens[0];
    let verified = application.post(path, &json!({ "token": token })).await;
    assert_eq!((verified.status, &verified.json()["user_id"]), (200, &json!(id(ADA))));
    for other in [
        &tokens[1].1,
        &json!("x"),
        &json!(format!("{}x", token.as_str().unwrap())),
    ] {
        let refused = application.post(path, &json!({ "token": other })).await;
        assert_eq!(refusal(&refused), (401, "invalid_session_token".into()));
    }
    assert_eq!(
        refusal(&application.post(path, &json!({})).await).1,
        "form_param_missing"
    );
    assert_eq!(
        application
            .post("/v1/sessions/sess_0/verify", &json!({ "token": token }))
            .await
            .status,
        404
    );
    world.clock.forward_secs(60);
    assert_eq!(
        application.post(path, &json!({ "token": token })).await.status,
        401,
        "expired"
    );
    application
        .call(
            Method::POST,
            &path.replace("verify", "revoke"),
            Some(&application.secret_key),
            String::new(),
        )
        .await;
    assert_eq!(
        refusal(&application.post(path, &json!({ "token": token })).await).1,
        "session_inactive"
    );
}
