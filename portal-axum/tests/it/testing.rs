//! The feature `testing`: extracted values made of a session.

use portal_axum::testing::TestInstance;
use portal_axum::{
    ActiveOrganization, Auth, AuthRejection, Identity, Permission, Require, Requirement, SessionClaims, SignedIn,
    Verdict,
};

#[derive(Default, Debug)]
struct CanPay;

impl Requirement for CanPay {
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        Permission::new("org:invoices:pay").verdict(claims)
    }
}

#[derive(serde::Deserialize, Debug)]
struct Theme {
    theme: String,
}

#[test]
fn extracted_values_hold_what_the_session_says() -> Result<(), AuthRejection> {
    let session = TestInstance::new()
        .signed_in("user_1")
        .organization("org_1")
        .permissions(["org:invoices:pay"])
        .claim("theme", "dark");
    assert_eq!(SignedIn::<Theme>::try_from(session.clone())?.custom().theme, "dark");
    assert_eq!(ActiveOrganization::try_from(session.clone())?.id(), "org_1");
    assert_eq!(Require::<CanPay>::try_from(session)?.user_id(), "user_1");
    Ok(())
}

#[test]
fn extracted_values_are_rejected_as_extractors_reject() {
    let session = TestInstance::new().signed_in("user_1");
    let signed_in = |session| SignedIn::try_from(session).map(|_: SignedIn| ());
    for (result, status) in [
        (signed_in(session.clone().pending(true)), 401),
        (signed_in(session.clone().expired(true)), 401),
        (SignedIn::<Theme>::try_from(session.clone()).map(|_| ()), 500),
        (ActiveOrganization::try_from(session.clone()).map(|_| ()), 403),
        (Require::<CanPay>::try_from(session.role("org:admin")).map(|_| ()), 403),
    ] {
        assert_eq!(result.unwrap_err().status(), status);
    }
}

#[tokio::test]
async fn fake_backend_answers_user() {
    let clerk = TestInstance::new();
    let auth = Auth::from(clerk.signed_in("user_1"));
    assert!(matches!(auth.identity(), Identity::SignedIn(_)));
    assert_eq!(auth.user().await.unwrap().id, "user_1");
    assert_eq!(clerk.backend().calls(), ["user user_1"]);
}
