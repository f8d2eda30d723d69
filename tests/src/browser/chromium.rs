//! Running Chromiums, which journeys borrow one after the other.
//!
//! A start takes longer than most journeys. Each journey has a separate browser context, as clean as a new profile: it
//! shares no cookies, storage, cache or history with another one. A Chromium whose journey has failed is not lent again.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde_json::{Value, json};

use super::{Edition, PATIENCE, POLL, Scripts};

static IDLE: Mutex<Vec<Chromium>> = Mutex::new(Vec::new());

/// Runs Chromium with its developer tools on this process's pipes, and deletes its folder afterwards.
///
/// It ends when the pipes close, which also happens if this process is killed. Where its headless shell is missing, Chromium
/// does the same more slowly.
const RUN: &str = r#"program=$(command -v "$1" || command -v chromium); folder=$2; shift 2
    "$program" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1; rm -rf "$folder""#;

/// The arguments that `chromedriver` passes to the browsers that it starts itself, and then ours.
const ARGUMENTS: &str = "--allow-pre-commit-input --disable-background-networking --disable-background-timer-throttling \
    --disable-backgrounding-occluded-windows --disable-client-side-phishing-detection --disable-default-apps \
    --disable-features=IgnoreDuplicateNavs,Prewarm,SpareRendererForSitePerProcess --disable-hang-monitor --disable-popup-blocking \
    --disable-prompt-on-repost --disable-sync --enable-automation --headless=new --no-first-run --no-service-autorun \
    --password-store=basic --test-type=webdriver --use-mock-keychain \
    --disable-gpu --disable-dev-shm-usage --disable-component-update --disable-quic --no-startup-window \
    --remote-debugging-pipe --remote-debugging-port=0";

/// A Chromium with at most one browser context. Dropping it ends it.
pub(super) struct Chromium {
    scripts: Scripts,
    pub(super) edition: Edition,
    shell: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    last_id: u64,
    context: Option<String>,
    /// The port of its developer tools, for `chromedriver`.
    pub(super) port: u16,
    pub(super) process_id: u64,
}

impl Chromium {
    /// Borrows an idle Chromium or starts one.
    pub(super) fn borrow(scripts: Scripts, edition: Edition) -> Self {
        while let Some(mut idle) = take_idle(scripts, edition) {
            // One that has crashed meanwhile is dropped.
            if idle.new_context().is_ok() {
                return idle;
            }
        }
        let mut started = Self::start(scripts, edition);
        started.new_context().expect("Chromium answers");
        started
    }

    /// Forgets everything that the journey has left, and lends it to the next one.
    pub(super) fn give_back(mut self) {
        let context = self.context.take();
        self.command("Target.disposeBrowserContext", &json!({ "browserContextId": context }))
            .expect("Chromium forgets the journey");
        idle().push(self);
    }

    /// Opens a tab in the journey's context. Returns its handle.
    pub(super) fn open_tab(&mut self) -> io::Result<String> {
        let tab = json!({ "url": "about:blank", "browserContextId": self.context });
        let opened = self.command("Target.createTarget", &tab)?;
        Ok(opened["targetId"].as_str().unwrap_or_default().to_owned())
    }

    /// The cookies of all hosts.
    pub(super) fn cookies(&mut self) -> io::Result<Value> {
        let context = json!({ "browserContextId": self.context });
        let mut kept = self.command("Storage.getCookies", &context)?;
        Ok(kept["cookies"].take())
    }

    fn new_context(&mut self) -> io::Result<()> {
        let created = self.command("Target.createBrowserContext", &json!({}))?;
        self.context = created["browserContextId"].as_str().map(str::to_owned);
        Ok(())
    }

    fn start(scripts: Scripts, edition: Edition) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder").keep();
        let mut shell = Command::new("sh")
            .args(["-c", RUN, "sh", edition.name()])
            .arg(&folder)
            .args(ARGUMENTS.split_ascii_whitespace())
            // Containers and continuous integration run as root, where Chromium's sandbox does not start.
            .arg("--no-sandbox")
            // Whatever is not on this machine does not exist.
            .arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1, EXCLUDE 127.0.0.2, EXCLUDE ::1")
            .arg(format!("--user-data-dir={}", folder.display()))
            .arg(format!("--blink-settings=scriptEnabled={}", scripts == Scripts::On))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh is there");
        let mut chromium = Self {
            scripts,
            edition,
            commands: shell.stdin.take(),
            answers: BufReader::new(shell.stdout.take().expect("it is piped")),
            shell,
            last_id: 0,
            context: None,
            port: 0,
            process_id: 0,
        };
        let processes = chromium.command("SystemInfo.getProcessInfo", &json!({}));
        let processes = processes.expect("Chromium starts: is it on the PATH?");
        let mut processes = processes["processInfo"].as_array().into_iter().flatten();
        let browser = processes.find(|process| process["type"] == "browser");
        chromium.process_id = browser
            .and_then(|process| process["id"].as_u64())
            .expect("its own process");
        chromium.port = port(&folder);
        chromium
    }

    /// Sends a command of the developer tools and waits for its answer.
    fn command(&mut self, method: &str, parameters: &Value) -> io::Result<Value> {
        self.last_id += 1;
        let message = json!({ "id": self.last_id, "method": method, "params": parameters });
        let commands = self.commands.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        write!(commands, "{message}\0")?;
        commands.flush()?;
        loop {
            let mut answer = Vec::new();
            self.answers.read_until(0, &mut answer)?;
            answer.pop().ok_or(io::ErrorKind::UnexpectedEof)?;
            let mut answer: Value = serde_json::from_slice(&answer)?;
            if answer["id"] != self.last_id {
                continue;
            }
            if !answer["error"].is_null() {
                return Err(io::Error::other(format!("{method}: {}", answer["error"])));
            }
            return Ok(answer["result"].take());
        }
    }
}

impl Edition {
    /// The name of the program on the PATH.
    fn name(self) -> &'static str {
        match self {
            Self::HeadlessShell => "chromium-headless-shell",
            Self::Chromium => "chromium",
        }
    }
}

impl Drop for Chromium {
    /// Also on the way out of a test that has failed, so nothing here panics.
    fn drop(&mut self) {
        self.commands = None;
        let _ = self.shell.wait();
    }
}

fn idle() -> std::sync::MutexGuard<'static, Vec<Chromium>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take_idle(scripts: Scripts, edition: Edition) -> Option<Chromium> {
    let mut idle = idle();
    let found = idle
        .iter()
        .position(|chromium| chromium.scripts == scripts && chromium.edition == edition)?;
    Some(idle.swap_remove(found))
}

/// The port that Chromium has written to its folder.
fn port(folder: &Path) -> u16 {
    let (file, start) = (folder.join("DevToolsActivePort"), Instant::now());
    while start.elapsed() < PATIENCE {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        if let Some((port, _)) = text.split_once('\n') {
            return port.parse().expect("a port");
        }
        // Chromium sends no signal when the file is there, so its state is read again, for a bounded time.
        std::thread::sleep(POLL);
    }
    panic!("Chromium names no port of its developer tools")
}
