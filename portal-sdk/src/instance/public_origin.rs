//! [`PublicOrigins`]: which origins a request may claim to be for.

use url::Url;

/// The application's own origins, as far as it names them. By default it names none, and a request is for whatever its
/// headers say.
#[derive(Clone, Debug, Default)]
pub struct PublicOrigins {
    pub(super) fixed: Option<Url>,
    pub(super) trusted: Vec<Url>,
}

impl PublicOrigins {
    /// The origin to take a request for that claims to be for `claimed`; `None` if the claim may stand.
    pub(crate) fn instead_of(&self, claimed: &str) -> Option<&Url> {
        let stand_in = self.fixed.as_ref().or(self.trusted.first())?;
        let is_own = self.iter().any(|own| own == claimed);
        (!is_own).then_some(stand_in)
    }

    /// All named origins, such as `https://app.example.com`.
    pub fn iter(&self) -> impl Iterator<Item = String> + '_ {
        self.fixed
            .iter()
            .chain(&self.trusted)
            .map(|url| url.origin().ascii_serialization())
    }
}

#[cfg(test)]
mod tests {
    use crate::instance::{ConfigError, Instance, InstanceBuilder, Setting};

    fn builder() -> InstanceBuilder {
        Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_x")
    }

    fn taken_for(builder: InstanceBuilder, claimed: &str) -> String {
        let instance = builder.build().unwrap();
        instance
            .public_origins()
            .instead_of(claimed)
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
    fn own_origins_are_the_parties_tokens_are_made_for() {
        let instance = builder().public_origin("https://app.example.com").build().unwrap();
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
    fn an_origin_has_no_path() {
        for origin in [
            "app.example.com",
            "https://app.example.com/x",
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
