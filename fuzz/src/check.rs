//! Properties that hold for every response.

use http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, Method};
use portal_sdk::clock::UnixTime;
use portal_sdk::instance::{Instance, InstanceType};
use portal_sdk::request::PublicUrl;
use portal_sdk::state::{Outcome, RequestState};
use url::Url;

use crate::instances::SECRET;
use crate::tokens::{ALL, GENUINE, OTHER_KINDS};
use crate::value::{DEV_BROWSER, NONCE, REFRESH};

/// The difference of clocks that is tolerated for an ordinary token.
const SKEW_SECS: i64 = 5;
/// The same for a token that a handshake brings in development.
const DEVELOPMENT_SKEW_SECS: i64 = 86_400;

/// Nothing unsigned and nothing expired signs in.
pub fn signed_in_by_a_genuine_token(state: &RequestState, instance: &Instance, now: UnixTime) {
    let Some(claims) = state.claims() else { return };
    let token = claims.token().expose();
    // Clerk alone can bring a token of another kind, in a cookie that arrives with the response.
    let is_brought = || {
        let mut values = state.headers.iter().map(|(_, value)| value.as_bytes());
        values.any(|value| value.windows(token.len()).any(|part| part == token.as_bytes()))
    };
    let is_other_kind = OTHER_KINDS.iter().any(|known| known == token);
    let genuine = GENUINE.iter().find(|known| known.text == token);
    assert!(
        genuine.is_some() || (is_other_kind && is_brought()),
        "signed in by {token}"
    );
    let skew = match instance.instance_type() {
        InstanceType::Development => DEVELOPMENT_SKEW_SECS,
        InstanceType::Production => SKEW_SECS,
    };
    if let Some(genuine) = genuine {
        assert!(
            genuine.expires_at_secs.saturating_add(skew) > now.as_secs(),
            "signed in at {} by a token that expired at {}",
            now.as_secs(),
            genuine.expires_at_secs
        );
    }
}

/// Redirects stay on allowed origins, answer a GET, and are not cached.
pub fn redirects_stay_on_allowed_origins(state: &RequestState, instance: &Instance, parts: &Parts) {
    let mut headers = HeaderMap::new();
    state.headers.apply(&mut headers);
    if headers.contains_key(SET_COOKIE) || headers.contains_key(LOCATION) {
        assert_eq!(headers[CACHE_CONTROL], "no-store");
    }
    let is_handshake = matches!(state.outcome, Outcome::Handshake(_));
    let Some(location) = headers.get(LOCATION) else {
        assert!(!is_handshake, "a handshake without a Location");
        return;
    };
    assert!(
        !is_handshake || parts.method == Method::GET,
        "a handshake answers {}",
        parts.method
    );
    let location = location.to_str().expect("a Location is ASCII");
    let url = Url::parse(location).expect("a Location is a URL");
    assert!(is_allowed(&url, instance, parts), "a redirect to {location}");
}

fn is_allowed(url: &Url, instance: &Instance, parts: &Parts) -> bool {
    let own = PublicUrl::within(parts, instance.public_origins());
    let frontend_api = instance.frontend_api_base(own.origin());
    let configured = [frontend_api.as_str()].into_iter().chain(instance.sign_in_url());
    let mut configured = configured.filter_map(|text| Url::parse(text).ok());
    let mut satellites = instance.satellite_origins().iter();
    let is_loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let origin = url.origin();
    own.as_url().origin() == origin
        || configured.any(|known| known.origin() == origin)
        || satellites.any(|satellite| satellite.as_str() == origin.ascii_serialization())
        || (is_loopback && instance.is_development())
}

/// No response header carries a control character, so that none can end a field and begin another.
///
/// A tab ends no field (RFC 9110 section 5.5), and Clerk's cookies are passed on unchanged.
pub fn headers_carry_no_control_character(headers: &HeaderMap) {
    for (name, value) in headers {
        let is_allowed = |byte: &u8| !byte.is_ascii_control() || (*byte == b'\t' && name == SET_COOKIE);
        assert!(value.as_bytes().iter().all(is_allowed), "{name}: {value:?}");
    }
}

/// No secret is in a text that is printed.
pub fn no_secret_in(printed: &str) {
    for secret in [SECRET, DEV_BROWSER, REFRESH, NONCE] {
        assert!(!printed.contains(secret), "{secret} is printed:\n{printed}");
    }
    // A token is a secret only with its signature.
    for token in ALL.iter() {
        let signature = token.rsplit('.').next().unwrap_or_default();
        assert!(
            signature.len() < 40 || !printed.contains(signature),
            "the signature of {token} is printed:\n{printed}"
        );
    }
}
