//! [`AuthenticatorBuilder`]: backend, clock and caches of an [`Authenticator`].

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Authenticator;
#[cfg(feature = "http-client")]
use crate::backend::HttpBackend;
use crate::backend::{Backend, KeyCachePolicy};
use crate::clock::{Clock, SystemClock};
use crate::fleet::{Fleet, InProcessFleet};
use crate::instance::Instance;
use crate::key::KeySet;
use crate::lease::LeasePolicy;
use crate::token::TokenCachePolicy;

const USER_LIFETIME: Duration = Duration::from_secs(5);

/// Settings of an [`Authenticator`]; created by [`Authenticator::builder`].
///
/// ```
/// use std::time::Duration;
///
/// use portal_sdk::backend::KeyCachePolicy;
/// use portal_sdk::authenticator::Authenticator;
/// use portal_sdk::instance::Instance;
///
/// # fn main() -> Result<(), portal_sdk::instance::ConfigError> {
/// let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example").build()?;
/// let authenticator = Authenticator::builder(instance)
///     .timeout(Duration::from_secs(2))
///     .key_cache(KeyCachePolicy::default().with_lifetime(Duration::from_secs(60)))
///     .build();
/// # Ok(())
/// # }
/// ```
///
/// With a custom backend and a stopped clock, as in a test:
///
/// ```
/// # use portal_sdk::backend::Backend;
/// # use portal_sdk::clock::UnixTime;
/// # use portal_sdk::authenticator::Authenticator;
/// # use portal_sdk::instance::Instance;
/// # fn example(instance: Instance, my_backend: impl Backend) {
/// let authenticator = Authenticator::builder(instance)
///     .backend(my_backend)
///     .clock(|| UnixTime::from_secs(1_700_000_000))
///     .build();
/// # }
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct AuthenticatorBuilder<B = DefaultBackend> {
    pub(super) instance: Instance,
    pub(super) backend: B,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) key_cache: KeyCachePolicy,
    pub(super) user_cache: Duration,
    pub(super) max_wait: Option<Duration>,
    pub(super) initial_keys: Option<KeySet>,
    pub(super) key_snapshot: Option<PathBuf>,
    pub(super) token_cache: TokenCachePolicy,
    pub(super) fleet: Arc<dyn Fleet>,
    pub(super) leases: LeasePolicy,
}

/// The placeholder for the default backend of an [`AuthenticatorBuilder`].
///
/// With the feature `http-client` it becomes an [`HttpBackend`](crate::backend::HttpBackend). Without it, call
/// [`AuthenticatorBuilder::backend`].
#[derive(Clone, Debug, Default)]
pub struct DefaultBackend {
    #[cfg(feature = "http-client")]
    timeout: Option<Duration>,
    #[cfg(feature = "http-client")]
    connect_timeout: Option<Duration>,
}

impl AuthenticatorBuilder {
    pub(super) fn new(instance: Instance) -> Self {
        Self {
            instance,
            backend: DefaultBackend::default(),
            clock: Arc::new(SystemClock),
            key_cache: KeyCachePolicy::default(),
            user_cache: USER_LIFETIME,
            max_wait: None,
            initial_keys: None,
            key_snapshot: None,
            token_cache: TokenCachePolicy::default(),
            fleet: Arc::new(InProcessFleet::new()),
            leases: LeasePolicy::default(),
        }
    }

    /// Sets the backend: an [`HttpBackend`](crate::backend::HttpBackend) with a proxy, or a custom one.
    pub fn backend<B: Backend>(self, backend: B) -> AuthenticatorBuilder<B> {
        AuthenticatorBuilder {
            instance: self.instance,
            backend,
            clock: self.clock,
            key_cache: self.key_cache,
            user_cache: self.user_cache,
            max_wait: self.max_wait,
            initial_keys: self.initial_keys,
            key_snapshot: self.key_snapshot,
            token_cache: self.token_cache,
            fleet: self.fleet,
            leases: self.leases,
        }
    }
}

#[cfg(feature = "http-client")]
impl AuthenticatorBuilder {
    /// Sets the time limit of one call to Clerk. See
    /// [`HttpBackendBuilder::timeout`](crate::backend::HttpBackendBuilder::timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.backend.timeout = Some(timeout);
        self
    }

    /// Sets the time limit of connecting to Clerk. See
    /// [`HttpBackendBuilder::connect_timeout`](crate::backend::HttpBackendBuilder::connect_timeout).
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.backend.connect_timeout = Some(timeout);
        self
    }

    /// Creates the authenticator with an [`HttpBackend`].
    #[must_use]
    pub fn build(mut self) -> Authenticator<HttpBackend> {
        let DefaultBackend {
            timeout,
            connect_timeout,
        } = self.backend;
        let mut backend = HttpBackend::builder(&self.instance);
        if let Some(timeout) = timeout {
            backend = backend.timeout(timeout);
            self.max_wait.get_or_insert(timeout);
        }
        if let Some(timeout) = connect_timeout {
            backend = backend.connect_timeout(timeout);
        }
        let backend = backend.build();
        self.backend(backend).build()
    }
}

impl<B> AuthenticatorBuilder<B> {
    /// Sets the clock. Default: [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets when signing keys are fetched, and how long they are used.
    pub fn key_cache(mut self, policy: KeyCachePolicy) -> Self {
        self.key_cache = policy;
        self
    }

