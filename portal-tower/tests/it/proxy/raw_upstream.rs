//! An upstream that answers with bytes of the test's choice.

use std::net::SocketAddr;
use std::time::Duration;

use http::Response;
use portal_tower::FrontendApiProxy;
use portal_tower::proxy::ProxyBody;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::send;
use crate::support::{live, request};

/// The bound of a wait. Reaching it means that the proxy hangs.
const BOUND: Duration = Duration::from_secs(30);

/// Waits for `future` at most [`BOUND`].
pub(super) async fn soon<F: Future>(future: F) -> F::Output {
    timeout(BOUND, future).await.expect("it ends soon")
}

/// A proxy before an upstream whose connections `serve` answers.
pub(super) async fn served_by<F, R>(serve: F) -> FrontendApiProxy
where
    F: Fn(TcpStream) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(serve(connection));
        }
    });
    proxy_before(address)
}

/// A proxy before an upstream that answers each request with `answer`, and closes the connection.
pub(super) async fn answering(answer: &[u8]) -> FrontendApiProxy {
    let answer = answer.to_vec();
    served_by(move |mut connection| {
        let answer = answer.clone();
        async move {
            read_head(&mut connection).await;
            let _ = connection.write_all(&answer).await;
        }
    })
    .await
}

/// A proxy with a short time limit, before an upstream that answers with `answer` and then neither sends nor closes.
pub(super) async fn stalling_after(answer: &'static [u8]) -> FrontendApiProxy {
    let proxy = served_by(move |mut connection| async move {
        read_head(&mut connection).await;
        connection.write_all(answer).await.unwrap();
        std::future::pending::<()>().await;
    });
    proxy.await.with_timeout(Duration::from_millis(50))
}

fn proxy_before(address: SocketAddr) -> FrontendApiProxy {
    let instance = live()
        .proxy_url("/__clerk")
        .frontend_api_url(format!("http://{address}"));
    FrontendApiProxy::new(&instance.build().unwrap()).unwrap()
}

/// Reads up to the end of a request's head, which is empty if the connection ends before that.
pub(super) async fn read_head(connection: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match connection.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return String::new(),
        }
    }
    String::from_utf8(head).unwrap()
}

/// The response to a GET.
pub(super) async fn get(proxy: &FrontendApiProxy) -> Response<ProxyBody> {
    let request = request("/__clerk/v1/client", &[("host", "app.example.com")]);
    soon(send(proxy.clone(), request)).await
}
