//! [`FrontendApiProxy`] and its future.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, Version};
use http_body::Body;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use portal_sdk::instance::{ConfigError, Instance, ProxyUrl, Setting};
use portal_sdk::request::PublicUrl;
use portal_sdk::throttle::Throttle;
use rustls::crypto::aws_lc_rs;
use tower_service::Service;

use super::body::BoxError;
use super::error::Failure;
use super::request::{Facts, Upstream};
use super::request_body::{RequestBody, request_body};
use super::{ProxyBody, ProxyError, address, request, response};
use crate::auth::Auth;
use crate::drain::Drain;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(60);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// Room for a profile picture, the largest body that browsers send.
const DEFAULT_MAX_REQUEST_BYTES: usize = 16 * 1024 * 1024;

/// A service that forwards requests to Clerk's Frontend API. See the [module](super) for the rules.
///
/// Clones share the connection pool.
///
/// ```
/// use std::time::Duration;
///
/// use portal_tower::FrontendApiProxy;
/// use portal_tower::portal_sdk::instance::Instance;
///
/// # fn main() -> Result<(), portal_tower::portal_sdk::instance::ConfigError> {
/// let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example").proxy_url("/__clerk").build()?;
/// let proxy = FrontendApiProxy::new(&instance)?.with_timeout(Duration::from_secs(10));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a service does nothing until it is mounted"]
pub struct FrontendApiProxy {
    client: Client<HttpsConnector<HttpConnector>, RequestBody>,
    settings: Arc<Settings>,
}

#[derive(Clone)]
struct Settings {
    instance: Instance,
    upstream: Upstream,
    /// The mount path, without a trailing slash.
    mount: Box<str>,
    secret_key: HeaderValue,
    timeout: Duration,
    max_request_bytes: usize,
    peer_address: Option<PeerAddress>,
    trusted_proxies: Vec<IpAddr>,
    log_lines: Arc<Throttle>,
}

type PeerAddress = Arc<dyn Fn(&Parts) -> Option<IpAddr> + Send + Sync>;

impl FrontendApiProxy {
    /// Creates a proxy for the instance's Frontend API.
    ///
    /// The mount path is that of the instance's [`proxy_url`](portal_sdk::instance::InstanceBuilder::proxy_url).
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if the instance has no proxy URL, or the upstream URL is invalid.
    pub fn new(instance: &Instance) -> Result<Self, ConfigError> {
        let mount = match instance.proxy_url() {
            Some(ProxyUrl::Path(path)) => path.trim_end_matches('/').into(),
            // A proxy in front of the application has stripped this path prefix.
            Some(ProxyUrl::Absolute(url)) => {
                let base_path = instance.public_origins().base_path_at(url);
                let path = url.path().strip_prefix(base_path).unwrap_or(url.path());
                path.trim_end_matches('/').into()
            }
            None => {
                return Err(ConfigError::Missing {
                    setting: Setting::ProxyUrl,
                    expected: "the path that the Frontend API proxy is mounted at, such as /__clerk",
                });
            }
        };
        let upstream = Upstream::parse(instance.frontend_api_upstream()).ok_or_else(|| ConfigError::Invalid {
            setting: Setting::FrontendApiUrl,
            found: instance.frontend_api_upstream().into(),
            expected: "an absolute http(s) URL",
        })?;
        let mut secret_key =
            HeaderValue::try_from(instance.secret_key().expose()).map_err(|_| ConfigError::Missing {
                setting: Setting::SecretKey,
                expected: "visible ASCII characters only",
            })?;
        secret_key.set_sensitive(true);
        let settings = Settings {
            instance: instance.clone(),
            upstream,
            mount,
            secret_key,
            timeout: DEFAULT_TIMEOUT,
            max_request_bytes: DEFAULT_MAX_REQUEST_BYTES,
            peer_address: None,
            trusted_proxies: Vec::new(),
            log_lines: Arc::default(),
        };
        Ok(Self {
            client: client(),
            settings: Arc::new(settings),
        })
    }

    /// Sets a function that reads the peer's IP address from a request.
    ///
    /// Only the server knows that address. With axum's `ConnectInfo`: `|parts|
    /// parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.ip())`.
    ///
    /// Without it, Clerk gets no address, and its rate limits count the attempts of all clients together.
    pub fn with_peer_address(mut self, of: impl Fn(&Parts) -> Option<IpAddr> + Send + Sync + 'static) -> Self {
        self.settings_mut().peer_address = Some(Arc::new(of));
        self
    }

    /// Sets the addresses of your own proxies (default: empty).
    ///
    /// These proxies are in front of the application; `X-Forwarded-For` is trusted from them only.
    pub fn with_trusted_proxies(mut self, proxies: impl IntoIterator<Item = IpAddr>) -> Self {
        self.settings_mut().trusted_proxies = proxies.into_iter().map(|address| address.to_canonical()).collect();
        self
    }

