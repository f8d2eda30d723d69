//! [`PublicOrigins`]: the origins that a request may name.

use url::{ParseError, Url};

use super::Origin;
use super::origin::is_same_origin;

/// The application's own origins. If the list is empty (the default), a request's headers are trusted.
///
/// An origin may have a path that a proxy strips from requests, as in `https://example.com/shop`.
#[derive(Clone, Debug, Default)]
pub struct PublicOrigins(Vec<Base>);

#[derive(Clone, Debug)]
struct Base {
    origin: Origin,
    url: Url,
}

impl PublicOrigins {
    /// Creates the list, in order of preference.
    pub(super) fn new(urls: Vec<Url>) -> Self {
        let base = |url: Url| {
            Some(Base {
                origin: Origin::of(&url)?,
                url,
            })
        };
        Self(urls.into_iter().filter_map(base).collect())
    }

    /// Returns the application's URL for a request that names the origin `claimed`, or `None` if the claim is trusted.
    ///
    /// `prefix` (`X-Forwarded-Prefix`) chooses among several paths on one origin. An unknown prefix is ignored.
    pub(crate) fn base_for(&self, claimed: &str, prefix: Option<&str>) -> Option<&Url> {
        let own = || {
            self.0
                .iter()
                .filter(|base| base.origin == *claimed)
                .map(|base| &base.url)
        };
        let prefix = prefix.map(|prefix| prefix.trim().trim_end_matches('/'));
        own()
            .find(|url| prefix == Some(base_path(url)))
            .or_else(|| own().next())
            .or_else(|| self.0.first().map(|base| &base.url))
    }

    /// The path that a proxy strips from requests to `url`.
    ///
    /// It has no trailing slash, and is empty without such a proxy.
    ///
    /// It is `/shop` for `https://example.com/shop/cart` if `https://example.com/shop` is one of the origins.
    #[cfg_attr(not(feature = "unstable-decision"), doc(hidden))]
    #[must_use]
    pub fn base_path_at(&self, url: &Url) -> &str {
        let own = self.0.iter().filter(|base| is_same_origin(&base.url, url));
        own.map(|base| base_path(&base.url))
            .filter(|path| is_below(url.path(), path))
            .max_by_key(|path| path.len())
            .unwrap_or_default()
    }

    /// The origins, without their paths. The first one is the default.
    pub fn iter(&self) -> impl Iterator<Item = &Origin> {
        self.0.iter().map(|base| &base.origin)
    }

    /// The origins, with their paths.
    pub(super) fn urls(&self) -> impl Iterator<Item = &Url> {
        self.0.iter().map(|base| &base.url)
    }

    /// The default origin with its path.
    #[cfg(feature = "http-client")]
    pub(crate) fn first(&self) -> Option<&Url> {
        self.0.first().map(|base| &base.url)
    }

