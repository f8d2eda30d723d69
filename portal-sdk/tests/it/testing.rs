//! The feature `testing`: what its sessions say, and that no ordinary instance believes them.

use std::time::Duration;

use http::{Method, StatusCode};
use portal_sdk::authenticator::Authenticator;
use portal_sdk::authorization::{Feature, Permission, Plan, Requirement, Role, Verdict};
use portal_sdk::backend::{ApiPath, BackendApi as _};
use portal_sdk::effect::BackendError;
use portal_sdk::instance::{Instance, InstanceBuilder};
use portal_sdk::state::{AuthReason, Outcome, RequestState};
use portal_sdk::testing::{FakeBackend, TestInstance, TestKey, TestSession};
use portal_sdk::token::{FactorAge, FactorAges, SessionClaims, TokenErrorReason};
use serde_json::{Value, json};

use crate::common::{LIVE_KEY, TEST_KEY};

fn state_at(authenticator: &Authenticator<FakeBackend>, session: &TestSession) -> RequestState {
    let request = session.get("https://app.example.com/x").body(()).unwrap();
    authenticator.try_authenticate(&request.into_parts().0).unwrap().state
}

fn claims(session: &TestSession) -> SessionClaims {
    match state_at(&session.test_instance().authenticator(), session).outcome {
        Outcome::SignedIn(user) => user.claims,
        other => panic!("expected a signed-in request, found {other:?}"),
    }
}

fn reason(state: RequestState) -> AuthReason {
    match state.outcome {
        Outcome::SignedOut(state) => state.reason,
        other => panic!("expected a signed-out request, found {other:?}"),
    }
}

#[test]
fn session_has_the_chosen_claims() {
    let ages = FactorAges {
        first: FactorAge::VerifiedAgo(Duration::from_secs(180)),
        second: FactorAge::NotEnrolled,
    };
    let session = TestInstance::new()
        .signed_in("user_1")
        .session_id("sess_2")
        .organization("org_1")
        .organization_slug("acme")
        .role("org:admin")
        .permissions(["org:invoices:read", "org:invoices:pay", "org:teams:read"])
        .organization_features(["dashboard"])
        .user_features(["beta"])
        .organization_plans(["gold"])
        .user_plans(["free"])
        .factor_ages(ages)
        .actor("user_2")
        .claim("theme", "dark");
    let claims = claims(&session);
    let organization = claims.organization().unwrap();
    assert_eq!(
        (claims.user_id().as_str(), claims.session_id().unwrap().as_str()),
        ("user_1", "sess_2")
    );
    assert_eq!(
        (organization.id().as_str(), organization.slug()),
        ("org_1", Some("acme"))
    );
    assert_eq!(organization.role(), Some("org:admin"));
    let mut permissions: Vec<&str> = organization.permissions().collect();
    permissions.sort_unstable();
    assert_eq!(permissions, ["org:invoices:pay", "org:invoices:read", "org:teams:read"]);
    assert!(claims.organization_features().eq(["dashboard", "invoices", "teams"]));
    assert!(claims.user_features().eq(["beta"]));
    assert!(claims.organization_plans().eq(["gold"]) && claims.user_plans().eq(["free"]));
    assert_eq!(claims.factor_ages(), Some(ages));
    assert_eq!(claims.actor().unwrap().user_id.as_str(), "user_2");
    assert_eq!(claims.as_json()["theme"], "dark");
}

#[test]
fn requirements_hold_for_the_chosen_rights_only() {
    let session = TestInstance::new()
        .signed_in("user_1")
        .role("org:admin")
        .permissions(["org:invoices:read"])
        .organization_plans(["gold"]);
    let claims = claims(&session);
    assert_eq!(claims.organization().unwrap().id().as_str(), "org_test");
    let verdict = |requirement: &dyn Requirement| requirement.verdict(&claims);
    for met in [
        &Role::new("org:admin") as &dyn Requirement,
        &Permission::new("org:invoices:read"),
        &Feature::new("invoices"),
        &Plan::new("gold"),
    ] {
        assert!(matches!(verdict(met), Verdict::Met));
    }
    for unmet in [
        &Role::new("org:member") as &dyn Requirement,
        &Permission::new("org:invoices:pay"),
        &Plan::new("silver"),
    ] {
        assert!(!matches!(verdict(unmet), Verdict::Met));
    }
}

#[test]
fn claim_replaces_or_removes_the_claim_of_its_name() {
    let session = TestInstance::new()
        .signed_in("user_1")
        .claim("sid", Value::Null)
        .claim("v", 1);
    let claims = claims(&session);
    assert!(claims.session_id().is_none() && claims.organization().is_none());
    assert_eq!(claims.as_json()["v"], 1);
}

