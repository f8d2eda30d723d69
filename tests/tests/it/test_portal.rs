//! Whole flows of a real application in the browser of a test portal: no scripts, no sleeping, one portal for all tests.

use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::response::Html;
use axum::routing::{get, post};
use http::Request;
use portal_axum::portal_sdk::testing::TestClock;
use portal_axum::{Auth, AuthenticateLayer, Authenticator, Instance, PortalPage, RequireAuthLayer, SignOut, SignedIn};
use portal_local::{
    LocalPortal, LocalPortalBuilder, SeedOrganization, SeedUser, Settings, TestBrowser, TestPage, TestPortal,
};

const APP: &str = "http://localhost:3000";
const JANE: &str = "jane@example.com";
const JOE: &str = "joe@example.com";
const PASSWORD: &str = "correct horse battery";

static PORTAL: LazyLock<TestPortal> = LazyLock::new(|| TestPortal::start(builder()));

fn builder() -> LocalPortalBuilder {
    LocalPortal::builder()
        .user(SeedUser::new(JANE).password(PASSWORD))
        .user(SeedUser::new(JOE).password(PASSWORD))
        .organization(SeedOrganization::new("Acme", "acme").member(JOE, "org:admin"))
}

async fn dashboard(user: SignedIn) -> Html<String> {
    let form = "<form method='post' action='/notes'><label>Note <input name='note'></label><button>Save</button></form>\
        <form method='post' action='/sign-out'><button>Sign out</button></form>";
    Html(format!("<p>Hello {}</p>{form}", user.user_id()))
}

async fn front(auth: Auth) -> Html<String> {
    let link = auth.link(PortalPage::SignIn).to_string().replace('&', "&amp;");
    Html(format!("<p>Welcome</p><a href=\"{link}\">Sign in</a>"))
}

async fn save(user: SignedIn, note: String) -> String {
    format!("{} saved {note}", user.user_id())
}

fn app(portal: &TestPortal, clock: &TestClock) -> Router {
    let keys = Instance::builder(portal.publishable_key().as_str(), portal.secret_key().expose());
    let instance = keys.build().expect("the portal's keys are valid");
    let clerk = Authenticator::builder(instance).clock(clock.clone()).build();
    Router::new()
        .route("/dashboard", get(dashboard))
        .route("/notes", post(save))
        .route_layer(RequireAuthLayer::signed_in())
        .route("/", get(front))
        .route("/sign-out", post(SignOut::new()))
        .layer(AuthenticateLayer::from_authenticator(clerk))
}

fn browser() -> TestBrowser {
    PORTAL
        .browser()
        .with_application(APP, app(&PORTAL, &TestClock::running()))
}

/// Fills in the portal's sign-in pages.
fn sign_in(page: &TestPage, address: &str) -> TestPage {
    let page = page.form("Continue").fill("Email address", address).submit();
    page.form("Continue").fill("Password", PASSWORD).submit()
}

#[test]
fn protected_page_is_reached_through_the_filled_in_sign_in_page() {
    let browser = browser();
    let page = browser.visit("/dashboard?tab=2");
    assert!(page.url().starts_with(PORTAL.origin()), "{}", page.url());
    sign_in(&page, JANE)
        .assert_url("/dashboard?tab=2")
        .assert_text("Hello user_");
    assert!(browser.cookie("/", "__session").is_some());
}

#[test]
fn link_of_a_public_page_leads_to_sign_in_and_back() {
    let page = browser().visit("/").assert_url("/").follow_link("Sign in");
    sign_in(&page, JANE).assert_url("/").assert_text("Welcome");
}

#[test]
fn wrong_password_stays_at_the_portal() {
    let page = browser().visit("/dashboard");
    let page = page.form("Continue").fill("Email address", JANE).submit();
    let page = page.form("Continue").fill("Password", "wrong horse").submit();
    page.assert_status(422).assert_text("That password isn't correct");
}

#[test]
fn signed_in_user_ends_at_the_wanted_page_and_submits_its_form() {
    let page = browser().sign_in_as(JANE, "/dashboard");
    page.assert_url("/dashboard").assert_status(200);
    let saved = page.form("Save").fill("Note", "Milk").submit();
    saved.assert_url("/notes").assert_text("saved note=Milk");
}

#[test]
fn second_user_of_a_browser_becomes_the_active_one() {
    let browser = browser();
    let jane = browser.sign_in_as(JANE, "/dashboard");
    let joe = browser.sign_in_as(JOE, "/dashboard");
    assert_ne!(jane.text(), joe.text());
}

#[test]
fn user_signs_up_with_the_mailed_code() {
    let page = browser().visit("/dashboard").follow_link("Sign up");
    let form = page
        .form("Continue")
        .fill("Email address", "new@example.com")
        .fill("Password", PASSWORD);
    let page = form.submit();
    let code = PORTAL.mailed_code_for("new@example.com");
    let page = page.form("Continue").fill("Verification code", &code).submit();
    page.assert_url("/dashboard").assert_text("Hello user_");
}

