//! The reads of page URLs: one at a time, over loopback, with every kind of failure, and by any clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::HttpBackend;
use portal_sdk::clock::{Clock as _, UnixTime};
use portal_sdk::effect::BackendError;
use portal_sdk::instance::Instance;
use portal_sdk::instance::Satellite;
use portal_sdk::portal::DiscoveredPages;
use portal_sdk::testing::TestClock;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::common::{clock, down, until};
use crate::discovery::{Application, DERIVED, Log, MINUTE, environment, local, pages, sign_in_of};
use crate::log::set_default;
use crate::server::{Reply, Server, json};

const ONE: &str = "https://one.example.net/in";
const TWO: &str = "https://two.example.net/in";
const DAY: i64 = 24 * 60 * MINUTE;

/// An application whose discovery host is a server on loopback that a test can break and hold up.
struct OverHttp {
    server: Server,
    reply: Arc<Mutex<fn() -> Reply>>,
    /// An answer takes a permit with it.
    answers: Arc<Semaphore>,
    clock: TestClock,
    authenticator: Authenticator<HttpBackend>,
}

impl OverHttp {
    async fn new(reply: fn() -> Reply, answers: usize) -> Self {
        let (reply, answers) = (Arc::new(Mutex::new(reply)), Arc::new(Semaphore::new(answers)));
        let (current, permits) = (reply.clone(), answers.clone());
        let server = Server::start(move |_| {
            let (current, permits) = (current.clone(), permits.clone());
            async move {
                permits.acquire().await.unwrap().forget();
                let reply = *current.lock().unwrap();
                reply()
            }
        })
        .await;
        let clock = clock();
        let instance = local(&server);
        let backend = HttpBackend::new(&instance);
        Self {
            server,
            reply,
            answers,
            authenticator: Authenticator::builder(instance)
                .backend(backend)
                .clock(clock.clone())
                .build(),
            clock,
        }
    }

    fn answer_with(&self, reply: fn() -> Reply) {
        *self.reply.lock().unwrap() = reply;
    }

    fn later(&self, millis: i64) {
        self.clock
            .set(UnixTime::from_millis(self.clock.now().as_millis() + millis));
    }

    fn sign_in(&self) -> String {
        sign_in_of(&self.authenticator.portal())
    }

    fn derived(&self) -> String {
        format!("{}/sign-in", self.server.url())
    }

    /// Asks for a link, and waits for the one read that this starts.
    async fn read_in_background(&self) -> Result<(), BackendError> {
        let requests = self.server.count();
        let _ = self.sign_in();
        // Concurrent callers wait for the request in progress and send none (single flight).
        let outcome = self.authenticator.discover_pages().await;
        assert_eq!(self.server.count(), requests + 1);
        outcome
    }
}

#[tokio::test]
async fn slow_page_read_delays_no_link_and_is_shared() {
    let application = OverHttp::new(|| json(200, &environment(ONE)), 0).await;
    assert_eq!(application.sign_in(), application.derived());
    until("the first request", || application.server.count() == 1).await;

    // The one request stays in progress, for every caller.
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let authenticator = application.authenticator.clone();
            tokio::spawn(async move { authenticator.discover_pages().await })
        })
        .collect();
    for _ in 0..50 {
        application.later(61 * MINUTE);
        assert_eq!(application.sign_in(), application.derived());
        tokio::task::yield_now().await;
    }
    application.answers.add_permits(9);
    for waiting in waiting {
        waiting.await.unwrap().unwrap();
    }
    assert_eq!(application.sign_in(), ONE);
    assert_eq!(application.server.count(), 1);
}

