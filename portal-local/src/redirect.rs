//! Where people may be sent, and where a flow ends.

use portal_sdk::names::query;
use url::{Host, Origin, Url};

/// What `redirect_url` and its relatives are checked against.
#[derive(Debug)]
pub(crate) struct RedirectPolicy {
    portal: Url,
    extra: Vec<Origin>,
    loopback: Loopback,
}

/// Whether people may be sent to every origin of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loopback {
    Allowed,
    /// Only to those that are named.
    Named,
}

const MOST_BYTES: usize = 2_048;

/// An address that nobody is sent to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Its host, if it has one that can be shown.
    pub(crate) host: Option<String>,
}

impl RedirectPolicy {
    /// Gives back the text of `extra` that is no origin.
    pub(crate) fn new(portal_origin: &str, extra: &[String], loopback: Loopback) -> Result<Self, String> {
        let portal = Url::parse(portal_origin).map_err(|_| portal_origin.to_owned())?;
        let extra = extra
            .iter()
            .map(|text| origin(text).ok_or_else(|| text.clone()))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            portal,
            extra,
            loopback,
        })
    }

    /// An absolute address that people may be sent to.
    pub(crate) fn absolute(&self, text: &str) -> Result<Url, Refused> {
        self.check(text, Url::parse(text).ok())
    }

    /// Like [`absolute`](Self::absolute); a relative address is one of the portal's own.
    pub(crate) fn resolve(&self, text: &str) -> Result<Url, Refused> {
        self.check(text, self.portal.join(text).ok())
    }

    pub(crate) fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.portal.origin()
    }

    /// Whether browsers keep the cookies of `url` together with the portal's.
    pub(crate) fn shares_host(&self, url: &Url) -> bool {
        url.host() == self.portal.host()
    }

    fn check(&self, text: &str, parsed: Option<Url>) -> Result<Url, Refused> {
        let Some(url) = parsed else {
            return Err(Refused { host: None });
        };
        // The parser repairs some of these silently; whoever sent them did not mean what it understands.
        let is_suspicious = text.len() > MOST_BYTES
            || text.contains(|c: char| c.is_control() || c == '\\')
            || text.contains("%00")
            || url.path().starts_with("//");
        let is_plain =
            matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
        let is_known = self.is_own(&url)
            || (self.loopback == Loopback::Allowed && is_loopback(&url))
            || self.extra.contains(&url.origin());
        if !is_suspicious && is_plain && is_known {
            Ok(url)
        } else {
            Err(Refused {
                host: url.host_str().map(Into::into),
            })
        }
    }
}

fn origin(text: &str) -> Option<Origin> {
    let url = Url::parse(text).ok()?;
    let is_bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && is_bare).then(|| url.origin())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Removes the parameters called `names` and appends `pairs`. Every other parameter keeps its spelling.
pub(crate) fn replace_query(url: &mut Url, names: &[&str], pairs: &[(&str, &str)]) {
    let mut parts: Vec<String> = url
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|part| !part.is_empty() && !names.contains(&part.split('=').next().unwrap_or(part)))
        .map(Into::into)
        .collect();
    for (name, value) in pairs {
        let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        parts.push(format!("{name}={value}"));
    }
    let query = parts.join("&");
    url.set_query((!query.is_empty()).then_some(query.as_str()));
}

/// Hands the development browser over to another origin; one that the address names already wins.
pub(crate) fn hand_over(policy: &RedirectPolicy, url: &mut Url, dev_browser_token: &str) {
    let names_one = url.query_pairs().any(|(name, _)| name == query::DEV_BROWSER);
    if !policy.is_own(url) && !names_one {
        replace_query(url, &[], &[(query::DEV_BROWSER, dev_browser_token)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> RedirectPolicy {
        RedirectPolicy::new(
            "http://127.0.0.1:8787",
            &["https://app.test".to_owned()],
            Loopback::Allowed,
        )
        .unwrap()
    }

    #[test]
    fn this_machine_and_named_origins_are_allowed() {
        for text in [
            "http://localhost:3000/a?b=c#d",
            "http://127.0.0.1:3000/",
            "http://127.9.9.9/",
            "http://[::1]:3000/",
            "https://app.localhost/",
            "https://app.test/x",
            "http://127.0.0.1:8787/user",
        ] {
            assert_eq!(policy().absolute(text).map(String::from).as_deref(), Ok(text), "{text}");
        }
        assert_eq!(
            policy().resolve("/user").unwrap().as_str(),
            "http://127.0.0.1:8787/user"
        );
        assert!(policy().absolute("/user").is_err());
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "https://evil.example/",
            "//evil.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "http://localhost:3000@evil.example/",
            "http://ada@localhost:3000/",
            "http://localhost.evil.example/",
            "http://app.test/",
            "https://app.test:8443/",
            "http://localhost:3000//evil.example",
            "http:\\\\localhost:3000/",
            "http://localhost:3000/\u{0}",
            "http://localhost:3000/%00",
            "http://local\nhost:3000/",
            "ftp://localhost/",
            "http://",
            &format!("http://localhost/{}", "a".repeat(2_048)),
        ] {
            assert!(policy().absolute(text).is_err(), "{text}");
            assert!(policy().resolve(text).is_err(), "{text}");
        }
        assert_eq!(
            policy().resolve("//evil.example/x").unwrap_err().host.as_deref(),
            Some("evil.example")
        );
    }

    #[test]
    fn only_origins_can_be_added() {
        for text in [
            "app.test",
            "https://app.test/path",
            "ftp://app.test",
            "https://app.test?x",
            "*",
        ] {
            assert_eq!(
                RedirectPolicy::new("http://127.0.0.1:1", &[text.to_owned()], Loopback::Allowed).unwrap_err(),
                text
            );
        }
    }

    #[test]
    fn other_parameters_keep_their_spelling() {
        let mut url = Url::parse("http://localhost/?a=%20b&__clerk_db_jwt=old&c&d=+#f").unwrap();
        replace_query(&mut url, &["__clerk_db_jwt"], &[("__clerk_db_jwt", "a b")]);
        assert_eq!(url.as_str(), "http://localhost/?a=%20b&c&d=+&__clerk_db_jwt=a+b#f");
        replace_query(&mut url, &["__clerk_db_jwt", "a", "c", "d"], &[]);
        assert_eq!(url.as_str(), "http://localhost/#f");
    }

    #[test]
    fn strict_portals_send_people_only_where_they_were_told() {
        let named = ["http://localhost:3000".to_owned()];
        let strict = RedirectPolicy::new("http://127.0.0.1:8787", &named, Loopback::Named).unwrap();
        for (text, is_allowed) in [
            ("http://localhost:3000/x", true),
            ("http://127.0.0.1:8787/user", true),
            ("http://localhost:4000/", false),
            ("http://127.0.0.1:3000/", false),
            ("https://localhost:3000/", false),
        ] {
            assert_eq!(strict.absolute(text).is_ok(), is_allowed, "{text}");
        }
    }

    #[test]
    fn a_browser_is_handed_over_across_origins_only() {
        for (before, after) in [
            ("http://localhost:3000/", "http://localhost:3000/?__clerk_db_jwt=new"),
            (
                "http://localhost:3000/?__clerk_db_jwt=old",
                "http://localhost:3000/?__clerk_db_jwt=old",
            ),
            ("http://127.0.0.1:8787/user", "http://127.0.0.1:8787/user"),
        ] {
            let mut url = Url::parse(before).unwrap();
            hand_over(&policy(), &mut url, "new");
            assert_eq!(url.as_str(), after);
        }
    }
}