#[test]
fn pending_and_expired_sessions_are_signed_out() {
    let clerk = TestInstance::new();
    let pending = state_at(&clerk.authenticator(), &clerk.signed_in("user_1").pending(true));
    assert!(pending.claims().is_some_and(SessionClaims::is_pending));

    let skew = Instance::builder(LIVE_KEY, "sk_live_x").clock_skew(Duration::from_secs(100));
    for clerk in [clerk, TestInstance::from_builder(skew).unwrap()] {
        let expired = state_at(&clerk.authenticator(), &clerk.signed_in("user_1").expired(true));
        let expected = AuthReason::Token(TokenErrorReason::TokenExpired);
        assert!(reason(expired).to_string().contains(&expected.to_string()));
    }
}

#[test]
fn token_expires_when_the_clock_is_moved() {
    let clerk = TestInstance::new();
    let request = clerk.signed_in("user_1").request(Method::POST, "/x").body(()).unwrap();
    let parts = request.into_parts().0;
    let is_signed_in = || {
        let state = clerk.authenticator().try_authenticate(&parts).unwrap().state;
        state.claims().is_some()
    };
    assert!(is_signed_in());
    clerk.clock().advance(Duration::from_secs(3_600));
    assert!(!is_signed_in());
}

#[test]
fn session_fits_the_application_settings() {
    let live = || Instance::builder(LIVE_KEY, "sk_live_x");
    let settings: [InstanceBuilder; 4] = [
        Instance::builder(TEST_KEY, "sk_test_x"),
        live().authorized_parties(["https://app.example.com"]),
        live().issuers(["https://issuer.example.com"]),
        live().audience(["api"]).public_origin("https://app.example.com"),
    ];
    for builder in settings {
        let clerk = TestInstance::from_builder(builder).unwrap();
        assert_eq!(claims(&clerk.signed_in("user_1")).user_id(), "user_1");
    }
}

#[tokio::test]
async fn ordinary_instance_refuses_test_tokens() {
    let clerk = TestInstance::new();
    let session = clerk.signed_in("user_1");
    let own_key = TestKey::generate();
    let build = |settings: InstanceBuilder, backend: &FakeBackend| {
        let builder = Authenticator::builder(settings.build().unwrap()).backend(backend.clone());
        builder.clock(clerk.clock().clone()).build()
    };
    let ordinary = || Instance::builder(LIVE_KEY, "sk_live_x");

    let with_pem = build(ordinary().jwt_key(own_key.pem()), &FakeBackend::new());
    let invalid = AuthReason::Token(TokenErrorReason::TokenInvalidSignature);
    assert_eq!(reason(state_at(&with_pem, &session)), invalid);

    // The keys that Clerk serves: once under another ID, once under the ID of the test's own key.
    for (key_id, expected) in [
        ("ins_1", AuthReason::Token(TokenErrorReason::JwkKidMismatch)),
        (TestKey::ID, invalid),
    ] {
        let backend = FakeBackend::new();
        let served = json!({ "keys": [own_key.jwk(key_id)] });
        backend.set_jwks(Ok(portal_sdk::key::KeySet::from_json(&served)));
        let fetching = build(ordinary(), &backend);
        let parts = session.get("/x").body(()).unwrap().into_parts().0;
        let state = fetching.authenticate(&parts).await.state;
        assert_eq!(reason(state), expected, "{key_id}");
        assert_eq!(backend.calls(), ["jwks"]);
    }
}

#[tokio::test]
async fn fake_backend_returns_the_configured_answers() {
    let backend = FakeBackend::new();
    backend.set_user("user_2", Err(BackendError::answer(StatusCode::SERVICE_UNAVAILABLE)));
    assert_eq!(backend.user(&"user_1".into()).await.unwrap().id, "user_1");
    assert!(backend.user(&"user_2".into()).await.unwrap_err().is_outage());
    assert!(backend.revoke_session(&"sess_1".into()).await.is_ok());
    assert!(backend.portal_pages().await.is_err());
    let calls = ["user user_1", "user user_2", "revoke_session sess_1", "portal_pages"];
    assert_eq!(backend.clone().calls(), calls);
}

#[tokio::test]
async fn fake_backend_answers_requests_by_method_and_path() {
    let backend = FakeBackend::new();
    let path = ApiPath::new(["organizations", "org_1"]);
    backend.set_response(&Method::GET, &path, Ok(json!({ "name": "Acme" })));
    let answer = backend.request(Method::GET, path.clone(), None).await.unwrap();
    assert_eq!(answer["name"], "Acme");
    let error = backend.request(Method::DELETE, path, None).await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::NOT_FOUND));
    let calls = ["GET /organizations/org_1", "DELETE /organizations/org_1"];
    assert_eq!(backend.calls(), calls);
}
