use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::BackendApi;
#[cfg(feature = "http-client")]
use portal_sdk::backend::HttpBackend;
#[cfg(feature = "http-client")]
use portal_sdk::instance::{ConfigError, Instance};
use tower_layer::Layer;

use super::Authenticate;
use crate::auth::{Accounts, AnswerSettings};
use crate::require::RenderRefusal;

/// Authenticates every request. See the [module](super) for the rules.
///
/// Create one layer and put it around the whole application; its clones share the signing keys in memory.
///
/// ```
/// use portal_tower::AuthenticateLayer;
/// use portal_tower::portal_sdk::instance::Instance;
///
/// # fn main() -> Result<(), portal_tower::portal_sdk::instance::ConfigError> {
/// let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example").build()?;
/// let layer = AuthenticateLayer::new(instance).with_no_store(true);
/// # Ok(())
/// # }
/// ```
#[must_use = "a layer does nothing until it is put around a service"]
pub struct AuthenticateLayer<#[cfg(feature = "http-client")] B = HttpBackend, #[cfg(not(feature = "http-client"))] B> {
    choose: Choose<B>,
    settings: AnswerSettings,
}

/// The choice of a request's instance.
pub(super) enum Choose<B> {
    Fixed {
        authenticator: Authenticator<B>,
        /// The same authenticator with its type erased.
        accounts: Arc<dyn Accounts>,
    },
    PerRequest(Arc<ChooseFn<B>>),
}

type ChooseFn<B> = dyn Fn(&Parts) -> Option<Authenticator<B>> + Send + Sync;

#[cfg(feature = "http-client")]
impl AuthenticateLayer {
    /// Authenticates for `instance`, with the default settings.
    pub fn new(instance: Instance) -> Self {
        let backend = HttpBackend::new(&instance);
        Self::from_authenticator(Authenticator::new(instance, backend))
    }

    /// Authenticates for the instance of the `CLERK_*` environment variables.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if a variable is missing or invalid; it names the variable, the value found and the
    /// value expected.
    pub fn from_env() -> Result<Self, ConfigError> {
        Instance::from_env().map(Self::new)
    }
}

impl<B: BackendApi> AuthenticateLayer<B> {
    /// Authenticates with a configured authenticator: time limits, caches, a proxy or a custom backend.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use portal_tower::AuthenticateLayer;
    /// use portal_tower::portal_sdk::authenticator::Authenticator;
    /// use portal_tower::portal_sdk::instance::Instance;
    ///
    /// # fn main() -> Result<(), portal_tower::portal_sdk::instance::ConfigError> {
    /// let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example").build()?;
    /// let authenticator = Authenticator::builder(instance).timeout(Duration::from_secs(2)).build();
    /// let layer = AuthenticateLayer::from_authenticator(authenticator);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_authenticator(authenticator: Authenticator<B>) -> Self {
        Self {
            choose: Choose::Fixed {
                accounts: Arc::new(authenticator.clone()),
                authenticator,
            },
            settings: AnswerSettings::default(),
        }
    }

    /// Chooses the authenticator per request, for several Clerk applications.
    ///
    /// Keep the authenticators, because each holds the signing keys of its instance in memory. If `choose` returns
    /// `None`, the response is 421 (RFC 9110 section 15.5.20).
    ///
    /// ```
    /// use std::collections::HashMap;
    ///
    /// use http::header::HOST;
    /// use http::request::Parts;
    /// use portal_tower::AuthenticateLayer;
    /// use portal_tower::portal_sdk::authenticator::Authenticator;
    /// use portal_tower::portal_sdk::backend::HttpBackend;
    ///
    /// fn layer(by_host: HashMap<String, Authenticator<HttpBackend>>) -> AuthenticateLayer {
    ///     AuthenticateLayer::per_request(move |parts: &Parts| {
    ///         let host = parts.headers.get(HOST)?.to_str().ok()?;
    ///         by_host.get(host).cloned()
    ///     })
    /// }
    /// ```
    pub fn per_request<F>(choose: F) -> Self
    where
        F: Fn(&Parts) -> Option<Authenticator<B>> + Send + Sync + 'static,
    {
        Self {
            choose: Choose::PerRequest(Arc::new(choose)),
            settings: AnswerSettings::default(),
        }
    }

    /// Sets the renderer of all inner refusals; see [`RenderRefusal`].
    pub fn with_refusal_renderer(mut self, renderer: impl RenderRefusal) -> Self {
        self.settings.renderer = Some(Arc::new(renderer));
        self
    }

    /// Sets `Cache-Control: no-store` on every response that depends on the user (default: `false`).
    ///
    /// It replaces the handler's value. No cache then keeps the response, not even the browser's, so that Back does not
    /// show it after sign-out; see [After sign-out](crate::sign_out#after-sign-out). For single routes use
    /// [`RequireAuthLayer::with_no_store`](crate::RequireAuthLayer::with_no_store).
    pub fn with_no_store(mut self, no_store: bool) -> Self {
        self.settings.no_store = no_store;
        self
    }
}

impl<B, S> Layer<S> for AuthenticateLayer<B> {
    type Service = Authenticate<S, B>;

    fn layer(&self, inner: S) -> Self::Service {
        Authenticate::new(inner, self.choose.clone(), self.settings.clone())
    }
}

impl<B> Clone for AuthenticateLayer<B> {
    fn clone(&self) -> Self {
        Self {
            choose: self.choose.clone(),
            settings: self.settings.clone(),
        }
    }
}

impl<B> fmt::Debug for AuthenticateLayer<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticateLayer")
            .field("instance", &self.choose)
            .finish()
    }
}

impl<B> Clone for Choose<B> {
    fn clone(&self) -> Self {
        match self {
            Self::Fixed {
                authenticator,
                accounts,
            } => Self::Fixed {
                authenticator: authenticator.clone(),
                accounts: accounts.clone(),
            },
            Self::PerRequest(choose) => Self::PerRequest(choose.clone()),
        }
    }
}

impl<B> fmt::Debug for Choose<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed { authenticator, .. } => authenticator.fmt(f),
            Self::PerRequest(_) => f.write_str("chosen per request"),
        }
    }
}
