//! [`PublicOrigins`]: which origins a request may claim to be for.

use url::{ParseError, Url};

/// The application's own origins, as far as it names them. By default it names none, and a request is for whatever its
/// headers say.
///
/// An origin may have a path that a proxy takes off each request, as in `https://example.com/shop`.
#[derive(Clone, Debug, Default)]
pub struct PublicOrigins {
    pub(super) fixed: Option<Url>,
    pub(super) trusted: Vec<Url>,
}

impl PublicOrigins {
    /// The address of the application that a request for the origin `claimed` is for; `None` if the claim may stand.
    ///
    /// Of several named paths on one origin, `prefix` (`X-Forwarded-Prefix`) chooses. One that is not named means nothing.
    pub(crate) fn base_for(&self, claimed: &str, prefix: Option<&str>) -> Option<&Url> {
        let own = || {
            self.bases()
                .filter(|base| base.origin().ascii_serialization() == claimed)
        };
        let prefix = prefix.map(|prefix| prefix.trim().trim_end_matches('/'));
        own()
            .find(|base| prefix == Some(base_path(base)))
            .or_else(|| own().next())
            .or_else(|| self.bases().next())
    }

    /// The path of the application at `url` that a proxy takes off requests, without a closing slash: `/shop` for
    /// `https://example.com/shop/cart`. Empty where none is named.
    #[must_use]
    pub fn base_path_at(&self, url: &Url) -> &str {
        let own = self.bases().filter(|base| base.origin() == url.origin()).map(base_path);
        own.filter(|path| is_below(url.path(), path))
            .max_by_key(|path| path.len())
            .unwrap_or_default()
    }

    /// All named origins, such as `https://app.example.com`, without their paths.
    pub fn iter(&self) -> impl Iterator<Item = String> + '_ {
        self.bases().map(|url| url.origin().ascii_serialization())
    }

    fn bases(&self) -> impl Iterator<Item = &Url> {
        self.fixed.iter().chain(&self.trusted)
    }
}

/// The path of an address of [`PublicOrigins`], without a closing slash.
pub(crate) fn base_path(base: &Url) -> &str {
    base.path().trim_end_matches('/')
}

/// Resolves `text`, an address or a path of the application whose base path is `base_path`, against `here`. A path that
/// lies below the base path already stays as it is.
pub(crate) fn join_below(here: &Url, base_path: &str, text: &str) -> Result<Url, ParseError> {
    let mut url = here.join(text)?;
    let is_own_path = text.trim_start().starts_with('/') && url.origin() == here.origin();
    if is_own_path && !is_below(url.path(), base_path) {
        let path = format!("{base_path}{}", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Returns `true` if `path` is `base_path` or lies below it.
fn is_below(path: &str, base_path: &str) -> bool {
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
    fn claims_stand_unless_origins_are_named() {
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
    fn forwarded_prefix_chooses_among_named_paths_only() {
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
    fn path_of_the_application_is_joined_below_its_base_path() {
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
    fn own_origins_are_the_parties_tokens_are_made_for() {
        let instance = builder().public_origin("https://app.example.com/shop").build().unwrap();
        assert_eq!(instance.authorized_parties(), ["https://app.example.com".into()]);
        let chosen = builder()
            .public_origin("https://app.example.com")
            .authorized_parties(["https://x.example"]);
        assert_eq!(
            chosen.build().unwrap().authorized_parties(),
            ["https://x.example".into()]
        );
        assert!(builder().build().unwrap().authorized_parties().is_empty());
    }

    #[test]
    fn invalid_public_origin_is_refused() {
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
