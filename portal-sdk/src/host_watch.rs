//! [`HostWatch`]: detects a production application that does not know its public address.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::instance::{Instance, is_loopback};
use crate::request::AuthenticateContext;

/// Warns once per process and instance, because every client can choose a `Host`.
#[derive(Debug, Default)]
pub(crate) struct HostWatch {
    first: OnceLock<Box<str>>,
    has_warned: AtomicBool,
}

impl HostWatch {
    /// Checks the host of a request. Returns `true` if it logged the warning.
    ///
    /// Applies only if no public origin is set. `Host` then determines where the portal redirects users to, and a proxy
    /// that does not forward it shows as a loopback or changing host.
    pub(crate) fn look_at(&self, cx: &AuthenticateContext<'_>) -> bool {
        let instance = cx.instance();
        if !is_watched(instance) || self.has_warned.load(Ordering::Relaxed) {
            return false;
        }
        // A known address has passed before.
        if cx.known_origin().is_some() || !cx.is_eligible_for_handshake() {
            return false;
        }
        let url = cx.url();
        let is_first = || **self.first.get_or_init(|| url.origin().into()) == *url.origin();
        let problem = match is_loopback(url.as_url()) {
            true => "of this machine",
            false if is_first() => {
                cx.remember_origin();
                return false;
            }
            false => "that differs from the first one",
        };
        if self.has_warned.swap(true, Ordering::Relaxed) {
            return false;
        }
        let origin = url.origin();
        tracing::warn!(
            origin,
            "a page of a production instance was requested under an address {problem}; set public_origin \
             (PORTAL_PUBLIC_ORIGIN), or trusted_origins (PORTAL_TRUSTED_ORIGINS) if there are several"
        );
        true
    }
}

/// Returns `true` if a request's fields alone determine the public address.
pub(crate) fn is_watched(instance: &Instance) -> bool {
    !instance.is_development() && instance.public_origins().is_empty()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::clock::UnixTime;

    /// Returns the results for `GET` requests to these URLs, each with its `Accept`.
    fn warnings(instance: &Instance, requests: &[(&str, &str)]) -> Vec<bool> {
        let watch = HostWatch::default();
        let look = |(url, accept): &(&str, &str)| {
            let request = Request::get(*url).header("accept", *accept).body(()).unwrap();
            let parts = request.into_parts().0;
            watch.look_at(&AuthenticateContext::new(&parts, instance, UnixTime::from_secs(0)))
        };
        requests.iter().map(look).collect()
    }

    #[test]
    fn loopback_or_changing_host_of_a_production_page_is_warned_of_once() {
        let (page, api) = ("text/html", "application/json");
        let live = || Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_x");
        let unnamed = live().build().unwrap();
        let app = ("https://app.example.com/a", page);
        let local = ("http://127.0.0.1:3000/", page);
        let other = ("https://www.example.com/", page);
        assert_eq!(warnings(&unnamed, &[local, local, other]), [true, false, false]);
        assert_eq!(
            warnings(&unnamed, &[app, app, other, other]),
            [false, false, true, false]
        );
        let programs = [app, ("http://localhost/", api), ("https://x.example/", api)];
        assert_eq!(warnings(&unnamed, &programs), [false; 3]);
        let named = live().public_origin("https://app.example.com").build().unwrap();
        assert_eq!(warnings(&named, &[app, local]), [false; 2]);
        let test = Instance::builder("pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk", "sk_test_x");
        assert_eq!(warnings(&test.build().unwrap(), &[local, app]), [false; 2]);
    }
}
