//! Page URLs read from the instance: fetched in the background, kept, and replaced by derived ones if missing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::{HttpBackend, KeyCachePolicy};
use portal_sdk::clock::{Clock as _, UnixTime};
use portal_sdk::instance::{Instance, PublishableKey};
use portal_sdk::portal::{DiscoveredPages, Portal, PortalPage};
use portal_sdk::testing::{FakeBackend, TestClock};
use serde_json::json;
use tracing::{Event, Level, Metadata, Subscriber, span};
use url::Url;

use crate::common::{LIVE_KEY, clock, down};
use crate::log::set_default;
use crate::server::{Reply, Server, answer, json as json_answer};

pub(crate) const MINUTE: i64 = 60_000;

pub(crate) fn environment(sign_in: &str) -> String {
    json!({ "auth_config": {}, "display_config": { "sign_in_url": sign_in, "home_url": "x" } }).to_string()
}

pub(crate) fn pages(sign_in: &str) -> DiscoveredPages {
    serde_json::from_str(&environment(sign_in)).unwrap()
}

pub(crate) fn sign_in_of(portal: &Portal) -> String {
    portal.sign_in().to_url().unwrap().to_string()
}

/// A development instance whose Frontend API is `server`.
pub(crate) fn local(server: &Server) -> Instance {
    let key = PublishableKey::development(&format!("{}/accounts.dev", server.url())).unwrap();
    Instance::builder(key.as_str(), "sk_test_x")
        .discover_pages(true)
        .build()
        .unwrap()
}

#[tokio::test]
async fn discovered_pages_replace_derived_ones() {
    let server = Server::always(|| json_answer(200, &environment("https://login.example.net/in"))).await;
    let instance = local(&server);
    let portal = Portal::from(&instance);
    let derived = sign_in_of(&portal);
    let discovered = portal.discover(&HttpBackend::new(&instance)).await.unwrap();
    assert_eq!(sign_in_of(&discovered), "https://login.example.net/in");
    assert_eq!(sign_in_of(&portal), derived, "the portal itself stays as it was");

    let request = server.last();
    assert_eq!(request.line, "GET /accounts.dev/v1/environment HTTP/1.1");
    assert_eq!(
        request.header("authorization"),
        None,
        "the Frontend API is no place for the secret key"
    );
}

