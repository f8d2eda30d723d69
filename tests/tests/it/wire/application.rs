//! An application behind the layers with the Frontend API proxy, for HTTP/1 and HTTP/2.

use std::time::Duration;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::{any, post};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use portal_axum::{Auth, AuthenticateLayer, RequireAuthLayer, SignOut};
use portal_sdk::instance::Instance;
use portal_sdk::testing::TestInstance;
use portal_tower::FrontendApiProxy;
use tokio::net::TcpListener;

use super::upstream::{Counter, Upstream};

/// The application's only public origin.
pub(crate) const ORIGIN: &str = "https://app.example.com";

pub(crate) struct Application {
    /// `localhost` and the port.
    pub(crate) host: String,
    pub(crate) clerk: TestInstance,
    pub(crate) upstream: Upstream,
    /// Counts the requests with the field `X-Inner`, which tests hide inside other requests.
    pub(crate) inner: Counter,
    /// Counts the connections that ended in a panic.
    pub(crate) panics: Counter,
}

/// The settings of a test's application.
pub(crate) struct Options {
    /// The time limit of the proxy.
    pub(crate) timeout: Duration,
    /// Responds to clients that have ended their side. The server cannot distinguish these from clients that left.
    pub(crate) half_close: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            half_close: true,
        }
    }
}

impl Application {
    pub(crate) async fn start(options: Options) -> Self {
        let upstream = Upstream::start().await;
        let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_x")
            .public_origin(ORIGIN)
            .proxy_url("/__clerk")
            .frontend_api_url(upstream.origin.as_str());
        let clerk = TestInstance::from_builder(instance).expect("the settings are valid");
        let proxy = FrontendApiProxy::new(clerk.instance()).expect("the settings are valid");
        let proxy = proxy.with_timeout(options.timeout);
        let inner = Counter::default();
        let router = router(&clerk, proxy, inner.clone());

        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let panics = Counter::default();
        let counts = panics.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = TowerToHyperService::new(router.clone());
                let connection = tokio::spawn(async move {
                    let mut http = auto::Builder::new(TokioExecutor::new());
                    http.http1().half_close(options.half_close).timer(TokioTimer::new());
                    // An error ends this connection only.
                    let _ = http.serve_connection(TokioIo::new(stream), service).await;
                });
                let panics = counts.clone();
                tokio::spawn(async move {
                    if connection.await.is_err() {
                        panics.count();
                    }
                });
            }
        });
        Self {
            host: format!("localhost:{port}"),
            clerk,
            upstream,
            inner,
            panics,
        }
    }

    /// The cookies of a signed-in user.
    pub(crate) fn cookies(&self) -> String {
        self.clerk.signed_in("user_1").cookies()
    }
}

fn router(clerk: &TestInstance, proxy: FrontendApiProxy, inner: Counter) -> Router {
    let who = move |headers: HeaderMap, auth: Auth| async move {
        if headers.contains_key("x-inner") {
            inner.count();
        }
        let user = auth.signed_in().map(|user| user.user_id().to_string());
        user.unwrap_or_else(|| "signed out".to_owned())
    };
    let length = async |body: axum::body::Bytes| body.len().to_string();
    Router::new()
        .route("/{*path}", any(async || "private"))
        .route_layer(RequireAuthLayer::signed_in())
        .route("/who", any(who))
        .route("/length", post(length))
        .route("/sign-out", post(SignOut::new()))
        .layer(AuthenticateLayer::from_authenticator(clerk.authenticator()))
        .route_service("/__clerk/{*path}", proxy)
}
