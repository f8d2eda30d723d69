//! A real headless Chromium, driven over WebDriver.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use fantoccini::cookies::Cookie;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::process::Command;
use url::{ParseError, Url};

use crate::programs::Program;

/// How long a page may take until it shows what is waited for. Only a failing test waits this long.
const PATIENCE: Duration = Duration::from_secs(30);

const DRIVER_ATTEMPTS: usize = 10;

/// A browser with an empty profile. It must be [closed](Browser::close).
pub struct Browser {
    client: Client,
    _profile: TempDir,
    _driver: Program,
}

/// A request for a page, as the browser made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The address asked for.
    pub url: Url,
    /// The status of its answer; `None` if it has none yet.
    pub status: Option<u16>,
}

impl Browser {
    /// Starts `chromedriver` and a browser.
    ///
    /// # Panics
    ///
    /// If Chromium or its driver is missing; `./test.sh` installs them.
    pub async fn open() -> Self {
        Self::start(true).await
    }

    /// [`open`](Self::open) with scripts switched off, as some people browse.
    ///
    /// # Panics
    ///
    /// If Chromium or its driver is missing; `./test.sh` installs them.
    pub async fn open_without_script() -> Self {
        Self::start(false).await
    }

    async fn start(runs_scripts: bool) -> Self {
        let (driver, port) = start_driver().await;
        let profile = tempfile::tempdir().expect("a temporary folder");
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(&profile, runs_scripts))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a browser session");
        Self {
            client,
            _profile: profile,
            _driver: driver,
        }
    }

    /// Ends the browser.
    ///
    /// # Panics
    ///
    /// If it does not end.
    pub async fn close(self) {
        self.client.close().await.expect("the session ends");
    }

    /// Opens an address and waits until its page has loaded, after all redirects.
    ///
    /// # Panics
    ///
    /// If it cannot be loaded.
    pub async fn visit(&self, url: &str) {
        self.client.goto(url).await.expect("the page loads");
    }

    /// The address in the address bar.
    ///
    /// # Panics
    ///
    /// If the browser is gone.
    pub async fn address(&self) -> Url {
        self.client.current_url().await.expect("the browser is there")
    }

    /// Waits until the address bar shows an address that starts so.
    ///
    /// # Panics
    ///
    /// If it never does.
    pub async fn arrives_at(&self, prefix: &str) -> Url {
        let arrived = async {
            loop {
                let address = self.address().await;
                if address.as_str().starts_with(prefix) {
                    return address;
                }
                tokio::task::yield_now().await;
            }
        };
        match tokio::time::timeout(PATIENCE, arrived).await {
            Ok(address) => address,
            Err(_) => panic!("never arrived at {prefix}; the browser is at {}", self.describe().await),
        }
    }

    /// Types `text` into the field of this name, in place of what it holds.
    ///
    /// # Panics
    ///
    /// If there is no such field.
    pub async fn fill(&self, field: &str, text: &str) {
        let selector = format!("[name=\"{field}\"]:not([type=hidden])");
        self.with(&selector, async |element| {
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
        self.with(selector, async |element| element.click().await).await;
    }

    /// Clicks the first element of the portal or the application that is called so for tests.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn press(&self, name: &str) {
        self.click(&format!("[data-testid=\"{name}\"]")).await;
    }

    /// The text of the first element that is called so for tests.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn read(&self, name: &str) -> String {
        self.text(&format!("[data-testid=\"{name}\"]")).await
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

    /// Goes back to the page before.
    ///
    /// # Panics
    ///
    /// If the browser is gone.
    pub async fn back(&self) {
        self.client.back().await.expect("the browser is there");
    }

    /// The text of the first element that the CSS selector finds.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn text(&self, selector: &str) -> String {
        self.with(selector, async |element| element.text().await).await
    }

    /// Does something with the first element that the CSS selector finds. The page may be replaced by the next one in
    /// that very moment; then its element is the one.
    async fn with<T>(&self, selector: &str, act: impl AsyncFn(Element) -> Result<T, CmdError>) -> T {
        let mut attempts = 0;
        loop {
            let element = self.wait_for(selector).await;
            match act(element).await {
                Ok(done) => return done,
                Err(error) if is_stale(&error) && attempts < 10 => attempts += 1,
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
        for (name, parameters) in [
            ("Emulation.setDeviceMetricsOverride", metrics),
            ("Emulation.setEmulatedMedia", media),
        ] {
            let command = DevTools(json!({ "cmd": name, "params": parameters }));
            self.client.issue_cmd(command).await.expect("the driver passes it on");
        }
    }

    /// A picture of the whole page, as PNG.
    ///
    /// # Panics
    ///
    /// If none can be taken.
    pub async fn picture(&self) -> Vec<u8> {
        let command = json!({ "cmd": "Page.captureScreenshot", "params": { "captureBeyondViewport": true } });
        let picture = self
            .client
            .issue_cmd(DevTools(command))
            .await
            .expect("the driver passes it on");
        let picture = picture["data"].as_str().expect("a picture");
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, picture).expect("base64")
    }

    /// The cookies that the page's host can see.
    ///
    /// # Panics
    ///
    /// If the browser is gone.
    pub async fn cookies(&self) -> Vec<Cookie<'static>> {
        self.client.get_all_cookies().await.expect("the browser is there")
    }

    /// The value of the first cookie whose name starts so.
    pub async fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.cookies().await;
        cookies
            .iter()
            .find(|cookie| cookie.name().starts_with(name))
            .map(|cookie| cookie.value().to_owned())
    }

    /// Removes the cookies whose names start so.
    ///
    /// # Panics
    ///
    /// If the browser is gone.
    pub async fn remove_cookies(&self, prefix: &str) {
        for cookie in self
            .cookies()
            .await
            .iter()
            .filter(|cookie| cookie.name().starts_with(prefix))
        {
            self.client
                .delete_cookie(cookie.name())
                .await
                .expect("the browser is there");
        }
    }

    /// Every page asked for since the last call, redirects included, in order.
    ///
    /// # Panics
    ///
    /// If any other host was asked for anything.
    pub async fn visits(&self) -> Vec<Visit> {
        let entries = self
            .client
            .issue_cmd(PerformanceLog)
            .await
            .expect("the driver keeps a performance log");
        let messages: Vec<Value> = entries
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|entry| serde_json::from_str::<Value>(entry["message"].as_str()?).ok())
            .map(|mut entry| entry["message"].take())
            .collect();
        assert_only_this_machine(&messages);
        page_requests(&messages)
    }

    async fn wait_for(&self, selector: &str) -> Element {
        let found = self
            .client
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::Css(selector))
            .await;
        match found {
            Ok(element) => element,
            Err(_) => panic!("no {selector} appeared; the browser is at {}", self.describe().await),
        }
    }

    async fn describe(&self) -> String {
        let text = self.evaluate("document.body ? document.body.innerText : ''").await;
        format!("{}\n{}", self.address().await, text.as_str().unwrap_or_default())
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser").finish_non_exhaustive()
    }
}

