//! [`Recent`]: the authenticators of the most recently used tenants.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use portal_axum::portal_sdk::backend::HttpBackend;
use portal_axum::portal_sdk::token::TokenCachePolicy;
use portal_axum::{Authenticator, ConfigError, Instance};

/// The most verified tokens of a tenant that are in memory. The default, for one application, is ten times as many.
const MOST_TOKENS: usize = 1_000;

/// A Clerk application and the origin that it is served at.
pub(crate) struct Tenant {
    /// Such as `https://red.example.com`.
    pub(crate) origin: String,
    pub(crate) publishable_key: String,
    pub(crate) secret_key: String,
}

impl Tenant {
    fn authenticator(&self) -> Result<Authenticator<HttpBackend>, ConfigError> {
        let instance = Instance::builder(self.publishable_key.as_str(), self.secret_key.as_str())
            .public_origin(&self.origin)
            .build()?;
        let tokens = TokenCachePolicy::default().with_max_tokens(MOST_TOKENS);
        Ok(Authenticator::builder(instance).token_cache(tokens).build())
    }
}

/// The authenticators of the most recently used tenants, at most `most`.
///
/// An authenticator holds signing keys and verified tokens. Dropping one costs the tenant's next request one fetch of the
/// keys.
pub(crate) struct Recent {
    tenants: HashMap<String, Tenant>,
    most: usize,
    /// The most recently used one is the last.
    kept: Mutex<VecDeque<(String, Authenticator<HttpBackend>)>>,
}

impl Recent {
    pub(crate) fn new(tenants: impl IntoIterator<Item = Tenant>, most: usize) -> Self {
        let by_origin = |tenant: Tenant| (tenant.origin.clone(), tenant);
        Self {
            tenants: tenants.into_iter().map(by_origin).collect(),
            most,
            kept: Mutex::default(),
        }
    }

    /// Returns `None` if the origin is not a tenant's, or the tenant's keys are invalid. Neither is kept.
    pub(crate) fn get(&self, origin: &str) -> Option<Authenticator<HttpBackend>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = match kept.iter().position(|(known, _)| known == origin) {
            Some(at) => kept.remove(at)?,
            // A real application logs the error: it names the invalid key.
            None => (origin.to_owned(), self.tenants.get(origin)?.authenticator().ok()?),
        };
        kept.push_back(entry.clone());
        if kept.len() > self.most {
            kept.pop_front();
        }
        Some(entry.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str, publishable_key: &str) -> Tenant {
        Tenant {
            origin: format!("https://{name}.example"),
            publishable_key: publishable_key.to_owned(),
            secret_key: "sk_live_x".to_owned(),
        }
    }

    fn recent(most: usize) -> Recent {
        let valid = ["a", "b", "c"].map(|name| tenant(name, "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k"));
        Recent::new(valid.into_iter().chain([tenant("invalid", "pk_live_x")]), most)
    }

    fn kept(recent: &Recent) -> Vec<String> {
        let kept = recent.kept.lock().expect("no test panics inside");
        kept.iter().map(|(origin, _)| origin.clone()).collect()
    }

    #[test]
    fn least_recently_used_authenticator_is_dropped() {
        let recent = recent(2);
        for name in ["a", "b", "a", "c"] {
            assert!(recent.get(&format!("https://{name}.example")).is_some(), "{name}");
        }
        assert_eq!(kept(&recent), ["https://a.example", "https://c.example"]);
    }

    #[test]
    fn unknown_origin_and_invalid_keys_are_not_kept() {
        let recent = recent(2);
        for origin in ["https://d.example", "https://invalid.example", "http://a.example"] {
            assert!(recent.get(origin).is_none(), "{origin}");
        }
        assert!(kept(&recent).is_empty());
    }
}
