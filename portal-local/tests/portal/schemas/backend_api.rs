//! The Backend API: every call that the local portal plays, and a refusal of every other one.

use hyper::{Method, StatusCode};
use portal_local::{LocalPortal, SeedOrganization, SeedUser};
use serde_json::{Value, json};

use super::api::{Api, Expected, filled};
use super::shape::parse;
use crate::browser::Browser;

const JANE: &str = "jane+clerk_test@example.com";
const PAT: &str = "pat+clerk_test@example.com";
const APP: &str = "http://localhost:3000/dashboard";
const TOTP_SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const PASSWORD: &str = "correct horse battery";

async fn portal() -> LocalPortal {
    LocalPortal::builder()
        .demo_data()
        .user(SeedUser::new("tess@example.com").totp_secret(TOTP_SECRET))
        .start()
        .await
        .expect("the portal starts")
}

fn api(portal: &LocalPortal) -> Api<'_> {
    let (operations, objects) = (
        include_str!("shapes/backend_operations.txt"),
        include_str!("shapes/backend_objects.txt"),
    );
    Api::new(portal, "/v1", Some(portal.secret_key().expose()), operations, objects)
}

fn id(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn every_answer_has_clerks_shape() {
    let portal = portal().await;
    let api = api(&portal);
    sessions(&portal, &api).await;
    users(&portal, &api).await;
    organizations(&api).await;
    templates(&api).await;
    administration(&api).await;
    admission(&api).await;
    restrictions(&api).await;
    instance(&api).await;
    api.finish();
    portal.shut_down().await;
}

async fn sessions(portal: &LocalPortal, api: &Api<'_>) {
    api.get("/jwks").await;
    let (jane, acme) = (SeedUser::new(JANE).id(), SeedOrganization::new("Acme", "acme").id());
    let mut browser = Browser::new(portal.origin());
    let link = portal
        .sign_in_link_for(JANE)
        .await
        .expect("the store answers")
        .expect("a link");
    browser
        .confirm(link.strip_prefix(portal.origin()).expect("the portal's own"))
        .await;
    let agent = [(
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    )];
    let path = format!("/accounts.dev/v1/client/handshake?format=nonce&redirect_url={APP}");
    let answer = browser.send(Method::GET, &path, &agent, String::new()).await;
    let nonce = answer.location_parameter("__clerk_handshake_nonce").expect("a nonce");
    let payload = api.get(&format!("/clients/handshake_payload?nonce={nonce}")).await;
    let directives = payload["directives"]
        .as_array()
        .expect("directives")
        .iter()
        .filter_map(Value::as_str);
    let cookie = |prefix: &str| {
        let values = directives
            .clone()
            .filter_map(|text| text.split(';').next()?.split_once('='));
        let mut found = values.filter(|(name, value)| name.starts_with(prefix) && !value.is_empty());
        found.next().map(|(_, value)| value.to_owned()).expect("a cookie")
    };
    let live = api.get(&format!("/sessions?user_id={jane}&status=active")).await;
    assert_eq!(live[0]["latest_activity"]["browser_name"], "Firefox");
    api.get("/sessions?paginated=true").await;
    let session = id(&live[0]);
    for format in ["token", "cookie"] {
        let body = json!({
            "expired_token": cookie("__session"), "refresh_token": cookie("__refresh_"), "format": format,
            "request_origin": "http://localhost:3000", "request_headers": {}, "request_originating_ip": null,
        });
        api.post(&format!("/sessions/{session}/refresh?suffixed_cookies=true"), body)
            .await;
    }
    let client = live[0]["client_id"].as_str().expect("an id");
    api.get(&format!("/clients/{client}")).await;
    api.get("/clients").await;
    api.get("/clients?paginated=true").await;
    let token = api
        .post(
            &format!("/sessions/{session}/tokens"),
            json!({ "expires_in_seconds": 60 }),
        )
        .await;
    api.post("/clients/verify", json!({ "token": token["jwt"] })).await;

    let body = json!({ "user_id": jane, "active_organization_id": acme });
    let session = id(&api.post("/sessions", body).await);
    api.get(&format!("/sessions/{session}")).await;
    api.post(&format!("/sessions/{session}/revoke"), json!({})).await;
    api.post("/testing_tokens", Value::Null).await;
    let token = id(&api
        .post("/sign_in_tokens", json!({ "user_id": jane, "org_id": acme }))
        .await);
    api.post(&format!("/sign_in_tokens/{token}/revoke"), json!({})).await;
}

async fn users(portal: &LocalPortal, api: &Api<'_>) {
    let jane = SeedUser::new(JANE).id();
    api.get(&format!("/users/{jane}")).await;
    api.get("/users").await;
    api.get("/users/count").await;
    let body = json!({
        "email_address": ["new@example.com", "second@example.com"], "password": PASSWORD, "first_name": "New",
        "external_id": "42", "banned": true, "locked": true, "created_at": "2012-10-20T07:15:20Z",
    });
    let user = format!("/users/{}", id(&api.post("/users", body).await));
    api.patch(&user, json!({ "last_name": "Person" })).await;
    let metadata = json!({ "public_metadata": { "a": 1 }, "private_metadata": {}, "unsafe_metadata": {} });
    api.patch(&format!("{user}/metadata"), metadata.clone()).await;
    api.put(&format!("{user}/metadata"), metadata).await;
    for mark in [
        "ban",
        "unban",
        "lock",
        "unlock",
        "password/set_compromised",
        "password/unset_compromised",
    ] {
        api.post(&format!("{user}/{mark}"), json!({})).await;
    }
    api.post(&format!("{user}/verify_password"), json!({ "password": PASSWORD }))
        .await;
    for bulk in ["/users/ban", "/users/unban"] {
        api.post(bulk, json!({ "user_ids": [jane] })).await;
    }
    api.delete(&user).await;

    let tess = SeedUser::new("tess@example.com").id();
    let code = portal
        .totp_code_for(&tess)
        .await
        .expect("the store answers")
        .expect("a code");
    api.post(&format!("/users/{tess}/verify_totp"), json!({ "code": code }))
        .await;
    api.get(&format!("/users/{tess}")).await;
    for factor in ["backup_code", "totp", "mfa"] {
        api.delete(&format!("/users/{tess}/{factor}")).await;
    }
    api.get(&format!("/users/{tess}")).await;

    let pat = connected(portal, api).await;
    let (path, account) = (format!("/users/{}", id(&pat)), id(&pat["external_accounts"][0]));
    api.delete(&format!("{path}/external_accounts/{account}")).await;
}

/// A user with an account at the outside provider.
async fn connected(portal: &LocalPortal, api: &Api<'_>) -> Value {
    let mut browser = Browser::new(portal.origin());
    let query = format!("redirect_url={APP}");
    browser.get(&format!("/sign-in?{query}")).await;
    let token = browser.form_token();
    let fields = [("form_token", token.as_str())];
    let away = browser.post(&format!("/sign-in/sso?{query}"), &fields, &[]).await;
    browser.follow(&away).await;
    let fields = [
        ("emailAddress", PAT),
        ("firstName", "Pat"),
        ("lastName", ""),
        ("isVerified", "on"),
    ];
    let back = browser.submit(&fields).await;
    browser.follow(&back).await;
    api.get("/users?query=pat").await[0].clone()
}

async fn organizations(api: &Api<'_>) {
    let (jane, acme) = (SeedUser::new(JANE).id(), SeedOrganization::new("Acme", "acme").id());
    let acme = format!("/organizations/{acme}");
    let counts = "include_members_count=true&include_missing_member_with_elevated_permissions=true";
    api.get(&format!("{acme}?{counts}")).await;
    api.get(&format!("/organizations?{counts}")).await;
    api.get(&format!("{acme}/memberships")).await;
    api.get(&format!("/users/{jane}/organization_memberships")).await;
    let body = json!({ "email_address": "guest@example.com", "role": "org:member", "inviter_user_id": jane });
    let invitation = format!(
        "{acme}/invitations/{}",
        id(&api.post(&format!("{acme}/invitations"), body).await)
    );
    api.get(&invitation).await;
    api.get(&format!("{acme}/invitations")).await;
    api.get(&format!("{acme}/invitations/pending")).await;
    api.post(&format!("{invitation}/revoke"), json!({ "requesting_user_id": jane }))
        .await;
    let bulk = json!([{ "email_address": "second@example.com", "role": "org:member" }]);
    api.post(&format!("{acme}/invitations/bulk"), bulk).await;

    let new = json!({ "name": "New", "created_by": jane });
    let new = format!("/organizations/{}", id(&api.post("/organizations", new).await));
    api.patch(&new, json!({ "name": "Newer", "slug": "newer" })).await;
    api.patch(&format!("{new}/metadata"), json!({ "public_metadata": {} }))
        .await;
    api.put(&format!("{new}/metadata"), json!({ "public_metadata": {} }))
        .await;
    let member = id(&api
        .post("/users", json!({ "email_address": ["member@example.com"] }))
        .await);
    let body = json!({ "user_id": member, "role": "org:member" });
    api.post(&format!("{new}/memberships"), body).await;
    let member = format!("{new}/memberships/{member}");
    api.patch(&member, json!({ "role": "org:admin" })).await;
    api.delete(&member).await;
    api.delete(&new).await;
}

async fn templates(api: &Api<'_>) {
    let body = json!({ "name": "hasura", "claims": { "aud": "x", "role": "{{user.public_metadata.role}}" } });
    let template = format!("/jwt_templates/{}", id(&api.post("/jwt_templates", body.clone()).await));
    api.get("/jwt_templates").await;
    api.get("/jwt_templates?paginated=true").await;
    api.get(&template).await;
    api.patch(&template, body).await;
    let jane = SeedUser::new(JANE).id();
    let session = id(&api.post("/sessions", json!({ "user_id": jane })).await);
    api.post(&format!("/sessions/{session}/tokens/hasura"), json!({})).await;
    api.delete(&template).await;
    let actor = json!({ "user_id": jane, "actor": { "sub": "user_support" } });
    let token = id(&api.post("/actor_tokens", actor).await);
    api.post(&format!("/actor_tokens/{token}/revoke"), json!({})).await;
}

async fn administration(api: &Api<'_>) {
    let (jane, acme) = (SeedUser::new(JANE).id(), "/organizations/acme");
    let body = json!({ "user_id": jane, "email_address": "more@example.com", "verified": true });
    let address = format!("/email_addresses/{}", id(&api.post("/email_addresses", body).await));
    api.get(&address).await;
    api.patch(&address, json!({ "verified": false })).await;
    api.delete(&address).await;
    let body = json!({ "public_metadata": { "a": 1 } });
    api.patch(&format!("{acme}/memberships/{jane}/metadata"), body).await;
    api.get("/organization_memberships").await;
    let guest = id(&api
        .post(
            "/users",
            json!({ "email_address": ["invitee@example.com"], "password": PASSWORD }),
        )
        .await);
    let body = json!({ "email_address": "invitee@example.com", "role": "org:member", "inviter_user_id": jane });
    api.post(&format!("{acme}/invitations"), body).await;
    api.get(&format!("/users/{guest}/organization_invitations")).await;
    api.post(&format!("/users/{guest}/remove_password"), json!({})).await;
    api.upload(Method::POST, &format!("/users/{jane}/profile_image")).await;
    api.upload(Method::PUT, &format!("{acme}/logo")).await;
    api.get(&format!("{acme}/memberships")).await;
    api.delete(&format!("/users/{jane}/profile_image")).await;
    api.delete(&format!("{acme}/logo")).await;
}

async fn admission(api: &Api<'_>) {
    let invitation = api
        .post("/invitations", json!({ "email_address": "another@example.com" }))
        .await;
    api.get("/invitations").await;
    api.get("/invitations?paginated=true").await;
    api.post(&format!("/invitations/{}/revoke", id(&invitation)), json!({}))
        .await;
    let entry = api
        .post("/waitlist_entries", json!({ "email_address": "patient@example.com" }))
        .await;
    let bulk = json!([{ "email_address": "bulk@example.com", "notify": false }]);
    api.post("/invitations/bulk", bulk.clone()).await;
    let pending = id(&api.post("/waitlist_entries/bulk", bulk).await[0]);
    api.delete(&format!("/waitlist_entries/{pending}")).await;
    let entry = format!("/waitlist_entries/{}", id(&entry));
    api.post(&format!("{entry}/invite"), json!({})).await;
    api.post(&format!("{entry}/reject"), json!({})).await;
    api.get("/waitlist_entries").await;
}

async fn restrictions(api: &Api<'_>) {
    for list in ["/allowlist_identifiers", "/blocklist_identifiers"] {
        let mut body = json!({ "identifier": "listed@example.com" });
        if list.contains("allow") {
            body["notify"] = json!(true);
            api.get(&format!("{list}?paginated=true")).await;
        }
        let entry = id(&api.post(list, body).await);
        api.get(list).await;
        api.delete(&format!("{list}/{entry}")).await;
    }
    api.patch("/instance/restrictions", json!({ "allowlist": false })).await;
}

async fn instance(api: &Api<'_>) {
    api.get("/instance").await;
    api.patch("/instance", json!({ "test_mode": true })).await;
    api.get("/instance/organization_settings").await;
    api.patch(
        "/instance/organization_settings",
        json!({ "admin_delete_enabled": true }),
    )
    .await;
}

#[tokio::test]
async fn unsupported_operation_returns_clerks_error() {
    let portal = portal().await;
    let api = api(&portal);
    let mut wrong = Vec::new();
    for operation in &api.operations {
        if !matches!(operation.answer, Expected::Absent) {
            continue;
        }
        for method in &operation.methods {
            let place = format!("{method} {}", operation.path);
            let (status, _, answer) = api.send(method.clone(), &filled(&operation.path), None).await;
            let sentence = answer["errors"][0]["long_message"].as_str().unwrap_or_default();
            if status != StatusCode::NOT_FOUND || !sentence.contains("the local portal doesn't support it") {
                wrong.push(format!("{place} answers {status} {answer}"));
            }
            wrong.extend(api.shapes.problems(&place, &answer, &parse("ClerkErrors")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    portal.shut_down().await;
}

/// Every call has its line in the table of parameters; one that is added needs another.
#[tokio::test]
async fn every_operation_refuses_unknown_parameters() {
    let portal = portal().await;
    let api = api(&portal);
    let mut wrong = Vec::new();
    for operation in &api.operations {
        if matches!(operation.answer, Expected::Absent) {
            continue;
        }
        for method in &operation.methods {
            let path = filled(&operation.path);
            let field = (*method != Method::GET).then(|| json!({ "portal_test": 1 }));
            for (path, body) in [(format!("{path}?portal_test=1"), None), (path, field)] {
                if body.is_none() && !path.contains('?') {
                    continue;
                }
                let (status, _, answer) = api.send(method.clone(), &path, body).await;
                let name = &answer["errors"][0]["meta"]["param_name"];
                if status != StatusCode::UNPROCESSABLE_ENTITY || name != "portal_test" {
                    wrong.push(format!("{method} {path} answers {status} {answer}"));
                }
                wrong.extend(api.shapes.problems(&path, &answer, &parse("ClerkErrors")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    portal.shut_down().await;
}
