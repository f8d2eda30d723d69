//! Session tokens in a browser's cookies.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::browser::Browser;

/// The claims of a token. Its signature and times are not checked.
///
/// # Panics
///
/// If the token is malformed.
#[must_use]
pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a JWT");
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    serde_json::from_slice(&payload).expect("JSON")
}

/// The claims of the session token on the page's host.
///
/// # Panics
///
/// If there is none.
pub async fn session_claims(browser: &Browser) -> Value {
    claims(&browser.cookie("__session").await.expect("a session cookie"))
}

/// The ID of the browser's session.
///
/// # Panics
///
/// If the browser has no session token.
pub async fn session_id(browser: &Browser) -> String {
    let claims = session_claims(browser).await;
    claims["sid"].as_str().expect("sid is text").to_owned()
}

/// Waits until the session token's own `exp` has passed, and returns the token.
///
/// # Panics
///
/// If there is none.
pub async fn wait_for_the_end_of_the_session_token(browser: &Browser) -> String {
    let token = browser.cookie("__session").await.expect("a session cookie");
    let exp = claims(&token)["exp"].as_u64().expect("exp is a number");
    let end = UNIX_EPOCH + Duration::from_secs(exp);
    if let Ok(remaining) = end.duration_since(SystemTime::now()) {
        // Wait in real time: the programs under test read the machine's clock, which cannot be moved.
        tokio::time::sleep(remaining).await;
    }
    token
}
