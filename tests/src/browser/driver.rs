//! `chromedriver`: starts it with a browser, and ends both in every case.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use super::Scripts;
use crate::programs::Program;

const DRIVER_ATTEMPTS: usize = 10;
/// The time limit for ending the browser, which takes a tenth of a second.
const FAREWELL: Duration = Duration::from_secs(10);

/// A running `chromedriver`. Dropping it ends every browser that it has started.
pub(super) struct Driver {
    port: u16,
    _program: Program,
}

impl Driver {
    /// Starts the driver on a free port.
    ///
    /// It chooses a free IPv6 port and exits if another process uses the same IPv4 port. Then it is started again.
    pub(super) async fn start() -> Self {
        let port_of = |line: &str| {
            let port = line.split("started successfully on port ").nth(1)?;
            port.trim_end_matches('.').parse::<u16>().ok()
        };
        let mut said = Vec::new();
        for _ in 0..DRIVER_ATTEMPTS {
            let mut command = Command::new("chromedriver");
            command.arg("--port=0");
            let mut program = Program::start(command);
            match program.try_line(port_of).await {
                Ok(port) => {
                    return Self {
                        port,
                        _program: program,
                    };
                }
                Err(seen) => said = seen,
            }
        }
        panic!("chromedriver does not start; it said {said:#?}")
    }

    /// Starts a browser with its data in `profile`.
    pub(super) async fn browser(&self, profile: &TempDir, scripts: Scripts) -> fantoccini::Client {
        ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(profile, scripts))
            .connect(&format!("http://127.0.0.1:{}", self.port))
            .await
            .expect("a browser session")
    }

    /// Shuts the driver down: it ends its browsers on request, and leaves them running if killed.
    fn ask_to_end(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(FAREWELL))?;
        write!(
            stream,
            "GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n",
            self.port
        )?;
        // It answers after they have ended.
        stream.read(&mut [0; 64]).map(drop)
    }
}

impl Drop for Driver {
    /// Also on the way out of a test that has failed, so nothing here is awaited and nothing panics.
    fn drop(&mut self) {
        let _ = self.ask_to_end();
    }
}

fn capabilities(profile: &TempDir, scripts: Scripts) -> Map<String, Value> {
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
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE 127.0.0.2, EXCLUDE ::1"
            .to_owned(),
        format!("--user-data-dir={}", profile.path().display()),
    ];
    // 1 allows what 2 blocks.
    let setting = match scripts {
        Scripts::On => 1,
        Scripts::Off => 2,
    };
    let preferences = json!({ "profile.managed_default_content_settings.javascript": setting });
    let capabilities = json!({
        "goog:chromeOptions": { "args": arguments, "prefs": preferences },
        "goog:loggingPrefs": { "performance": "ALL" },
    });
    match capabilities {
        Value::Object(capabilities) => capabilities,
        _ => unreachable!("an object was written"),
    }
}
