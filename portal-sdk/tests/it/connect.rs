//! Connections of `HttpBackend`: a proxy, custom roots, time limits.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Uri;
use portal_sdk::backend::{Backend as _, HttpBackend};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tower::service_fn;

use crate::server::{Server, json as json_answer};

const KEYS: &str = r#"{"keys":[]}"#;

/// A proxy on loopback that tunnels `CONNECT` requests (RFC 9110 section 9.3.6) and counts them.
async fn proxy() -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let tunnels = Arc::new(AtomicUsize::new(0));
    let count = tunnels.clone();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let count = count.clone();
            tokio::spawn(async move {
                let head = read_head(&mut client).await.unwrap();
                let authority = head.strip_prefix("CONNECT ").unwrap().split(' ').next().unwrap();
                let mut server = TcpStream::connect(authority).await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                client.write_all(b"HTTP/1.1 200 X\r\n\r\n").await.unwrap();
                drop(copy_bidirectional(&mut client, &mut server).await);
            });
        }
    });
    (address, tunnels)
}

async fn read_head(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    String::from_utf8(head).map_err(io::Error::other)
}

#[tokio::test]
async fn connector_reaches_clerk_through_a_proxy() {
    let server = Server::always(|| json_answer(200, KEYS)).await;
    let (proxy, tunnels) = proxy().await;
    let connector = service_fn(move |uri: Uri| async move {
        let mut stream = TcpStream::connect(proxy).await?;
        let authority = format!("{}:{}", uri.host().unwrap(), uri.port_u16().unwrap());
        stream
            .write_all(format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n").as_bytes())
            .await?;
        let head = read_head(&mut stream).await?;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        Ok::<_, io::Error>(stream)
    });
    let backend = HttpBackend::builder(&server.instance()).connector(connector).build();
    backend.jwks().await.unwrap();
    backend.clone().jwks().await.unwrap();
    assert_eq!(server.count(), 2);
    assert_eq!(tunnels.load(Ordering::SeqCst), 1, "one tunnel serves both calls");
}

#[tokio::test]
async fn failed_connector_is_a_connect_error_with_its_source() {
    let server = Server::always(|| json_answer(200, KEYS)).await;
    let connector = service_fn(async |_: Uri| Err::<TcpStream, _>(io::Error::other("the proxy refuses")));
    let backend = HttpBackend::builder(&server.instance()).connector(connector).build();
    let error = backend.jwks().await.unwrap_err();
    assert!(
        error.is_connect() && error.is_outage() && !error.is_timeout(),
        "{error:?}"
    );
    assert!(format!("{error:?}").contains("the proxy refuses"), "{error:?}");
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn connector_that_hangs_is_a_connect_timeout() {
    let server = Server::always(|| json_answer(200, KEYS)).await;
    let connector = service_fn(|_: Uri| std::future::pending::<io::Result<TcpStream>>());
    let backend = HttpBackend::builder(&server.instance())
        .connector(connector)
        .connect_timeout(Duration::from_millis(50))
        .build();
    let error = backend.jwks().await.unwrap_err();
    assert!(error.is_connect() && error.is_timeout(), "{error:?}");
}

#[cfg(feature = "rustls-0_23")]
mod tls {
    use rustls::crypto::aws_lc_rs::default_provider;
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
    use rustls::time_provider::TimeProvider;
    use rustls::{ClientConfig, RootCertStore, ServerConfig};
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::common::TEST_KEY;

    /// 2030-01-01, when the certificates of the fixtures are valid.
    #[derive(Debug)]
    struct FixedTime;

    impl TimeProvider for FixedTime {
        fn current_time(&self) -> Option<UnixTime> {
            Some(UnixTime::since_unix_epoch(Duration::from_secs(1_893_456_000)))
        }
    }

    fn certificate(pem: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
    }

    /// Trusts the root of the fixtures and no other.
    fn client_config() -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots
            .add(certificate(include_str!("../fixtures/tls/root.pem")))
            .unwrap();
        let mut config = ClientConfig::builder_with_details(Arc::new(default_provider()), Arc::new(FixedTime))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        // The client sets ALPN itself; one that is set must not make it panic.
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }

    /// Answers each request on a TLS connection with an empty key set; the address it listens on.
    async fn server() -> String {
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("../fixtures/tls/server.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate(include_str!("../fixtures/tls/server.pem"))], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let answer = format!("HTTP/1.1 200 X\r\nContent-Length: {}\r\n\r\n{KEYS}", KEYS.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        });
        format!("https://{address}")
    }

    #[tokio::test]
    async fn own_root_certificate_is_trusted_only_where_it_is_configured() {
        let instance = portal_sdk::instance::Instance::builder(TEST_KEY, "sk_test_x")
            .api_url(server().await)
            .build()
            .unwrap();
        let backend = HttpBackend::builder(&instance).tls_config(client_config()).build();
        assert!(backend.jwks().await.unwrap().is_empty());

        let error = HttpBackend::new(&instance).jwks().await.unwrap_err();
        assert!(error.is_connect(), "{error:?}");
        assert!(format!("{error:?}").contains("UnknownIssuer"), "{error:?}");
    }

    #[tokio::test]
    async fn connector_streams_are_wrapped_in_tls() {
        let instance = portal_sdk::instance::Instance::builder(TEST_KEY, "sk_test_x")
            .api_url(server().await)
            .build()
            .unwrap();
        let connector = service_fn(async |uri: Uri| TcpStream::connect(uri.authority().unwrap().as_str()).await);
        let backend = HttpBackend::builder(&instance)
            .connector(connector)
            .tls_config(client_config())
            .build();
        assert!(backend.jwks().await.unwrap().is_empty());
    }
}
