//! `examples/replicas`: a page at replica two, whose session ends at replica one or at Clerk.
//!
//! Each journey proves that the end arrived as an event of the fleet: the other replica refuses a token that has not
//! expired, with the reason `session-ended`, and the session is never looked up. `-- --nocapture` prints how long it took.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use portal_tests::backend_api::BackendApi;
use portal_tests::browser::Browser;
use portal_tests::programs::{example_binary, portal_binary};
use portal_tests::redis::{Redis, free_port, has_subscribers};
use portal_tests::tokens;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::accessibility::assert_nothing_serious_at;
use crate::{JANE, PASSWORD, sign_in_here};

/// The time limit for the end of a session, below the lifetime of a token.
const PATIENCE: Duration = Duration::from_secs(30);
/// The interval of polling: other processes change the state.
const POLL: Duration = Duration::from_millis(15);
const STREAMS: [&str; 2] = ["events", "chat"];

/// The script, with the programs that it started. Dropping it ends them.
struct Replicas {
    script: Child,
    one: String,
    two: String,
    portal: String,
    /// The address of Redis.
    redis: String,
}

impl Replicas {
    /// Starts them with the Redis of the script.
    async fn start() -> Self {
        Self::run(None).await
    }

    /// Starts them with a Redis that can be restarted.
    async fn start_with(redis: &Redis) -> Self {
        Self::run(Some(redis)).await
    }

    async fn run(redis: Option<&Redis>) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/replicas/run.sh");
        let mut command = Command::new(script);
        command.args([portal_binary(), example_binary("replicas")]);
        command
            .env("PORT", free_port().to_string())
            .env_remove("PORTAL_REDIS_URL");
        // Not the warnings that a restart of Redis causes.
        command.env("RUST_LOG", "error");
        command.envs(redis.map(|redis| ("PORTAL_REDIS_URL", redis.url())));
        let mut script = command.stdout(Stdio::piped()).spawn().expect("the script starts");
        let mut lines = BufReader::new(script.stdout.take().expect("piped")).lines();
        let mut after = |label: &str| {
            let line = lines.next().expect("another line; is redis-server installed?");
            let line = line.expect("a line in UTF-8");
            let rest = line.strip_prefix(label).map(str::trim);
            rest.unwrap_or_else(|| panic!("expected {label}, found {line}"))
                .to_owned()
        };
        let redis = redis.map_or_else(|| after("Redis"), Redis::address);
        let [one, two, portal] = ["Replica 1", "Replica 2", "Account Portal"].map(&mut after);
        after("Sent webhooks");
        // The last line, so that the script never writes to a closed pipe.
        after("Sign in as");
        let replicas = Self {
            script,
            one,
            two,
            portal,
            redis,
        };
        replicas.are_connected().await;
        replicas
    }

    /// Waits until both are connected to Redis.
    async fn are_connected(&self) {
        has_subscribers(&self.redis, 2).await;
    }
}

impl Drop for Replicas {
    fn drop(&mut self) {
        // Not `Child::kill`, because the script ends its programs itself.
        let _ = Command::new("kill").arg(self.script.id().to_string()).status();
        let _ = self.script.wait();
    }
}

/// The cause of a session's end.
#[derive(Clone, Copy, Debug)]
enum Cause {
    /// The user signs out at replica one, in another tab.
    SignOut,
    /// An administrator revokes the session. Replica one gets the webhook.
    Revocation,
    /// An administrator deletes the user. Replica one gets the webhook.
    Deletion,
}

impl Cause {
    /// Returns the word that the page shows.
    fn reason(self) -> &'static str {
        match self {
            Self::SignOut => "signed-out",
            // The local portal revokes a user's sessions before it deletes the user, and webhooks keep that order.
            Self::Revocation | Self::Deletion => "revoked",
        }
    }

    /// Returns the last event that the portal sends.
    fn webhook(self) -> &'static str {
        match self {
            Self::SignOut | Self::Revocation => "session.revoked",
            Self::Deletion => "user.deleted",
        }
    }
}

/// A page at replica two with both streams open, as jane.
struct LivePage<'r> {
    replicas: &'r Replicas,
    browser: Browser,
    portal: BackendApi,
    session: String,
    token: String,
}

impl<'r> LivePage<'r> {
    async fn open(replicas: &'r Replicas) -> Self {
        let browser = Browser::open().await;
        browser.visit(&replicas.two).await;
        sign_in_here(&browser, JANE, PASSWORD).await;
        browser.arrives_at(&replicas.two).await;
        for stream in STREAMS {
            browser.shows(stream, "open").await;
        }
        Self {
            replicas,
            portal: BackendApi::at(&replicas.portal).await,
            session: tokens::session_id(&browser).await,
            token: browser.cookie("__session").await.expect("a session cookie"),
            browser,
        }
    }

    async fn ends_by(self, cause: Cause) {
        self.is_open().await;
        let start = self.end_session(cause).await;
        self.ends(cause, start).await;
    }

    /// Asserts that replica two accepts the token.
    async fn is_open(&self) {
        assert_eq!(self.response_to_the_token().await, json!([200, null]));
    }

    /// Waits until the page shows the end, and replica two refuses its requests.
    #[expect(clippy::print_stdout, reason = "measured times are shown, never asserted")]
    async fn ends(self, cause: Cause, start: Instant) {
        let refusal = timeout(PATIENCE, self.refusal()).await.expect("replica two refuses");
        let refused = start.elapsed();
        assert_eq!(refusal, json!([401, "session-ended"]), "{cause:?}");
        for stream in STREAMS {
            let ended = format!("ended: {}", cause.reason());
            self.browser.shows(stream, &ended).await;
        }
        println!(
            "{cause:?}: refused after {refused:?}, shown after {:?}",
            start.elapsed()
        );
        self.was_never_looked_up().await;
        self.webhook_is_delivered(cause).await;
        self.browser.visit(&self.replicas.two).await;
        let sign_in = format!("{}/sign-in", self.replicas.portal);
        self.browser.arrives_at(&sign_in).await;
        self.browser.close().await;
    }

