//! [`LocalPortal`]: a portal that runs.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use portal_sdk::clock::UnixTime;
use portal_sdk::instance::PublishableKey;
use portal_sdk::secret::Secret;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::app::{self, App};
use crate::clock::SkewedClock;
use crate::config::LocalPortalBuilder;
use crate::connections::{self, Limits};
use crate::error::{SettingsError, StartError, check_settings};
use crate::faults::{Fault, Faults};
use crate::mint::{Mint, MintError};
use crate::redirect::RedirectPolicy;
use crate::request_log::{RequestLog, RequestRecord};
use crate::secrets::FormKey;
use crate::seed::{SeedError, SeedRefused};
use crate::slow_work::SlowWork;
use crate::store::{Instance, Location, Mail, OpenError, Settings, Store, StoreError};
use crate::store::{instance, outbox, settings};

/// The path inside the publishable key. Official clients take a key for a development key by how its address ends.
const KEY_PATH: &str = "/accounts.dev";
const LONGEST_TOKEN_LIFETIME_SECS: u32 = 86_400;
/// The time for requests in progress to end during shutdown.
const SHUT_DOWN_PATIENCE: Duration = Duration::from_secs(3);

/// A portal that listens. It stops when it is dropped, and in order when [`shut_down`](Self::shut_down) is awaited.
pub struct LocalPortal {
    app: Arc<App>,
    server: JoinHandle<()>,
    /// Dropping the sender stops the server too.
    stop: oneshot::Sender<()>,
}

impl LocalPortal {
    /// Starts to describe a portal.
    pub fn builder() -> LocalPortalBuilder {
        LocalPortalBuilder::new()
    }

    pub(crate) async fn start(config: LocalPortalBuilder) -> Result<Self, StartError> {
        if !config.address.ip().is_loopback() {
            return Err(StartError::NotLoopback { found: config.address });
        }
        if !(1..=LONGEST_TOKEN_LIFETIME_SECS).contains(&config.token_lifetime_secs) {
            return Err(StartError::TokenLifetime {
                found: config.token_lifetime_secs,
            });
        }
        // The address first: a port in use must not leave a new database behind.
        let (listener, address) = listen(config.address).await?;
        let origin = format!("http://{address}");
        let redirects = RedirectPolicy::new(&origin, &config.redirect_origins, config.loopback)
            .map_err(|found| StartError::RedirectOrigin { found })?;

        if let Some(wanted) = &config.settings {
            check_settings(wanted, &redirects)?;
        }

        let (store, instance) = open(config.location.clone(), config.clock.now()).await?;
        let issuer = format!("{origin}{KEY_PATH}");
        let signing_key = || StartError::SigningKey {
            path: path_of(&config.location),
        };
        let publishable_key = PublishableKey::development(&issuer).map_err(|_| signing_key())?;
        let plain_publishable_key = PublishableKey::development(&plain_address(address)).map_err(|_| signing_key())?;
        let lifetime = i64::from(config.token_lifetime_secs);
        let mint = Mint::new(&instance.signing_key, instance.key_id, issuer, lifetime).map_err(|_| signing_key())?;

        let app = Arc::new(App {
            application_name: config.application_name,
            origin,
            hosts: hosts(address),
            instance_id: instance.id,
            publishable_key,
            plain_publishable_key,
            secret_key: instance.secret_key,
            form_key: FormKey::new(&instance.form_key),
            mint,
            redirects,
            store,
            clock: SkewedClock::new(config.clock),
            log: RequestLog::default(),
            faults: Faults::default(),
            slow_work: SlowWork::default(),
            pruned_at: AtomicI64::new(0),
        });
        let (origin, name, wanted) = (app.origin.clone(), app.application_name.clone(), config.settings);
        let prepared = app.store.transaction(move |connection| {
            instance::set_address_and_name(connection, &origin, &name)?;
            match wanted {
                Some(wanted) => settings::write(connection, &wanted),
                None => Ok(()),
            }
        });
        let failed = |error: StoreError| StartError::open(path_of(&config.location), error.while_opening());
        prepared.await.map_err(failed)?;
        app.seed(config.seed).await.map_err(|error| match error {
            SeedError::Refused(SeedRefused { what, reason }) => StartError::Seed { what, reason },
            SeedError::Store(error) => failed(error),
        })?;
        let (stop, stopped) = oneshot::channel();
        let serve = connections::serve(listener, app::router(&app), Limits::default(), async move {
            let _ = stopped.await;
        });
        let server = tokio::spawn(serve);
        tracing::info!(origin = app.origin, "local development portal listens; it is not Clerk");
        Ok(Self { app, server, stop })
    }

