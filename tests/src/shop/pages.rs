//! The shop's pages.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Form, Path as PathParameter, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{any_service, get, post};
use portal_axum::{ActiveOrganization, Auth, RedirectToPortal, RequireAuthLayer, Role, SignOut, SignedIn};
use serde::Deserialize;

/// The notes of users, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    pub(super) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, note: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }
}

pub(super) fn router(notes: Notes) -> Router {
    let guarded = Router::new()
        .route(
            "/dashboard",
            get(async |who: SignedIn| page(&format!("<p data-testid=dashboard>{}</p>", who.user_id()))),
        )
        .route("/profile", get(profile))
        .route("/form", get(form))
        .route("/notes", post(note))
        .route("/cart", get(async || Html("<p data-testid=cart>An empty cart</p>")))
        .route(
            "/frame",
            get(async || Html("<turbo-frame id=cart><p data-testid=cart>An empty cart</p></turbo-frame>")),
        )
        .route(
            "/cell",
            get(async || Html("<div id=cell><p data-testid=cart>An empty cart</p></div>")),
        )
        .route("/guarded/htmx-2", get(async || private_htmx("2")))
        .route("/guarded/htmx-4", get(async || private_htmx("4")))
        .route_layer(RequireAuthLayer::signed_in());
    let for_administrators = Router::new()
        .route(
            "/team",
            get(async |team: ActiveOrganization| {
                let slug = team.slug().unwrap_or_default();
                page(&format!("<p data-testid=team>{slug}</p>"))
            }),
        )
        .route_layer(RequireAuthLayer::with(Role::new("org:admin")));
    Router::new()
        .route("/", get(home).post(home))
        .route("/orgs/{slug}", get(organization))
        .route("/me", get(home))
        .route("/htmx-2", get(async || htmx("2")))
        .route("/htmx-4", get(async || htmx("4")))
        .route("/turbo", get(turbo))
        .route("/unpoly", get(unpoly))
        .route("/datastar", get(datastar))
        .merge(guarded)
        .merge(for_administrators)
        .route("/sign-in", any_service(RedirectToPortal::sign_in()))
        .route("/sign-up", any_service(RedirectToPortal::sign_up()))
        .route("/account", any_service(RedirectToPortal::user_profile()))
        .route("/organization", any_service(RedirectToPortal::organization_profile()))
        .route(
            "/create-organization",
            any_service(RedirectToPortal::create_organization()),
        )
        .route("/sign-out", post(SignOut::new()))
        .with_state(notes)
}

fn page(content: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=en><head><title>Shop</title></head><body>{content}</body></html>"
    ))
}

/// Shows the user and the organization. Open to all requests, form posts included.
async fn home(auth: Auth) -> Html<String> {
    let claims = auth.signed_in();
    let user = claims.map_or("nobody", |claims| claims.user_id().as_str());
    page(&format!(
        "<p data-testid=home>Welcome</p><p data-testid=user>{user}</p>\
         <p data-testid=organization>{}</p>\
         <a href=/account data-testid=account>Account</a> <a href=/organization data-testid=team>Organization</a> \
         <a href=/create-organization data-testid=new-team>New organization</a>\
         <form method=post action=/><button data-testid=ask>Who am I?</button></form>\
         <form method=post action=/sign-out><button data-testid=sign-out>Sign out</button></form>",
        active(&auth).unwrap_or("none"),
    ))
}

/// Open only to members of the organization in the path.
async fn organization(PathParameter(slug): PathParameter<String>, auth: Auth) -> Response {
    let is_inside = active(&auth) == Some(slug.as_str());
    let status = if is_inside {
        StatusCode::OK
    } else {
        StatusCode::FORBIDDEN
    };
    (status, home(auth).await).into_response()
}

fn active(auth: &Auth) -> Option<&str> {
    auth.signed_in()?.claims().organization()?.slug()
}

