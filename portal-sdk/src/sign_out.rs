//! The response fields that sign a browser out, for any web framework.
//!
//! `SignOut` of `portal-tower` uses them. An application without tower calls
//! [`Authenticator::sign_out`](crate::authenticator::Authenticator::sign_out), which also ends the session at Clerk.

use std::time::Duration;

use http::header::{CACHE_CONTROL, SET_COOKIE};
use http::{HeaderName, HeaderValue, StatusCode};
use url::Host;

use crate::effect::BackendError;
use crate::instance::Instance;
use crate::names::cookie;
use crate::request::{PublicUrl, SetCookie};
use crate::state::{ResponseHeaders, UndecidedCause};

/// The maximum age of `__client_uat=0`, as at Clerk.
const CLIENT_UAT_AGE: Duration = Duration::from_secs(31_536_000);

/// Makes the browser drop this origin's cached pages, so that Back does not show them:
/// <https://w3c.github.io/webappsec-clear-site-data/>.
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// Returns the response fields that sign a browser out.
///
/// `Set-Cookie` removes the session and refresh cookies and sets `__client_uat` to 0, on the host of `url` and on each
/// of its parent domains, because a server cannot see which domain a cookie was set for. A development browser's token
/// stays. `Clear-Site-Data: "cache"` drops the browser's cached pages. `Cache-Control: no-store` keeps caches from
/// storing the cookies.
///
/// The session stays active at Clerk. End it with
/// [`BackendApi::revoke_session`](crate::backend::BackendApi::revoke_session).
///
/// # Security
///
/// Send these fields only in response to `POST` requests of the application's own pages. Otherwise a link or another
/// site's page can sign users out.
///
/// # Example
///
/// ```
/// use http::{Request, Response, StatusCode};
/// use portal_sdk::instance::Instance;
/// use portal_sdk::request::PublicUrl;
/// use portal_sdk::sign_out::sign_out_headers;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let instance = Instance::builder("pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk", "sk_test_example").build()?;
/// let (parts, ()) = Request::post("http://localhost:3000/sign-out").body(())?.into_parts();
///
/// let mut response = Response::builder().status(StatusCode::SEE_OTHER).header("location", "/").body(())?;
/// let url = PublicUrl::within(&parts, instance.public_origins());
/// sign_out_headers(&instance, &url).apply(response.headers_mut());
///
/// let mut cookies = response.headers().get_all("set-cookie").iter();
/// assert!(cookies.any(|cookie| cookie == "__session=; SameSite=Lax; Path=/; Max-Age=0"));
/// # Ok(())
/// # }
/// ```
pub fn sign_out_headers(instance: &Instance, url: &PublicUrl) -> ResponseHeaders {
    let suffix = instance.publishable_key().cookie_suffix();
    let plain_and_suffixed = |name: &str| [name.to_owned(), format!("{name}_{suffix}")];
    let removed = [cookie::SESSION, cookie::REFRESH].map(plain_and_suffixed).concat();
    let mut fields = ResponseHeaders::default();
    for domain in domains(url) {
        let removals = removed.iter().map(|name| SetCookie::removal(url, name));
        let zeros = plain_and_suffixed(cookie::CLIENT_UAT)
            .map(|name| SetCookie::new(url, &name, "0").with_max_age(CLIENT_UAT_AGE));
        for cookie in removals.chain(zeros) {
            // Skip a host that a cookie attribute cannot hold; it has no cookies for its domain.
            if let Some(field) = cookie.like_clerk(domain).to_header() {
                fields.append(SET_COOKIE, field);
            }
        }
    }
    fields.append(CLEAR_SITE_DATA, HeaderValue::from_static("\"cache\""));
    fields.append(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    fields
}

/// The error of a session that could not be ended at Clerk, where it stays active.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignOutError {
    /// The session token cannot be verified.
    #[error("the session token cannot be verified; try again")]
    Undecided(#[from] UndecidedCause),
    /// The Backend API did not end the session.
    #[error("the session cannot be ended at Clerk; try again")]
    Backend(#[from] BackendError),
}

/// Returns `true` if the session has ended: the Backend API responds 404 to a deleted session, 400 to an ended one.
#[cfg_attr(not(feature = "unstable-decision"), doc(hidden))]
#[must_use]
pub fn is_already_over(error: &BackendError) -> bool {
    !error.is_outage() && matches!(error.status(), Some(StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST))
}

/// Returns the `Domain` attributes with which a cookie may have been set: `None` (this host only), then the host and
/// each parent of at least two labels. Browsers ignore public suffixes.
fn domains(url: &PublicUrl) -> Vec<Option<&str>> {
    let host = match url.as_url().host() {
        Some(Host::Domain(host)) => Some(host),
        _ => None,
    };
    let own_and_parents = std::iter::successors(host, |domain| Some(domain.split_once('.')?.1));
    let registrable = own_and_parents.take_while(|domain| domain.contains('.'));
    std::iter::once(None).chain(registrable.map(Some)).collect()
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[test]
    fn domains_are_the_host_and_its_parents() {
        for (url, expected) in [
            ("http://localhost:3000/", vec![]),
            ("http://127.0.0.1:3000/", vec![]),
            (
                "https://app.eu.example.com/",
                vec!["app.eu.example.com", "eu.example.com", "example.com"],
            ),
        ] {
            let expected: Vec<_> = std::iter::once(None).chain(expected.into_iter().map(Some)).collect();
            assert_eq!(domains(&PublicUrl::from(Url::parse(url).unwrap())), expected);
        }
    }
}
