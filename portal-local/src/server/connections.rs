//! Accepts connections within limits until the server is stopped.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tower_service::Service as _;

use super::write_limit::WriteLimited;

/// The pause of accepting when the system lacks file descriptors or memory.
const PAUSE: Duration = Duration::from_millis(200);
/// The shortest time between two warnings about this lack.
const BETWEEN_WARNINGS: Duration = Duration::from_secs(60);
/// The size of one read of discarded bytes.
const CHUNK_BYTES: usize = 16 * 1_024;

/// The limits of one connection and of all together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Connections open at the same time. Others wait in the system's queue.
    pub(super) connections: usize,
    /// The time limit for a complete request head. It closes idle connections too.
    pub(super) head: Duration,
    /// The size limit of a request head; larger ones are answered 431.
    pub(super) head_bytes: usize,
    /// The time limit of a client that reads nothing of its response.
    pub(super) write: Duration,
    /// The time to keep reading after the last response.
    ///
    /// Closing a connection with unread bytes resets it, and the client may lose that response (RFC 9112, section 9.6).
    pub(super) linger: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            head: Duration::from_secs(20),
            head_bytes: 128 * 1_024,
            write: Duration::from_secs(30),
            linger: Duration::from_secs(5),
        }
    }
}

/// Serves until `stop`, then shuts down gracefully.
///
/// Idle connections end at once, the others after their current request.
pub(super) async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: impl Future<Output = ()>) {
    let (is_serving, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut warned_at = None;
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(ended) = connections.join_next() => note(ended),
            accepted = listener.accept(), if connections.len() < limits.connections => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve_connection(stream, router.clone(), limits, stopping.clone()));
                }
                Err(error) => pause_after(&error, &mut warned_at).await,
            },
        }
    }
    drop(listener);
    drop(is_serving);
    while let Some(ended) = connections.join_next().await {
        note(ended);
    }
}

fn note(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection ended in a panic");
    }
}

/// Pauses after an error of the system, which would recur at once.
///
/// Errors of one connection need no pause.
async fn pause_after(error: &io::Error, warned_at: &mut Option<Instant>) {
    let of_one_connection = [
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::Interrupted,
    ];
    if of_one_connection.contains(&error.kind()) {
        return;
    }
    if warned_at.is_none_or(|at| at.elapsed() >= BETWEEN_WARNINGS) {
        tracing::warn!(%error, "no connection can be accepted at the moment; close some files or programs");
        *warned_at = Some(Instant::now());
    }
    tokio::time::sleep(PAUSE).await;
}

async fn serve_connection(stream: TcpStream, router: Router, limits: Limits, mut stopping: watch::Receiver<()>) {
    let service = service_fn(move |request: Request<Incoming>| Box::pin(router.clone().call(request)));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes)
        // A client that has sent all may close its side and still read (RFC 9112 section 9.6).
        .half_close(true)
        .serve_connection(TokioIo::new(WriteLimited::new(stream, limits.write)), service);
    // Ends when the sender is dropped.
    let mut stopped = pin!(async move {
        let _ = stopping.changed().await;
    });
    let ended = tokio::select! {
        ended = poll_fn(|context| connection.poll_without_shutdown(context)) => Some(ended),
        () = &mut stopped => None,
    };
    match ended {
        Some(Ok(())) => {}
        Some(Err(error)) => tracing::debug!(%error, "a connection ended early"),
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            // Ignore the error: the client may have disconnected.
            let _ = connection.await;
            return;
        }
    }
    let stream = connection.into_parts().io.into_inner();
    tokio::select! {
        () = linger(stream, limits.linger) => {}
        () = &mut stopped => {}
    }
}

/// Closes the write side, then reads until the client closes its own.
async fn linger(mut stream: WriteLimited<TcpStream>, patience: Duration) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut dropped = vec![0; CHUNK_BYTES];
    let reading = async { while matches!(stream.read(&mut dropped).await, Ok(1..)) {} };
    // On timeout the connection is reset.
    let _ = tokio::time::timeout(patience, reading).await;
}

#[cfg(test)]
mod tests;