    /// Scheme, host and port, such as `http://127.0.0.1:8787`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.app.origin
    }

    /// The key with the portal's address inside.
    #[must_use]
    pub fn publishable_key(&self) -> &PublishableKey {
        &self.app.publishable_key
    }

    /// The Backend API key. It stays the same for as long as the database does.
    #[must_use]
    pub fn secret_key(&self) -> &Secret {
        &self.app.secret_key
    }

    /// The environment variables for an application, secret key included, as names and values.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        self.app.environment()
    }

    /// The public signing key in PEM, for applications that verify tokens without asking (`CLERK_JWT_KEY`).
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the key cannot be encoded.
    pub fn jwt_key(&self) -> Result<String, StoreError> {
        self.app.mint.public_key_pem().map_err(|error: MintError| error.into())
    }

    /// The mail that would have been sent, the latest first.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the database fails.
    pub async fn outbox(&self) -> Result<Vec<Mail>, StoreError> {
        self.app
            .store
            .transaction(|connection| Ok(outbox::list(connection, outbox::MOST_MAILS)?))
            .await
    }

    /// A link that signs in the person with this address (or user id), once, within thirty days. Its page has one button
    /// (`data-testid="portal-ticket-submit"`) and needs neither password nor code; add `&redirect_url=…` to be sent on
    /// from there. `None` if there is no such person.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the database fails.
    pub async fn sign_in_link_for(&self, address_or_id: &str) -> Result<Option<String>, StoreError> {
        self.app.sign_in_link_for(address_or_id.to_owned()).await
    }

    /// The code that the authenticator app of the person with this address (or user id) shows now. A code is good once:
    /// if this one was used, it is the next one, which is accepted early. `None` if there is no such person, or they have
    /// no authenticator.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the database fails.
    pub async fn totp_code_for(&self, address_or_id: &str) -> Result<Option<String>, StoreError> {
        self.app.totp_code_for(address_or_id.to_owned()).await
    }

    /// Makes the next calls of an endpoint fail, or wait. Faults of one endpoint follow each other in order.
    pub fn fault(&self, fault: Fault) {
        self.app.faults.add(fault);
    }

    /// Takes back the faults that were not used up.
    pub fn clear_faults(&self) {
        self.app.faults.clear();
    }

    /// Makes the portal's clock wrong by this many seconds; 0 makes it right again.
    pub fn set_clock_skew_secs(&self, secs: i64) {
        self.app.clock.set_skew_secs(secs);
    }

    /// Signs with a new key from now on, under another key id. No token that was signed before is good any more.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if key generation or the database fails.
    pub async fn rotate_signing_key(&self) -> Result<(), StoreError> {
        self.app.rotate_signing_key().await
    }

    /// Deletes users, organizations, devices, mail and settings. The keys are kept.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the database fails.
    pub async fn reset(&self) -> Result<(), StoreError> {
        self.app.reset().await
    }

    /// The environment in the form of a `.env` file, with what only some clients need as comments.
    #[must_use]
    pub fn environment_block(&self) -> String {
        self.app.environment_block()
    }

    /// The key with the portal's address inside without scheme and path, for clients that refuse those. They need the
    /// portal's origin as their proxy URL too.
    #[must_use]
    pub fn plain_publishable_key(&self) -> &PublishableKey {
        &self.app.plain_publishable_key
    }

    /// The instance's settings.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the database fails.
    pub async fn settings(&self) -> Result<Settings, StoreError> {
        self.app
            .store
            .transaction(|connection| settings::read(connection))
            .await
    }

    /// Replaces the settings at once, and stores them in the database.
    ///
    /// # Errors
    ///
    /// Returns [`SettingsError`] if a setting is invalid or the database fails. The settings are then unchanged.
    pub async fn set_settings(&self, wanted: Settings) -> Result<(), SettingsError> {
        check_settings(&wanted, &self.app.redirects)?;
        let store = &self.app.store;
        store
            .transaction(move |connection| settings::write(connection, &wanted))
            .await
            .map_err(SettingsError::Store)
    }

    /// The latest requests, the oldest first, without the secrets in their addresses.
    #[must_use]
    pub fn request_log(&self) -> Vec<RequestRecord> {
        self.app.log.records()
    }

    /// Stops listening, lets the requests under way end, and closes the database.
    pub async fn shut_down(mut self) {
        let _ = self.stop.send(());
        match tokio::time::timeout(SHUT_DOWN_PATIENCE, &mut self.server).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the server ended early"),
            Err(_) => self.server.abort(),
        }
        self.app.store.close().await;
        tracing::info!(origin = self.app.origin, "local development portal has shut down");
    }
}

impl fmt::Debug for LocalPortal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalPortal")
            .field("origin", &self.app.origin)
            .finish_non_exhaustive()
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::AddressInUse { address },
        _ => StartError::Listen { address, source },
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

async fn open(location: Location, now: UnixTime) -> Result<(Store, Instance), StartError> {
    let path = path_of(&location);
    tokio::task::spawn_blocking(move || Store::open(&location, now))
        .await
        .unwrap_or_else(|error| Err(OpenError::Io(io::Error::other(error))))
        .map_err(|error| StartError::open(path, error))
}

fn path_of(location: &Location) -> PathBuf {
    match location {
        Location::Memory => PathBuf::from("the database in memory"),
        Location::File(path) => path.clone(),
    }
}

/// The address inside the plain publishable key. Clerk's keys contain a dot, so an IPv6 address is written with the last
/// 32 bits as IPv4 writes them (RFC 4291 section 2.2).
fn plain_address(address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(_) => address.to_string(),
        IpAddr::V6(_) => format!("[::0.0.0.1]:{}", address.port()),
    }
}

/// The names under which this machine reaches `address`.
fn hosts(address: SocketAddr) -> Vec<String> {
    let port = address.port();
    let mut hosts = vec![address.to_string()];
    for name in ["127.0.0.1", "localhost", "[::1]"] {
        hosts.push(format!("{name}:{port}"));
        if port == 80 {
            hosts.push(name.to_owned());
        }
    }
    hosts
}
