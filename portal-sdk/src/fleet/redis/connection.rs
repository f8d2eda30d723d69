//! [`Connection`]: one connection to Redis, for commands and messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, PushInfo, PushKind, Value};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::FleetEvent;
use super::address::Address;
use super::message::{self, MAX_MESSAGE_BYTES};
use super::problem::Problem;
use crate::clock::UnixTime;
use crate::limits::MAX_ENDED_SESSIONS;

/// The most events that Redis keeps: as many as an authenticator remembers.
const MAX_STORED: usize = MAX_ENDED_SESSIONS;
/// The most stored events that are read at once.
const PAGE: usize = 10_000;
/// The time until Redis deletes the stored events of an idle fleet. No event is remembered for more than a day.
const STORED_FOR: Duration = Duration::from_secs(25 * 60 * 60);
/// The time for which an event is kept after its end: for replicas that are away and have live connections, and because the
/// clocks of replicas differ.
pub(super) const KEPT_AFTER_END: Duration = Duration::from_secs(60 * 60);
/// The most messages that wait to be handled. Beyond it, the stored events are read instead.
const MAX_UNREAD: usize = 256;

/// The names in Redis.
#[derive(Debug)]
pub(super) struct Names {
    /// The channel of messages.
    channel: Box<str>,
    /// The sorted set of stored events: as JSON, by the end of their time in milliseconds.
    stored: Box<str>,
}

impl Names {
    pub(super) fn new(prefix: &str) -> Self {
        Self {
            channel: format!("{prefix}events").into(),
            stored: format!("{prefix}stored").into(),
        }
    }
}

/// A connection that is subscribed to the channel.
#[derive(Debug)]
pub(super) struct Connection {
    commands: MultiplexedConnection,
    driver: JoinHandle<()>,
    messages: Receiver<Box<[u8]>>,
    /// `true` after messages were lost because too many came at once.
    has_missed: Arc<AtomicBool>,
}

impl Connection {
    /// Connects and subscribes. `limit` is the time limit of this, and of each later response.
    pub(super) async fn open(address: &Address, names: &Names, limit: Duration) -> Result<Self, Problem> {
        let opened = timeout(limit, Self::open_in_time(address, names, limit)).await;
        opened.unwrap_or_else(|_| Err(Problem::timed_out()))
    }

    async fn open_in_time(address: &Address, names: &Names, limit: Duration) -> Result<Self, Problem> {
        let stream = address.connect().await?;
        let (sender, messages) = mpsc::channel(MAX_UNREAD);
        let has_missed = Arc::new(AtomicBool::new(false));
        let inbox = Inbox {
            channel: names.channel.clone(),
            sender,
            has_missed: has_missed.clone(),
        };
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(Some(limit))
            .set_push_sender(move |push| inbox.take(push));
        let (commands, driver) = MultiplexedConnection::new_with_config(address.login(), stream, config).await?;
        let mut connection = Self {
            commands,
            driver: tokio::spawn(driver),
            messages,
            has_missed,
        };
        connection.commands.subscribe(&*names.channel).await?;
        Ok(connection)
    }

    /// Stores the events that have an end.
    pub(super) async fn store(&mut self, names: &Names, events: &[FleetEvent], now: UnixTime) -> Result<(), Problem> {
        let mut add = Cmd::new();
        add.arg("ZADD").arg(&*names.stored);
        let is_empty =
            events
                .iter()
                .filter_map(|event| Some((event.until()?, event)))
                .fold(true, |_, (until, event)| {
                    add.arg(until.as_millis()).arg(event.to_json());
                    false
                });
        if is_empty {
            return Ok(());
        }
        let mut commands = redis::pipe();
        commands.add_command(add);
        let stored = |name: &str| {
            let mut command = redis::cmd(name);
            command.arg(&*names.stored);
            command
        };
        // Entries of a wrong clock would stay and displace the others.
        let mut distant = stored("ZREMRANGEBYSCORE");
        distant.arg((now + STORED_FOR).as_millis()).arg("+inf");
        commands.add_command(distant);
        let mut expired = stored("ZREMRANGEBYSCORE");
        expired.arg("-inf").arg((now - KEPT_AFTER_END).as_millis());
        // The events that expire first are dropped.
        let mut surplus = stored("ZREMRANGEBYRANK");
        surplus.arg(0).arg(format!("-{}", MAX_STORED + 1));
        let mut expire = stored("PEXPIRE");
        expire.arg(i64::try_from(STORED_FOR.as_millis()).unwrap_or(i64::MAX));
        commands.add_command(expired).add_command(surplus).add_command(expire);
        Ok(commands.exec_async(&mut self.commands).await?)
    }

