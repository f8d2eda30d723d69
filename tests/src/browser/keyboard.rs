//! A user who uses only the keyboard.

use fantoccini::Locator;
use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::key::Key;

use serde_json::json;

use super::{Browser, named};

/// More stops than any page has.
const MOST_STOPS: usize = 60;
/// The interactive elements of a page.
const INTERACTIVE: &str = "a[href], button, summary, select, textarea, input:not([type=hidden], [tabindex='-1'])";

impl Browser {
    /// Makes the page the active window, because an inactive one shows no focus.
    ///
    /// # Panics
    ///
    /// If the driver does not do it.
    pub async fn comes_to_the_front(&self) {
        let enabled = json!({ "enabled": true });
        self.dev_tools("Emulation.setFocusEmulationEnabled", &enabled).await;
    }

    /// Presses and releases keys, one after the other.
    ///
    /// # Panics
    ///
    /// If the browser is gone.
    pub async fn keys(&self, text: &str) {
        let keys = text
            .chars()
            .fold(KeyActions::new("keyboard".to_owned()), |keys, value| {
                keys.then(KeyAction::Down { value }).then(KeyAction::Up { value })
            });
        self.client.perform_actions(keys).await.expect("the browser is there");
    }

    /// Presses Enter and waits for the next page.
    ///
    /// # Panics
    ///
    /// If no other page comes.
    pub async fn enter(&self) {
        let page = self.page().await;
        self.keys(&Key::Enter.to_string()).await;
        self.is_replaced(&page, "Enter").await;
    }

    /// Presses Tab until the element with this test ID has the focus.
    ///
    /// # Panics
    ///
    /// If it never gets the focus, or a stop on the way does not show that it has the focus.
    pub async fn tab_to(&self, name: &str) {
        let mut stops = Vec::new();
        while stops.len() < MOST_STOPS {
            self.keys(&Key::Tab.to_string()).await;
            let element = self.active().await;
            let stop = describe(&element).await;
            let is_there = stop.0.as_deref() == Some(name);
            // The browser's own parts come after the last one and before the first one.
            if stop.1 != "body" {
                self.is_seen(&element, &stop).await;
            }
            stops.push(stop);
            if is_there {
                return;
            }
        }
        panic!(
            "the Tab key never leads to {name}; it led through {stops:?} at {}",
            self.describe().await
        );
    }

    /// Presses Tab once around the page.
    ///
    /// # Panics
    ///
    /// If an interactive element did not get the focus, or did not show it.
    pub async fn everything_is_reachable(&self) {
        let wanted = self.client.find_all(Locator::Css(INTERACTIVE)).await;
        let mut wanted = self.shown(wanted.expect("the browser is there")).await;
        for _ in 0..MOST_STOPS {
            if wanted.is_empty() {
                return;
            }
            self.keys(&Key::Tab.to_string()).await;
            let element = self.active().await;
            let id = element.element_id();
            if let Some(found) = wanted.iter().position(|other| other.element_id() == id) {
                let element = wanted.remove(found);
                let stop = describe(&element).await;
                self.is_seen(&element, &stop).await;
            }
        }
        let mut left = Vec::new();
        for element in &wanted {
            left.push(element.html(false).await.unwrap_or_default());
        }
        panic!("the Tab key does not lead to {left:#?} at {}", self.describe().await);
    }

    async fn shown(&self, elements: Vec<Element>) -> Vec<Element> {
        let mut shown = Vec::new();
        for element in elements {
            if element.is_displayed().await.unwrap_or_default() {
                shown.push(element);
            }
        }
        shown
    }

    /// The test ID of the focused element.
    ///
    /// # Panics
    ///
    /// If the browser is gone.
    pub async fn focused(&self) -> Option<String> {
        describe(&self.active().await).await.0
    }

    /// Waits until the element with this test ID has the focus, without pressing a key.
    ///
    /// # Panics
    ///
    /// If it does not get it.
    pub async fn focus_is_at(&self, name: &str) {
        self.with_element(&named(name), async |element| element.text().await)
            .await;
        let reached = self.until(async || self.focused().await.as_deref() == Some(name)).await;
        if !reached {
            let focused = self.focused().await;
            panic!(
                "the focus is at {focused:?} and not at {name}; the browser is at {}",
                self.describe().await
            );
        }
        let element = self.active().await;
        let stop = describe(&element).await;
        self.is_seen(&element, &stop).await;
    }

    // Poll: the focus ring can appear a moment after the focus.
    async fn is_seen(&self, element: &Element, stop: &(Option<String>, String)) {
        let ring = async || {
            let shadow = element.css_value("box-shadow").await.unwrap_or_default();
            let outline = element.css_value("outline-style").await.unwrap_or_default();
            let (_, _, width, height) = element.rectangle().await.unwrap_or_default();
            (shadow != "none" || outline != "none") && width > 0.0 && height > 0.0
        };
        if !self.until(ring).await {
            let place = element.html(false).await.unwrap_or_default();
            panic!(
                "the focus at {stop:?} is invisible: {place} at {}",
                self.describe().await
            );
        }
    }

    async fn active(&self) -> Element {
        self.client.active_element().await.expect("the browser is there")
    }
}

/// The test ID of an element, if it has one, and its tag.
async fn describe(element: &Element) -> (Option<String>, String) {
    let name = element.attr("data-testid").await.unwrap_or_default();
    (name, element.tag_name().await.unwrap_or_default())
}
