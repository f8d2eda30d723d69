//! Other sites.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Another application: a page with one form that posts a note to `target`.
///
/// # Panics
///
/// If it cannot be served.
pub async fn other_site(target: &str) -> (String, JoinHandle<()>) {
    let page = format!(
        "<form method=post action=\"{target}\"><input name=text value=stolen><button>Win a prize</button></form>"
    );
    serve(Router::new().route("/", get(async move || Html(page)))).await
}

/// Two applications with a link to `target`: another port of the host that the shop has, and another host.
///
/// # Panics
///
/// If they cannot be served.
pub async fn linking_sites(target: &str) -> [(String, JoinHandle<()>); 2] {
    let page = format!("<a href=\"{target}\" data-testid=away>Away</a>");
    let router = Router::new().route("/", get(async move || Html(page)));
    // Not every machine has IPv6.
    let (host, listener) = match TcpListener::bind("[::1]:0").await {
        Ok(listener) => ("[::1]", listener),
        Err(_) => {
            let listener = TcpListener::bind("127.0.0.2:0").await;
            ("127.0.0.2", listener.expect("a free port"))
        }
    };
    [serve(router.clone()).await, serve_at(host, listener, router)]
}

/// Another site with a frame that shows `target`. Browsers neither store nor send `SameSite=Lax` cookies in such a frame.
///
/// # Panics
///
/// If it cannot be served.
pub async fn framing_site(target: &str) -> (String, JoinHandle<()>) {
    let page = format!("<iframe src=\"{target}\" width=800 height=600></iframe>");
    let router = Router::new().route("/", get(async move || Html(page)));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    serve_at("127.0.0.1", listener, router)
}

/// Serves under the name `localhost`.
pub(super) async fn serve(router: Router) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    serve_at("localhost", listener, router)
}

pub(super) fn serve_at(host: &str, listener: TcpListener, router: Router) -> (String, JoinHandle<()>) {
    let origin = origin(host, &listener);
    let server = tokio::spawn(async move {
        axum::serve(listener, router)
            .await
            .expect("it serves until it is stopped");
    });
    (origin, server)
}

pub(super) fn origin(host: &str, listener: &TcpListener) -> String {
    let port = listener.local_addr().expect("it is bound").port();
    format!("http://{host}:{port}")
}
