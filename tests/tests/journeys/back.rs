//! The result of Back after sign-out in Chromium.
//!
//! The table in `portal_tower::sign_out` states these results.

use axum::Router;
use axum::response::Html;
use axum::routing::{get, post};
use portal_axum::{Auth, AuthenticateLayer, Instance, RequireAuthLayer, SignOut, SignedIn};
use portal_local::LocalPortal;
use portal_tests::browser::{Browser, Scripts};
use portal_tests::people;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const JANE: &str = "jane+clerk_test@example.com";
const SIGN_OUT: &str = "<form method=post action=/sign-out><button data-testid=sign-out>Sign out</button></form>";

/// An application with a guarded page.
struct Site {
    origin: String,
    portal: LocalPortal,
    server: JoinHandle<()>,
}

impl Site {
    async fn open(guard: RequireAuthLayer) -> Self {
        let portal = LocalPortal::builder()
            .demo_data()
            .start()
            .await
            .expect("the portal starts");
        let instance = Instance::builder(portal.publishable_key().as_str(), portal.secret_key().expose());
        let private = async |who: SignedIn| Html(format!("<p data-testid=private>{}</p>{SIGN_OUT}", who.user_id()));
        let home = async |auth: Auth| Html(format!("<p data-testid=user>{}</p>", auth.signed_in().is_some()));
        let router = Router::new()
            .route("/private", get(private))
            .route_layer(guard)
            .route("/", get(home))
            .route("/goodbye", get(async || Html(SIGN_OUT)))
            .route("/sign-out", post(SignOut::new()))
            .layer(AuthenticateLayer::new(
                instance.build().expect("the settings are right"),
            ));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        Self {
            origin: format!("http://localhost:{port}"),
            portal,
            server: tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") }),
        }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// A signed-in browser that shows the private page.
    ///
    /// It loaded the page without a redirect and without `Set-Cookie`.
    async fn signed_in(&self) -> Browser {
        let browser = Browser::in_chromium(Scripts::On).await;
        browser.visit(&self.at("/private")).await;
        people::sign_in(&browser, self.portal.origin(), JANE).await;
        browser.read("private").await;
        browser.visit(&self.at("/")).await;
        browser.visit(&self.at("/private")).await;
        browser.read("private").await;
        browser
    }

    /// Expects the sign-in page: Back has requested the private page again.
    async fn asks_to_sign_in(self, browser: Browser) {
        browser.arrives_at(&format!("{}/sign-in", self.portal.origin())).await;
        browser.close().await;
        self.server.abort();
        self.portal.shut_down().await;
    }
}

/// `Clear-Site-Data` drops the stored pages that the browser left before the sign-out request.
#[tokio::test]
async fn back_after_sign_out_shows_no_page_left_earlier() {
    let site = Site::open(RequireAuthLayer::signed_in()).await;
    let browser = site.signed_in().await;
    browser.visit(&site.at("/goodbye")).await;
    browser.follow("sign-out").await;
    browser.shows("user", "false").await;
    browser.inject("history.go(-2)").await;
    site.asks_to_sign_in(browser).await;
}

/// Only `no-store` keeps the page with the button from the cache, because it is still open when the response comes.
#[tokio::test]
async fn back_after_sign_out_shows_no_page_with_no_store() {
    let site = Site::open(RequireAuthLayer::signed_in().with_no_store(true)).await;
    let browser = site.signed_in().await;
    browser.follow("sign-out").await;
    browser.shows("user", "false").await;
    browser.back().await;
    site.asks_to_sign_in(browser).await;
}