    /// Ends the session. Returns the time of the last step.
    async fn end_session(&self, cause: Cause) -> Instant {
        let mut start = Instant::now();
        match cause {
            Cause::SignOut => {
                let page = self.browser.open_tab().await;
                self.browser.visit(&self.replicas.one).await;
                start = Instant::now();
                self.browser.press("sign-out").await;
                self.browser.go_to_tab(&page).await;
            }
            Cause::Revocation => {
                let revoke = format!("/v1/sessions/{}/revoke", self.session);
                self.portal.post(&revoke, json!({})).await;
            }
            Cause::Deletion => {
                let user = self.browser.read("user").await;
                self.portal.delete(&format!("/v1/users/{user}")).await;
            }
        }
        start
    }

    /// Returns status and reason of replica two's response to the token alone, which the browser may no longer have.
    async fn response_to_the_token(&self) -> Value {
        let headers = json!({ "Authorization": format!("Bearer {}", self.token) });
        let ask = format!(
            "fetch('/', {{ headers: {headers}, credentials: 'omit' }}).then(async (response) =>
                [response.status, response.ok ? null : (await response.json()).error.reason])"
        );
        self.browser.evaluate(&ask).await
    }

    /// Waits until replica two refuses the token.
    async fn refusal(&self) -> Value {
        loop {
            let response = self.response_to_the_token().await;
            if response[0] != 200 {
                return response;
            }
            sleep(POLL).await;
        }
    }

    /// Waits until replica one has accepted the event of this cause.
    async fn webhook_is_delivered(&self, cause: Cause) {
        let delivered = async {
            let is_it = |delivery: &Value| delivery["type"] == cause.webhook() && delivery["status"] == "delivered";
            loop {
                let deliveries = self.portal.get("/__local/webhooks.json").await;
                if deliveries.as_array().expect("a list").iter().any(is_it) {
                    return;
                }
                // The portal records it once the replica has responded.
                sleep(POLL).await;
            }
        };
        let delivered = timeout(PATIENCE, delivered).await;
        delivered.unwrap_or_else(|_| panic!("expected the webhook {}", cause.webhook()));
    }

    /// Asserts that no replica asked Clerk for the session, which a lease does after a minute.
    async fn was_never_looked_up(&self) {
        let path = format!("/v1/sessions/{}", self.session);
        let requests = self.portal.get("/__local/requests.json").await;
        let requests = requests.as_array().expect("a list");
        assert!(!requests.is_empty(), "the portal keeps a log of requests");
        let is_look_up = |request: &&Value| request["method"] == "GET" && request["path"] == path;
        assert_eq!(requests.iter().find(is_look_up), None);
    }
}

async fn ends_after_a_restart_of_redis(cause: Cause) {
    let mut redis = Redis::start().await;
    let replicas = Replicas::start_with(&redis).await;
    let page = LivePage::open(&replicas).await;
    redis.stop();
    redis.resume().await;
    replicas.are_connected().await;
    page.ends_by(cause).await;
}

#[tokio::test]
async fn sign_out_at_one_replica_ends_the_session_at_the_other() {
    let replicas = Replicas::start().await;
    LivePage::open(&replicas).await.ends_by(Cause::SignOut).await;

    let redis = replicas.redis.clone();
    drop(replicas);
    assert!(TcpStream::connect(&redis).is_err(), "the script ends what it started");
}

#[tokio::test]
async fn revocation_reported_to_one_replica_ends_the_session_at_the_other() {
    let replicas = Replicas::start().await;
    LivePage::open(&replicas).await.ends_by(Cause::Revocation).await;
}

#[tokio::test]
async fn deletion_reported_to_one_replica_ends_the_session_at_the_other() {
    let replicas = Replicas::start().await;
    LivePage::open(&replicas).await.ends_by(Cause::Deletion).await;
}

#[tokio::test]
async fn sign_out_after_a_restart_of_redis_ends_the_session_at_the_other_replica() {
    ends_after_a_restart_of_redis(Cause::SignOut).await;
}

#[tokio::test]
async fn revocation_after_a_restart_of_redis_ends_the_session_at_the_other_replica() {
    ends_after_a_restart_of_redis(Cause::Revocation).await;
}

#[tokio::test]
async fn deletion_after_a_restart_of_redis_ends_the_session_at_the_other_replica() {
    ends_after_a_restart_of_redis(Cause::Deletion).await;
}

#[tokio::test]
async fn sign_out_during_an_outage_of_redis_ends_the_session_at_the_other_replica_afterwards() {
    let mut redis = Redis::start().await;
    let replicas = Replicas::start_with(&redis).await;
    let page = LivePage::open(&replicas).await;
    redis.stop();
    page.end_session(Cause::SignOut).await;
    // Replica two cannot know it yet.
    page.is_open().await;
    let start = Instant::now();
    redis.resume().await;
    page.ends(Cause::SignOut, start).await;
}

#[tokio::test]
async fn axe_finds_nothing_serious_on_the_replicas() {
    let replicas = Replicas::start().await;
    let page = LivePage::open(&replicas).await;
    assert_nothing_serious_at(&page.browser, &[&replicas.two]).await;
    page.browser.close().await;
}
