//! Parameters of the Backend API: each is played, or refused with the name of the parameter.

use hyper::Method;
use portal_local::LocalPortal;
use serde_json::{Value, json};

use crate::application::Application;
use crate::organizations::{organization, user};
use crate::schemas::ask::ask_as;
use crate::world::{DASHBOARD, PASSWORD, START_SECS, World};

const ADA: &str = "ada+clerk_test@example.com";

/// Expects Clerk's refusal of the parameter `name`.
async fn refused(application: &Application, method: Method, path: &str, body: &Value, name: &str) {
    let key = Some(application.secret_key.as_str());
    let answer = application.call(method.clone(), path, key, body.to_string()).await;
    let error = answer.json()["errors"][0].clone();
    assert_eq!(
        (answer.status, &error["code"], &error["meta"]["param_name"]),
        (422, &json!("form_param_unknown"), &json!(name)),
        "{method} {path} {body}"
    );
}

#[tokio::test]
async fn unsupported_field_is_refused() {
    let world = World::start().await;
    let application = world.application();
    let ada = user(&application, ADA).await;
    let acme = organization(&application, "acme", &ada).await;
    let (user, organization) = (format!("/v1/users/{ada}"), format!("/v1/organizations/{acme}"));
    for (method, path, field, value) in [
        (Method::POST, "/v1/users", "username", json!("ada")),
        (Method::POST, "/v1/users", "phone_number", json!(["+15555550100"])),
        (Method::POST, "/v1/users", "web3_wallet", json!(["0x0"])),
        (Method::POST, "/v1/users", "locale", json!("en-US")),
        (
            Method::POST,
            "/v1/users",
            "legal_accepted_at",
            json!("2012-10-20T07:15:20Z"),
        ),
        (Method::POST, "/v1/users", "password_digest", json!("$2a$10$x")),
        (Method::POST, "/v1/users", "create_organizations_limit", json!(3)),
        (Method::POST, "/v1/users", "bypass_client_trust", json!(true)),
        (Method::POST, "/v1/users", "not_a_field", Value::Null),
        (Method::PATCH, &user, "username", json!("ada")),
        (Method::PATCH, &user, "profile_image_id", json!("img_x")),
        (
            Method::PATCH,
            &user,
            "notify_primary_email_address_changed",
            json!(true),
        ),
        (Method::PATCH, &user, "banned", json!(true)),
        (Method::POST, "/v1/organizations", "role_set_key", json!("role_set:x")),
        (Method::PATCH, &organization, "role_set_key", json!("role_set:x")),
        (Method::PATCH, "/v1/instance", "hibp", json!(true)),
        (
            Method::PATCH,
            "/v1/instance",
            "support_email",
            json!("help@example.com"),
        ),
        (
            Method::PATCH,
            "/v1/instance",
            "allowed_origins",
            json!(["https://a.test"]),
        ),
        (Method::PATCH, "/v1/instance", "url_based_session_syncing", json!(false)),
        (
            Method::PATCH,
            "/v1/instance",
            "development_origin",
            json!("http://localhost:3000"),
        ),
        (
            Method::PATCH,
            "/v1/instance/organization_settings",
            "domains_enabled",
            json!(true),
        ),
        (
            Method::PATCH,
            "/v1/instance/organization_settings",
            "slug_disabled",
            json!(true),
        ),
        (Method::PATCH, "/v1/instance/restrictions", "not_a_field", json!(true)),
        (
            Method::POST,
            "/v1/invitations",
            "template_slug",
            json!("waitlist_invitation"),
        ),
        (Method::POST, "/v1/blocklist_identifiers", "notify", json!(true)),
        (Method::POST, "/v1/testing_tokens", "anything", json!(1)),
    ] {
        let mut body = json!({});
        body[field] = value;
        refused(&application, method, path, &body, field).await;
    }
    assert_eq!(application.get("/v1/users/count").await.json()["total_count"], 1);
    let bulk = format!("{organization}/invitations/bulk");
    let body = json!([{ "email_address": "a@example.com", "role": "org:member" }, { "emailAddress": "b@example.com" }]);
    refused(&application, Method::POST, &bulk, &body, "emailAddress").await;
}

