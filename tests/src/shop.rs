//! A small application with guarded parts, beside a local portal. Both run on one clock that a test can move.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Form, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, Redirect};
use axum::routing::{any_service, get, post, post_service};
use portal_axum::sdk::backend::{Backend as _, HttpBackend, KeyCachePolicy};
use portal_axum::sdk::clock::{Clock, SystemClock, UnixTime};
use portal_axum::sdk::instance::InstanceBuilder;
use portal_axum::sdk::token::{SessionId, UnverifiedToken};
use portal_axum::sdk::{Authenticator, Instance};
use portal_axum::{Auth, AuthenticateLayer, FrontendApiProxy, RedirectToPortal, RequireAuthLayer, SignOut, SignedIn};
use portal_local::{LocalPortal, LocalPortalBuilder};

use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::browser::Browser;

/// The machine's clock, moved.
#[derive(Clone, Debug, Default)]
pub struct MovableClock {
    millis: Arc<AtomicI64>,
}

impl MovableClock {
    /// Moves it on.
    pub fn move_by_secs(&self, secs: i64) {
        self.millis.fetch_add(secs * 1_000, Ordering::SeqCst);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> UnixTime {
        SystemClock.now().plus_millis(self.millis.load(Ordering::SeqCst))
    }
}

/// The application and its portal.
#[derive(Debug)]
pub struct Shop {
    /// The application's origin, `http://localhost:…`.
    pub app: String,
    /// The portal.
    pub portal: LocalPortal,
    /// The clock of both.
    pub clock: MovableClock,
    notes: Notes,
    backend: HttpBackend,
    server: JoinHandle<()>,
}

#[derive(Clone, Debug, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Shop {
    /// Opens it with a portal that knows nobody.
    ///
    /// # Panics
    ///
    /// If it cannot be opened.
    pub async fn open() -> Self {
        Self::with(|builder| builder).await
    }

    /// A shop whose settings differ from those that the portal gives.
    ///
    /// # Panics
    ///
    /// If it cannot be opened.
    pub async fn with(change: impl FnOnce(InstanceBuilder) -> InstanceBuilder) -> Self {
        Self::staged(|portal| portal, change).await
    }

    /// A shop whose portal is set up otherwise too.
    ///
    /// # Panics
    ///
    /// If it cannot be opened.
    pub async fn staged(
        stage: impl FnOnce(LocalPortalBuilder) -> LocalPortalBuilder,
        change: impl FnOnce(InstanceBuilder) -> InstanceBuilder,
    ) -> Self {
        let clock = MovableClock::default();
        let portal = LocalPortal::builder().application_name("Shop").clock(clock.clone());
        let portal = stage(portal).start().await.expect("the portal starts");
        let builder = Instance::builder(portal.publishable_key().as_str(), portal.secret_key().expose())
            .organization_patterns(["/orgs/:slug", "/orgs/:slug/(.*)"])
            .personal_account_patterns(["/me"]);
        let instance = change(builder).build().expect("the settings are right");
        let backend = HttpBackend::new(&instance);
        let authenticator = Authenticator::with(
            instance.clone(),
            backend.clone(),
            clock.clone(),
            KeyCachePolicy::default(),
        );
        let notes = Notes::default();
        let authenticate = AuthenticateLayer::with(authenticator);
        let mut router = router(notes.clone()).layer(authenticate).merge(scripts());
        if instance.proxy_url().is_some() {
            let proxy = FrontendApiProxy::new(&instance).expect("the settings are right");
            router = router.route_service("/__clerk/{*path}", proxy);
        }
        let (app, server) = serve(router).await;
        Self {
            app,
            portal,
            clock,
            notes,
            backend,
            server,
        }
    }

    /// What has been noted so far.
    ///
    /// # Panics
    ///
    /// If a handler has panicked.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.notes.0.lock().expect("no test panics while it holds it").clone()
    }

    /// Ends the session of whoever uses the browser, as signing out on another device does.
    ///
    /// # Panics
    ///
    /// If nobody is signed in.
    pub async fn end_session(&self, browser: &Browser) {
        let token = browser.cookie("__session").await.expect("somebody is signed in");
        let token = UnverifiedToken::decode(&token).expect("a token");
        let id = SessionId::from(token.session_id().expect("of a session"));
        self.backend.revoke_session(&id).await.expect("the portal ends it");
    }

    /// An address of the application.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.app)
    }

    /// An address of the portal.
    #[must_use]
    pub fn portal_at(&self, path: &str) -> String {
        format!("{}{path}", self.portal.origin())
    }

    /// Stops both.
    pub async fn close(self) {
        self.server.abort();
        self.portal.shut_down().await;
    }
}

/// Another application: a page with one form that posts a note to `target`, and a link to it.
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

