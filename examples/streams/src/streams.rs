//! The two streams.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::StatusCode;
use axum::response::Response;
use axum::response::sse::{Event, Sse};
use futures_util::stream::{self, Stream};
use futures_util::{FutureExt as _, StreamExt as _};
use portal_axum::SignedIn;
use tokio::time::sleep;

use crate::ending::{Ending, Sessions, token_expired};

/// One event a second. The stream ends with the request's token, or at sign-out in this process.
///
/// `EventSource` opens it again by itself. That request renews the session, or gets 401, and `EventSource` stops.
pub(crate) async fn events(
    State(sessions): State<Sessions>,
    user: SignedIn,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, StatusCode> {
    let session = user.session_id().cloned().ok_or(StatusCode::FORBIDDEN)?;
    let signed_out = sessions.signed_out(session);
    let ending = async {
        tokio::select! {
            ending = signed_out => ending,
            ending = token_expired(user) => ending,
        }
    };
    let ending = ending.boxed().shared();
    let last = ending
        .clone()
        .map(|ending| Event::default().event("end").data(ending.as_str()));
    let events = seconds().take_until(ending).chain(last.into_stream());
    Ok(Sse::new(events.map(Ok)))
}

fn seconds() -> impl Stream<Item = Event> {
    stream::unfold(0, async |second: u64| {
        let event = Event::default().data(second.to_string());
        if second == 0 {
            // Browsers wait for three seconds by default before they open the stream again.
            return Some((event.retry(Duration::from_millis(100)), 1));
        }
        // The stream's content is the time itself.
        sleep(Duration::from_secs(1)).await;
        Some((event, second + 1))
    })
}

/// A WebSocket that returns messages. It ends when the session does: at sign-out in this process, or at Clerk.
pub(crate) async fn chat(
    State(sessions): State<Sessions>,
    user: SignedIn,
    upgrade: WebSocketUpgrade,
) -> Result<Response, StatusCode> {
    let session = user.session_id().cloned().ok_or(StatusCode::FORBIDDEN)?;
    let signed_out = sessions.signed_out(session.clone());
    let ended = sessions.ended(session);
    let ending = async {
        tokio::select! {
            ending = signed_out => ending,
            ending = ended => ending,
        }
    };
    Ok(upgrade.on_upgrade(|socket| talk(socket, ending)))
}

async fn talk(mut socket: WebSocket, ending: impl Future<Output = Ending>) {
    let mut ending = pin!(ending);
    loop {
        let message = tokio::select! {
            ending = &mut ending => return close(socket, ending).await,
            message = socket.recv() => message,
        };
        match message {
            Some(Ok(text @ Message::Text(_))) => {
                if socket.send(text).await.is_err() {
                    return;
                }
            }
            Some(Ok(_)) => {}
            _ => return,
        }
    }
}

async fn close(mut socket: WebSocket, ending: Ending) {
    let frame = CloseFrame {
        code: close_code::POLICY,
        reason: ending.as_str().into(),
    };
    // An error means that the client has left.
    let _ = socket.send(Message::Close(Some(frame))).await;
}