/// The driver chooses a free port for IPv6 and ends if somebody has the same one for IPv4, which is nobody's fault.
async fn start_driver() -> (Program, u16) {
    let port_of = |line: &str| {
        let port = line.split("started successfully on port ").nth(1)?;
        port.trim_end_matches('.').parse::<u16>().ok()
    };
    let mut said = Vec::new();
    for _ in 0..DRIVER_ATTEMPTS {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0");
        let mut driver = Program::start(command);
        match driver.try_line(port_of).await {
            Ok(port) => return (driver, port),
            Err(seen) => said = seen,
        }
    }
    panic!("chromedriver does not start; it said {said:#?}")
}

fn is_stale(error: &CmdError) -> bool {
    error.is_stale_element_reference() || error.is_no_such_element()
}

fn capabilities(profile: &TempDir, runs_scripts: bool) -> Map<String, Value> {
    let arguments = [
        "--headless=new".to_owned(),
        // Containers and continuous integration run as root, where Chromium's sandbox does not start.
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--disable-quic".to_owned(),
        // Whatever is not on this machine does not exist.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1".to_owned(),
        format!("--user-data-dir={}", profile.path().display()),
    ];
    // 1 allows what 2 blocks.
    let scripts = if runs_scripts { 1 } else { 2 };
    let preferences = json!({ "profile.managed_default_content_settings.javascript": scripts });
    let capabilities = json!({
        "goog:chromeOptions": { "args": arguments, "prefs": preferences },
        "goog:loggingPrefs": { "performance": "ALL" },
    });
    match capabilities {
        Value::Object(capabilities) => capabilities,
        _ => unreachable!("an object was written"),
    }
}

fn assert_only_this_machine(messages: &[Value]) {
    let hosts: BTreeSet<String> = requests(messages)
        .filter_map(|request| Url::parse(request["request"]["url"].as_str()?).ok())
        .filter(|url| matches!(url.scheme(), "http" | "https" | "ws" | "wss"))
        .filter_map(|url| url.host_str().map(str::to_owned))
        .filter(|host| !matches!(host.as_str(), "localhost" | "127.0.0.1"))
        .collect();
    assert!(hosts.is_empty(), "other hosts were asked: {hosts:?}");
}

fn requests(messages: &[Value]) -> impl Iterator<Item = &Value> {
    messages
        .iter()
        .filter(|message| message["method"] == "Network.requestWillBeSent")
        .map(|message| &message["params"])
}

/// A redirect's answer comes with the request that follows it; the last answer comes alone.
fn page_requests(messages: &[Value]) -> Vec<Visit> {
    let mut visits: Vec<(String, Visit)> = Vec::new();
    let status_of = |response: &Value| {
        response["status"]
            .as_u64()
            .and_then(|status| u16::try_from(status).ok())
    };
    for message in messages {
        let params = &message["params"];
        let id = params["requestId"].as_str().unwrap_or_default();
        match message["method"].as_str() {
            Some("Network.requestWillBeSent") if params["type"] == "Document" => {
                let redirected = visits.iter_mut().rfind(|(other, _)| other == id);
                if let (Some((_, before)), Some(status)) = (redirected, status_of(&params["redirectResponse"])) {
                    before.status = Some(status);
                }
                if let Some(url) = params["request"]["url"].as_str().and_then(|url| Url::parse(url).ok()) {
                    visits.push((id.to_owned(), Visit { url, status: None }));
                }
            }
            Some("Network.responseReceived") if params["type"] == "Document" => {
                if let Some((_, visit)) = visits.iter_mut().rfind(|(other, _)| other == id) {
                    visit.status = status_of(&params["response"]);
                }
            }
            _ => {}
        }
    }
    visits
        .into_iter()
        .map(|(_, visit)| visit)
        .filter(|visit| visit.url.scheme().starts_with("http"))
        .collect()
}

/// `chromedriver`'s own command for what the browser did on the network.
#[derive(Debug)]
struct PerformanceLog;

impl WebDriverCompatibleCommand for PerformanceLog {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        base_url.join(&format!("session/{}/se/log", session_id.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "type": "performance" }).to_string()))
    }
}

/// `chromedriver`'s own command for what only the browser's developer tools can do.
#[derive(Debug)]
struct DevTools(Value);

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        base_url.join(&format!("session/{}/goog/cdp/execute", session_id.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.0.to_string()))
    }
}