async fn serve(router: Router) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let server = tokio::spawn(async move {
        axum::serve(listener, router)
            .await
            .expect("it serves until it is stopped");
    });
    (format!("http://localhost:{port}"), server)
}

fn router(notes: Notes) -> Router {
    let guarded = Router::new()
        .route(
            "/dashboard",
            get(async |who: SignedIn| page(&format!("<p data-testid=dashboard>{}</p>", who.user_id()))),
        )
        .route("/form", get(form))
        .route("/notes", post(note))
        .route("/cart", get(async || Html("<p data-testid=cart>An empty cart</p>")))
        .route(
            "/frame",
            get(async || Html("<turbo-frame id=cart><p data-testid=cart>An empty cart</p></turbo-frame>")),
        )
        .route_layer(RequireAuthLayer::signed_in());
    Router::new()
        .route("/", get(home))
        .route("/orgs/{slug}", get(home))
        .route("/me", get(home))
        .route("/htmx-2", get(async || htmx("2")))
        .route("/htmx-4", get(async || htmx("4")))
        .route("/turbo", get(turbo))
        .merge(guarded)
        .route("/sign-in", any_service(RedirectToPortal::sign_in()))
        .route("/sign-up", any_service(RedirectToPortal::sign_up()))
        .route("/account", any_service(RedirectToPortal::user_profile()))
        .route("/organization", any_service(RedirectToPortal::organization_profile()))
        .route(
            "/create-organization",
            any_service(RedirectToPortal::create_organization()),
        )
        .route("/sign-out", post_service(SignOut::new()))
        .with_state(notes)
}

fn page(content: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=en><head><title>Shop</title></head><body>{content}</body></html>"
    ))
}

/// Who it is, and in which organization.
async fn home(auth: Auth) -> Html<String> {
    let claims = auth.signed_in();
    let user = claims.map_or("nobody", |claims| claims.user_id().as_str());
    let organization = claims
        .and_then(|claims| claims.organization())
        .and_then(|organization| organization.slug.as_deref());
    page(&format!(
        "<p data-testid=home>Welcome</p><p data-testid=user>{user}</p>\
         <p data-testid=organization>{}</p>\
         <a href=/account data-testid=account>Account</a> <a href=/organization data-testid=team>Organization</a> \
         <a href=/create-organization data-testid=new-team>New organization</a>\
         <form method=post action=/sign-out><button data-testid=sign-out>Sign out</button></form>",
        organization.unwrap_or("none"),
    ))
}

async fn form() -> Html<String> {
    page(
        "<form method=post action=/notes><input name=text data-testid=text><button data-testid=save>Save</button></form>",
    )
}

#[derive(Deserialize)]
struct Note {
    text: String,
}

async fn note(State(notes): State<Notes>, Form(note): Form<Note>) -> Redirect {
    notes
        .0
        .lock()
        .expect("no test panics while it holds it")
        .push(note.text);
    Redirect::to("/dashboard")
}

fn htmx(version: &str) -> Html<String> {
    page(&format!(
        "<script src=/scripts/htmx-{version}.js></script><h1>List</h1>\
         <button hx-get=/cart hx-target=#cell data-testid=load>Cart</button><div id=cell></div>\
         <nav hx-boost=true><a href=/dashboard data-testid=boosted>Dashboard</a></nav>"
    ))
}

async fn turbo() -> Html<String> {
    page(
        "<script src=/scripts/turbo.js></script><h1>List</h1>\
         <turbo-frame id=cart><a href=/frame data-testid=load>Cart</a></turbo-frame>\
         <a href=/dashboard data-testid=visit>Dashboard</a>",
    )
}

/// The scripts of the pages, as their packages have them.
const SCRIPTS: [(&str, &str); 3] = [
    ("/scripts/htmx-2.js", "htmx-2/dist/htmx.js"),
    ("/scripts/htmx-4.js", "htmx-4/dist/htmx.js"),
    ("/scripts/turbo.js", "@hotwired/turbo/dist/turbo.es2017-umd.js"),
];

fn path_of(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("web/node_modules")
        .join(script)
}

/// Says what to do if the scripts are not there.
///
/// # Panics
///
/// Then.
pub fn scripts_are_installed() {
    for (_, script) in SCRIPTS {
        let path = path_of(script);
        assert!(
            path.exists(),
            "{} is missing: run ./test.sh, which installs it if there is npm",
            path.display()
        );
    }
}

fn scripts() -> Router {
    let serve = |script: &'static str| {
        get(async move || {
            let headers = [(CONTENT_TYPE, "text/javascript; charset=utf-8")];
            (headers, std::fs::read_to_string(path_of(script)).unwrap_or_default())
        })
    };
    SCRIPTS.into_iter().fold(Router::new(), |router, (path, script)| {
        router.route(path, serve(script))
    })
}