#[tokio::test]
async fn development_instance_is_read_with_a_dev_browser() {
    let server = Server::start(async |n| match n {
        0 => json_answer(401, r#"{"errors":[{"code":"dev_browser_unauthenticated"}]}"#),
        1 => json_answer(200, r#"{"id":"dvb_1","object":"dev_browser"}"#),
        _ => json_answer(200, &environment("https://login.example.net/in")),
    })
    .await;
    let instance = local(&server);
    let portal = Portal::from(&instance)
        .discover(&HttpBackend::new(&instance))
        .await
        .unwrap();
    assert_eq!(sign_in_of(&portal), "https://login.example.net/in");
    let lines: Vec<String> = server.requests().into_iter().map(|request| request.line).collect();
    let expected = [
        "GET /accounts.dev/v1/environment HTTP/1.1",
        "POST /accounts.dev/v1/dev_browser HTTP/1.1",
        "GET /accounts.dev/v1/environment?__clerk_db_jwt=dvb_1 HTTP/1.1",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn invalid_environment_is_an_error() {
    let replies: [fn() -> Reply; 5] = [
        || json_answer(500, "{}"),
        || json_answer(200, "{}"),
        || answer(200, "Content-Type: text/html\r\n", "<h1>Hello</h1>"),
        || json_answer(200, r#"{"display_config": []}"#),
        || Reply::Close,
    ];
    for reply in replies {
        let server = Server::always(reply).await;
        let instance = local(&server);
        let portal = Portal::from(&instance);
        let error = portal.discover(&HttpBackend::new(&instance)).await.unwrap_err();
        assert!(!error.is_timeout(), "{error}");
    }
}

/// Counts warnings and infos.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<[AtomicUsize; 2]>);

impl Log {
    pub(crate) fn counts(&self) -> [usize; 2] {
        [0, 1].map(|level: usize| self.0[level].load(Ordering::SeqCst))
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("portal_sdk")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        match *event.metadata().level() {
            Level::WARN => self.0[0].fetch_add(1, Ordering::SeqCst),
            Level::INFO => self.0[1].fetch_add(1, Ordering::SeqCst),
            _ => 0,
        };
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// An application whose Clerk and clock a test can move.
pub(crate) struct Application {
    pub(crate) clerk: FakeBackend,
    clock: TestClock,
    pub(crate) authenticator: Authenticator<FakeBackend>,
}

impl Application {
    pub(crate) fn new(discovers: bool) -> Self {
        let builder = Instance::builder(LIVE_KEY, "sk_live_x");
        let builder = builder.discover_pages(discovers);
        let (clerk, clock) = (FakeBackend::new(), clock());
        let policy = KeyCachePolicy::default();
        let authenticator = Authenticator::builder(builder.build().unwrap())
            .backend(clerk.clone())
            .clock(clock.clone())
            .key_cache(policy)
            .build();
        Self {
            clerk,
            clock,
            authenticator,
        }
    }

    /// The sign-in page at this moment; whatever is then done in the background is done before this returns.
    pub(crate) async fn sign_in(&self) -> String {
        let address = sign_in_of(&self.authenticator.portal());
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        address
    }

    pub(crate) fn later(&self, millis: i64) {
        self.clock
            .set(UnixTime::from_millis(self.clock.now().as_millis() + millis));
    }

    pub(crate) fn reads(&self) -> usize {
        self.clerk.calls().iter().filter(|call| *call == "portal_pages").count()
    }
}

pub(crate) const DERIVED: &str = "https://accounts.example.com/sign-in";

#[tokio::test]
async fn link_never_waits_and_page_urls_are_refreshed_hourly() {
    let application = Application::new(true);
    application
        .clerk
        .set_portal_pages(Ok(pages("https://one.example.net/in")));
    assert_eq!(application.sign_in().await, DERIVED, "the first link does not wait");
    for _ in 0..3 {
        assert_eq!(application.sign_in().await, "https://one.example.net/in");
    }
    assert_eq!(application.reads(), 1);

    application
        .clerk
        .set_portal_pages(Ok(pages("https://two.example.net/in")));
    application.later(61 * MINUTE);
    assert_eq!(
        application.sign_in().await,
        "https://one.example.net/in",
        "the old one serves meanwhile"
    );
    assert_eq!(application.sign_in().await, "https://two.example.net/in");
    assert_eq!(application.reads(), 2);
}

#[tokio::test]
async fn failed_read_is_logged_once_and_retried() {
    let application = Application::new(true);
    application.clerk.set_portal_pages(Err(down()));
    let log = Log::default();
    let _guard = set_default(log.clone());
    for _ in 0..5 {
        assert_eq!(application.sign_in().await, DERIVED);
    }
    assert_eq!((application.reads(), log.counts()), (1, [1, 0]), "not for every link");
    for _ in 0..3 {
        application.later(MINUTE);
        application.sign_in().await;
    }
    assert_eq!((application.reads(), log.counts()), (4, [1, 0]));

    application
        .clerk
        .set_portal_pages(Ok(pages("https://one.example.net/in")));
    application.later(MINUTE);
    application.sign_in().await;
    assert_eq!(application.sign_in().await, "https://one.example.net/in");
    assert_eq!(log.counts(), [1, 1]);

    // The last known URLs serve for as long as the outage lasts.
    application.clerk.set_portal_pages(Err(down()));
    application.later(48 * 60 * MINUTE);
    for _ in 0..3 {
        assert_eq!(application.sign_in().await, "https://one.example.net/in");
    }
    assert_eq!(log.counts(), [2, 1]);
}

#[tokio::test]
async fn discover_pages_waits_for_the_page_urls() {
    let application = Application::new(true);
    application.authenticator.discover_pages().await.unwrap_err();
    application
        .clerk
        .set_portal_pages(Ok(pages("https://one.example.net/in")));
    application.authenticator.discover_pages().await.unwrap();
    assert_eq!(application.sign_in().await, "https://one.example.net/in");
    assert_eq!(application.reads(), 2);
}

#[tokio::test]
async fn page_urls_are_not_read_unless_configured() {
    let application = Application::new(false);
    application
        .clerk
        .set_portal_pages(Ok(pages("https://one.example.net/in")));
    for _ in 0..3 {
        assert_eq!(application.sign_in().await, DERIVED);
    }
    assert_eq!(application.reads(), 0);
}

#[test]
fn link_without_a_runtime_is_derived() {
    let application = Application::new(true);
    application
        .clerk
        .set_portal_pages(Ok(pages("https://one.example.net/in")));
    assert_eq!(sign_in_of(&application.authenticator.portal()), DERIVED);
    assert_eq!(application.reads(), 0);
}

#[test]
fn every_discovered_page_is_found_under_its_own_name() {
    let names = [
        (PortalPage::SignIn, "sign_in_url"),
        (PortalPage::SignUp, "sign_up_url"),
        (PortalPage::UserProfile, "user_profile_url"),
        (PortalPage::OrganizationProfile, "organization_profile_url"),
        (PortalPage::CreateOrganization, "create_organization_url"),
        (PortalPage::Waitlist, "waitlist_url"),
    ];
    for (page, name) in names {
        let url = format!("https://login.example.net/{name}");
        let environment = json!({ "display_config": { name: url } });
        let pages: DiscoveredPages = serde_json::from_value(environment).unwrap();
        for (other, _) in names {
            let expected = (other == page).then_some(url.as_str());
            assert_eq!(pages.get(other).map(Url::as_str), expected, "{other:?} of {name}");
        }
    }
}
