//! Allowed redirects, and the redirect at the end of a flow.

use std::borrow::Cow;
use std::fmt;

use portal_sdk::instance;
use portal_sdk::names::query;
use url::{Host, Origin, Url};

/// The policy for `redirect_url` and similar parameters.
#[derive(Debug)]
pub(crate) struct RedirectPolicy {
    portal: Url,
    extra: Vec<Origin>,
    loopback: Loopback,
}

/// The policy for loopback origins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loopback {
    Allowed,
    /// Only the listed ones are allowed.
    Named,
}

/// The longest return address in bytes. Longer ones fail in servers and proxies on the way.
pub(crate) const MOST_BYTES: usize = 8_192;

/// The reason why the portal does not redirect to a URL.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Its length in bytes exceeds [`MOST_BYTES`].
    TooLong(usize),
    /// It holds a control character, a backslash or an encoded NUL, or its path begins with two slashes.
    Suspicious,
    /// It is malformed, or its origin is not allowed. Holds the host if known.
    NotAllowed { host: Option<String> },
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(bytes) => write!(
                f,
                "The redirect URL is too long: it has {bytes} bytes, and at most {MOST_BYTES} are allowed."
            ),
            Self::Suspicious => f.write_str(
                "The redirect URL isn't allowed for this application: its path begins with two slashes, or it \
                 contains a control character, a backslash or %00.",
            ),
            Self::NotAllowed { host: Some(host) } => {
                write!(f, "The redirect URL ({host}) isn't allowed for this application.")
            }
            Self::NotAllowed { host: None } => f.write_str("The redirect URL isn't allowed for this application."),
        }
    }
}

impl RedirectPolicy {
    /// Returns the entry of `extra` that is not an origin.
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

    /// An absolute URL that users may be redirected to.
    pub(crate) fn absolute(&self, text: &str) -> Result<Url, Refused> {
        self.check(text, Url::parse(text).ok())
    }

    /// Like [`absolute`](Self::absolute); a relative address is one of the portal's own.
    pub(crate) fn resolve(&self, text: &str) -> Result<Url, Refused> {
        self.check(text, self.portal.join(text).ok())
    }

    /// The origins that a form's redirects may lead to, as sources of a content security policy, each after a space.
    pub(crate) fn form_sources(&self) -> String {
        let mut sources = match self.loopback {
            Loopback::Allowed => LOOPBACK_SOURCES.to_owned(),
            Loopback::Named => String::new(),
        };
        for origin in &self.extra {
            push_source(&mut sources, origin);
        }
        sources
    }

    pub(crate) fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.portal.origin()
    }

    /// Returns `true` if browsers keep the cookies of `url` together with the portal's.
    pub(crate) fn shares_host(&self, url: &Url) -> bool {
        url.host() == self.portal.host()
    }

    fn check(&self, text: &str, parsed: Option<Url>) -> Result<Url, Refused> {
        if text.len() > MOST_BYTES {
            return Err(Refused::TooLong(text.len()));
        }
        let Some(url) = parsed else {
            return Err(Refused::NotAllowed { host: None });
        };
        // Refuse what the parser repairs silently: the sender meant a different URL.
        let is_suspicious = text.contains(|c: char| c.is_control() || c == '\\')
            || text.contains("%00")
            || url.path().starts_with("//");
        let is_plain =
            matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
        let is_loopback = || instance::Origin::of(&url).is_some_and(|origin| origin.is_loopback());
        let is_known = self.is_own(&url)
            || (self.loopback == Loopback::Allowed && is_loopback())
            || self.extra.contains(&url.origin());
        if !is_plain || !is_known {
            return Err(Refused::NotAllowed {
                host: url.host_str().map(Into::into),
            });
        }
        if is_suspicious {
            return Err(Refused::Suspicious);
        }
        Ok(url)
    }
}

/// Every port of this machine's names. A policy's grammar has no IPv6 hosts (CSP level 3, section 2.3.1).
const LOOPBACK_SOURCES: &str =
    " http://localhost:* http://*.localhost:* http://127.0.0.1:* https://localhost:* https://127.0.0.1:*";

