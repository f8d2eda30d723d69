//! Custom session claims and JWT templates.

use hyper::Method;
use portal_local::{SeedOrganization, SeedUser, Settings};
use serde_json::{Map, Value, json};

use crate::application::{Application, Cookies, unverified_claims};
use crate::world::{PASSWORD, PortalClock, START_SECS, World, signed_in};

const ADA: &str = "ada+clerk_test@example.com";

fn object(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).unwrap()
}

async fn world_with(claims: Value) -> World {
    let clock = PortalClock::new();
    let mut settings = Settings::default();
    settings.session_claims = object(claims);
    let ada = SeedUser::new(ADA)
        .name("Ada", "Lovelace")
        .password(PASSWORD)
        .public_metadata(object(json!({ "role": "admin", "onboarding": { "done": true } })));
    let acme = SeedOrganization::new("Acme", "acme").member(ADA, "org:admin");
    let builder = clock.builder().settings(settings).user(ada).organization(acme);
    let portal = builder.start().await.unwrap();
    World { portal, clock }
}

async fn session_of(application: &Application, organization: Option<&str>) -> String {
    let wanted = json!({ "user_id": SeedUser::new(ADA).id(), "active_organization_id": organization });
    let session = application.post("/v1/sessions", &wanted).await.json();
    session["id"].as_str().unwrap().to_owned()
}

fn refusal(answer: &crate::browser::Answer) -> (u16, String, Value) {
    let error = answer.json()["errors"][0].clone();
    (
        answer.status,
        error["code"].as_str().unwrap().to_owned(),
        error["meta"]["param_name"].clone(),
    )
}

#[tokio::test]
async fn custom_claims_are_in_every_session_token() {
    let world = world_with(json!({
        "metadata": "{{user.public_metadata}}", "role": "{{user.public_metadata.role}}",
        "name": "Hello {{user.first_name || 'you'}}", "email": "{{user.primary_email_address}}",
        "verified": "{{user.email_verified}}", "nick": "{{user.username || 'none'}}", "team": "{{org.slug}}",
        "org_memberships": "{{user.organizations}}", "secret": "{{user.private_metadata}}", "fixed": [1, null],
    }))
    .await;
    let application = world.application();
    let mut browser = signed_in(&world, ADA).await;
    let cookies = application.handshake(&mut browser).await;
    let claims = application.verified_claims(cookies.value("__session")).await;
    let expected = json!({ "role": "admin", "onboarding": { "done": true } });
    assert_eq!(claims["metadata"], expected);
    assert_eq!(
        (&claims["role"], &claims["name"]),
        (&json!("admin"), &json!("Hello Ada"))
    );
    assert_eq!((&claims["email"], &claims["verified"]), (&json!(ADA), &json!(true)));
    assert_eq!((&claims["nick"], &claims["fixed"]), (&json!("none"), &json!([1, null])));
    let has_null = |name: &str| claims.as_object().unwrap().get(name) == Some(&Value::Null);
    assert!(has_null("team") && has_null("secret"), "{claims}");
    let acme = SeedOrganization::new("Acme", "acme").id();
    assert_eq!(claims["org_memberships"], json!({ acme.clone(): "org:admin" }));
    assert_eq!(
        (&claims["v"], &claims["sub"]),
        (&json!(2), &json!(SeedUser::new(ADA).id()))
    );

    // The next token shows what has changed meanwhile.
    let path = format!("/v1/users/{}/metadata", SeedUser::new(ADA).id());
    application
        .patch(&path, &json!({ "public_metadata": { "role": "member" } }))
        .await;
    world.clock.forward_secs(120);
    let refreshed = Cookies::apply(&application.refresh(&cookies).await.json()["cookies"]);
    let claims = application.verified_claims(refreshed.value("__session")).await;
    assert_eq!(claims["role"], "member");

    let id = session_of(&application, Some("acme")).await;
    let token = application
        .post(&format!("/v1/sessions/{id}/tokens"), &json!({}))
        .await
        .json();
    let claims = application.verified_claims(token["jwt"].as_str().unwrap()).await;
    assert_eq!((&claims["team"], &claims["o"]["slg"]), (&json!("acme"), &json!("acme")));
}

