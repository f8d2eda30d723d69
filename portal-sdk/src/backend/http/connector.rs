//! Connections to Clerk: [`Connector`] for any transport, and TLS on top.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

type BoxError = Box<dyn Error + Send + Sync>;
type BoxFuture<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// A connected byte stream over any transport.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

type BoxStream = Box<dyn Stream>;

impl Connection for BoxStream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

/// Opens byte streams to the hosts of URIs. Cloning is cheap.
#[derive(Clone)]
pub(super) struct Connector(Arc<dyn Fn(Uri) -> BoxFuture<TokioIo<BoxStream>> + Send + Sync>);

impl Connector {
    /// Connects with the application's own service.
    pub(super) fn new<C>(connector: C) -> Self
    where
        C: Service<Uri, Error: Into<BoxError>, Future: Send> + Clone + Send + Sync + 'static,
        C::Response: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self(Arc::new(move |uri| {
            let mut connector = connector.clone();
            Box::pin(async move {
                poll_fn(|cx| connector.poll_ready(cx)).await.map_err(Into::into)?;
                let stream = connector.call(uri).await.map_err(Into::into)?;
                Ok(TokioIo::new(Box::new(stream) as BoxStream))
            })
        }))
    }

    /// Connects by DNS and TCP. `timeout` is divided among the addresses of a host.
    pub(super) fn tcp(timeout: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(timeout));
        connector.set_nodelay(true);
        connector.enforce_http(false);
        Self(Arc::new(move |uri| {
            let connecting = connector.clone().call(uri);
            Box::pin(async move { Ok(TokioIo::new(Box::new(connecting.await?.into_inner()) as BoxStream)) })
        }))
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<BoxStream>;
    type Error = BoxError;
    type Future = BoxFuture<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        (self.0)(uri)
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

/// Connects, with TLS for `https`, within a time limit.
#[derive(Clone)]
pub(super) struct SecureConnector {
    inner: HttpsConnector<Connector>,
    timeout: Duration,
}

impl SecureConnector {
    /// Creates a connector that checks certificates with `tls`, or against Mozilla's roots.
    pub(super) fn new(connector: Connector, tls: Option<ClientConfig>, timeout: Duration) -> Self {
        let builder = HttpsConnectorBuilder::new();
        let builder = match tls {
            Some(mut config) => {
                // The builder sets ALPN itself and panics if it is set already.
                config.alpn_protocols.clear();
                builder.with_tls_config(config)
            }
            // Name the provider, because rustls panics without a process-wide default if other crates enable several.
            None => builder
                .with_provider_and_webpki_roots(aws_lc_rs::default_provider())
                .expect("aws-lc-rs supports rustls' default TLS versions"),
        };
        Self {
            inner: builder.https_or_http().enable_http1().wrap_connector(connector),
            timeout,
        }
    }
}

impl Service<Uri> for SecureConnector {
    type Response = <HttpsConnector<Connector> as Service<Uri>>::Response;
    type Error = BoxError;
    type Future = BoxFuture<Self::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.inner.call(uri);
        let timeout = self.timeout;
        Box::pin(async move {
            let connected = tokio::time::timeout(timeout, connecting).await;
            connected.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
        })
    }
}
