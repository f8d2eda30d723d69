//! [`User`]: two sessions with sockets, which renew their tokens, lose connections, and end in a random way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT, COOKIE, ORIGIN};
use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::World;
use super::application::loses_webhooks_of;
use super::client::Socket;
use super::record::{End, Property};
use super::watcher::Watcher;
use crate::soak::portal::PortalClient;
use crate::soak::random::Random;
use crate::soak::wire::Connections;

const SESSIONS_OF_USER: usize = 2;
const SOCKETS_OF_SESSION: usize = 4;
pub(super) const SOCKETS_OF_USER: usize = SESSIONS_OF_USER * SOCKETS_OF_SESSION;
/// Clients that leave without a close frame, and clients that renew their token, in percent of the pauses.
const VANISHES: u64 = 40;
const RENEWS: u64 = 40;
/// Sockets whose connection is reset when they vanish, and sockets that do not answer a close frame, in percent.
const RESETS: u64 = 50;
const MUTE: u64 = 10;

/// A session and the cookies of its browser.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: String,
    cookies: Mutex<String>,
    /// Set before the request that ends it.
    ended: Mutex<Option<(End, Instant)>>,
    /// A look-up did not find it, and a socket was closed for that.
    pub(super) is_unknown: AtomicBool,
}

impl Session {
    pub(super) fn ended(&self) -> Option<(End, Instant)> {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, end: End) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some((end, Instant::now()));
    }

    fn cookies(&self) -> String {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Held {
    session: Arc<Session>,
    sockets: Vec<JoinHandle<()>>,
}

/// A user of the application.
pub(super) struct User {
    world: Arc<World>,
    number: usize,
    portal: PortalClient,
    application: Connections,
    random: Random,
}

/// The reason why a step was given up; it is recorded as a violation.
struct Unexpected(String);

impl User {
    pub(super) fn new(world: &Arc<World>, number: usize) -> Self {
        Self {
            world: Arc::clone(world),
            number,
            portal: PortalClient::new(&world.portal, &world.secret_key),
            application: Connections::default(),
            random: Random::of_part(world.options.seed, number as u64),
        }
    }

    /// Lives until the run is over, and ends all sessions then.
    pub(super) async fn run(mut self) {
        // Not all at once: the portal would answer too late.
        self.pause().await;
        for round in 0_u64.. {
            if let Err(Unexpected(text)) = self.live(round).await {
                self.world.record.violated(Property::Answers, text);
            }
            if self.is_over() {
                return;
            }
        }
    }

    fn is_over(&self) -> bool {
        self.world.record.is_over.load(Ordering::Relaxed)
    }

    /// Lives as one user of Clerk, until the user is deleted.
    async fn live(&mut self, round: u64) -> Result<(), Unexpected> {
        let address = format!("soak-{}-{round}@example.com", self.number);
        let body = json!({ "email_address": [address], "skip_password_requirement": true });
        let user_id = text(&self.post("/v1/users", body).await?, "id")?;
        let mut sessions: Vec<Held> = Vec::new();
        loop {
            while sessions.len() < SESSIONS_OF_USER && !self.is_over() {
                sessions.push(self.open_session(&user_id).await?);
            }
            self.wait(&mut sessions).await?;
            if self.is_over() {
                // Not all at once, so that the portal delivers the webhooks in time.
                self.pause().await;
            }
            let end = match (self.is_over(), self.random.below(4)) {
                (true, _) | (_, 0) => End::Deletion,
                (_, 1 | 2) => End::SignOut,
                _ => End::Revocation,
            };
            let count = if end == End::Deletion { sessions.len() } else { 1 };
            let ended: Vec<Held> = sessions.drain(..count.min(sessions.len())).collect();
            self.end(&user_id, ended, end).await?;
            if end == End::Deletion {
                return Ok(());
            }
        }
    }

    /// Waits for the next end. Meanwhile clients vanish and come back, and tokens are renewed.
    async fn wait(&mut self, sessions: &mut [Held]) -> Result<(), Unexpected> {
        let (shortest, longest) = self.world.options.life_millis;
        let until = Instant::now() + Duration::from_millis(self.random.between(shortest, longest));
        while Instant::now() < until && !self.is_over() {
            self.pause().await;
            let index = usize::try_from(self.random.below(sessions.len() as u64)).unwrap_or(0);
            let Some(held) = sessions.get_mut(index) else { continue };
            let choice = self.random.below(100);
            if choice < VANISHES + RENEWS {
                self.renew(&held.session).await?;
            }
            if choice < VANISHES && !held.sockets.is_empty() {
                let index = usize::try_from(self.random.below(held.sockets.len() as u64)).unwrap_or(0);
                // Dropping the socket closes its connection without a close frame.
                held.sockets.swap_remove(index).abort();
                self.world.record.vanished.fetch_add(1, Ordering::Relaxed);
                held.sockets.push(self.open(&held.session).await?);
            }
        }
        Ok(())
    }

    async fn pause(&mut self) {
        let millis = self.random.below(self.world.options.life_millis.0);
        // The pause of a user between two actions.
        sleep(Duration::from_millis(millis)).await;
    }

    async fn open_session(&mut self, user_id: &str) -> Result<Held, Unexpected> {
        let created = self.post("/v1/sessions", json!({ "user_id": user_id })).await?;
        let session = Arc::new(Session {
            id: text(&created, "id")?,
            cookies: Mutex::default(),
            ended: Mutex::default(),
            is_unknown: AtomicBool::new(false),
        });
        self.renew(&session).await?;
        let mut sockets = Vec::new();
        for _ in 0..SOCKETS_OF_SESSION {
            sockets.push(self.open(&session).await?);
        }
        Ok(Held { session, sockets })
    }

    /// Gets a new token, as a page does, and makes a request with it.
    async fn renew(&mut self, session: &Session) -> Result<(), Unexpected> {
        let created = self
            .post(&format!("/v1/sessions/{}/tokens", session.id), json!({}))
            .await?;
        let token = text(&created, "jwt")?;
        let suffix = &self.world.cookie_suffix;
        let cookies = format!("__session_{suffix}={token}; __client_uat_{suffix}=1; __clerk_db_jwt_{suffix}=dvb_soak");
        *session.cookies.lock().unwrap_or_else(PoisonError::into_inner) = cookies;
        self.world.record.renewals.fetch_add(1, Ordering::Relaxed);
        self.ask_application(Method::GET, "/session", session, 204).await
    }

    async fn open(&mut self, session: &Arc<Session>) -> Result<JoinHandle<()>, Unexpected> {
        let (resets, is_mute) = (self.random.chance(RESETS), self.random.chance(MUTE));
        let opened = Socket::open(self.world.port, &session.cookies(), resets).await;
        let socket = match opened {
            Ok(Ok(socket)) => socket,
            other => {
                return Err(Unexpected(format!(
                    "a socket of a live session was not opened: {other:?}"
                )));
            }
        };
        self.world.record.opened.fetch_add(1, Ordering::Relaxed);
        let random = Random::new(self.random.below(u64::MAX));
        let watcher = Watcher::new(&self.world, session, socket, random, is_mute);
        Ok(tokio::spawn(watcher.run()))
    }

    /// Ends sessions, and waits until their sockets are closed.
    async fn end(&mut self, user_id: &str, ended: Vec<Held>, end: End) -> Result<(), Unexpected> {
        let kind = match loses_webhooks_of(user_id) {
            true => end.unreported(),
            false => end,
        };
        ended.iter().for_each(|held| held.session.end(kind));
        self.world
            .record
            .ended_sessions
            .fetch_add(ended.len() as u64, Ordering::Relaxed);
        match (end, ended.first()) {
            (End::Deletion, _) => {
                let answer = self
                    .portal
                    .call(Method::DELETE, &format!("/v1/users/{user_id}"), None)
                    .await;
                if !matches!(answer, Ok((200, _))) {
                    return Err(Unexpected(format!("the user was not deleted: {answer:?}")));
                }
            }
            (End::SignOut, Some(held)) => {
                self.ask_application(Method::POST, "/sign-out", &held.session, 303)
                    .await?;
            }
            (_, Some(held)) => {
                self.post(&format!("/v1/sessions/{}/revoke", held.session.id), json!({}))
                    .await?;
            }
            (_, None) => {}
        }
        for held in ended {
            self.wait_for_the_end(held, kind).await;
        }
        Ok(())
    }

    async fn wait_for_the_end(&self, held: Held, end: End) {
        let record = &self.world.record;
        // Watchers report a late close themselves.
        let patience = self.world.longest(end) + self.world.longest_farewell();
        for mut socket in held.sockets {
            if timeout(patience, &mut socket).await.is_err() {
                socket.abort();
                record.violated(
                    Property::Closed,
                    format_args!("{} after {end}: left open", held.session.id),
                );
            }
        }
        // Applications do not reject tokens of a session that Clerk does not know: the secret key may be another instance's.
        if held.session.is_unknown.load(Ordering::Relaxed) {
            return;
        }
        let refused = Socket::open(self.world.port, &held.session.cookies(), false).await;
        if !matches!(refused, Ok(Err(401))) {
            let text = format_args!("{} after {end}: {refused:?}", held.session.id);
            record.violated(Property::Refused, text);
        }
    }

    async fn post(&mut self, path: &str, body: Value) -> Result<Value, Unexpected> {
        match self.portal.call(Method::POST, path, Some(body)).await {
            Ok((200, body)) => Ok(body),
            other => Err(Unexpected(format!("POST {path}: {other:?}"))),
        }
    }

    async fn ask_application(
        &mut self,
        method: Method,
        path: &str,
        session: &Session,
        expected: u16,
    ) -> Result<(), Unexpected> {
        let authority = format!("localhost:{}", self.world.port);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(ACCEPT, "text/html")
            .header(ORIGIN, format!("http://{authority}"))
            .header("sec-fetch-site", "same-origin")
            .header(COOKIE, session.cookies())
            .body(Full::new(Bytes::new()))
            .map_err(|error| Unexpected(error.to_string()))?;
        match self.application.send(&authority, request).await {
            Ok(response) if response.status().as_u16() == expected => Ok(()),
            other => Err(Unexpected(format!(
                "{path}: {:?}",
                other.map(|response| response.status())
            ))),
        }
    }
}

fn text(value: &Value, name: &str) -> Result<String, Unexpected> {
    let text = value[name].as_str().map(str::to_owned);
    text.ok_or_else(|| Unexpected(format!("the response has no {name}")))
}