    /// Sets the signing keys that are used until the first fetch succeeds.
    ///
    /// They let an application start during an outage. The first request that needs keys starts a fetch in the
    /// background. Until it succeeds, these keys count as fetched when the authenticator is built; see
    /// [`KeyCachePolicy::with_max_stale`]. See [`KeySet::from_file`] for keys in a file. A usable
    /// [`key_snapshot`](Self::key_snapshot) takes precedence, because its keys were fetched.
    ///
    /// ```
    /// use portal_sdk::authenticator::Authenticator;
    /// use portal_sdk::instance::Instance;
    /// use portal_sdk::key::KeySet;
    ///
    /// # fn main() -> Result<(), portal_sdk::instance::ConfigError> {
    /// let jwks = serde_json::json!({ "keys": [{ "kid": "ins_1", "kty": "RSA", "use": "sig", "n": "…", "e": "AQAB" }] });
    /// let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example").build()?;
    /// let authenticator = Authenticator::builder(instance)
    ///     .initial_keys(KeySet::from_json(&jwks))
    ///     .build();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Security
    ///
    /// The owner of the private half of one of these keys can sign in as any user, until a fetch succeeds.
    pub fn initial_keys(mut self, keys: KeySet) -> Self {
        self.initial_keys = Some(keys);
        self
    }

    /// Keeps the fetched signing keys in a file, for a restart during an outage.
    ///
    /// The file is read when the authenticator is built, and replaced as a whole after a fetch. It is a JWK set with
    /// the instance's publishable key and the time of the fetch. Files of another instance or without one, unreadable
    /// files and keys that are [too old](KeyCachePolicy::with_max_stale) cause a warning and are ignored. A failed
    /// write is a warning too. The folder must exist. Each instance needs its own path.
    ///
    /// Keys in a usable file take precedence over [`initial_keys`](Self::initial_keys). Delete the file to start with
    /// those.
    ///
    /// ```
    /// use portal_sdk::authenticator::Authenticator;
    /// use portal_sdk::instance::Instance;
    ///
    /// # fn main() -> Result<(), portal_sdk::instance::ConfigError> {
    /// let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example").build()?;
    /// let authenticator = Authenticator::builder(instance)
    ///     .key_snapshot("/var/lib/app/clerk-jwks.json")
    ///     .build();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Security
    ///
    /// Anyone who can write the file or its folder can sign in as any user. It is created with mode 0600 on Unix;
    /// choose a folder that only the application's user can write.
    pub fn key_snapshot(mut self, path: impl Into<PathBuf>) -> Self {
        self.key_snapshot = Some(path.into());
        self
    }

    /// Sets how long requests wait for a renewed session or a handshake payload.
    ///
    /// Default: the [`timeout`](AuthenticatorBuilder::timeout) if it is set, otherwise 5 seconds. The time counts from
    /// the start of the call, which concurrent requests share. Afterwards they are undecided. The wait for signing keys
    /// is a setting of [`KeyCachePolicy`].
    pub fn max_wait(mut self, max_wait: Duration) -> Self {
        self.max_wait = Some(max_wait);
        self
    }

    /// Sets how many verified tokens are remembered.
    ///
    /// A signature is then verified once per token. All other rules are checked for every request.
    pub fn token_cache(mut self, policy: TokenCachePolicy) -> Self {
        self.token_cache = policy;
        self
    }

    /// Sets how long [`Authenticator::user`] answers from memory (default: 5 seconds; zero: no cache).
    ///
    /// Changes at the portal, in the dashboard or by another process show after that time at most. `Auth::user` of
    /// `portal-tower` fetches a user who returns from the portal again.
    ///
    /// # Security
    ///
    /// Permissions that you store in a user's metadata stay in force for that time too.
    pub fn user_cache(mut self, lifetime: Duration) -> Self {
        self.user_cache = lifetime;
        self
    }

    /// Sets the fleet, whose members share ended sessions, deleted users and removed keys.
    ///
    /// Default: an [`InProcessFleet`] of this authenticator alone. See [`Fleet`] for replicas in other processes.
    ///
    /// # Security
    ///
    /// A process that can send events in the fleet can sign users out, but not in.
    pub fn fleet(mut self, fleet: impl Fleet) -> Self {
        self.fleet = Arc::new(fleet);
        self
    }

    /// Sets when the sessions of [leases](crate::lease) are looked up (default: [`LeasePolicy::default`]).
    pub fn leases(mut self, policy: LeasePolicy) -> Self {
        self.leases = policy;
        self
    }
}

impl<B: Backend> AuthenticatorBuilder<B> {
    /// Creates the authenticator with the given [`backend`](AuthenticatorBuilder::backend).
    #[must_use]
    pub fn build(self) -> Authenticator<B> {
        Authenticator::from_builder(self)
    }
}

impl<B> fmt::Debug for AuthenticatorBuilder<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticatorBuilder")
            .field("instance", &self.instance)
            .field("key_cache", &self.key_cache)
            .field("user_cache", &self.user_cache)
            .field("token_cache", &self.token_cache)
            .field("fleet", &self.fleet)
            .field("leases", &self.leases)
            .finish_non_exhaustive()
    }
}
