//! TLS to Redis, with the rustls and the roots of the Backend API's client.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::problem::Problem;

/// The expected name in the server's certificate, and the verification.
pub(super) struct Tls {
    name: ServerName<'static>,
    /// Asserted, because a feature must not take `UnwindSafe` away from a fleet. A shared configuration never changes.
    connector: AssertUnwindSafe<TlsConnector>,
}

impl Tls {
    /// Creates a check against Mozilla's roots; `None` if `host` cannot be in a certificate.
    pub(super) fn new(host: &str) -> Option<Self> {
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).ok()?;
        let roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        // Name the provider, because rustls panics without a process-wide default if other crates enable several.
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("aws-lc-rs supports rustls' default TLS versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = AssertUnwindSafe(Arc::new(config).into());
        Some(Self { name, connector })
    }

    #[cfg(feature = "rustls-0_23")]
    pub(super) fn set_config(&mut self, config: ClientConfig) {
        self.connector = AssertUnwindSafe(Arc::new(config).into());
    }

    pub(super) async fn connect(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, Problem> {
        let connected = self.connector.connect(self.name.clone(), stream).await;
        connected.map_err(|error| Problem::Unreachable(format!("TLS: {error}").into()))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("name", &self.name).finish_non_exhaustive()
    }
}