#[tokio::test]
async fn reserved_session_claims_are_refused_when_set() {
    let world = world_with(json!({})).await;
    let mut browser = world.browser();
    for (claims, found) in [
        (json!({ "sub": "user_2" }), "sub"),
        (json!({ "o": { "rol": "admin" } }), "o"),
        (json!({ "org_role": "org:admin" }), "org_role"),
        (json!({ "x": "{{user.id" }), "{{user.id"),
    ] {
        let wanted = json!({ "session_claims": claims });
        let headers = [("content-type", "application/json")];
        let answer = browser
            .send(Method::PATCH, "/__local/settings", &headers, wanted.to_string())
            .await;
        assert_eq!(refusal(&answer).0, 422, "{}", answer.body);
        assert!(answer.body.contains(found), "{}", answer.body);
        let mut settings = Settings::default();
        settings.session_claims = object(claims);
        let refused = world.portal.set_settings(settings).await.unwrap_err().to_string();
        assert!(
            refused.contains("session_claims") && refused.contains(found),
            "{refused}"
        );
    }
    let mut settings = Settings::default();
    settings.session_claims = object(json!({ "exp": 1 }));
    let clock = PortalClock::new();
    assert!(clock.builder().settings(settings).start().await.is_err());
    assert!(world.portal.settings().await.unwrap().session_claims.is_empty());
}

#[tokio::test]
async fn session_claims_are_set_over_http_and_outlive_a_restart() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("portal.sqlite");
    let clock = PortalClock::new();
    let portal = clock.builder().database_file(&file).start().await.unwrap();
    let mut browser = crate::browser::Browser::new(portal.origin());
    let wanted = json!({ "session_claims": { "metadata": "{{user.public_metadata}}" } });
    let headers = [("content-type", "application/json")];
    let answer = browser
        .send(Method::PATCH, "/__local/settings", &headers, wanted.to_string())
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    portal.shut_down().await;
    let portal = clock.builder().database_file(&file).start().await.unwrap();
    let kept = portal.settings().await.unwrap().session_claims;
    assert_eq!(Value::Object(kept), wanted["session_claims"]);
    portal.shut_down().await;
}

#[tokio::test]
async fn jwt_template_is_kept_changed_and_deleted() {
    let world = World::start().await;
    let application = world.application();
    let body = json!({ "name": "hasura", "claims": { "aud": "x", "role": "{{user.public_metadata.role}}" } });
    let created = application.post("/v1/jwt_templates", &body).await;
    assert_eq!(created.status, 200, "{}", created.body);
    let template = created.json();
    assert_eq!(
        (&template["lifetime"], &template["allowed_clock_skew"]),
        (&json!(60), &json!(5))
    );
    assert_eq!(
        (&template["custom_signing_key"], &template["signing_algorithm"]),
        (&json!(false), &json!("RS256"))
    );
    let id = template["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/jwt_templates/{id}");
    assert_eq!(application.get(&path).await.json(), template);
    let again = application.post("/v1/jwt_templates", &body).await;
    assert_eq!(refusal(&again), (422, "form_identifier_exists".into(), json!("name")));

    world.clock.forward_secs(1);
    let changed = json!({ "name": "hasura", "claims": { "a": null }, "lifetime": 600, "custom_signing_key": false });
    let changed = application.patch(&path, &changed).await.json();
    assert_eq!(
        (&changed["lifetime"], &changed["claims"]),
        (&json!(600), &json!({ "a": null }))
    );
    assert_eq!(changed["created_at"], template["created_at"]);
    assert_ne!(changed["updated_at"], template["updated_at"]);
    assert_eq!(application.get("/v1/jwt_templates").await.json(), json!([changed]));
    let paginated = application.get("/v1/jwt_templates?paginated=true").await.json();
    assert_eq!(paginated, json!({ "data": [changed], "total_count": 1 }));

    let deleted = application.delete(&path).await.json();
    assert_eq!(deleted, json!({ "object": "jwt_template", "id": id, "deleted": true }));
    for answer in [application.get(&path).await, application.delete(&path).await] {
        assert_eq!(refusal(&answer).0, 404);
    }
}

