//! A user's actions on a page, and the page's content.

use std::cell::OnceCell;

use fantoccini::Locator;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use serde_json::{Value, json};

use super::{Browser, is_gone, named};

impl Browser {
    /// Types `text` into the field of this name, in place of what it holds.
    ///
    /// # Panics
    ///
    /// If there is no such field.
    pub async fn fill(&self, field: &str, text: &str) {
        let selector = format!("[name=\"{field}\"]:not([type=hidden])");
        self.with_element(&selector, async |element| {
            element.clear().await?;
            element.send_keys(text).await
        })
        .await;
    }

    /// Clicks the first element that the CSS selector finds.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn click(&self, selector: &str) {
        self.with_element(selector, async |element| element.click().await).await;
    }

    /// Clicks the first element with this test ID.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn press(&self, name: &str) {
        self.click(&named(name)).await;
    }

    /// [Presses](Self::press) an element and waits for the next page.
    ///
    /// # Panics
    ///
    /// If the element is missing, or no other page loads.
    pub async fn follow(&self, name: &str) {
        let page = self.page().await;
        self.press(name).await;
        self.is_replaced(&page, name).await;
    }

    /// The text of the first element with this test ID.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn read(&self, name: &str) -> String {
        self.text(&named(name)).await
    }

    /// Waits until the element with this test ID has this text.
    ///
    /// # Panics
    ///
    /// If it never has.
    pub async fn shows(&self, name: &str, expected: &str) {
        let matches = async || self.read(name).await == expected;
        if !self.until(matches).await {
            panic!(
                "{name} never was {expected:?}; the browser is at {}",
                self.describe().await
            );
        }
    }

    /// Waits until a message of the page contains this text. Returns the whole message.
    ///
    /// # Panics
    ///
    /// If it never does.
    pub async fn is_told(&self, part: &str) -> String {
        self.finds_in("[role=alert], [role=status]", part).await
    }

    /// Waits until the first match of a CSS selector contains this text. Returns its whole text.
    ///
    /// # Panics
    ///
    /// If it never does.
    pub async fn finds_in(&self, selector: &str, part: &str) -> String {
        let contains = async || self.text(selector).await.contains(part);
        if !self.until(contains).await {
            panic!(
                "{selector} never contained {part:?}; the browser is at {}",
                self.describe().await
            );
        }
        self.text(selector).await
    }

    /// The value of a field.
    ///
    /// # Panics
    ///
    /// If there is no such field.
    pub async fn value(&self, field: &str) -> String {
        let selector = format!("[name=\"{field}\"]");
        self.with_element(&selector, async |element| element.prop("value").await)
            .await
            .unwrap_or_default()
    }

    /// The current number of matches of a CSS selector.
    ///
    /// # Panics
    ///
    /// If the browser is gone.
    pub async fn count(&self, selector: &str) -> usize {
        let found = self.client.find_all(Locator::Css(selector)).await;
        found.expect("the browser is there").len()
    }

    /// The text of the first element that the CSS selector finds.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn text(&self, selector: &str) -> String {
        self.with_element(selector, async |element| element.text().await).await
    }

    /// Continues within the first frame of the page.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn enter_frame(&self) {
        let frame = self.wait_for("iframe").await;
        frame.enter_frame().await.expect("the frame is there");
    }

    /// Runs an action on the first match of a CSS selector.
    ///
    /// If the next page replaces this one meanwhile, its element is used instead.
    pub(super) async fn with_element<T>(&self, selector: &str, act: impl AsyncFn(Element) -> Result<T, CmdError>) -> T {
        let mut attempts = 0;
        loop {
            let element = self.wait_for(selector).await;
            match act(element).await {
                Ok(done) => return done,
                Err(error) if is_gone(&error) && attempts < 10 => attempts += 1,
                Err(error) => panic!("{selector}: {error}; the browser is at {}", self.describe().await),
            }
        }
    }

    /// Evaluates a script on the page, and awaits a promise.
    ///
    /// # Panics
    ///
    /// If it throws.
    pub async fn evaluate(&self, expression: &str) -> Value {
        let script = format!("const done = arguments[arguments.length - 1]; Promise.resolve({expression}).then(done)");
        self.client
            .execute_async(&script, Vec::new())
            .await
            .expect("the script runs")
    }

    /// Runs a script regardless of the page's content security policy.
    ///
    /// # Panics
    ///
    /// If it throws.
    pub async fn inject(&self, script: &str) {
        self.client.execute(script, Vec::new()).await.expect("the script runs");
    }

    /// Sets the window's content size and the preferred colour scheme.
    ///
    /// # Panics
    ///
    /// If the driver refuses.
    pub async fn appear(&self, width: u32, height: u32, is_dark: bool) {
        let scheme = if is_dark { "dark" } else { "light" };
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.dev_tools("Emulation.setDeviceMetricsOverride", &metrics).await;
        self.dev_tools("Emulation.setEmulatedMedia", &media).await;
    }

    /// Hides scrollbars, as phones do. They would cut off screenshots.
    ///
    /// # Panics
    ///
    /// If the driver refuses.
    pub async fn hide_scrollbars(&self) {
        self.dev_tools("Emulation.setScrollbarsHidden", &json!({ "hidden": true }))
            .await;
    }

    /// A screenshot of the whole page, as PNG.
    ///
    /// # Panics
    ///
    /// If the driver refuses.
    pub async fn picture(&self) -> Vec<u8> {
        let everything = json!({ "captureBeyondViewport": true });
        let picture = self.dev_tools("Page.captureScreenshot", &everything).await;
        let picture = picture["data"].as_str().expect("a picture");
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, picture).expect("base64")
    }

    /// The current page's identity, to notice when another one replaces it.
    pub(super) async fn page(&self) -> Element {
        self.wait_for("html").await
    }

    pub(super) async fn is_replaced(&self, page: &Element, by: &str) {
        let replaced = async || match page.tag_name().await {
            Ok(_) => false,
            Err(error) if is_gone(&error) => true,
            Err(error) => panic!("{by}: {error}"),
        };
        if !self.until(replaced).await {
            panic!("{by} led nowhere; the browser is at {}", self.describe().await);
        }
    }

    async fn wait_for(&self, selector: &str) -> Element {
        let found = OnceCell::new();
        // Whatever the error: a page that is about to be replaced answers with several.
        let is_there = async || match self.client.find(Locator::Css(selector)).await {
            Ok(element) => found.set(element).is_ok(),
            Err(_) => false,
        };
        self.until(is_there).await;
        match found.into_inner() {
            Some(element) => element,
            None => panic!("no {selector} appeared; the browser is at {}", self.describe().await),
        }
    }

    pub(super) async fn describe(&self) -> String {
        let text = self.evaluate("document.body ? document.body.innerText : ''").await;
        format!("{}\n{}", self.address().await, text.as_str().unwrap_or_default())
    }
}