    /// Limits waits for Clerk and pauses within a body (default: 30 seconds).
    ///
    /// A whole body may take ten minutes.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.settings_mut().timeout = timeout;
        self
    }

    /// Limits the size of a request body (default: 16 MiB).
    pub fn with_max_request_bytes(mut self, bytes: usize) -> Self {
        self.settings_mut().max_request_bytes = bytes;
        self
    }

    fn settings_mut(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }

    async fn exchange<B>(self, request: Request<B>) -> Result<Response<ProxyBody>, Failure>
    where
        B: Body<Error: Into<BoxError>> + Send + 'static,
        B::Data: Send,
    {
        let settings = &*self.settings;
        let uri = match settings.admit(&request) {
            Ok(uri) => uri,
            Err(error) => {
                if let Some(drain) = Drain::of(request, false) {
                    drain.await;
                }
                return Err(error.into());
            }
        };
        let (mut parts, body) = request.into_parts();
        let proxy_url = settings.make_head(&mut parts, uri);
        let (body, progress) = request_body(body, settings.max_request_bytes, settings.timeout);
        let answering = self.client.request(Request::from_parts(parts, body));
        let answer = progress.within(settings.timeout, answering).await??;
        let (mut parts, body) = answer.into_parts();
        // Upgrades are not forwarded, so this connection could not continue.
        if parts.status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(ProxyError::Upgraded.into());
        }
        response::rewrite(&mut parts, &settings.upstream, &proxy_url);
        parts.version = Version::HTTP_11;
        parts.extensions.clear();
        Ok(Response::from_parts(parts, ProxyBody::streamed(body, settings.timeout)))
    }
}

impl Settings {
    /// Returns the upstream URL for a request that may be forwarded.
    fn admit<B>(&self, request: &Request<B>) -> Result<Uri, ProxyError> {
        if request.extensions().get::<Auth>().is_some() {
            return Err(ProxyError::Misplaced);
        }
        if request::is_for_one_hop(request.method()) {
            return Err(ProxyError::Method);
        }
        let uri = self.upstream.address(request.uri(), &self.mount)?;
        if declared_length(request.headers()).is_some_and(|length| length > self.max_request_bytes as u64) {
            return Err(ProxyError::TooLarge);
        }
        Ok(uri)
    }

    /// Turns `parts` into the head for Clerk, and returns the proxy's URL as the browser sees it.
    fn make_head(&self, parts: &mut Parts, uri: Uri) -> String {
        let url = PublicUrl::within(parts, self.instance.public_origins());
        let proxy_url = self.instance.frontend_api_base(&url.base());
        let peer = self.peer_address.as_ref().and_then(|of| of(parts));
        let facts = Facts {
            url: &url,
            proxy_url: &proxy_url,
            secret_key: &self.secret_key,
            client: address::client_address(&parts.headers, peer, &self.trusted_proxies),
            host: self.upstream.authority(),
        };
        request::rewrite(parts, &facts);
        parts.uri = uri;
        parts.version = Version::HTTP_11;
        parts.extensions.clear();
        proxy_url
    }
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn client() -> Client<HttpsConnector<HttpConnector>, RequestBody> {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector.set_nodelay(true);
    connector.enforce_http(false);
    // Name the provider, because rustls panics without a process-wide default if other crates enable several.
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(aws_lc_rs::default_provider())
        .expect("aws-lc-rs speaks the default versions of TLS")
        .https_or_http()
        .enable_http1()
        .wrap_connector(connector);
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .build(connector)
}

impl<B> Service<Request<B>> for FrontendApiProxy
where
    B: Body<Error: Into<BoxError>> + Send + 'static,
    B::Data: Send,
{
    type Response = Response<ProxyBody>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        let proxy = self.clone();
        let log_lines = proxy.settings.log_lines.clone();
        ResponseFuture {
            answering: Box::pin(async move {
                let answer = proxy.exchange(request).await;
                Ok(answer.unwrap_or_else(|failure| {
                    failure.log(&log_lines);
                    failure.meaning.into_response().map(ProxyBody::from)
                }))
            }),
        }
    }
}

impl fmt::Debug for FrontendApiProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrontendApiProxy")
            .field("upstream", &self.settings.upstream)
            .field("mount", &self.settings.mount)
            .finish_non_exhaustive()
    }
}

/// The future of [`FrontendApiProxy`].
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture {
    answering: Pin<Box<dyn Future<Output = Result<Response<ProxyBody>, Infallible>> + Send>>,
}

impl Future for ResponseFuture {
    type Output = Result<Response<ProxyBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.answering.as_mut().poll(cx)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
