use std::sync::LazyLock;

use axum::Router;
use axum::http::Request;
use axum::routing::{get, post};
use portal_axum::{AuthenticateLayer, Instance, RequireAuthLayer, SignOut, SignedIn};
use portal_local::{Fault, LocalPortal, SeedUser, TestBrowser, TestPortal};

// One portal for all tests of the program.
static PORTAL: LazyLock<TestPortal> = LazyLock::new(portal);

fn portal() -> TestPortal {
    let ada = SeedUser::new("ada@example.com").password("correct horse battery");
    TestPortal::start(LocalPortal::builder().user(ada))
}

async fn hello(user: SignedIn) -> String {
    format!("Hello {}", user.user_id())
}

fn app(layer: AuthenticateLayer) -> Router {
    Router::new()
        .route("/hello", get(hello))
        .route_layer(RequireAuthLayer::signed_in())
        .route("/sign-out", post(SignOut::new()))
        .layer(layer)
}

fn browser(portal: &TestPortal) -> TestBrowser {
    // The two keys suffice. Nothing listens at the origin, because the browser calls the router.
    let keys = Instance::builder(portal.publishable_key().as_str(), portal.secret_key().expose());
    let layer = AuthenticateLayer::new(keys.build().expect("the portal's keys are valid"));
    portal.browser().with_application("http://localhost:3000", app(layer))
}

#[test]
fn guarded_page_is_reached_through_the_sign_in_page() {
    let sign_in = browser(&PORTAL).visit("/hello");
    let password = sign_in
        .form("Continue")
        .fill("Email address", "ada@example.com")
        .submit();
    let hello = password
        .form("Continue")
        .fill("Password", "correct horse battery")
        .submit();
    hello.assert_url("/hello").assert_text("Hello user_");
}

#[test]
fn signed_out_user_is_asked_to_sign_in_again() {
    let browser = browser(&PORTAL);
    browser
        .sign_in_as("ada@example.com", "/hello")
        .assert_text("Hello user_");
    let sign_out = Request::post("/sign-out").body(String::new()).expect("a request");
    browser.send(sign_out).assert_status(303);
    browser.visit("/hello").assert_text("Sign in to My Application");
}

#[test]
fn signed_in_user_survives_an_outage() {
    // A fault affects every test that shares the portal, so this test has its own.
    let portal = portal();
    let browser = browser(&portal);
    browser.sign_in_as("ada@example.com", "/hello");
    portal.local_portal().fault(Fault::status(503).times(100));
    browser.visit("/hello").assert_status(200);
}
