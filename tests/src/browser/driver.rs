//! `chromedriver`: starts it, and ends it in every case.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tokio::process::Command;

use super::chromium::Chromium;
use crate::programs::Program;

const DRIVER_ATTEMPTS: usize = 10;
/// The time limit for its end, which takes a tenth of a second.
const FAREWELL: Duration = Duration::from_secs(10);

/// A running `chromedriver`. Dropping it ends it.
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

    /// Connects to a browser that has a tab.
    pub(super) async fn connect(&self, chromium: &Chromium) -> fantoccini::Client {
        ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(chromium))
            .connect(&format!("http://127.0.0.1:{}", self.port))
            .await
            .expect("a browser session")
    }

    /// Shuts the driver down: it ends its sessions on request.
    fn ask_to_end(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(FAREWELL))?;
        write!(
            stream,
            "GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n",
            self.port
        )?;
        stream.read(&mut [0; 64]).map(drop)
    }
}

impl Drop for Driver {
    /// Also on the way out of a test that has failed, so nothing here is awaited and nothing panics.
    fn drop(&mut self) {
        let _ = self.ask_to_end();
    }
}

fn capabilities(chromium: &Chromium) -> Map<String, Value> {
    let address = format!("127.0.0.1:{}", chromium.port);
    let capabilities = json!({
        "goog:chromeOptions": { "debuggerAddress": address },
        "goog:loggingPrefs": { "performance": "ALL" },
    });
    match capabilities {
        Value::Object(capabilities) => capabilities,
        _ => unreachable!("an object was written"),
    }
}
