//! `examples/notes`: htmx and SQLite, clicked through.

use std::path::Path;

use portal_tests::browser::{Browser, Scripts};
use portal_tests::people;
use portal_tests::programs::Example;
use portal_tests::shop::scripts_are_installed;

use crate::accessibility::assert_nothing_serious_at;
use crate::{JANE, JOE};

const IN_MEMORY: [&str; 2] = ["--database", ":memory:"];

/// Starts the example with htmx of this version.
async fn with_htmx(version: &str) -> Example {
    scripts_are_installed();
    let file = format!("web/node_modules/htmx-{version}/dist/htmx.min.js");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let file = file.to_str().expect("text");
    Example::start("notes", &[&IN_MEMORY[..], &["--htmx-js", file]].concat()).await
}

/// Signs in from the start page.
async fn sign_in(browser: &Browser, example: &Example, address: &str) {
    browser.visit(&example.app).await;
    browser.follow("sign-in").await;
    people::sign_in(browser, &example.portal, address).await;
    browser.arrives_at(&format!("{}/notes", example.app)).await;
}

/// Switches from the personal account to the user's only organization.
async fn switch_to_the_organization(browser: &Browser, example: &Example) {
    browser.follow("organization").await;
    browser.follow("portal-organization-list-organization").await;
    browser.follow("portal-organization-back").await;
    browser.arrives_at(&format!("{}/notes", example.app)).await;
    browser.shows("space", "acme").await;
}

async fn focused(browser: &Browser) -> String {
    let id = browser.evaluate("document.activeElement.id").await;
    id.as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn members_share_notes_without_script() {
    let example = Example::start("notes", &IN_MEMORY).await;
    let browser = Browser::with(Scripts::Off).await;
    sign_in(&browser, &example, JOE).await;
    browser.shows("space", "Personal notes").await;
    browser.fill("text", "for joe alone").await;
    browser.follow("save").await;
    browser.finds_in(".notes", "for joe alone").await;

    switch_to_the_organization(&browser, &example).await;
    browser.finds_in("#list", "No notes yet").await;
    browser.fill("text", "for all of acme").await;
    browser.follow("save").await;
    browser.finds_in(".notes", "for all of acme").await;
    browser.follow("sign-out").await;

    sign_in(&browser, &example, JANE).await;
    browser.finds_in("#list", "No notes yet").await;
    switch_to_the_organization(&browser, &example).await;
    browser.finds_in(".notes", "for all of acme").await;
    browser.finds_in(".author", JOE).await;
    // Jane is an administrator.
    browser.follow("delete").await;
    browser.finds_in("#list", "No notes yet").await;

    browser.close().await;
}

#[tokio::test]
async fn htmx_keeps_the_page_until_the_session_ends() {
    for version in ["2", "4"] {
        let example = with_htmx(version).await;
        let browser = Browser::open().await;
        sign_in(&browser, &example, JANE).await;
        browser.inject("window.isSamePage = true").await;

        browser.fill("text", "first").await;
        browser.press("save").await;
        browser.finds_in("#status", "Note saved.").await;
        browser.finds_in(".notes", "first").await;
        assert_eq!(
            (browser.value("text").await.as_str(), focused(&browser).await.as_str()),
            ("", "text")
        );
        // A refusal keeps the text and the page.
        browser
            .inject("document.querySelector('[name=text]').removeAttribute('required')")
            .await;
        browser.press("save").await;
        browser.finds_in("#alert", "Enter a note.").await;
        browser.press("delete").await;
        browser.finds_in("#status", "Note deleted.").await;
        browser.finds_in("#list", "No notes yet").await;
        assert_eq!(focused(&browser).await, "list");
        assert_eq!(browser.evaluate("window.isSamePage").await, true, "htmx {version}");

        // The session ends elsewhere, and its last token with it.
        let notes = browser.open_tab().await;
        browser.visit(&format!("{}/sign-out", example.portal)).await;
        browser.follow("portal-sign-out-submit").await;
        browser.go_to_tab(&notes).await;
        browser.remove_cookies("__session").await;
        browser.remove_cookies("__refresh").await;
        browser.fill("text", "late").await;
        browser.press("save").await;
        people::sign_in(&browser, &example.portal, JANE).await;
        let back = browser.arrives_at(&format!("{}/notes", example.app)).await;
        assert_eq!(back.path(), "/notes");
        browser.finds_in("#list", "No notes yet").await;

        browser.close().await;
    }
}

#[tokio::test]
async fn axe_finds_nothing_serious_on_the_notes() {
    let example = Example::start("notes", &IN_MEMORY).await;
    let browser = Browser::open().await;
    sign_in(&browser, &example, JANE).await;
    browser.fill("text", "a note").await;
    browser.follow("save").await;
    browser.finds_in(".notes", "a note").await;
    let [home, notes] = ["/", "/notes"].map(|path| format!("{}{path}", example.app));
    assert_nothing_serious_at(&browser, &[&home, &notes]).await;
    browser.close().await;
}