    /// Sends the events to the replicas that are connected.
    pub(super) async fn publish(&mut self, names: &Names, events: &[FleetEvent]) -> Result<(), Problem> {
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(&*names.channel).arg(message::encode(events));
        Ok(publish.exec_async(&mut self.commands).await?)
    }

    /// Reads the stored events whose time had not passed at `since`, those that end first at the front.
    ///
    /// A session may have ended twice, such as by a sign-out and by the webhook about it. The first reason counts.
    pub(super) async fn stored(&mut self, names: &Names, since: UnixTime) -> Result<Vec<FleetEvent>, Problem> {
        let mut events = Vec::new();
        // The latest end first, so that an event stored meanwhile moves others to a later page and none to an earlier one.
        for offset in (0..MAX_STORED).step_by(PAGE) {
            let mut read = redis::cmd("ZREVRANGEBYSCORE");
            read.arg(&*names.stored)
                .arg("+inf")
                .arg(format!("({}", since.as_millis()))
                .arg("LIMIT")
                .arg(offset)
                .arg(PAGE);
            let lines: Vec<Vec<u8>> = read.query_async(&mut self.commands).await?;
            events.extend(lines.iter().filter_map(|line| message::decode_one(line)));
            if lines.len() < PAGE {
                break;
            }
        }
        events.reverse();
        Ok(events)
    }

    /// Checks that the server still responds.
    pub(super) async fn ping(&mut self) -> Result<(), Problem> {
        Ok(redis::cmd("PING").exec_async(&mut self.commands).await?)
    }

    /// Returns the events of the messages that have arrived.
    pub(super) fn arrived(&mut self) -> Vec<FleetEvent> {
        let mut events = Vec::new();
        while let Ok(message) = self.messages.try_recv() {
            events.extend(message::decode(&message));
        }
        events
    }

    /// Returns `true` once after messages were lost, because too many came at once.
    pub(super) fn take_has_missed(&self) -> bool {
        self.has_missed.swap(false, Ordering::AcqRel)
    }

    /// Waits for a message and returns its events; `None` if the connection has ended.
    pub(super) fn poll_message(&mut self, cx: &mut std::task::Context<'_>) -> Poll<Option<Vec<FleetEvent>>> {
        let message = self.messages.poll_recv(cx);
        message.map(|message| message.map(|message| message::decode(&message)))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Takes messages over from the connection's task.
struct Inbox {
    channel: Box<str>,
    sender: Sender<Box<[u8]>>,
    has_missed: Arc<AtomicBool>,
}

impl Inbox {
    /// Never fails, because the connection would then stop passing messages.
    fn take(&self, push: PushInfo) -> Result<(), redis::aio::SendError> {
        if push.kind != PushKind::Message {
            return Ok(());
        }
        let Ok([Value::BulkString(channel), Value::BulkString(message)]) = <[Value; 2]>::try_from(push.data) else {
            return Ok(());
        };
        let is_event = channel == self.channel.as_bytes() && message.len() <= MAX_MESSAGE_BYTES;
        if is_event && self.sender.try_send(message.into()).is_err() {
            self.has_missed.store(true, Ordering::Release);
        }
        Ok(())
    }
}
