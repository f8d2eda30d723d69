//! Detection of cross-site requests that carry this site's cookies.

use http::Method;
use http::header::COOKIE;
use http::request::Parts;

use super::AuthenticateContext;
use super::headers::header_value;
use super::navigation::is_upgrade;
use crate::names::header;

/// Returns `true` if a cross-site request carries cookies and changes something.
///
/// That is an unsafe method (RFC 9110 section 9.2.1) or a WebSocket, and the request [comes from
/// elsewhere](comes_from_elsewhere).
///
/// Browsers never attach bearer tokens on their own, so requests that carry one are exempt; the caller checks this.
pub(super) fn is_cross_site(cx: &AuthenticateContext<'_>, parts: &Parts) -> bool {
    let is_safe = matches!(
        parts.method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
    );
    // Check every field, because the session may be in the second one behind an empty first one.
    let has_cookies = parts.headers.get_all(COOKIE).iter().any(|value| !value.is_empty());
    has_cookies && (!is_safe || is_upgrade(parts)) && comes_from_elsewhere(cx, parts)
}

/// Returns `true` if a page of another site made the request.
///
/// `Sec-Fetch-Site` decides: `same-origin` and `none` (typed, or a bookmark) are the application's; `same-site` and
/// `cross-site` are not, unless the `Origin` is allowed. Older browsers send only `Origin`, which must then be the
/// request's or an allowed one; `null` is neither. Clients other than browsers send neither header.
pub(super) fn comes_from_elsewhere(cx: &AuthenticateContext<'_>, parts: &Parts) -> bool {
    let instance = cx.instance();
    let is_named = |origin: &str| {
        instance.public_origins().iter().any(|own| own == origin)
            || instance
                .allowed_request_origins()
                .iter()
                .any(|allowed| *allowed == *origin)
    };
    let site = header_value(&parts.headers, &header::SEC_FETCH_SITE).filter(|site| !site.is_empty());
    match (site.as_deref(), cx.origin()) {
        (Some("same-origin" | "none"), _) | (None, None) => false,
        (Some(_), origin) => !origin.is_some_and(is_named),
        (None, Some(origin)) => origin != cx.url().origin() && !is_named(origin),
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::clock::UnixTime;
    use crate::instance::Instance;

    const OWN: &str = "https://app.example.com";

    fn judged(target: &str, headers: &[(&str, &str)]) -> bool {
        let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_x")
            .allowed_request_origins(["https://spa.example.com"])
            .build()
            .unwrap();
        let (method, path) = target.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(format!("{OWN}{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let parts = request.body(()).unwrap().into_parts().0;
        AuthenticateContext::new(&parts, &instance, UnixTime::from_secs(0)).is_cross_site()
    }

    #[test]
    fn sec_fetch_site_decides_before_origin() {
        let cookie = ("cookie", "a=b");
        for (site, origin, expected) in [
            (Some("same-origin"), Some(OWN), false),
            (Some("none"), None, false),
            (Some("same-site"), Some("https://www.example.com"), true),
            (Some("same-site"), Some("https://spa.example.com"), false),
            (Some("cross-site"), Some("https://evil.example"), true),
            (Some("cross-site"), Some("null"), true),
            (Some("cross-site"), None, true),
            (Some("nonsense"), None, true),
            (None, Some(OWN), false),
            (None, Some("https://spa.example.com"), false),
            (None, Some("http://app.example.com"), true),
            (None, Some("https://app.example.com.evil.example"), true),
            (None, Some("null"), true),
            (None, Some(""), false),
            (None, None, false),
        ] {
            let mut headers = vec![cookie];
            headers.extend(site.map(|site| ("sec-fetch-site", site)));
            headers.extend(origin.map(|origin| ("origin", origin)));
            for method in ["POST", "PUT", "PATCH", "DELETE", "INVENTED"] {
                assert_eq!(
                    judged(&format!("{method} /"), &headers),
                    expected,
                    "{method} {headers:?}"
                );
            }
            for method in ["GET", "HEAD", "OPTIONS"] {
                assert!(!judged(&format!("{method} /"), &headers), "{method} {headers:?}");
            }
        }
    }

    #[test]
    fn every_public_origin_is_the_application_and_no_other() {
        let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_x")
            .trusted_origins([OWN, "https://www.example.com"])
            .build()
            .unwrap();
        for (origin, expected) in [
            (OWN, false),
            ("https://www.example.com", false),
            ("https://evil.example", true),
            ("https://www.example.com:444", true),
        ] {
            for site in [None, Some("same-site")] {
                let mut request = Request::post(OWN).header("cookie", "a=b").header("origin", origin);
                if let Some(site) = site {
                    request = request.header("sec-fetch-site", site);
                }
                let parts = request.body(()).unwrap().into_parts().0;
                let cx = AuthenticateContext::new(&parts, &instance, UnixTime::from_secs(0));
                assert_eq!(cx.is_cross_site(), expected, "{origin} {site:?}");
            }
        }
    }

    #[test]
    fn websocket_upgrade_is_checked_like_an_unsafe_method() {
        let upgrade = [("connection", "Upgrade"), ("upgrade", "websocket"), ("cookie", "a=b")];
        assert!(judged(
            "GET /",
            &[&upgrade[..], &[("origin", "https://evil.example")]].concat()
        ));
        assert!(!judged("GET /", &[&upgrade[..], &[("origin", OWN)]].concat()));
    }

    #[test]
    fn request_without_cookies_is_exempt() {
        assert!(!judged("POST /", &[("sec-fetch-site", "cross-site")]));
        assert!(!judged("POST /", &[("sec-fetch-site", "cross-site"), ("cookie", "")]));
    }

    #[test]
    fn cookies_in_a_second_field_count() {
        let site = ("sec-fetch-site", "cross-site");
        assert!(judged("POST /", &[site, ("cookie", ""), ("cookie", "a=b")]));
    }
}
