//! Starts a portal: listens, opens the database, and puts together what the handlers share.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use portal_sdk::clock::UnixTime;
use portal_sdk::instance::PublishableKey;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::backend_api::Events;
use crate::clock::SkewedClock;
use crate::config::LocalPortalBuilder;
use crate::error::{StartError, check_settings};
use crate::faults::Faults;
use crate::flow::{Application, Flows};
use crate::mint::Mint;
use crate::portal::LocalPortal;
use crate::redirect::RedirectPolicy;
use crate::request_log::RequestLog;
use crate::secrets::FormKey;
use crate::seed::{SeedError, SeedRefused};
use crate::state::App;
use crate::store::{Db, Instance, Location, OpenError, Store, StoreError, settings, webhook_deliveries};
use crate::webhooks::{self, Target, Webhooks};
use crate::{admin, server};

/// The path inside the publishable key. Official clients take a key for a development key by how its address ends.
const KEY_PATH: &str = "/accounts.dev";
const LONGEST_TOKEN_LIFETIME_SECS: u32 = 86_400;

// Here and not beside the builder's other methods: the settings of a portal know nothing of its start.
impl LocalPortalBuilder {
    /// Starts the portal on the current tokio runtime. It listens when this returns.
    ///
    /// # Errors
    ///
    /// Returns [`StartError`] with the found and the expected value, and the next step.
    pub async fn start(self) -> Result<LocalPortal, StartError> {
        start(self).await
    }
}

async fn start(config: LocalPortalBuilder) -> Result<LocalPortal, StartError> {
    if !config.address.ip().is_loopback() {
        return Err(StartError::NotLoopback { found: config.address });
    }
    if !(1..=LONGEST_TOKEN_LIFETIME_SECS).contains(&config.token_lifetime_secs) {
        return Err(StartError::TokenLifetime {
            found: config.token_lifetime_secs,
        });
    }
    let webhooks = Arc::new(Webhooks::new(targets(&config.webhooks)?, webhooks::Limits::default()));
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

    let clock = Arc::new(SkewedClock::new(config.clock));
    let application = Arc::new(Application {
        name: config.application_name,
        origin,
        instance_id: instance.id,
        mint,
        redirects,
    });
    let failed = |error: StoreError| StartError::open(path_of(&config.location), error.into());
    let store = match webhooks.is_on() {
        true => store.witnessed(Arc::new(Events {
            application: Arc::clone(&application),
            webhooks: Arc::clone(&webhooks),
        })),
        false => Ok(store),
    };
    let store = store.map_err(failed)?;
    let flows = Flows::new(store.clone(), Arc::clone(&clock), application);

    let app = Arc::new(App {
        hosts: hosts(address),
        publishable_key,
        plain_publishable_key,
        secret_key: instance.secret_key,
        webhook_secret: instance.webhook_secret,
        form_key: FormKey::new(&instance.form_key),
        store,
        flows,
        clock,
        log: RequestLog::default(),
        faults: Faults::default(),
        webhooks,
        pruned_at: AtomicI64::new(0),
    });
    if let Some(wanted) = config.settings {
        let written = app.flows.transaction(move |db| settings::write(db, &wanted));
        written.await.map_err(failed)?;
    }
    admin::seed(&app, config.seed).await.map_err(|error| match error {
        SeedError::Refused(SeedRefused { what, reason }) => StartError::Seed { what, reason },
        SeedError::Store(error) => failed(error),
    })?;
    give_up_deliveries_elsewhere(&app).await.map_err(failed)?;
    let couriers = app
        .webhooks
        .start(&app.webhook_secret, &app.store, &app.clock)
        .ok_or_else(signing_key)?;
    let (stop, stopped) = oneshot::channel();
    let serve = server::serve(listener, Arc::clone(&app), async move {
        let _ = stopped.await;
    });
    let server = tokio::spawn(serve);
    tracing::info!(origin = app.origin, "local development portal listens; it is not Clerk");
    Ok(LocalPortal {
        app,
        server,
        couriers,
        stop,
    })
}

/// The receivers of webhooks, each once.
fn targets(urls: &[String]) -> Result<Vec<Target>, StartError> {
    let mut targets: Vec<Target> = Vec::new();
    for found in urls {
        let target = Target::parse(found).ok_or_else(|| StartError::WebhookUrl { found: found.clone() })?;
        if !targets.iter().any(|known| known.as_str() == target.as_str()) {
            targets.push(target);
        }
    }
    Ok(targets)
}

/// Gives up the pending deliveries of an earlier start to other URLs.
///
/// A start without URLs, such as that of a command, changes nothing.
async fn give_up_deliveries_elsewhere(app: &Arc<App>) -> Result<(), StoreError> {
    if !app.webhooks.is_on() {
        return Ok(());
    }
    let webhooks = Arc::clone(&app.webhooks);
    let give_up = move |db: Db<'_>| {
        let urls: Vec<&str> = webhooks.urls().collect();
        webhook_deliveries::give_up_others(db, &urls, webhooks::NOT_A_TARGET)
    };
    app.flows.transaction(give_up).await
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
