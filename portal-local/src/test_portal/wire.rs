//! Requests of a test's browser on their way: to an application in this process, or to a server of this machine.

use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, HOST};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Method, Request, Response, Uri};
use http_body::Body as HttpBody;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;
use url::{Host, Url};

use super::site::is_loopback;

/// The longest body. One without end would fill the memory.
const MOST_BYTES: usize = 64 * 1024 * 1024;

pub(super) type BoxError = Box<dyn Error + Send + Sync>;
/// The response, or why it is missing.
pub(super) type Answer = Pin<Box<dyn Future<Output = Result<Response<Bytes>, BoxError>> + Send>>;

/// The applications in this process, by their origins.
#[derive(Clone, Default)]
pub(super) struct Applications(Vec<(Url, Arc<dyn Serve>)>);

trait Serve: Send + Sync {
    fn serve(&self, request: Request<Body>) -> Answer;
}

impl Applications {
    pub(super) fn add<S, B>(&mut self, origin: Url, service: S)
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        B: HttpBody + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        self.0.push((origin, Arc::new(InProcess(Mutex::new(service)))));
    }

    /// The origin of the application that was added first.
    pub(super) fn first(&self) -> Option<&Url> {
        self.0.first().map(|(origin, _)| origin)
    }

    /// Sends `request` to `url`, which replaces the request's own URL.
    pub(super) fn send(&self, url: &Url, mut request: Request<Body>) -> Answer {
        if let Err(problem) = address(&mut request, url) {
            return Box::pin(async { Err(problem) });
        }
        let application = self.0.iter().rfind(|(origin, _)| origin.origin() == url.origin());
        if let Some((_, application)) = application {
            return application.serve(request);
        }
        match server(url) {
            Ok(addresses) => Box::pin(over_tcp(addresses, request)),
            Err(problem) => Box::pin(async move { Err(problem) }),
        }
    }
}

impl fmt::Debug for Applications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origins = self.0.iter().map(|(origin, _)| origin.as_str());
        f.debug_list().entries(origins).finish()
    }
}

/// Sets path, `Host` and `Content-Length`, as HTTP/1.1 sends them.
fn address(request: &mut Request<Body>, url: &Url) -> Result<(), BoxError> {
    let path: PathAndQuery = match url.query() {
        Some(query) => format!("{}?{query}", url.path()).parse()?,
        None => url.path().parse()?,
    };
    let host = match (url.host_str().unwrap_or_default(), url.port()) {
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_owned(),
    };
    *request.uri_mut() = Uri::from(path);
    request.headers_mut().insert(HOST, HeaderValue::from_str(&host)?);
    // Also for an empty body, if the method expects one (RFC 9110 section 8.6).
    let has_body = matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH);
    let length = request.body().size_hint().exact();
    if let Some(length) = length.filter(|length| has_body || *length > 0) {
        request.headers_mut().entry(CONTENT_LENGTH).or_insert(length.into());
    }
    Ok(())
}

struct InProcess<S>(Mutex<S>);

impl<S, B> Serve for InProcess<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: HttpBody + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    fn serve(&self, request: Request<Body>) -> Answer {
        let mut service = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move {
            poll_fn(|cx| service.poll_ready(cx)).await.map_err(Into::into)?;
            read(service.call(request).await.map_err(Into::into)?).await
        })
    }
}

async fn read<B>(response: Response<B>) -> Result<Response<Bytes>, BoxError>
where
    B: HttpBody,
    B::Error: Into<BoxError>,
{
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, MOST_BYTES).collect().await.map_err(|error| {
        if !error.is::<LengthLimitError>() {
            return error;
        }
        format!("a body of more than {MOST_BYTES} bytes; end the stream, or visit it with another client").into()
    })?;
    Ok(Response::from_parts(parts, body.to_bytes()))
}

/// The addresses at which a server of this machine may listen.
fn server(url: &Url) -> Result<Vec<SocketAddr>, BoxError> {
    if url.scheme() != "http" || !is_loopback(url) {
        return Err(
            "a server that is neither on this machine nor an application of the browser; add it with \
                    `with_application`, or stop before it with `send`, which follows no redirects"
                .into(),
        );
    }
    let port = url.port_or_known_default().unwrap_or(80);
    let hosts: Vec<IpAddr> = match url.host() {
        Some(Host::Ipv4(address)) => vec![address.into()],
        Some(Host::Ipv6(address)) => vec![address.into()],
        // `localhost` and its subdomains need no look-up (RFC 6761 section 6.3).
        Some(Host::Domain(_)) | None => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
    };
    Ok(hosts.into_iter().map(|host| SocketAddr::new(host, port)).collect())
}

async fn over_tcp(addresses: Vec<SocketAddr>, request: Request<Body>) -> Result<Response<Bytes>, BoxError> {
    let stream = TcpStream::connect(addresses.as_slice()).await;
    let stream = stream.map_err(|error| {
        format!("{error}; start the application before the visit, or add it with `with_application`")
    })?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends when the sender is dropped.
    tokio::spawn(connection);
    read(sender.send_request(request).await?).await
}
