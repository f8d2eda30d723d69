//! Notices that a production application does not know the address that browsers reach it at.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::instance::{Instance, is_loopback};
use crate::request::{ClerkUrl, RequestKind};

/// Warns once per process and instance, since every visitor can choose a `Host`.
#[derive(Debug, Default)]
pub(crate) struct HostWatch {
    first: OnceLock<Box<str>>,
    has_warned: AtomicBool,
}

impl HostWatch {
    /// Looks at the address of a request. Returns `true` if it gave the warning.
    ///
    /// Only where the application names no origin: the `Host` then decides where the portal sends users back to, and a
    /// proxy that does not pass it on shows as a loopback address or a changing one.
    pub(crate) fn look_at(&self, instance: &Instance, url: &ClerkUrl, kind: RequestKind) -> bool {
        let is_watched = !instance.is_development() && kind == RequestKind::Page;
        if !is_watched || self.has_warned.load(Ordering::Relaxed) || instance.public_origins().iter().next().is_some() {
            return false;
        }
        let is_first = || **self.first.get_or_init(|| url.origin().into()) == *url.origin();
        let problem = match is_loopback(url.as_url()) {
            true => "of this machine",
            false if is_first() => return false,
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

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn warnings(instance: &Instance, requests: &[(&str, RequestKind)]) -> Vec<bool> {
        let watch = HostWatch::default();
        let look = |(url, kind): &(&str, RequestKind)| {
            let url = ClerkUrl::from(Url::parse(url).unwrap());
            watch.look_at(instance, &url, *kind)
        };
        requests.iter().map(look).collect()
    }

    #[test]
    fn loopback_or_changing_host_of_a_production_page_is_warned_of_once() {
        use RequestKind::{Api, Page};
        let live = || Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_x");
        let unnamed = live().build().unwrap();
        let app = ("https://app.example.com/a", Page);
        let local = ("http://127.0.0.1:3000/", Page);
        let other = ("https://www.example.com/", Page);
        assert_eq!(warnings(&unnamed, &[local, local, other]), [true, false, false]);
        assert_eq!(
            warnings(&unnamed, &[app, app, other, other]),
            [false, false, true, false]
        );
        assert_eq!(
            warnings(
                &unnamed,
                &[app, ("http://localhost/", Api), ("https://x.example/", Api)]
            ),
            [false; 3]
        );
        let named = live().public_origin("https://app.example.com").build().unwrap();
        assert_eq!(warnings(&named, &[app, local]), [false; 2]);
        let test = Instance::builder("pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk", "sk_test_x");
        assert_eq!(warnings(&test.build().unwrap(), &[local, app]), [false; 2]);
    }
}
