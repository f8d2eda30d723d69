//! [`Watcher`]: the client of one socket, which judges how it is closed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use super::World;
use super::client::{CLOSE, Socket, TEXT};
use super::record::Property;
use super::user::Session;
use crate::soak::random::Random;

/// The shortest and longest time between two messages, as parts of a user's shortest life.
const MESSAGE_PARTS: (u64, u64) = (4, 1);
/// The code of a close frame if the session has ended (RFC 6455 section 7.4.1).
const POLICY_VIOLATION: u16 = 1008;

pub(super) struct Watcher {
    world: Arc<World>,
    session: Arc<Session>,
    socket: Socket,
    random: Random,
    /// It does not answer the close frame, and leaves the connection open.
    is_mute: bool,
}

impl Watcher {
    pub(super) fn new(
        world: &Arc<World>,
        session: &Arc<Session>,
        socket: Socket,
        random: Random,
        is_mute: bool,
    ) -> Self {
        Self {
            world: Arc::clone(world),
            session: Arc::clone(session),
            socket,
            random,
            is_mute,
        }
    }

    /// Sends messages and expects them back, until the socket is closed.
    pub(super) async fn run(mut self) {
        let life = self.world.options.life_millis.0;
        let mut sent_at: Option<Instant> = None;
        loop {
            let pause = self.random.between(life / MESSAGE_PARTS.0, life / MESSAGE_PARTS.1);
            tokio::select! {
                frame = self.socket.receive() => match frame {
                    Ok(Some((TEXT, _))) => {
                        sent_at = None;
                        self.world.record.echoes.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(Some((CLOSE, payload))) => return self.closed(&payload).await,
                    Ok(Some(_)) => {}
                    lost => return self.lost(&format!("{lost:?}")),
                },
                // The time of the next message.
                () = sleep(Duration::from_millis(pause)) => {
                    if self.session.ended().is_some() {
                        continue;
                    }
                    if sent_at.is_some_and(|at| at.elapsed() > self.world.options.limit) {
                        return self.lost("a message did not come back in time");
                    }
                    // An error shows in the next frame.
                    if self.socket.send(TEXT, b"hello").await.is_ok() {
                        sent_at.get_or_insert_with(Instant::now);
                    }
                }
            }
        }
    }

    /// Judges a close frame, and answers it.
    async fn closed(&mut self, payload: &[u8]) {
        let record = &self.world.record;
        let (code, reason) = match payload {
            [first, second, reason @ ..] => (u16::from_be_bytes([*first, *second]), String::from_utf8_lossy(reason)),
            _ => (0, "".into()),
        };
        let Some((end, at)) = self.session.ended() else {
            let text = format_args!("{}: closed with {code} {reason}", self.session.id);
            return record.violated(Property::Living, text);
        };
        let after = at.elapsed();
        record.closed(end, after);
        let longest = self.world.longest(end);
        if after > longest {
            let text = format_args!("{} after {end}: {after:?}, expected {longest:?}", self.session.id);
            record.violated(Property::Closed, text);
        }
        if code != POLICY_VIOLATION || !end.reasons().contains(&&*reason) {
            let text = format_args!("{} after {end}: {code} {reason}", self.session.id);
            record.violated(Property::Reason, text);
        }
        if reason == "not-found" {
            self.session.is_unknown.store(true, Ordering::Relaxed);
        }
        if self.is_mute {
            record.mute.fetch_add(1, Ordering::Relaxed);
        } else {
            // The server may be gone already.
            let _ = self.socket.send(CLOSE, payload).await;
        }
        let gone = async { while let Ok(Some(_)) = self.socket.receive().await {} };
        if timeout(self.world.longest_farewell(), gone).await.is_err() {
            let text = format_args!("{}: the connection stays open after the close frame", self.session.id);
            self.world.record.violated(Property::Closed, text);
        }
    }

    fn lost(&self, text: &str) {
        let state = self.session.ended().map(|(end, _)| end.to_string());
        let state = state.unwrap_or_else(|| "alive".to_owned());
        let text = format_args!("{} ({state}): {text}", self.session.id);
        match self.session.ended() {
            None => self.world.record.violated(Property::Living, text),
            Some(_) => self.world.record.violated(Property::Reason, text),
        }
    }
}
