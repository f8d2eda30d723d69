//! The redirects after a form of the portal in Chromium, which applies the page's `form-action` to every redirect, the
//! application's included.

use axum::Router;
use axum::response::{Html, Redirect};
use axum::routing::get;
use portal_local::LocalPortal;
use portal_tests::browser::Browser;
use portal_tests::people;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const JANE: &str = "jane+clerk_test@example.com";

/// Serves `router` on a free port under `host`.
async fn serve(host: &str, router: Router) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    (format!("http://{host}:{port}"), server)
}

#[tokio::test]
async fn sign_in_arrives_where_the_application_redirects_onward() {
    for host in ["localhost", "127.0.0.1"] {
        let portal = LocalPortal::builder()
            .demo_data()
            .start()
            .await
            .expect("the portal starts");
        let page = Router::new().route("/welcome", get(async || Html("<p data-testid=welcome>Welcome</p>")));
        let (last, last_server) = serve(host, page).await;
        let onward = format!("{last}/welcome");
        let middle = Router::new().route("/", get(async move || Redirect::to(&onward)));
        let (middle, middle_server) = serve("127.0.0.1", middle).await;
        let first = Router::new().route("/", get(async move || Redirect::to(&middle)));
        let (first, first_server) = serve("localhost", first).await;

        let browser = Browser::open().await;
        browser
            .visit(&format!("{}/sign-in?redirect_url={first}/", portal.origin()))
            .await;
        people::sign_in(&browser, portal.origin(), JANE).await;
        browser.arrives_at(&format!("{last}/welcome")).await;
        assert_eq!(browser.read("welcome").await, "Welcome", "{host}");
        browser.close().await;
        portal.shut_down().await;
        for server in [last_server, middle_server, first_server] {
            server.abort();
        }
    }
}
