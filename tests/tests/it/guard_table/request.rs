//! Requests in words.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;

/// The request that `words` describe, with these cookies.
pub(crate) fn in_words(words: &str, cookies: &str) -> Request<Full<Bytes>> {
    let (mut method, mut address) = ("GET", "http://localhost:3000/dashboard?tab=1".to_owned());
    let mut headers: Vec<(&str, String)> = vec![("cookie", cookies.to_owned()), ("host", "localhost:3000".to_owned())];
    let own = |value: &str| match value.starts_with('/') {
        true => format!("http://localhost:3000{value}"),
        false => value.to_owned(),
    };
    for word in words.split_whitespace() {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let (name, value) = match name {
            "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS" => {
                method = name;
                continue;
            }
            _ if word.starts_with('?') => {
                address = format!("http://localhost:3000/dashboard{word}");
                continue;
            }
            "page" => ("sec-fetch-dest", "document".to_owned()),
            "iframe" => ("sec-fetch-dest", "iframe".to_owned()),
            "fetch" => ("sec-fetch-dest", "empty".to_owned()),
            "accept" | "origin" => (name, value.to_owned()),
            "site" => ("sec-fetch-site", value.to_owned()),
            "referer" => ("referer", own(value)),
            "htmx" => ("hx-request", "true".to_owned()),
            "navigate" => ("sec-fetch-mode", "navigate".to_owned()),
            "history" => ("hx-history-restore-request", "true".to_owned()),
            "ask" => ("access-control-request-method", value.to_owned()),
            "boosted" => ("hx-boosted", "true".to_owned()),
            "on" => ("hx-current-url", own(value)),
            "turbo-frame" => ("turbo-frame", "cart".to_owned()),
            "turbo-stream" => ("accept", "text/vnd.turbo-stream.html, text/html".to_owned()),
            "turbo-visit" => ("x-turbo-request-id", "1".to_owned()),
            "unpoly" => ("x-up-version", "3.14.3".to_owned()),
            "datastar" => {
                let accept = "text/event-stream, text/html, application/json";
                headers.push(("accept", accept.to_owned()));
                ("datastar-request", "true".to_owned())
            }
            "event-stream" => ("accept", "text/event-stream".to_owned()),
            "grpc" => ("content-type", "application/grpc".to_owned()),
            "websocket" => {
                headers.push(("connection", "Upgrade".to_owned()));
                ("upgrade", "websocket".to_owned())
            }
            other => panic!("unknown word about a request: {other}"),
        };
        headers.push((name, value));
    }
    let mut request = Request::builder().method(method).uri(address);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.body(Full::default()).expect("a valid request")
}