/// Shows the user as the Backend API returns it.
async fn profile(who: SignedIn) -> Html<String> {
    let user = who.user().await.expect("the Backend API answers");
    let name = user.first_name.as_deref().unwrap_or("nameless");
    let address = user.primary_email_address();
    page(&format!(
        "<p data-testid=first-name>{name}</p><p data-testid=address>{}</p>",
        address.map_or("none", |address| address.email_address.as_str()),
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
    notes.add(note.text);
    Redirect::to("/dashboard")
}

fn htmx(version: &str) -> Html<String> {
    page(&format!(
        "<script src=/scripts/htmx-{version}.js></script><h1>List</h1>\
         <button hx-get=/cart hx-target=#cell data-testid=load>Cart</button><div id=cell></div>\
         <a hx-boost=true href=/dashboard data-testid=boosted>Dashboard</a>"
    ))
}

/// A page that htmx 2 must not keep in the browser: Back asks the application for it, as htmx 4 always does.
fn private_htmx(version: &str) -> Html<String> {
    let Html(list) = htmx(version);
    Html(list.replace("<h1>", "<h1 hx-history=false>"))
}

async fn turbo() -> Html<String> {
    page(
        "<script src=/scripts/turbo.js></script><h1>List</h1>\
         <turbo-frame id=cart><a href=/frame data-testid=load>Cart</a></turbo-frame>\
         <a href=/dashboard data-testid=visit>Dashboard</a>",
    )
}

async fn unpoly() -> Html<String> {
    page(
        "<script src=/scripts/unpoly.js></script><h1>List</h1>\
         <a href=/cell up-target=#cell data-testid=load>Cart</a><div id=cell></div>\
         <a href=/cell up-target=#cell up-layer=new data-testid=overlay>Cart in an overlay</a>\
         <a href=/dashboard up-follow data-testid=visit>Dashboard</a>\
         <a href=/sign-in up-follow data-testid=sign-in>Sign in</a>\
         <a href=/team up-follow data-testid=team>Team</a>",
    )
}

async fn datastar() -> Html<String> {
    page(
        "<script type=module src=/scripts/datastar.js></script><h1>List</h1>\
         <button data-on:click=\"@get('/cell')\" data-testid=load>Cart</button><div id=cell></div>\
         <button data-on:click=\"@post('/cell')\" data-testid=post>Add</button>\
         <button data-on:click=\"@get('/sign-in')\" data-testid=sign-in>Sign in</button>\
         <button data-on:click=\"@get('/team')\" data-testid=team>Team</button>",
    )
}

/// The scripts of the pages, as their packages have them.
const SCRIPTS: [(&str, &str); 4] = [
    ("/scripts/htmx-2.js", "htmx-2/dist/htmx.js"),
    ("/scripts/htmx-4.js", "htmx-4/dist/htmx.js"),
    ("/scripts/turbo.js", "@hotwired/turbo/dist/turbo.es2017-umd.js"),
    ("/scripts/unpoly.js", "unpoly/unpoly.js"),
];

fn path_of(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("web/node_modules")
        .join(script)
}

/// Checks that the browser scripts are installed.
///
/// # Panics
///
/// Panics with the missing path and the command that installs it.
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

/// The path of `datastar.js` of Datastar 1.0 or later, which has no npm package.
fn datastar_path() -> Option<PathBuf> {
    std::env::var_os("DATASTAR_JS").map(PathBuf::from)
}

/// Checks that Datastar is installed.
///
/// # Panics
///
/// Panics with its source if `DATASTAR_JS` is not the path of the script.
pub fn datastar_is_there() {
    let is_there = datastar_path().is_some_and(|path| path.exists());
    assert!(
        is_there,
        "DATASTAR_JS is not the path of datastar.js, from https://data-star.dev"
    );
}

pub(super) fn scripts() -> Router {
    let serve = |path: PathBuf| {
        get(async move || {
            let headers = [(CONTENT_TYPE, "text/javascript; charset=utf-8")];
            (headers, std::fs::read_to_string(path).unwrap_or_default())
        })
    };
    let router = SCRIPTS.into_iter().fold(Router::new(), |router, (path, script)| {
        router.route(path, serve(path_of(script)))
    });
    match datastar_path() {
        Some(path) => router.route("/scripts/datastar.js", serve(path)),
        None => router,
    }
}