#[tokio::test]
async fn failing_host_is_retried_and_known_pages_are_kept() {
    let application = OverHttp::new(|| json(500, "{}"), 99).await;
    let log = Log::default();
    let _guard = set_default(log.clone());
    for _ in 0..3 {
        application.read_in_background().await.unwrap_err();
        assert_eq!(application.sign_in(), application.derived());
        application.later(MINUTE);
    }
    assert_eq!(log.counts(), [1, 0], "it is said once");

    application.answer_with(|| json(200, &environment(ONE)));
    application.read_in_background().await.unwrap();
    assert_eq!((application.sign_in(), log.counts()), (ONE.to_owned(), [1, 1]));

    // The last known addresses serve, whatever becomes of the host and for however long.
    let failures: [fn() -> Reply; 5] = [
        || Reply::Close,
        || json(404, r#"{"errors":[{"code":"resource_not_found"}]}"#),
        || json(200, r#"{"display_config":{}}"#),
        || json(200, r#"{"display_config":{"sign_in_url":"http://one.example.net/in"}}"#),
        || json(200, "{"),
    ];
    for reply in failures {
        application.answer_with(reply);
        application.later(DAY);
        let requests = application.server.count();
        let _ = application.sign_in();
        application.authenticator.discover_pages().await.unwrap_err();
        assert!(application.server.count() > requests);
        assert_eq!(application.sign_in(), ONE);
    }
    assert_eq!(log.counts(), [2, 1], "it is said once");

    application.answer_with(|| json(200, &environment(TWO)));
    application.later(MINUTE);
    application.read_in_background().await.unwrap();
    assert_eq!((application.sign_in(), log.counts()), (TWO.to_owned(), [2, 2]));
}

#[tokio::test]
async fn unanswered_page_read_times_out() {
    let server = Server::always(|| Reply::Hang(b"HTTP/1.1 200 OK\r\n".to_vec())).await;
    let instance = local(&server);
    let backend = HttpBackend::builder(&instance)
        .timeout(Duration::from_millis(50))
        .build();
    let authenticator = Authenticator::new(instance, backend);
    let error = authenticator.discover_pages().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(sign_in_of(&authenticator.portal()), format!("{}/sign-in", server.url()));
}

#[tokio::test]
async fn abandoned_page_read_does_not_block_the_next() {
    let application = OverHttp::new(|| json(200, &environment(ONE)), 0).await;
    tokio::select! {
        _ = application.authenticator.discover_pages() => panic!("nothing was answered"),
        () = until("the first request", || application.server.count() == 1) => {}
    }
    // It was an attempt: links do not start the next one at once.
    for _ in 0..9 {
        assert_eq!(application.sign_in(), application.derived());
    }
    application.answers.add_permits(9);
    application.authenticator.discover_pages().await.unwrap();
    assert_eq!(application.sign_in(), ONE);
    assert_eq!(application.server.count(), 2);
}

#[tokio::test]
async fn concurrent_page_reads_share_a_failure() {
    let application = Application::new(true);
    application.clerk.set_portal_pages(Err(down()));
    let discover = || application.authenticator.discover_pages();
    let (one, two, three) = tokio::join!(discover(), discover(), discover());
    assert!(one.is_err() && two.is_err() && three.is_err());
    assert_eq!(application.reads(), 1);
    discover().await.unwrap_err();
    assert_eq!(application.reads(), 2, "who comes later asks again");
}

#[tokio::test]
async fn clock_set_back_does_not_delay_page_reads() {
    let application = Application::new(true);
    application.clerk.set_portal_pages(Ok(pages(ONE)));
    application.sign_in().await;
    application.clerk.set_portal_pages(Ok(pages(TWO)));
    application.later(-DAY);
    assert_eq!(application.sign_in().await, ONE);
    assert_eq!(application.sign_in().await, TWO);

    // The same after a failure, and then at the usual interval.
    application.clerk.set_portal_pages(Err(down()));
    application.later(61 * MINUTE);
    for _ in 0..3 {
        application.sign_in().await;
    }
    assert_eq!(application.reads(), 3);
    application.later(-DAY);
    for _ in 0..3 {
        application.sign_in().await;
    }
    assert_eq!(application.reads(), 4);
    application.later(MINUTE);
    application.sign_in().await;
    assert_eq!(application.reads(), 5);
}

#[tokio::test]
async fn environment_without_pages_keeps_the_known_ones() {
    let application = Application::new(true);
    application.clerk.set_portal_pages(Ok(DiscoveredPages::default()));
    let error = application.authenticator.discover_pages().await.unwrap_err();
    assert!(error.to_string().contains("no page URL"), "{error}");
    assert_eq!(application.sign_in().await, DERIVED);
    application.clerk.set_portal_pages(Ok(pages(ONE)));
    application.authenticator.discover_pages().await.unwrap();
    application.clerk.set_portal_pages(Ok(DiscoveredPages::default()));
    application.authenticator.discover_pages().await.unwrap_err();
    assert_eq!(application.sign_in().await, ONE);
}

#[tokio::test]
async fn path_proxy_reads_pages_from_the_publishable_keys_host() {
    // With a proxy, a satellite's own Frontend API host need not exist.
    let own_host = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = own_host.local_addr().unwrap().to_string();
    let key = STANDARD.encode(format!("{address}$"));
    let instance = Instance::builder(format!("pk_live_{key}"), "sk_live_x")
        .satellite(Satellite::on_domain("satellite.invalid"))
        .proxy_url("/__clerk")
        .discover_pages(true)
        .build()
        .unwrap();
    let authenticator = Authenticator::new(instance.clone(), HttpBackend::new(&instance));
    let hello = tokio::spawn(async move {
        let (mut stream, _) = own_host.accept().await.unwrap();
        stream.read_u8().await.unwrap()
    });
    let log = Log::default();
    let _guard = set_default(log.clone());
    // The host closes without a word; links stay as they were derived.
    for _ in 0..2 {
        let error = authenticator.discover_pages().await.unwrap_err();
        assert!(error.is_connect(), "{error}");
        assert_eq!(
            sign_in_of(&authenticator.portal()),
            format!("https://{address}/sign-in")
        );
    }
    // Nothing is under way any more: it was asked by now or never.
    assert!(hello.is_finished(), "another host was asked");
    assert_eq!(hello.await.unwrap(), 22, "a TLS handshake begins so");
    assert_eq!(log.counts(), [1, 0]);
}