#[tokio::test]
async fn field_with_the_portals_fixed_value_is_accepted() {
    let world = World::start().await;
    let application = world.application();
    for (path, body) in [
        (
            "/v1/instance",
            json!({
                "test_mode": true, "hibp": false, "allowed_origins": [], "cookieless_dev": true,
                "url_based_session_syncing": true, "support_email": null,
            }),
        ),
        (
            "/v1/instance/organization_settings",
            json!({ "domains_enabled": false, "slug_disabled": false, "domains_enrollment_modes": [] }),
        ),
    ] {
        let answer = application.patch(path, &body).await;
        assert!(answer.status < 300, "{path}: {}", answer.body);
    }
    let body = json!({
        "email_address": [ADA], "phone_number": [], "username": null, "skip_password_requirement": true,
        "email_address_identification_status": ["verified"], "public_metadata": null, "banned": null,
    });
    assert_eq!(application.post("/v1/users", &body).await.status, 200);
}

#[tokio::test]
async fn unknown_query_parameter_is_refused() {
    let world = World::start().await;
    let application = world.application();
    let ada = user(&application, ADA).await;
    let user = format!("/v1/users/{ada}");
    for path in [
        "/v1/users",
        "/v1/users/count",
        "/v1/sessions",
        "/v1/clients",
        "/v1/invitations",
        "/v1/waitlist_entries",
        "/v1/organizations",
        "/v1/allowlist_identifiers",
        "/v1/blocklist_identifiers",
        "/v1/instance",
        "/v1/jwks",
        &user,
    ] {
        let path = format!("{path}?limits=1");
        refused(&application, Method::GET, &path, &json!({}), "limits").await;
    }
    let wrong_name = "/v1/users?emailAddress=ada%40example.com";
    refused(&application, Method::GET, wrong_name, &json!({}), "emailAddress").await;
    refused(
        &application,
        Method::POST,
        "/v1/users?dry_run=true",
        &json!({}),
        "dry_run",
    )
    .await;
    assert_eq!(
        application
            .get("/v1/users?email_address[]=x%40example.com&limit=1")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn null_body_counts_as_empty() {
    let world = World::start().await;
    let application = world.application();
    let ada = user(&application, ADA).await;
    let session = application
        .post("/v1/sessions", &json!({ "user_id": ada }))
        .await
        .json();
    let session = session["id"].as_str().unwrap();
    for path in [
        format!("/v1/sessions/{session}/tokens"),
        format!("/v1/users/{ada}/password/set_compromised"),
        format!("/v1/users/{ada}/ban"),
        "/v1/testing_tokens".to_owned(),
        format!("/v1/sessions/{session}/revoke"),
    ] {
        // The ban has revoked the session by the time of the last one.
        let expected = if path.ends_with("revoke") { 400 } else { 200 };
        assert_eq!(application.post(&path, &Value::Null).await.status, expected, "{path}");
    }
    assert_eq!(application.patch("/v1/instance", &Value::Null).await.status, 204);
    let missing = application.post("/v1/sign_in_tokens", &Value::Null).await;
    assert_eq!(
        (missing.status, &missing.json()["errors"][0]["code"]),
        (422, &json!("form_param_missing"))
    );
}

#[tokio::test]
async fn created_user_has_every_field_of_the_body() {
    let world = World::start().await;
    let application = world.application();
    let body = json!({
        "email_address": [ADA], "password": PASSWORD, "created_at": "2012-10-20T07:15:20.902Z", "locked": true,
        "totp_secret": "JBSWY3DPEHPK3PXP", "backup_codes": ["0a1b-1c2d", "22334455"],
    });
    let ada = application.post("/v1/users", &body).await.json();
    assert_eq!(ada["created_at"], 1_350_717_320_902_i64);
    assert_eq!(
        (&ada["locked"], &ada["backup_code_enabled"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(ada["verification_attempts_remaining"], 0);
    let user = format!("/v1/users/{}", ada["id"].as_str().unwrap());
    let verify = format!("{user}/verify_totp");
    let code = application.post(&verify, &json!({ "code": "0a1b1c2d" })).await.json();
    assert_eq!(code["code_type"], "backup_code", "{code}");
    let unlocked = application.post(&format!("{user}/unlock"), &json!({})).await.json();
    assert_eq!(unlocked["locked"], false);
    let changed = application
        .patch(&user, &json!({ "created_at": "2020-01-01T00:00:00+01:00" }))
        .await
        .json();
    assert_eq!(changed["created_at"], 1_577_833_200_000_i64);
    for (field, value) in [
        ("created_at", json!("yesterday")),
        ("email_address_identification_status", json!(["reserved"])),
        ("email_address_identification_status", json!(["verified", "verified"])),
        ("backup_codes", json!(["22334455"])),
        ("backup_codes", json!(["four"])),
    ] {
        let mut body = json!({ "email_address": ["b@example.com"] });
        if value == json!(["four"]) {
            body["totp_secret"] = json!("JBSWY3DPEHPK3PXP");
        }
        body[field] = value;
        let answer = application.post("/v1/users", &body).await;
        let error = answer.json()["errors"][0].clone();
        assert_eq!(
            (answer.status, &error["meta"]["param_name"]),
            (422, &json!(field)),
            "{body}: {error}"
        );
    }
}

#[tokio::test]
async fn organization_settings_hold_for_new_organizations() {
    let world = World::start().await;
    let application = world.application();
    let ada = user(&application, ADA).await;
    let settings = "/v1/instance/organization_settings";
    let changed = application
        .patch(settings, &json!({ "admin_delete_enabled": false }))
        .await
        .json();
    assert_eq!(changed["admin_delete_enabled"], false);
    assert_eq!(application.get(settings).await.json()["admin_delete_enabled"], false);
    let mut browser = world.browser();
    let environment = browser.get("/v1/environment").await.json();
    assert_eq!(environment["organization_settings"]["actions"]["admin_delete"], false);
    let body = json!({ "name": "Acme", "created_by": ada, "created_at": "2012-10-20T07:15:20Z" });
    let acme = application.post("/v1/organizations", &body).await.json();
    assert_eq!(
        (&acme["admin_delete_enabled"], &acme["created_at"]),
        (&json!(false), &json!(1_350_717_320_000_i64))
    );
    let path = format!("/v1/organizations/{}", acme["id"].as_str().unwrap());
    let changed = application
        .patch(&path, &json!({ "admin_delete_enabled": true }))
        .await
        .json();
    assert_eq!(
        (&changed["admin_delete_enabled"], &changed["created_at"]),
        (&json!(true), &acme["created_at"])
    );
}

#[tokio::test]
async fn sign_in_token_activates_its_organization() {
    let world = World::start().await;
    let application = world.application();
    let ada = user(&application, ADA).await;
    let bob = user(&application, "bob@example.com").await;
    let acme = organization(&application, "acme", &ada).await;
    let foreign = json!({ "user_id": bob, "org_id": acme });
    assert_eq!(application.post("/v1/sign_in_tokens", &foreign).await.status, 404);
    let body = json!({ "user_id": ada, "org_id": acme });
    let token = application.post("/v1/sign_in_tokens", &body).await.json();
    let mut browser = world.browser();
    let path = token["url"]
        .as_str()
        .unwrap()
        .strip_prefix(world.portal.origin())
        .unwrap()
        .to_owned();
    let mut answer = browser.get(&format!("{path}&{DASHBOARD}")).await;
    if answer.status == 200 {
        answer = browser.submit(&[]).await;
    }
    assert_eq!(answer.status, 303, "{}", answer.body);
    let cookies = application.handshake(&mut browser).await;
    let claims = application.verified_claims(cookies.value("__session")).await;
    assert_eq!(claims["o"]["id"], acme.as_str());
}

#[tokio::test]
async fn invitation_is_revoked_by_permitted_users_only() {
    let world = World::start().await;
    let application = world.application();
    let (ada, bob) = (
        user(&application, ADA).await,
        user(&application, "bob@example.com").await,
    );
    let acme = organization(&application, "acme", &ada).await;
    let path = format!("/v1/organizations/{acme}/invitations");
    let body = json!({ "email_address": "i@example.com", "role": "org:member" });
    let invitation = application.post(&path, &body).await.json();
    let revoke = format!("{path}/{}/revoke", invitation["id"].as_str().unwrap());
    let refused = application.post(&revoke, &json!({ "requesting_user_id": bob })).await;
    assert_eq!(
        (refused.status, &refused.json()["errors"][0]["code"]),
        (403, &json!("missing_permission"))
    );
    assert_eq!(
        application
            .post(&revoke, &json!({ "requesting_user_id": ada }))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn waitlist_entry_is_confirmed_and_invited_by_its_parameters() {
    let world = World::start().await;
    let application = world.application();
    let mails = async || world.portal.outbox().await.unwrap().len();
    let quiet = json!({ "email_address": "w@example.com", "notify": false });
    let entry = application.post("/v1/waitlist_entries", &quiet).await.json();
    assert_eq!(mails().await, 0);
    application
        .post("/v1/waitlist_entries", &json!({ "email_address": "v@example.com" }))
        .await;
    assert_eq!(mails().await, 1);
    let invite = format!("/v1/waitlist_entries/{}/invite", entry["id"].as_str().unwrap());
    assert_eq!(application.post(&invite, &Value::Null).await.status, 200);
    let again = application.post(&invite, &json!({})).await;
    assert_eq!(again.json()["errors"][0]["code"], "duplicate_record", "{}", again.body);
    assert_eq!(
        application
            .post(&invite, &json!({ "ignore_existing": true }))
            .await
            .status,
        200
    );
    assert!(entry["created_at"].as_i64().unwrap() >= START_SECS * 1_000);
}

#[tokio::test]
async fn query_parameter_with_brackets_is_read() {
    let world = World::start().await;
    let application = world.application();
    user(&application, ADA).await;
    let get = async |path: &str| application.get(path).await;
    assert_eq!(get("/v1/sessions?user_id[]=nobody").await.json(), json!([]));
    assert_eq!(get("/v1/users?query[]=zzz").await.json(), json!([]));
    for refused in ["limit[]=abc", "banned[]=banana", "limit=1&limit=2", "order_by[]=zzz"] {
        assert_eq!(get(&format!("/v1/users?{refused}")).await.status, 422, "{refused}");
    }
}

#[tokio::test]
async fn body_of_another_shape_is_refused() {
    let world = World::start().await;
    let application = world.application();
    let ada = user(&application, ADA).await;
    let key = Some(application.secret_key.as_str());
    let (user, ban) = (format!("/v1/users/{ada}"), format!("/v1/users/{ada}/unban"));
    for (method, path, body) in [
        (Method::POST, "/v1/users/ban", json!([[ada]]).to_string()),
        (Method::PATCH, "/v1/instance", "[false]".to_owned()),
        (Method::POST, "/v1/invitations/bulk", r#"[["a@i.test"]]"#.to_owned()),
        (Method::POST, &ban, "not json".to_owned()),
        (Method::POST, &ban, "[1,2]".to_owned()),
        (Method::PATCH, &user, r#"{"skip_legal_checks":"banana"}"#.to_owned()),
    ] {
        let answer = application.call(method.clone(), path, key, body.clone()).await;
        assert_eq!(
            (answer.status, &answer.json()["errors"][0]["code"]),
            (400, &json!("request_body_invalid")),
            "{method} {path} {body}"
        );
    }
    let cleared = application.call(Method::PATCH, &user, key, json!({ "external_id": "" }).to_string());
    assert_eq!(cleared.await.json()["external_id"], Value::Null);
}

#[tokio::test]
async fn sign_in_token_beyond_ten_years_is_refused() {
    let world = World::start().await;
    let application = world.application();
    let ada = user(&application, ADA).await;
    let key = Some(application.secret_key.as_str());
    for (seconds, status) in [(315_360_000_i64, 200), (315_360_001, 422), (i64::MAX, 422)] {
        let body = json!({ "user_id": ada, "expires_in_seconds": seconds }).to_string();
        let answer = application.call(Method::POST, "/v1/sign_in_tokens", key, body).await;
        assert_eq!(answer.status, status, "{seconds}");
    }
}

#[tokio::test]
async fn body_labelled_as_a_form_is_checked() {
    let portal = LocalPortal::builder().start().await.unwrap();
    let key = portal.secret_key().expose().to_owned();
    for kind in [
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
    ] {
        let body = r#"{"hibp":false,"portal_test":1}"#.to_owned();
        let (status, _, answer) = ask_as(kind, &portal, Method::PATCH, "/v1/instance", Some(&key), body).await;
        assert_eq!(status, 422, "{kind}: {answer}");
    }
}
