//! Redis with TLS.

use std::sync::Arc;
use std::time::Duration;

use portal_sdk::fleet::RedisFleet;
use portal_sdk::testing::TestInstance;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};

use crate::server::Redis;
use crate::{Replica, eventually, log};

/// 2030-01-01, when the certificates of the fixtures are valid.
#[derive(Debug)]
struct FixedTime;

impl TimeProvider for FixedTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(1_893_456_000)))
    }
}

/// Trusts the root of the fixtures and no other.
fn config() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(include_bytes!("../fixtures/tls/root.pem")).unwrap();
    roots.add(root).unwrap();
    ClientConfig::builder_with_details(Arc::new(default_provider()), Arc::new(FixedTime))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

#[test]
fn replicas_share_events_over_tls() {
    let (redis, clerk) = (Redis::start_with_tls(), TestInstance::new());
    let [one, two] = [(), ()].map(|()| {
        let fleet = RedisFleet::builder(&redis.tls_url(), clerk.instance()).tls_config(config());
        Replica::of(fleet.build().unwrap(), &clerk)
    });
    one.wait_for_connection();
    two.wait_for_connection();
    one.end("sess_1");
    two.learns("sess_1");
}

#[test]
fn certificate_of_an_unknown_root_is_refused() {
    log::collect();
    let (redis, clerk) = (Redis::start_with_tls(), TestInstance::new());
    let fleet = RedisFleet::connect(&redis.tls_url(), clerk.instance()).unwrap();
    let one = Replica::of(fleet, &clerk);
    let server = redis.tls_url().replace("rediss://", "");
    eventually("it is logged", || {
        !log::lines_with(&[&server, "WARN", "TLS: "]).is_empty()
    });
    assert!(!one.health().is_connected);
}
