//! [`RedisFleet`]: replicas that tell each other over Redis.

mod address;
mod connection;
mod link;
mod message;
mod problem;
mod queue;
mod sent;
#[cfg(feature = "redis-tls")]
mod tls;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::address::Address;
use self::link::Link;
use super::{Fleet, FleetEvent, FleetHealth, FleetMember};
use crate::instance::{ConfigError, Instance, Setting, process_variable};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_PREFIX_BYTES: usize = 200;

/// A fleet of the replicas that use the same Redis. Clones are the same fleet.
///
/// ```no_run
/// use portal_sdk::authenticator::Authenticator;
/// use portal_sdk::fleet::RedisFleet;
/// use portal_sdk::instance::Instance;
///
/// # fn main() -> Result<(), portal_sdk::instance::ConfigError> {
/// let instance = Instance::from_env()?;
/// let fleet = RedisFleet::connect("redis://:password@redis.internal:6379", &instance)?;
/// let authenticator = Authenticator::builder(instance).fleet(fleet).build();
/// # Ok(())
/// # }
/// ```
///
/// An event is published on a channel, and stored until an hour after its tokens have expired. A replica that starts or
/// reconnects reads the events that it missed, so that it rejects the tokens and ends the live connections. The server must
/// be Redis 6 or newer, or Valkey. Redis Cluster is not supported.
///
/// A thread with its own tokio runtime maintains one connection. It starts when the first authenticator is built, and ends
/// when the last clone is dropped.
///
/// # Outages
///
/// No request waits for Redis. While it is out of reach, the replica continues with the events that it knows, and queues
/// its new ones, the last 131,072. It logs one warning, and one line at `info` when Redis is back. It connects again with a
/// back-off of up to 15 seconds. Then it reads the stored events, and sends the queue and those of its events that Redis
/// has lost. A connection that hangs is noticed within twice the [`timeout`](RedisFleetBuilder::timeout).
/// [`Authenticator::health`](crate::authenticator::Authenticator::health) returns the state.
///
/// # Names in Redis
///
/// With the default [prefix](RedisFleetBuilder::prefix), an instance at `clerk.example.com` uses:
///
/// | Name | Type | Holds |
/// |---|---|---|
/// | `portal:clerk.example.com:events` | channel | events as [JSON](FleetEvent::to_json), one per line |
/// | `portal:clerk.example.com:stored` | sorted set | up to 131,072 events, scored by [`until`](FleetEvent::until) in milliseconds; expires after 25 hours without events |
///
/// # Security
///
/// Anyone who can write to this Redis can sign users out, but not in; see [`Fleet`]. Use a private network or
/// `rediss://`, because `redis://` sends the password unencrypted. `Debug`, errors and log lines show neither the user
/// nor the password.
///
/// A user in Redis's access control list needs these rules, here for the default prefix:
///
/// ```text
/// resetchannels &portal:clerk.example.com:events ~portal:clerk.example.com:stored
/// +hello +select +ping +subscribe +publish
/// +zadd +zremrangebyscore +zremrangebyrank +zrevrangebyscore +pexpire
/// ```
#[derive(Clone)]
pub struct RedisFleet {
    handle: Arc<Handle>,
}

/// Ends the thread with the last clone.
struct Handle {
    link: Arc<Link>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.link.close();
    }
}

impl RedisFleet {
    /// Creates a fleet, which connects in the background.
    ///
    /// The URL is `redis://[user][:password]@host[:port][/database]`, or `rediss://` for TLS, which needs the feature
    /// `redis-tls`. The schemes `valkey` and `valkeys` mean the same as `redis` and `rediss`.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if the URL is malformed. An unreachable server is not an error.
    pub fn connect(url: &str, instance: &Instance) -> Result<Self, ConfigError> {
        Self::builder(url, instance).build()
    }

    /// Creates the fleet at `PORTAL_REDIS_URL`. Returns `None` if the variable is unset or empty.
    ///
    /// ```no_run
    /// use portal_sdk::authenticator::Authenticator;
    /// use portal_sdk::fleet::RedisFleet;
    /// use portal_sdk::instance::Instance;
    ///
    /// # fn main() -> Result<(), portal_sdk::instance::ConfigError> {
    /// let instance = Instance::from_env()?;
    /// let mut authenticator = Authenticator::builder(instance.clone());
    /// if let Some(fleet) = RedisFleet::from_env(&instance)? {
    ///     authenticator = authenticator.fleet(fleet);
    /// }
    /// let authenticator = authenticator.build();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if the variable is not UTF-8 or the URL is malformed.
    pub fn from_env(instance: &Instance) -> Result<Option<Self>, ConfigError> {
        let url = process_variable(Setting::RedisUrl.name())?.filter(|url| !url.trim().is_empty());
        url.map(|url| Self::connect(&url, instance)).transpose()
    }