#[test]
#[should_panic(expected = "to end signed in at http://localhost:3000/dashboard, found the portal's page")]
fn user_with_a_task_panics_with_the_page_to_fill_in() {
    let mut settings = Settings::default();
    settings.force_organization_selection = true;
    let portal = TestPortal::start(builder().settings(settings));
    let browser = portal
        .browser()
        .with_application(APP, app(&portal, &TestClock::running()));
    browser.sign_in_as(JANE, "/dashboard");
}

#[test]
fn signed_out_user_is_sent_to_the_sign_in_page() {
    let browser = browser();
    browser.sign_in_as(JANE, "/dashboard").press("Sign out");
    browser.visit("/dashboard").assert_text("Sign in to My Application");
    assert!(
        browser
            .cookie("/", "__session")
            .is_none_or(|session| session.is_empty())
    );
}

#[test]
fn script_gets_json_and_its_cookies_authenticate_it() {
    let browser = browser();
    let request = || Request::post("/notes").body("Milk".to_owned()).expect("a request");
    browser.visit("/");
    let refused = browser.send(request());
    refused.assert_status(401).assert_text("\"sign_in_url\"");
    let page = browser.sign_in_as(JANE, "/dashboard");
    page.assert_status(200);
    browser.send(request()).assert_status(200).assert_text("saved Milk");
    let mut foreign = request();
    foreign
        .headers_mut()
        .insert("sec-fetch-site", "cross-site".parse().expect("a value"));
    foreign
        .headers_mut()
        .insert("origin", "https://evil.test".parse().expect("a value"));
    browser.send(foreign).assert_status(403);
}

#[test]
fn session_is_renewed_and_cookies_end_by_the_moved_clock() {
    let clock = TestClock::running();
    let portal = TestPortal::start(builder().clock(clock.clone()));
    let browser = portal.browser().with_application(APP, app(&portal, &clock));
    browser.sign_in_as(JANE, "/dashboard");
    let first = browser.cookie("/", "__session");
    clock.advance(Duration::from_secs(120));
    browser
        .visit("/dashboard")
        .assert_url("/dashboard")
        .assert_text("Hello user_");
    assert!(
        first.is_some() && browser.cookie("/", "__session") != first,
        "the token of two minutes ago"
    );
    clock.advance(Duration::from_secs(400 * 24 * 60 * 60));
    assert_eq!(browser.cookie("/", "__session"), None);
    browser.visit("/dashboard").assert_text("Sign in to My Application");
}

#[test]
#[should_panic(expected = "expected at most 20 redirects, found a redirect loop")]
fn application_that_redirects_to_itself_panics() {
    let app = Router::new().route("/", get(async || axum::response::Redirect::to("/")));
    PORTAL.browser().with_application(APP, app).visit("/");
}

#[test]
fn wrong_field_panics_with_those_of_the_sign_in_page() {
    let page = browser().visit("/dashboard");
    let fill = std::panic::AssertUnwindSafe(|| drop(page.form("Continue").fill("Username", JANE)));
    let panic = std::panic::catch_unwind(fill).expect_err("a panic");
    let problem = panic.downcast::<String>().expect("a message");
    assert!(
        problem.starts_with("expected one field \"Username\" to fill in"),
        "{problem}"
    );
    assert!(problem.contains("`identifier` (Email address)"), "{problem}");
    assert!(!problem.contains("__clerk_db_jwt=ey"), "{problem}");
}

#[tokio::test(start_paused = true)]
async fn flow_works_while_time_is_paused() {
    let before = tokio::time::Instant::now();
    browser().sign_in_as(JANE, "/dashboard").assert_url("/dashboard");
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn flow_works_in_an_asynchronous_test() {
    browser().sign_in_as(JANE, "/dashboard").assert_url("/dashboard");
}

#[test]
fn browsers_of_several_threads_have_their_own_users() {
    let names = thread::scope(|scope| {
        let users = [JANE, JOE, JANE, JOE]
            .map(|user| scope.spawn(move || browser().sign_in_as(user, "/dashboard").text().to_owned()));
        users.map(|thread| thread.join().expect("a page"))
    });
    assert_eq!(names[0], names[2]);
    assert_eq!(names[1], names[3]);
    assert_ne!(names[0], names[1]);
}

#[test]
fn application_that_listens_needs_its_url_only() {
    let app = app(&PORTAL, &TestClock::running());
    let address = PORTAL.run(async |_| {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async { axum::serve(listener, app).await });
        address
    });
    let dashboard = format!("http://localhost:{}/dashboard", address.port());
    let browser = PORTAL.browser();
    sign_in(&browser.visit(&dashboard), JANE)
        .assert_url(&dashboard)
        .assert_text("Hello user_");
    browser.visit(&dashboard).press("Sign out");
    browser.sign_in_as(JOE, &dashboard).assert_url(&dashboard);
}
