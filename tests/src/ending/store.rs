//! Checks of the portal's store.

use serde_json::Value;
use url::Url;

use super::cookies::Jars;
use super::{Expected, Findings};
use crate::backend_api::BackendApi;
use crate::shop::Shop;
use crate::tokens::claims;

const TOKEN_LIFETIME_SECS: i64 = 60;

/// Checks that application, cookies and store agree on the user and the organization.
pub(super) async fn check_signed_in(
    shop: &Shop,
    jars: &Jars<'_>,
    (address, shown): (&str, &(String, String)),
    expected: &Expected,
    findings: &mut Findings,
) {
    let api = BackendApi::of(&shop.portal);
    let user = api.user(address).await;
    let user_id = user["id"].as_str().unwrap_or_default();
    let slug = expected.organization.as_deref();
    findings.expect(shown.0 == user_id, || {
        format!("the application shows {} and not {user_id}", shown.0)
    });
    findings.expect(shown.1 == slug.unwrap_or("none"), || {
        format!("the application shows the organization {} and not {slug:?}", shown.1)
    });
    jars.dev_browser(findings);
    let Some(token) = jars.check_signed_in(findings) else {
        return;
    };
    let lifetime = token["exp"]
        .as_i64()
        .zip(token["iat"].as_i64())
        .map(|(exp, iat)| exp - iat);
    findings.expect(lifetime == Some(TOKEN_LIFETIME_SECS), || {
        format!("the token lives for {lifetime:?} seconds")
    });
    findings.expect(token["sub"] == user_id && token["azp"] == shop.app.as_str(), || {
        format!("the token is for {} at {}", token["sub"], token["azp"])
    });
    findings.expect(token["o"]["slg"].as_str() == slug, || {
        format!("the token is for the organization {}", token["o"])
    });

    let session = api
        .get(&format!("/v1/sessions/{}", token["sid"].as_str().unwrap_or_default()))
        .await;
    let organization_id = match slug {
        Some(slug) => api.get(&format!("/v1/organizations/{slug}")).await["id"].take(),
        None => Value::Null,
    };
    findings.expect(
        session["status"] == "active"
            && session["user_id"] == user_id
            && session["last_active_organization_id"] == organization_id,
        || format!("the session in the store is {session}, expected one of {user_id} in {organization_id}"),
    );
}

/// Checks that application, cookies and store are all signed out.
pub(super) async fn check_signed_out(shop: &Shop, jars: &Jars<'_>, shown: &(String, String), findings: &mut Findings) {
    check_shows_signed_out(shown, findings);
    jars.check_signed_out(findings);
    let Some(dev_browser) = jars.dev_browser(findings) else {
        return;
    };
    // Sessions do not name their browser, so a handshake finds this browser's session.
    let told = handshake(shop, dev_browser).await;
    findings.expect(
        told.iter().any(|directive| directive.starts_with("__client_uat=0;")),
        || format!("the portal has a session for this browser: {told:?}"),
    );
}

pub(super) fn check_shows_signed_out(shown: &(String, String), findings: &mut Findings) {
    findings.expect((shown.0.as_str(), shown.1.as_str()) == ("nobody", "none"), || {
        format!("the application shows {shown:?}")
    });
}

/// Checks that these sessions have ended with the expected statuses.
pub(super) async fn check_ended(shop: &Shop, ended: &[(String, &'static str)], findings: &mut Findings) {
    let api = BackendApi::of(&shop.portal);
    for (id, expected) in ended {
        let session = api.get(&format!("/v1/sessions/{id}")).await;
        findings.expect(session["status"] == *expected, || {
            format!("the session {id} is {} and not {expected}", session["status"])
        });
    }
}

/// The cookie directives of a handshake for this browser.
async fn handshake(shop: &Shop, dev_browser: &str) -> Vec<String> {
    let mut url = Url::parse(&shop.portal_at("/v1/client/handshake")).expect("a URL");
    url.query_pairs_mut()
        .append_pair("redirect_url", &shop.at("/"))
        .append_pair("__clerk_db_jwt", dev_browser);
    let path = format!("{}?{}", url.path(), url.query().unwrap_or_default());
    let answer = BackendApi::of(&shop.portal).visit(&path, "*/*").await;
    let location = answer.headers.get("location").and_then(|value| value.to_str().ok());
    let location = Url::parse(location.unwrap_or_default()).expect("a handshake redirects");
    let token = crate::browser::parameter(&location, "__clerk_handshake").expect("a handshake token");
    serde_json::from_value(claims(&token)["handshake"].take()).expect("a list of directives")
}
