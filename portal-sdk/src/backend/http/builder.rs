//! [`HttpBackendBuilder`]: time limits and connections of an [`HttpBackend`].

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

use super::connector::{Connector, SecureConnector};
use super::{HttpBackend, Settings};
use crate::instance::{Instance, ProxyUrl, with_scheme};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(5);
/// Two calls, as for a handshake payload, then end before a shared call counts as abandoned.
const MAX_TIMEOUT: Duration = Duration::from_secs(25);
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// Settings of an [`HttpBackend`]; created by [`HttpBackend::builder`].
///
/// ```
/// use std::time::Duration;
///
/// use portal_sdk::instance::Instance;
/// use portal_sdk::backend::HttpBackend;
///
/// # fn main() -> Result<(), portal_sdk::instance::ConfigError> {
/// let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example").build()?;
/// let backend = HttpBackend::builder(&instance)
///     .connect_timeout(Duration::from_secs(1))
///     .timeout(Duration::from_secs(2))
///     .build();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct HttpBackendBuilder {
    instance: Instance,
    timeout: Duration,
    connect_timeout: Duration,
    connector: Option<Connector>,
    tls: Option<rustls::ClientConfig>,
}

impl HttpBackendBuilder {
    pub(super) fn new(instance: Instance) -> Self {
        Self {
            instance,
            timeout: TOTAL_TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
            connector: None,
            tls: None,
        }
    }

    /// Sets the time limit of one call (default: 5 seconds, at most 25).
    ///
    /// The limit covers the time from connecting to the last byte. Fetching a handshake payload may take two calls. A
    /// longer limit counts as 25 seconds: requests share calls, and a shared one counts as abandoned after a minute.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.min(MAX_TIMEOUT);
        self
    }

    /// Sets the time limit of connecting: DNS, TCP, proxy and TLS (default: 3 seconds).
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Opens connections with a tower service, such as through a company's proxy.
    ///
    /// The service gets the URI of a call and returns a byte stream to its host and port. TLS for `https` URIs is added
    /// on top, so the service returns the bare stream, such as a `TcpStream` after the response to `CONNECT`. Streams
    /// are pooled. [`connect_timeout`](Self::connect_timeout) still applies. A connector for hyper returns `hyper::rt`
    /// streams; wrap them in `hyper_util::rt::TokioIo`.
    ///
    /// # Security
    ///
    /// Use `http` URIs only for servers on the same machine, because the connector's network sees the secret key in
    /// clear text.
    ///
    /// ```
    /// use http::Uri;
    /// use portal_sdk::instance::Instance;
    /// use portal_sdk::backend::HttpBackend;
    /// use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufStream};
    /// use tokio::net::TcpStream;
    ///
    /// /// Connects through a proxy without a password (RFC 9110 section 9.3.6).
    /// async fn through_proxy(uri: Uri) -> std::io::Result<BufStream<TcpStream>> {
    ///     let authority = format!("{}:{}", uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(443));
    ///     let mut stream = BufStream::new(TcpStream::connect("proxy.example.com:3128").await?);
    ///     stream.write_all(format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n").as_bytes()).await?;
    ///     stream.flush().await?;
    ///     let mut head = String::new();
    ///     while !head.ends_with("\r\n\r\n") {
    ///         if stream.read_line(&mut head).await? == 0 || head.len() > 8_192 {
    ///             return Err(std::io::ErrorKind::UnexpectedEof.into());
    ///         }
    ///     }
    ///     match head.split(' ').nth(1) {
    ///         Some(status) if status.starts_with('2') => Ok(stream),
    ///         _ => Err(std::io::Error::other("the proxy refuses")),
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), portal_sdk::instance::ConfigError> {
    /// let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example").build()?;
    /// let backend = HttpBackend::builder(&instance)
    ///     .connector(tower::service_fn(through_proxy))
    ///     .build();
    /// # Ok(())
    /// # }
    /// ```
    pub fn connector<C>(mut self, connector: C) -> Self
    where
        C: Service<Uri, Error: Into<Box<dyn Error + Send + Sync>>, Future: Send> + Clone + Send + Sync + 'static,
        C::Response: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.connector = Some(Connector::new(connector));
        self
    }

    /// Sets rustls' configuration: root certificates or a client certificate (default: Mozilla's roots).
    ///
    /// Needs the feature `rustls-0_23`, because the type follows rustls' releases. ALPN is always HTTP/1.1.
    ///
    /// # Security
    ///
    /// The secret key is sent to every server whose certificate this configuration accepts.
    #[cfg(feature = "rustls-0_23")]
    pub fn tls_config(mut self, config: rustls::ClientConfig) -> Self {
        self.tls = Some(config);
        self
    }

    /// Creates the client without connecting.
    #[must_use]
    pub fn build(self) -> HttpBackend {
        let connector = self.connector.unwrap_or_else(|| Connector::tcp(self.connect_timeout));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build(SecureConnector::new(connector, self.tls, self.connect_timeout));
        let instance = &self.instance;
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", instance.secret_key().expose()))
            .expect("a secret key holds visible ASCII only");
        authorization.set_sensitive(true);
        let mut base = instance.api_url().clone();
        base.set_query(None);
        base.set_fragment(None);
        if let Ok(mut segments) = base.path_segments_mut() {
            segments.pop_if_empty().push(instance.api_version());
        }
        let settings = Settings {
            base,
            frontend_api: frontend_api(instance),
            is_development: instance.is_development(),
            authorization,
            timeout: self.timeout,
            connect_timeout: self.connect_timeout,
            call_log: super::CallLog::default(),
            skipped_keys: super::SkippedKeys::default(),
        };
        HttpBackend {
            client,
            settings: Arc::new(settings),
        }
    }
}

/// Returns the Frontend API's base URL for servers. A proxy path has no host, so the host in the publishable key is
/// used.
fn frontend_api(instance: &Instance) -> Box<str> {
    match instance.proxy_url() {
        Some(ProxyUrl::Path(_)) => {
            let own = with_scheme(instance.publishable_key().frontend_api().as_str());
            own.trim_end_matches('/').into()
        }
        _ => instance.frontend_api_base("").into(),
    }
}