    /// Returns `true` if the list is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Returns the path of a URL of [`PublicOrigins`], without a trailing slash.
pub(crate) fn base_path(base: &Url) -> &str {
    base.path().trim_end_matches('/')
}

/// Resolves `text`, a URL or a path of the application, against `here`.
///
/// A path is prefixed with `base_path` unless it already starts with it.
pub(crate) fn join_below(here: &Url, base_path: &str, text: &str) -> Result<Url, ParseError> {
    let mut url = here.join(text)?;
    let is_own_path = text.trim_start().starts_with('/') && is_same_origin(&url, here);
    if is_own_path && !is_below(url.path(), base_path) {
        let path = format!("{base_path}{}", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Returns `true` if `path` is `base_path` or below it.
pub(super) fn is_below(path: &str, base_path: &str) -> bool {
    path.strip_prefix(base_path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::join_below;
    use crate::instance::{ConfigError, Instance, InstanceBuilder, Setting};
    use url::Url;

    fn builder() -> InstanceBuilder {
        Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_x")
    }

    fn taken_for(builder: InstanceBuilder, claimed: &str) -> String {
        let instance = builder.build().unwrap();
        instance
            .public_origins()
            .base_for(claimed, None)
            .map_or(claimed, |url| url.as_str().trim_end_matches('/'))
            .to_owned()
    }

    #[test]
    fn claimed_origin_is_trusted_unless_origins_are_named() {
        assert_eq!(taken_for(builder(), "http://evil.example"), "http://evil.example");
        let fixed = builder().public_origin("https://app.example.com");
        assert_eq!(
            taken_for(fixed.clone(), "http://evil.example"),
            "https://app.example.com"
        );
        assert_eq!(
            taken_for(fixed.clone(), "http://app.example.com"),
            "https://app.example.com"
        );
        let several = fixed.trusted_origins(["https://eu.example.com"]);
        assert_eq!(
            taken_for(several.clone(), "https://eu.example.com"),
            "https://eu.example.com"
        );
        assert_eq!(taken_for(several, "https://us.example.com"), "https://app.example.com");
        let trusted = builder().trusted_origins(["https://eu.example.com", "https://us.example.com/"]);
        assert_eq!(
            taken_for(trusted.clone(), "https://us.example.com"),
            "https://us.example.com"
        );
        assert_eq!(taken_for(trusted, "https://evil.example"), "https://eu.example.com");
    }

    #[test]
    fn forwarded_prefix_selects_only_named_paths() {
        let instance = builder()
            .public_origin("https://example.com/shop/")
            .trusted_origins(["https://example.com/store", "https://eu.example.com"])
            .build()
            .unwrap();
        let base = |claimed, prefix| instance.public_origins().base_for(claimed, prefix).unwrap().as_str();
        for (claimed, prefix, expected) in [
            ("https://example.com", None, "https://example.com/shop"),
            ("https://example.com", Some("/store"), "https://example.com/store"),
            ("https://example.com", Some("/store/"), "https://example.com/store"),
            ("https://example.com", Some("/other"), "https://example.com/shop"),
            ("https://eu.example.com", Some("/shop"), "https://eu.example.com/"),
            ("https://evil.example", Some("/store"), "https://example.com/shop"),
        ] {
            assert_eq!(base(claimed, prefix), expected, "{claimed} {prefix:?}");
        }
        let at = |url: &str| instance.public_origins().base_path_at(&Url::parse(url).unwrap());
        assert_eq!(at("https://example.com/shop/cart"), "/shop");
        assert_eq!(at("https://example.com/shopping"), "");
        assert_eq!(at("https://eu.example.com/shop"), "");
    }

    #[test]
    fn application_path_is_joined_below_the_base_path() {
        let here = Url::parse("https://example.com/shop/a/b").unwrap();
        for (text, expected) in [
            ("/cart?x=1", "https://example.com/shop/cart?x=1"),
            ("/", "https://example.com/shop/"),
            ("/shop/cart", "https://example.com/shop/cart"),
            ("/shop", "https://example.com/shop"),
            ("/shopping", "https://example.com/shop/shopping"),
            ("/../x", "https://example.com/shop/x"),
            ("c", "https://example.com/shop/a/c"),
            ("?x", "https://example.com/shop/a/b?x"),
            ("//other.example/x", "https://other.example/x"),
            ("https://example.com/x", "https://example.com/x"),
        ] {
            assert_eq!(join_below(&here, "/shop", text).unwrap().as_str(), expected, "{text}");
        }
        assert_eq!(join_below(&here, "", "/x").unwrap().as_str(), "https://example.com/x");
    }

    #[test]
    fn public_origins_are_the_default_authorized_parties() {
        let instance = builder().public_origin("https://app.example.com/shop").build().unwrap();
        assert_eq!(instance.authorized_parties(), ["https://app.example.com"]);
        let chosen = builder()
            .public_origin("https://app.example.com")
            .authorized_parties(["https://x.example"]);
        assert_eq!(chosen.build().unwrap().authorized_parties(), ["https://x.example"]);
        assert!(builder().build().unwrap().authorized_parties().is_empty());
    }

    #[test]
    fn invalid_public_origin_is_rejected() {
        for origin in [
            "app.example.com",
            "https://app.example.com/x?y",
            "https://app.example.com/x;y",
            "https://app.example.com//x",
            "https://*.example.com",
            "https://u@app.example.com",
            "ftp://app.example.com",
            "",
        ] {
            let error = builder().public_origin(origin).build().unwrap_err();
            assert!(
                matches!(
                    error,
                    ConfigError::Invalid {
                        setting: Setting::PublicOrigin,
                        ..
                    }
                ),
                "{origin}: {error}"
            );
        }
    }
}