#[tokio::test]
async fn invalid_jwt_template_is_refused() {
    let world = World::start().await;
    let application = world.application();
    for (replaced, status, code, name) in [
        (
            json!({ "claims": { "sub": "x" } }),
            400,
            "jwt_template_reserved_claim",
            "claims",
        ),
        (
            json!({ "claims": { "sid": "x" } }),
            400,
            "jwt_template_reserved_claim",
            "claims",
        ),
        (
            json!({ "claims": { "x": ["{{user.id"] } }),
            422,
            "form_param_value_invalid",
            "claims",
        ),
        (json!({ "name": " " }), 422, "form_param_missing", "name"),
        (json!({ "lifetime": 29 }), 422, "form_param_value_invalid", "lifetime"),
        (
            json!({ "allowed_clock_skew": 301 }),
            422,
            "form_param_value_invalid",
            "allowed_clock_skew",
        ),
        (
            json!({ "custom_signing_key": true }),
            422,
            "form_param_value_invalid",
            "custom_signing_key",
        ),
        (
            json!({ "signing_key": "-----BEGIN" }),
            422,
            "form_param_value_invalid",
            "custom_signing_key",
        ),
        (
            json!({ "signing_algorithm": "HS256" }),
            422,
            "form_param_value_invalid",
            "signing_algorithm",
        ),
    ] {
        let mut body = json!({ "name": "x", "claims": {} });
        body.as_object_mut().unwrap().extend(object(replaced.clone()));
        let answer = application.post("/v1/jwt_templates", &body).await;
        assert_eq!(refusal(&answer), (status, code.to_owned(), json!(name)), "{replaced}");
    }
    assert_eq!(application.get("/v1/jwt_templates").await.json(), json!([]));
}

#[tokio::test]
async fn token_from_a_template_has_its_claims_and_times() {
    let world = world_with(json!({ "only": "in session tokens" })).await;
    let application = world.application();
    let claims = json!({
        "aud": "convex", "org_id": "{{org.id}}", "org_role": "{{org.role}}", "name": "{{org.name}}",
        "permissions": "{{org_membership.permissions}}", "act": "{{session.actor}}", "since": "{{user.created_at}}",
    });
    let body = json!({ "name": "convex", "claims": claims, "lifetime": 600, "allowed_clock_skew": 30 });
    application.post("/v1/jwt_templates", &body).await;
    let id = session_of(&application, Some("acme")).await;
    let path = format!("/v1/sessions/{id}/tokens/convex");
    let token = application.post(&path, &json!({})).await.json();
    let jwt = token["jwt"].as_str().unwrap();
    let mut claims = unverified_claims(jwt);
    assert_eq!(claims["jti"].take().as_str().unwrap().len(), 20);
    let acme = SeedOrganization::new("Acme", "acme").id();
    let expected = json!({
        "aud": "convex", "org_id": acme, "org_role": "org:admin", "name": "Acme", "permissions": [], "act": null,
        "since": START_SECS, "sub": SeedUser::new(ADA).id(), "iss": format!("{}/accounts.dev", world.portal.origin()),
        "iat": START_SECS, "exp": START_SECS + 600, "nbf": START_SECS - 30, "jti": null,
    });
    assert_eq!(claims, expected);
    let header = crate::application::unverified_header(jwt);
    assert_eq!(
        header["cat"], "cl_B7d4PD222AAA",
        "no session token, so that applications refuse it as one"
    );

    let token = application
        .post(&path, &json!({ "expires_in_seconds": 3_600 }))
        .await
        .json();
    assert_eq!(
        unverified_claims(token["jwt"].as_str().unwrap())["exp"],
        START_SECS + 3_600
    );
    let short = application.post(&path, &json!({ "expires_in_seconds": 5 })).await;
    assert_eq!(refusal(&short).2, "expires_in_seconds");
    let unknown = application
        .post(&format!("/v1/sessions/{id}/tokens/other"), &json!({}))
        .await;
    assert_eq!(refusal(&unknown).0, 404);
    assert!(
        unknown.body.contains("No JWT template exists with name: other"),
        "{}",
        unknown.body
    );
    application.post(&format!("/v1/sessions/{id}/revoke"), &json!({})).await;
    assert_eq!(
        refusal(&application.post(&path, &json!({})).await).1,
        "session_inactive"
    );
}

#[tokio::test]
async fn session_token_lifetime_can_be_chosen() {
    let world = world_with(json!({})).await;
    let application = world.application();
    let id = session_of(&application, None).await;
    let path = format!("/v1/sessions/{id}/tokens");
    let token = application
        .post(&path, &json!({ "expires_in_seconds": 90_000 }))
        .await
        .json();
    let claims = application.verified_claims(token["jwt"].as_str().unwrap()).await;
    assert_eq!(claims["exp"], START_SECS + 90_000);
    let week = 7 * 24 * 60 * 60;
    let token = application
        .post(&path, &json!({ "expires_in_seconds": 315_360_000 }))
        .await
        .json();
    let claims = application.verified_claims(token["jwt"].as_str().unwrap()).await;
    assert_eq!(claims["exp"], START_SECS + week, "the session ends by then");
}
