//! The two streams.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::response::Response;
use axum::response::sse::{Event, Sse};
use futures_util::stream::{self, Stream, StreamExt as _};
use portal_axum::{Leased, LeasedSocket, SignedIn};
use tokio::time::sleep;

/// One event a second. The last one says why the session ended.
pub(crate) async fn events(user: SignedIn) -> Leased<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    Leased::new(Sse::new(seconds().map(Ok)), user.lease())
}

fn seconds() -> impl Stream<Item = Event> {
    stream::unfold(0, async |second: u64| {
        if second > 0 {
            // The stream's content is the time itself.
            sleep(Duration::from_secs(1)).await;
        }
        Some((Event::default().data(second.to_string()), second + 1))
    })
}

/// A WebSocket that returns messages. Its close frame says why the session ended.
pub(crate) async fn chat(user: SignedIn, upgrade: WebSocketUpgrade) -> Response {
    let lease = user.lease();
    upgrade.on_upgrade(|socket| talk(LeasedSocket::new(socket, lease)))
}

async fn talk(mut socket: LeasedSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, Message::Text(_)) && socket.send(message).await.is_err() {
            return;
        }
    }
}