    /// Returns a builder, for other settings than those of [`connect`](Self::connect).
    ///
    /// A malformed URL is an error of [`build`](RedisFleetBuilder::build).
    pub fn builder(url: &str, instance: &Instance) -> RedisFleetBuilder {
        RedisFleetBuilder {
            address: Address::parse(url),
            prefix: format!("portal:{}:", instance.publishable_key().frontend_api()),
            timeout: DEFAULT_TIMEOUT,
        }
    }
}

impl Fleet for RedisFleet {
    fn tell(&self, event: &FleetEvent) {
        self.handle.link.tell(event);
    }

    fn join(&self, member: FleetMember) {
        self.handle.link.join(member);
    }

    fn health(&self) -> Option<FleetHealth> {
        Some(self.handle.link.health())
    }
}

impl fmt::Debug for RedisFleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let link = &self.handle.link;
        f.debug_struct("RedisFleet")
            .field("address", &link.address)
            .field("names", &link.names)
            .field("health", &link.health())
            .finish_non_exhaustive()
    }
}

/// Settings of a [`RedisFleet`]; created by [`RedisFleet::builder`].
///
/// ```
/// use std::time::Duration;
///
/// use portal_sdk::fleet::RedisFleet;
/// use portal_sdk::instance::Instance;
///
/// # fn main() -> Result<(), portal_sdk::instance::ConfigError> {
/// let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example").build()?;
/// let fleet = RedisFleet::builder("redis://127.0.0.1:6379/2", &instance)
///     .prefix("shop:sessions:")
///     .timeout(Duration::from_secs(2))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct RedisFleetBuilder {
    address: Result<Address, ConfigError>,
    prefix: String,
    timeout: Duration,
}

impl RedisFleetBuilder {
    /// Sets the prefix of the names in Redis.
    ///
    /// Default: `portal:` and the host of the Frontend API, such as `portal:clerk.example.com:`. All replicas of an
    /// application need the same prefix. Applications with the same Clerk instance may share one. A session that ends in one
    /// application then ends in all.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the time limit of connecting and of each response (default: 5 seconds).
    ///
    /// After an idle time of the same length, a `PING` checks the connection.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets rustls' configuration for a `rediss://` URL (default: Mozilla's roots).
    ///
    /// Use it for other root certificates or for a client certificate. Needs the features `redis-tls` and `rustls-0_23`,
    /// because the type follows rustls' releases.
    ///
    /// # Security
    ///
    /// The password is sent to every server whose certificate this configuration accepts.
    #[cfg(all(feature = "redis-tls", feature = "rustls-0_23"))]
    pub fn tls_config(mut self, config: rustls::ClientConfig) -> Self {
        if let Ok(address) = &mut self.address {
            address.set_tls_config(config);
        }
        self
    }

    /// Creates the fleet, which connects in the background.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if the URL is malformed, or the prefix is not 1 to 200 visible ASCII characters.
    pub fn build(self) -> Result<RedisFleet, ConfigError> {
        let Self {
            address,
            prefix,
            timeout,
        } = self;
        let is_visible = prefix.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_visible || !(1..=MAX_PREFIX_BYTES).contains(&prefix.len()) {
            let expected = "1 to 200 visible ASCII characters";
            return Err(ConfigError::invalid(Setting::RedisPrefix, &prefix, expected));
        }
        let link = Arc::new(Link::new(address?, &prefix, timeout));
        Ok(RedisFleet {
            handle: Arc::new(Handle { link }),
        })
    }
}

/// An event for the tests of this room. `until` is in Unix seconds.
#[cfg(test)]
fn event(n: usize, until: i64) -> FleetEvent {
    FleetEvent::SessionEnded {
        id: format!("sess_{n}").into(),
        reason: super::SessionEndReason::SignedOut,
        until: crate::clock::UnixTime::from_secs(until),
    }
}
