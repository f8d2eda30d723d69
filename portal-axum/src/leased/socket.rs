use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use axum::Error;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use portal_sdk::lease::{Lease, LeaseEnd};
use tokio::time::{Instant, timeout_at};

/// The time limit of the close frame and the client's reply. After it, a client that does not read is dropped.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// A WebSocket that is closed when the session's lease ends (feature `ws`).
///
/// Receive and send until [`recv`](Self::recv) returns `None`, then drop the socket. The client gets a close frame with the
/// code [`LeaseEnd::close_code`] and the reason [`LeaseEnd::as_str`].
///
/// ```
/// use axum::extract::ws::{Message, WebSocketUpgrade};
/// use axum::response::Response;
/// use portal_axum::{LeasedSocket, SignedIn};
///
/// async fn chat(user: SignedIn, upgrade: WebSocketUpgrade) -> Response {
///     let lease = user.lease();
///     upgrade.on_upgrade(|socket| echo(LeasedSocket::new(socket, lease)))
/// }
///
/// async fn echo(mut socket: LeasedSocket) {
///     while let Some(Ok(message)) = socket.recv().await {
///         if matches!(message, Message::Text(_)) && socket.send(message).await.is_err() {
///             return;
///         }
///     }
/// }
/// # axum::Router::<()>::new().route("/chat", axum::routing::any(chat));
/// ```
///
/// In the page:
///
/// ```js
/// socket.onclose = ({ code, reason }) => {
///   if (code === 1008) show(`Signed out: ${reason}`);    // `signed-out`, `revoked`, `user-deleted` …
///   else setTimeout(open, 1000);                         // 1013, or the connection was lost
/// };
/// ```
///
/// To split the socket or use it as a stream, keep the [`Lease`] beside axum's `WebSocket` and send [`close_frame`] yourself.
pub struct LeasedSocket {
    socket: WebSocket,
    ended: Pin<Box<dyn Future<Output = LeaseEnd> + Send>>,
    end: Option<LeaseEnd>,
    /// The time until which the client may reply to the close frame; `None` before it is sent.
    close_by: Option<Instant>,
    is_closed: bool,
}

/// The result of an operation that the end of the lease interrupts.
enum Raced<T> {
    Done(T),
    Ended,
}

impl LeasedSocket {
    /// Creates a socket that is closed with the lease of [`SignedIn::lease`](crate::SignedIn::lease).
    #[must_use]
    pub fn new(socket: WebSocket, lease: Lease) -> Self {
        Self {
            socket,
            // The future keeps the lease.
            ended: Box::pin(async move { lease.ended().await }),
            end: None,
            close_by: None,
            is_closed: false,
        }
    }

    /// Receives the next message. Returns `None` once the socket is closed, by the client or by the end of the lease.
    ///
    /// When the lease ends, it sends the close frame and waits for the client's (RFC 6455 section 7.1.1), for five seconds at
    /// most. Cancel safe: no message is lost if the future is dropped, as in `select!`.
    ///
    /// # Errors
    ///
    /// Returns the error of axum's [`WebSocket::recv`].
    pub async fn recv(&mut self) -> Option<Result<Message, Error>> {
        if self.end.is_none()
            && let Raced::Done(message) = race(&mut self.ended, &mut self.end, self.socket.recv()).await
        {
            return message;
        }
        self.close().await;
        None
    }

    /// Sends a message. The end of the lease interrupts it, so that a client that does not read cannot delay the end.
    ///
    /// After the end it closes the socket as [`recv`](Self::recv) does, which takes five seconds if the client never
    /// replies. Give each socket its own task, so that one does not delay the others.
    ///
    /// # Errors
    ///
    /// Returns the error of axum's [`WebSocket::send`], or an error if the lease has ended.
    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
        if self.end.is_none()
            && let Raced::Done(sent) = race(&mut self.ended, &mut self.end, self.socket.send(message)).await
        {
            return sent;
        }
        self.close().await;
        Err(Error::new(SessionEnded))
    }

    /// Returns the reason once the lease has ended.
    #[must_use]
    pub fn end(&self) -> Option<LeaseEnd> {
        self.end
    }

    /// Sends the close frame and waits for the client's. Dropping the future is harmless: the next call continues, with
    /// the time that is left. Otherwise a caller that drops it every second would keep the socket for good.
    async fn close(&mut self) {
        let Some(end) = self.end.filter(|_| !self.is_closed) else {
            return;
        };
        let close_by = *self.close_by.get_or_insert_with(|| Instant::now() + CLOSE_LIMIT);
        let handshake = async {
            // Fails if the client has left, or if the frame was sent before.
            let _ = self.socket.send(Message::Close(Some(close_frame(end)))).await;
            // Read the rest: unread messages would reset the connection, and the client would lose the close frame.
            while let Some(Ok(_)) = self.socket.recv().await {}
        };
        // A timer, because the client may never reply.
        let _ = timeout_at(close_by, handshake).await;
        self.is_closed = true;
    }
}

/// Returns the close frame that tells a client why the lease ended (feature `ws`).
///
/// ```
/// use portal_axum::close_frame;
/// use portal_axum::portal_sdk::lease::LeaseEnd;
///
/// let frame = close_frame(LeaseEnd::UserDeleted);
/// assert_eq!((frame.code, frame.reason.as_str()), (1008, "user-deleted"));
/// ```
#[must_use]
pub fn close_frame(end: LeaseEnd) -> CloseFrame {
    CloseFrame {
        code: end.close_code(),
        reason: end.as_str().into(),
    }
}

/// The error of a message that was not sent, because the lease has ended.
#[derive(Debug, thiserror::Error)]
#[error("the session has ended")]
struct SessionEnded;

/// Runs `work` until it is done or the lease ends, and stores the reason in `end`.
async fn race<T>(
    ended: &mut Pin<Box<dyn Future<Output = LeaseEnd> + Send>>,
    end: &mut Option<LeaseEnd>,
    work: impl Future<Output = T>,
) -> Raced<T> {
    let mut work = pin!(work);
    poll_fn(|cx| {
        // Polled first, because a client that always sends must not outlive the session.
        if let Poll::Ready(reason) = ended.as_mut().poll(cx) {
            *end = Some(reason);
            return Poll::Ready(Raced::Ended);
        }
        work.as_mut().poll(cx).map(Raced::Done)
    })
    .await
}

impl fmt::Debug for LeasedSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeasedSocket")
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}