/// Adds the source that matches `origin`. An IPv6 host cannot be written in a policy, so only its scheme is added.
pub(crate) fn push_source(sources: &mut String, origin: &Origin) {
    let source = match origin {
        Origin::Tuple(scheme, Host::Ipv6(_), _) => format!("{scheme}:"),
        _ => origin.ascii_serialization(),
    };
    if !sources.split(' ').any(|known| known == source) {
        sources.push(' ');
        sources.push_str(&source);
    }
}

fn origin(text: &str) -> Option<Origin> {
    let url = Url::parse(text).ok()?;
    let is_bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && is_bare && can_match(&url)).then(|| url.origin())
}

/// Returns `true` if a browser can be sent to the host and port of `url`. The URL Standard allows wildcards and other
/// punctuation in a host (section 3.5); no application answers there, so such a setting would never match.
fn can_match(url: &Url) -> bool {
    let is_host = match url.host() {
        Some(Host::Domain(name)) => name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    };
    is_host && url.port() != Some(0)
}

/// The name of one `name=value` of a query string, decoded as every reader of the query string decodes it.
fn decoded_name(part: &str) -> Cow<'_, str> {
    url::form_urlencoded::parse(part.as_bytes())
        .next()
        .map_or(Cow::Borrowed(""), |(name, _)| name)
}

/// Removes the parameters called `names`, however they are spelled, and appends `pairs`. Every other parameter keeps its
/// spelling.
pub(crate) fn replace_query(url: &mut Url, names: &[&str], pairs: &[(&str, &str)]) {
    let mut parts: Vec<String> = url
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|part| !part.is_empty() && !names.contains(&decoded_name(part).as_ref()))
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
        ] {
            assert!(policy().absolute(text).is_err(), "{text}");
            assert!(policy().resolve(text).is_err(), "{text}");
        }
        for text in ["http://localhost:3000//x", "http://localhost:3000/?q=%00"] {
            assert_eq!(policy().absolute(text), Err(Refused::Suspicious), "{text}");
        }
        let host = Some("evil.example".to_owned());
        assert_eq!(policy().resolve("//evil.example/x"), Err(Refused::NotAllowed { host }));
    }

    #[test]
    fn return_address_of_8_kib_is_allowed_and_a_longer_one_names_its_length() {
        let start = "http://localhost/";
        let longest = format!("{start}{}", "a".repeat(MOST_BYTES - start.len()));
        assert!(policy().absolute(&longest).is_ok() && policy().resolve(&longest).is_ok());
        let refused = policy().absolute(&format!("{longest}a")).unwrap_err();
        assert_eq!(refused, Refused::TooLong(8_193));
        assert!(refused.to_string().contains("8193 bytes"), "{refused}");
    }

    #[test]
    fn only_origins_can_be_added() {
        for text in [
            "app.test",
            "https://app.test/path",
            "ftp://app.test",
            "https://app.test?x",
            "*",
            "https://*.x.test",
            "https://*",
            "https://app.test:*",
            "https://app.test:0",
            "https://a,b.test",
            "https://(app|www).test",
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
    fn encoded_names_are_removed_like_plain_ones() {
        let text = "http://localhost/?__clerk_db%5Fjwt=1&%5f_clerk_db_jwt=2&__clerk_db_jwt&%2561=b";
        let mut url = Url::parse(text).unwrap();
        replace_query(&mut url, &["__clerk_db_jwt", "a"], &[]);
        assert_eq!(url.as_str(), "http://localhost/?%2561=b");
    }

    #[test]
    fn form_sources_name_every_port_of_this_machine() {
        let sources = policy().form_sources();
        for wanted in ["http://localhost:*", "http://127.0.0.1:*", "https://app.test"] {
            assert!(sources.split(' ').any(|source| source == wanted), "{sources}");
        }
        let mut sources = String::new();
        push_source(&mut sources, &Url::parse("http://[::1]:3000/").unwrap().origin());
        assert_eq!(sources, " http:");
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
