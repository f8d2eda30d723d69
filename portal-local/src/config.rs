//! [`LocalPortalBuilder`]: what can be set before a portal starts.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use portal_sdk::clock::{Clock, SystemClock};

use crate::redirect::Loopback;
use crate::seed::{Seed, SeedOrganization, SeedRole, SeedUser};
use crate::store::{Location, Settings};

/// Clerk's lifetime of a session token.
const DEFAULT_TOKEN_LIFETIME_SECS: u32 = 60;

/// The settings of a [`LocalPortal`](crate::LocalPortal).
#[must_use = "a builder does nothing until `start` is called"]
#[derive(Clone)]
pub struct LocalPortalBuilder {
    pub(crate) application_name: String,
    pub(crate) address: SocketAddr,
    pub(crate) location: Location,
    pub(crate) token_lifetime_secs: u32,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) redirect_origins: Vec<String>,
    pub(crate) loopback: Loopback,
    pub(crate) settings: Option<Settings>,
    pub(crate) webhooks: Vec<String>,
    pub(crate) seed: Seed,
}

impl LocalPortalBuilder {
    pub(crate) fn new() -> Self {
        Self {
            application_name: "My Application".into(),
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            location: Location::Memory,
            token_lifetime_secs: DEFAULT_TOKEN_LIFETIME_SECS,
            clock: Arc::new(SystemClock),
            redirect_origins: Vec::new(),
            loopback: Loopback::Allowed,
            settings: None,
            webhooks: Vec::new(),
            seed: Seed::default(),
        }
    }

    /// The application's name, which the pages show. Default: `My Application`.
    pub fn application_name(mut self, name: impl Into<String>) -> Self {
        self.application_name = name.into();
        self
    }

    /// Sets the loopback address to listen on. Port 0 picks a free port. Default: `127.0.0.1:0`.
    ///
    /// The publishable key holds the address, so an application whose settings should outlive a restart needs a fixed
    /// port.
    pub fn bind(mut self, address: impl Into<SocketAddr>) -> Self {
        self.address = address.into();
        self
    }

    /// Keeps the data in this file, which is created if it is missing. Default: in memory, gone with the portal.
    pub fn database_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.location = Location::File(path.into());
        self
    }

    /// Sets the lifetime of a session token in seconds, at least 1. Default: 60.
    pub fn token_lifetime_secs(mut self, secs: u32) -> Self {
        self.token_lifetime_secs = secs;
        self
    }

    /// Sets the clock. Default: the machine's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Adds an origin that users may be redirected to, such as `https://app.test`. Every origin of this machine
    /// (`localhost`, 127.0.0.0/8, `[::1]`, any port) is allowed without being named. May be called several times.
    pub fn redirect_origin(mut self, origin: impl Into<String>) -> Self {
        self.redirect_origins.push(origin.into());
        self
    }

    /// Lets users return only to the origins that [`redirect_origin`](Self::redirect_origin) names, as in production
    /// (default: `false`, which also allows every origin of this machine).
    pub fn strict_redirects(mut self, is_on: bool) -> Self {
        self.loopback = if is_on { Loopback::Named } else { Loopback::Allowed };
        self
    }

    /// Sets the settings that an administrator chooses in Clerk's dashboard. Default: the database's, initially
    /// [`Settings::default`].
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = Some(settings);
        self
    }

    /// Adds a URL that Clerk's events are sent to, such as `http://localhost:3000/webhooks`.
    ///
    /// It must be an `http` URL of this machine: `localhost`, 127.0.0.0/8 or `[::1]`. May be called several times; each URL
    /// gets every event. See [webhooks](crate#webhooks) for the events and their delivery. Without a URL, no event is stored.
    ///
    /// ```
    /// # use portal_local::LocalPortal;
    /// let builder = LocalPortal::builder().webhook("http://localhost:3000/webhooks");
    /// # let _ = builder;
    /// ```
    pub fn webhook(mut self, url: impl Into<String>) -> Self {
        self.webhooks.push(url.into());
        self
    }

    /// Adds a user. An existing user with this address is kept unchanged.
    pub fn user(mut self, user: SeedUser) -> Self {
        self.seed.users.push(user);
        self
    }

    /// An organization that exists from the start. A slug that is taken keeps its organization as it is.
    pub fn organization(mut self, organization: SeedOrganization) -> Self {
        self.seed.organizations.push(organization);
        self
    }

    /// A role that organizations have from the start, besides Clerk's own.
    pub fn role(mut self, role: SeedRole) -> Self {
        self.seed.roles.push(role);
        self
    }

    /// Adds the users that `portal-local seed` adds: `jane`, `joe`, `solo`, `code` and `leaked`, each
    /// `+clerk_test@example.com`, and the organization `acme`. The password is `correct horse battery`; `code` has none,
    /// that of `leaked` must be reset.
    pub fn demo_data(mut self) -> Self {
        let demo = crate::seed::demo();
        self.seed.users.extend(demo.users);
        self.seed.organizations.extend(demo.organizations);
        self
    }
}

impl fmt::Debug for LocalPortalBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalPortalBuilder")
            .field("application_name", &self.application_name)
            .field("address", &self.address)
            .field("location", &self.location)
            .field("token_lifetime_secs", &self.token_lifetime_secs)
            .field("redirect_origins", &self.redirect_origins)
            .field("loopback", &self.loopback)
            .field("settings", &self.settings)
            .field("webhooks", &self.webhooks)
            .finish_non_exhaustive()
    }
}
