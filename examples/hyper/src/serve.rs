//! The server: HTTP/1 with a time-out for request heads, and an end that waits for the requests in progress.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io::{self, Write as _};
use std::pin::pin;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};
use tower::Service;

/// The longest time that requests in progress may take after the signal to stop.
const FAREWELL: Duration = Duration::from_secs(10);

/// Serves until `stop` completes and the requests in progress have ended.
pub(crate) async fn serve<S, B>(
    listener: TcpListener,
    service: S,
    head_timeout: Duration,
    stop: impl Future<Output = ()>,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send> + Clone + Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let mut http = http1::Builder::new();
    // Without a timer hyper has no time-outs.
    http.timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        // A client may close its side after its request, and still read the response.
        .half_close(true);
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    let mut warned_at: Option<Instant> = None;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let service = TowerToHyperService::new(service.clone());
                // An error ends this connection only: the client has gone, or was too slow.
                tokio::spawn(connections.watch(http.serve_connection(TokioIo::new(stream), service)));
            }
            Err(error) => {
                // Most likely too many open files: wait until some are closed.
                if warned_at.is_none_or(|at| at.elapsed() >= Duration::from_secs(60)) {
                    let _ = writeln!(io::stderr(), "a connection cannot be accepted: {error}");
                    warned_at = Some(Instant::now());
                }
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
    // New connections are refused from now on, and idle ones are closed.
    drop(listener);
    let _ = timeout(FAREWELL, connections.shutdown()).await;
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::Full;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::sync::{mpsc, oneshot};
    use tokio::task::JoinHandle;
    use tower::service_fn;

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

    struct Server {
        port: u16,
        stop: oneshot::Sender<()>,
        /// Receives a message for each request.
        arrived: mpsc::UnboundedReceiver<oneshot::Sender<()>>,
        ended: JoinHandle<()>,
    }

    impl Server {
        /// Starts a server whose responses wait until the test sends them.
        async fn start(head_timeout: Duration) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let (requests, arrived) = mpsc::unbounded_channel();
            let service = service_fn(move |_: Request<Incoming>| {
                let (respond, may_respond) = oneshot::channel();
                requests.send(respond).unwrap();
                async move {
                    let _ = may_respond.await;
                    Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("here")))
                }
            });
            let (stop, stopped) = oneshot::channel();
            let ended = tokio::spawn(serve(listener, service, head_timeout, async {
                let _ = stopped.await;
            }));
            Self {
                port,
                stop,
                arrived,
                ended,
            }
        }

        async fn connect(&self) -> TcpStream {
            TcpStream::connect(("127.0.0.1", self.port)).await.unwrap()
        }
    }

    async fn rest(mut stream: TcpStream) -> String {
        let mut rest = Vec::new();
        let closed = timeout(Duration::from_secs(30), stream.read_to_end(&mut rest)).await;
        closed.expect("the connection is still open").unwrap();
        String::from_utf8(rest).unwrap()
    }

    #[tokio::test]
    async fn slow_head_is_closed() {
        let server = Server::start(Duration::from_millis(50)).await;
        let mut slow = server.connect().await;
        slow.write_all(&REQUEST[..10]).await.unwrap();
        assert_eq!(rest(slow).await, "");
    }

    #[tokio::test]
    async fn half_closed_connection_gets_its_response() {
        let mut server = Server::start(Duration::from_secs(60)).await;
        let mut stream = server.connect().await;
        stream.write_all(REQUEST).await.unwrap();
        stream.shutdown().await.unwrap();
        server.arrived.recv().await.unwrap().send(()).unwrap();
        assert!(rest(stream).await.ends_with("here"));
    }

    #[tokio::test]
    async fn request_in_progress_is_answered_before_the_end() {
        let mut server = Server::start(Duration::from_secs(60)).await;
        let idle = server.connect().await;
        let mut busy = server.connect().await;
        busy.write_all(REQUEST).await.unwrap();
        let respond = server.arrived.recv().await.unwrap();

        server.stop.send(()).unwrap();
        // An idle connection does not delay the end.
        assert_eq!(rest(idle).await, "");
        assert!(!server.ended.is_finished());
        respond.send(()).unwrap();
        let response = rest(busy).await;
        assert!(
            response.starts_with("HTTP/1.1 200 ") && response.ends_with("here"),
            "{response}"
        );
        server.ended.await.unwrap();
    }
}
