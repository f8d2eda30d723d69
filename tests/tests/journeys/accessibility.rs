//! Every page of the local portal, as axe-core sees it: no finding that it calls serious or critical.
//!
//! The pages of the examples are beside their journeys.

use std::path::Path;

use portal_tests::browser::Browser;
use portal_tests::tour::tour;
use serde_json::Value;

#[tokio::test]
async fn axe_finds_nothing_serious_on_any_light_page() {
    assert_nothing_serious(false).await;
}

#[tokio::test]
async fn axe_finds_nothing_serious_on_any_dark_page() {
    assert_nothing_serious(true).await;
}

/// Walks through the pages in one colour scheme, which decides their contrast.
async fn assert_nothing_serious(is_dark: bool) {
    let script = axe();
    let mut findings = Vec::new();
    let browser = Browser::open().await;
    browser.appear(1280, 800, is_dark).await;
    tour(&browser, async |name| {
        findings.extend(serious_findings(&browser, &script, name, is_dark).await);
    })
    .await;
    browser.close().await;
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// Visits pages in both colour schemes in a narrow window, and fails on a finding that axe-core calls serious or critical.
pub(crate) async fn assert_nothing_serious_at(browser: &Browser, urls: &[&str]) {
    let script = axe();
    let mut findings = Vec::new();
    for is_dark in [false, true] {
        browser.appear(400, 800, is_dark).await;
        for url in urls {
            browser.visit(url).await;
            findings.extend(serious_findings(browser, &script, url, is_dark).await);
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// The script of axe-core.
fn axe() -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&script)
        .unwrap_or_else(|error| panic!("{}: {error}; ./test.sh installs it if there is npm", script.display()))
}

/// The findings on the current page that axe-core calls serious or critical.
async fn serious_findings(browser: &Browser, axe: &str, name: &str, is_dark: bool) -> Vec<String> {
    browser.inject(axe).await;
    let found = browser
        .evaluate("axe.run().then((results) => results.violations)")
        .await;
    serious(name, is_dark, &found)
}

fn serious(page: &str, is_dark: bool, violations: &Value) -> Vec<String> {
    let violations = violations.as_array().expect("axe ran");
    let is_serious = |violation: &&Value| matches!(violation["impact"].as_str(), Some("serious" | "critical"));
    let scheme = if is_dark { "dark" } else { "light" };
    let describe = |violation: &Value| {
        format!(
            "{page} ({scheme}): {} {}",
            violation["id"], violation["nodes"][0]["html"]
        )
    };
    violations.iter().filter(is_serious).map(describe).collect()
}
