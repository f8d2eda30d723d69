//! The body of a delivery, read whole within its limits.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use bytes::Buf as _;
use http_body::Body;

use super::refusal::WebhookRefusal;

/// Reads a body of at most `max_bytes` within `limit`. Trailers are dropped.
pub(super) async fn read<B: Body>(body: B, max_bytes: usize, limit: Duration) -> Result<Vec<u8>, WebhookRefusal> {
    // A declared length above the limit is refused before the first byte is read.
    if body.size_hint().lower() > max_bytes as u64 {
        return Err(WebhookRefusal::TooLarge);
    }
    // Timers need a tokio runtime. Without one, the size is still bounded.
    if tokio::runtime::Handle::try_current().is_err() {
        return collect(body, max_bytes).await;
    }
    // A timer, because a stalled client would otherwise hold the request for as long as the server lets it.
    let collected = tokio::time::timeout(limit, collect(body, max_bytes)).await;
    collected.unwrap_or(Err(WebhookRefusal::TooSlow))
}

async fn collect<B: Body>(body: B, max_bytes: usize) -> Result<Vec<u8>, WebhookRefusal> {
    let mut body = pin!(body);
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame = frame.map_err(|_| WebhookRefusal::Incomplete)?;
        if let Ok(mut data) = frame.into_data() {
            if data.remaining() > max_bytes - bytes.len() {
                return Err(WebhookRefusal::TooLarge);
            }
            while data.has_remaining() {
                let chunk = data.chunk();
                bytes.extend_from_slice(chunk);
                let length = chunk.len();
                data.advance(length);
            }
        }
        // Yield at times, because a body that is always ready, such as endless empty frames, would hold off the timer.
        tokio::task::consume_budget().await;
    }
    Ok(bytes)
}
