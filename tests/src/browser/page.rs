//! What a person does with a page, and what they see on it.

use fantoccini::Locator;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use serde_json::{Value, json};

use super::{Browser, PATIENCE, POLL, is_gone, named};

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

    /// Clicks the first element of the portal or the application that is called so for tests.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn press(&self, name: &str) {
        self.click(&named(name)).await;
    }

    /// [Presses](Self::press) what leads to another page, and waits until that has taken this one's place.
    ///
    /// # Panics
    ///
    /// If there is nothing to press, or no other page comes.
    pub async fn follow(&self, name: &str) {
        let page = self.page().await;
        self.press(name).await;
        self.is_replaced(&page, name).await;
    }

    /// The text of the first element that is called so for tests.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn read(&self, name: &str) -> String {
        self.text(&named(name)).await
    }

    /// Waits until the element that is called so for tests has this text.
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

    /// Waits until a message of the page says this, among other things. Returns all that it says.
    ///
    /// # Panics
    ///
    /// If it never does.
    pub async fn is_told(&self, part: &str) -> String {
        self.finds_in("[role=alert], [role=status]", part).await
    }

    /// Waits until the first element that the CSS selector finds contains this text. Returns all that it contains.
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

    /// What a field holds.
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

    /// Posts a form that the page does not have, to a path of the page's own host, and waits for what comes.
    ///
    /// # Panics
    ///
    /// If nothing does.
    pub async fn forge(&self, path: &str, fields: &[(&str, &str)]) {
        let page = self.page().await;
        let script = "
            const form = document.createElement('form');
            form.method = 'post';
            form.action = arguments[0];
            for (const [name, value] of arguments[1]) {
                const field = document.createElement('input');
                field.name = name;
                field.value = value;
                form.append(field);
            }
            document.body.append(form);
            form.submit();";
        let sent = self.client.execute(script, vec![json!(path), json!(fields)]).await;
        sent.expect("the script runs");
        self.is_replaced(&page, "a forged form").await;
    }

    /// How many elements the CSS selector finds at this moment.
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

    /// Does something with the first element that the CSS selector finds. The page may be replaced by the next one in
    /// that very moment; then its element is the one.
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

    /// What a script on the page evaluates to; a promise is awaited.
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

    /// Runs a script that the page need not know of, whatever it allows.
    ///
    /// # Panics
    ///
    /// If it throws.
    pub async fn inject(&self, script: &str) {
        self.client.execute(script, Vec::new()).await.expect("the script runs");
    }

    /// Sets the size of the window's content and whether the person prefers dark colours.
    ///
    /// # Panics
    ///
    /// If the driver does not do it.
    pub async fn appear(&self, width: u32, height: u32, is_dark: bool) {
        let scheme = if is_dark { "dark" } else { "light" };
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.dev_tools("Emulation.setDeviceMetricsOverride", &metrics).await;
        self.dev_tools("Emulation.setEmulatedMedia", &media).await;
    }

    /// Shows pages without scrollbars from now on, as telephones do. A picture of a page is cut off by as much.
    ///
    /// # Panics
    ///
    /// If the driver does not do it.
    pub async fn hide_scrollbars(&self) {
        self.dev_tools("Emulation.setScrollbarsHidden", &json!({ "hidden": true }))
            .await;
    }

    /// A picture of the whole page, as PNG.
    ///
    /// # Panics
    ///
    /// If none can be taken.
    pub async fn picture(&self) -> Vec<u8> {
        let everything = json!({ "captureBeyondViewport": true });
        let picture = self.dev_tools("Page.captureScreenshot", &everything).await;
        let picture = picture["data"].as_str().expect("a picture");
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, picture).expect("base64")
    }

    /// The page at this moment, to tell another one from it.
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
        let found = self
            .client
            .wait()
            .at_most(PATIENCE)
            .every(POLL)
            .for_element(Locator::Css(selector))
            .await;
        match found {
            Ok(element) => element,
            Err(_) => panic!("no {selector} appeared; the browser is at {}", self.describe().await),
        }
    }

    pub(super) async fn describe(&self) -> String {
        let text = self.evaluate("document.body ? document.body.innerText : ''").await;
        format!("{}\n{}", self.address().await, text.as_str().unwrap_or_default())
    }
}
