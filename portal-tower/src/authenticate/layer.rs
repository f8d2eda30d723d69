use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use portal_sdk::backend::{BackendApi, HttpBackend};
use portal_sdk::instance::ConfigError;
use portal_sdk::{Authenticator, Instance};
use tower_layer::Layer;

use super::Authenticate;
use crate::auth::{Accounts, AnswerSettings};
use crate::require::RenderRefusal;

/// Authenticates every request. See the [module](super) for the rules.
///
/// Make one and put it around the whole application; its clones share the signing keys in memory.
///
/// ```
/// use portal_tower::AuthenticateLayer;
/// use portal_tower::sdk::Instance;
///
/// # fn main() -> Result<(), portal_tower::sdk::instance::ConfigError> {
/// let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example").build()?;
/// let layer = AuthenticateLayer::new(instance).with_no_store(true);
/// # Ok(())
/// # }
/// ```
#[must_use = "a layer does nothing until it is put around a service"]
pub struct AuthenticateLayer<B = HttpBackend> {
    choose: Choose<B>,
    settings: AnswerSettings,
}

/// Which instance a request is for.
pub(super) enum Choose<B> {
    Fixed {
        authenticator: Authenticator<B>,
        /// The same, without its type.
        accounts: Arc<dyn Accounts>,
    },
    PerRequest(Arc<ChooseFn<B>>),
}

type ChooseFn<B> = dyn Fn(&Parts) -> Option<Authenticator<B>> + Send + Sync;

impl AuthenticateLayer {
    /// Authenticates for `instance`, with the default settings.
    pub fn new(instance: Instance) -> Self {
        let backend = HttpBackend::new(&instance);
        Self::from_authenticator(Authenticator::new(instance, backend))
    }

    /// Authenticates for the instance that the `CLERK_*` variables describe.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if a variable is missing or invalid; it names the variable, the value found and the value
    /// expected.
    pub fn from_env() -> Result<Self, ConfigError> {
        Instance::from_env().map(Self::new)
    }
}

impl<B: BackendApi> AuthenticateLayer<B> {
    /// Authenticates with an authenticator whose settings are not the defaults: time limits, caches, a proxy, a backend of
    /// your own.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use portal_tower::AuthenticateLayer;
    /// use portal_tower::sdk::{Authenticator, Instance};
    ///
    /// # fn main() -> Result<(), portal_tower::sdk::instance::ConfigError> {
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

    /// Chooses the instance by the request, for one process that serves several Clerk applications. Keep the
    /// authenticators: each has the signing keys of its instance in memory. A request that no instance is chosen for is
    /// answered 421 (RFC 9110 section 15.5.20).
    pub fn per_request<F>(choose: F) -> Self
    where
        F: Fn(&Parts) -> Option<Authenticator<B>> + Send + Sync + 'static,
    {
        Self {
            choose: Choose::PerRequest(Arc::new(choose)),
            settings: AnswerSettings::default(),
        }
    }

    /// Gives the refusals of all guards and extractors inside the application's own look: a closure
    /// `Fn(&Refusal) -> Option<Response<Bytes>>`, or a type of your own. See [`RenderRefusal`].
    pub fn render_refusals(mut self, renderer: impl RenderRefusal) -> Self {
        self.settings.renderer = Some(Arc::new(renderer));
        self
    }

    /// Keeps every answer that depends on the user out of all caches, the browser's own included, so that Back never
    /// shows it again: `Cache-Control: no-store`, whatever the handler set. See [After sign-out](crate::sign_out#after-sign-out)
    /// for what browsers do without it. [`RequireAuthLayer::with_no_store`](crate::RequireAuthLayer::with_no_store) does
    /// it for single routes. Default: `false`.
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
