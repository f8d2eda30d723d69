//! Origins and sites of URLs, as browsers compare them.

use std::net::IpAddr;

use url::{Host, Url};

/// The relation between the page that causes a request and its URL (`Sec-Fetch-Site`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Relation {
    /// A typed URL.
    Typed,
    SameOrigin,
    SameSite,
    CrossSite,
}

impl Relation {
    pub(super) fn between(from: &Url, to: &Url) -> Self {
        if from.origin() == to.origin() {
            Self::SameOrigin
        } else if is_same_site(from, to) {
            Self::SameSite
        } else {
            Self::CrossSite
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Typed => "none",
            Self::SameOrigin => "same-origin",
            Self::SameSite => "same-site",
            Self::CrossSite => "cross-site",
        }
    }
}

/// Ports do not separate sites (<https://html.spec.whatwg.org/#same-site>).
fn is_same_site(from: &Url, to: &Url) -> bool {
    from.scheme() == to.scheme() && registrable(from).is_some_and(|site| registrable(to) == Some(site))
}

/// The last two labels of a name; the whole address of a machine. Longer public suffixes, such as `co.uk`, are unknown.
fn registrable(url: &Url) -> Option<&str> {
    let host = url.host_str()?;
    let Some(Host::Domain(_)) = url.host() else {
        return Some(host);
    };
    let start = host.rmatch_indices('.').nth(1).map_or(0, |(dot, _)| dot + 1);
    host.get(start..)
}

/// Returns `true` for this machine: `localhost`, its subdomains, and loopback addresses.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

/// Returns `true` if browsers send `Secure` cookies and `Sec-Fetch-*` there: over TLS, and to this machine without it.
pub(super) fn is_trustworthy(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url)
}

/// URLs on the way to others are without user name and password.
pub(super) fn without_credentials(mut url: Url) -> Url {
    // Both fail for URLs without a host alone, which have no credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relation(from: &str, to: &str) -> &'static str {
        Relation::between(&Url::parse(from).unwrap(), &Url::parse(to).unwrap()).as_str()
    }

    #[test]
    fn ports_separate_origins_but_not_sites() {
        assert_eq!(
            relation("http://localhost:3000/a", "http://localhost:3000/b"),
            "same-origin"
        );
        assert_eq!(relation("http://localhost:3000", "http://localhost:4000"), "same-site");
        assert_eq!(
            relation("https://app.example.com", "https://accounts.example.com"),
            "same-site"
        );
    }

    #[test]
    fn names_addresses_and_schemes_separate_sites() {
        assert_eq!(relation("http://localhost:3000", "http://127.0.0.1:3000"), "cross-site");
        assert_eq!(relation("http://127.0.0.1", "http://127.0.0.2"), "cross-site");
        assert_eq!(relation("https://example.com", "http://example.com"), "cross-site");
        assert_eq!(relation("https://a.example", "https://b.example"), "cross-site");
    }

    #[test]
    fn this_machine_is_trustworthy_without_tls() {
        for url in [
            "http://localhost",
            "http://app.localhost:3000",
            "http://127.0.0.9",
            "http://[::1]:1",
        ] {
            assert!(is_trustworthy(&Url::parse(url).unwrap()), "{url}");
        }
        assert!(is_trustworthy(&Url::parse("https://example.com").unwrap()));
        assert!(!is_trustworthy(&Url::parse("http://example.com").unwrap()));
    }
}
