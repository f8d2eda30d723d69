//! `examples/satellites`: two domains that share sessions, but no cookies.

use portal_local::SeedUser;
use portal_tests::browser::Browser;
use portal_tests::programs::{Program, example_binary};
use tokio::process::Command;

use crate::{JANE, PASSWORD, sign_in_here};

struct Domains {
    browser: Browser,
    primary: String,
    satellite: String,
    _program: Program,
}

impl Domains {
    async fn open() -> Self {
        let mut program = Program::start(Command::new(example_binary("satellites")));
        let after = |label: &'static str| move |line: &str| line.strip_prefix(label).map(|url| url.trim().to_owned());
        Self {
            primary: program.line(after("Primary")).await,
            satellite: program.line(after("Satellite")).await,
            browser: Browser::open().await,
            _program: program,
        }
    }

    /// The hosts of the applications that have a session cookie, sorted.
    fn hosts_with_session(&self) -> Vec<String> {
        let cookies = self.browser.jar().into_iter();
        let hosts = cookies.filter(|cookie| cookie.name == "__session" && cookie.domain.ends_with(".localhost"));
        let mut hosts: Vec<String> = hosts.map(|cookie| cookie.domain).collect();
        hosts.sort();
        hosts
    }
}

#[tokio::test]
async fn sign_in_on_the_primary_signs_in_on_the_satellite() {
    let domains = Domains::open().await;
    let browser = &domains.browser;
    browser.visit(&domains.satellite).await;
    assert_eq!(browser.read("user").await, "guest");

    browser.visit(&format!("{}/dashboard", domains.primary)).await;
    sign_in_here(browser, JANE, PASSWORD).await;
    browser.arrives_at(&format!("{}/dashboard", domains.primary)).await;
    browser.shows("user", &SeedUser::new(JANE).id()).await;
    assert_eq!(domains.hosts_with_session(), ["primary.localhost"]);

    browser.follow("other").await;
    browser.arrives_at(&domains.satellite).await;
    browser.shows("user", &SeedUser::new(JANE).id()).await;
    assert_eq!(
        domains.hosts_with_session(),
        ["primary.localhost", "satellite.localhost"]
    );
    domains.browser.close().await;
}

#[tokio::test]
async fn sign_in_from_the_satellite_returns_there() {
    let domains = Domains::open().await;
    let browser = &domains.browser;
    let dashboard = format!("{}/dashboard", domains.satellite);
    browser.visit(&dashboard).await;
    sign_in_here(browser, JANE, PASSWORD).await;
    browser.arrives_at(&dashboard).await;
    browser.shows("user", &SeedUser::new(JANE).id()).await;

    // The portal knows the browser, so the primary's own round trip shows no form.
    browser.visit(&format!("{}/dashboard", domains.primary)).await;
    browser.arrives_at(&format!("{}/dashboard", domains.primary)).await;
    browser.shows("user", &SeedUser::new(JANE).id()).await;
    domains.browser.close().await;
}
