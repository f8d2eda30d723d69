//! Answers in words.

use std::convert::Infallible;
use std::fmt::Debug;

use axum::body::HttpBody;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::{Service, ServiceExt as _};
use url::Url;

/// A response whose body has been read.
pub(crate) struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    /// Sends a request and reads the response.
    pub(crate) async fn of<S, ReqBody, ResBody>(service: S, request: Request<ReqBody>) -> Self
    where
        S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = Infallible>,
        ResBody: HttpBody<Data = Bytes, Error: Debug>,
    {
        let response = service.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// The status, the fields that matter, and the kind of the body.
pub(crate) fn summary(answer: &Answer, is_head: bool) -> String {
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.body);
    let mut words = vec![answer.status.to_string()];
    if let Some(number) = answer.header("grpc-status") {
        assert_eq!(answer.header("content-type"), Some("application/grpc"));
        assert_eq!(answer.body, "");
        let message = answer.header("grpc-message").unwrap();
        let message = message.replace("%2D", "-").replace("%20", " ");
        return format!("{} grpc={number} {message}", answer.status);
    }
    words.extend(answer.header("www-authenticate").map(str::to_owned));
    words.extend(answer.header("retry-after").map(|after| format!("retry-after={after}")));
    words.extend(
        answer
            .header("location")
            .map(|url| format!("location={}", page_and_back(url))),
    );
    words.extend(
        answer
            .header("hx-redirect")
            .map(|url| format!("hx-redirect={}", page_and_back(url))),
    );
    if let Some(layer) = answer.header("x-up-open-layer") {
        assert_eq!(layer, r#"{"mode":"modal","history":false}"#);
        assert_eq!(answer.header("x-up-target"), Some(":main"));
        words.push("overlay".to_owned());
    }
    match answer.header("content-type") {
        None => assert_eq!(answer.body, ""),
        Some(_) if is_head => {}
        Some("application/json") => words.push(json_words(answer)),
        Some("text/html; charset=utf-8") if answer.body.starts_with("<!doctype html>") => {
            words.push(page_words(&answer.body));
        }
        Some("text/event-stream") => words.push(patch_words(&answer.body)),
        Some("text/html; charset=utf-8") => {
            words.push("fragment".to_owned());
            words.extend(organization_link(&answer.body));
        }
        Some(other) => panic!("an unexpected content type: {other}"),
    }
    words.join(" ")
}

fn organization_link(html: &str) -> Option<String> {
    let (link, _) = html.split_once("\">Choose an organization</a>")?;
    let url = link.rsplit_once("href=\"").unwrap().1.replace("&amp;", "&");
    Some(format!("organization={}", page_and_back(&url)))
}

/// The message of a Datastar patch and where it goes to or links to.
fn patch_words(events: &str) -> String {
    let lines = events.lines().filter_map(|line| line.strip_prefix("data: elements "));
    let html = lines.collect::<Vec<_>>().join("\n");
    assert!(html.starts_with("<div id=\"portal-refusal\" "), "{events}");
    if let Some((_, rest)) = html.split_once("content=\"0; url=") {
        let url = rest.split_once('"').unwrap().0.replace("&amp;", "&");
        return format!("patch goes-to={}", page_and_back(&url));
    }
    let (_, title) = html.split_once("<strong>").unwrap();
    let title = title.split_once(".</strong>").unwrap().0;
    let organization = organization_link(&html).map_or_else(String::new, |link| format!(" {link}"));
    format!("patch: {title}{organization}")
}

fn page_words(html: &str) -> String {
    let between = |start: &str, end: &str| {
        let rest = html.split_once(start)?.1;
        Some(rest.split_once(end)?.0.replace("&amp;", "&").replace("&#39;", "'"))
    };
    match between("<meta http-equiv=\"refresh\" content=\"0; url=", "\"") {
        // In the body, where htmx does not drop it.
        Some(url) if html.find("http-equiv") > html.find("<body>") => format!("goes-to={}", page_and_back(&url)),
        Some(url) => {
            assert!(
                html.contains("<meta name=\"turbo-visit-control\" content=\"reload\">"),
                "{html}"
            );
            format!("reload goes-to={}", page_and_back(&url))
        }
        None => {
            let title = format!("page: {}", between("<title>", "</title>").unwrap());
            [Some(title), organization_link(html)]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" ")
        }
    }
}

fn json_words(answer: &Answer) -> String {
    let body = answer.json();
    if let Some(error) = body.get("clerk_error") {
        let needed = &error["metadata"]["reverification"];
        let level = needed["level"].as_str().unwrap();
        let (kind, reason) = (error["type"].as_str().unwrap(), error["reason"].as_str().unwrap());
        return format!("json clerk_error {kind} {reason} {level}/{}", needed["afterMinutes"]);
    }
    let error = &body["error"];
    let (code, reason) = (error["code"].as_str().unwrap(), error["reason"].as_str().unwrap());
    assert!(error["message"].is_string(), "{error}");
    let link = |key: &str, word: &str| error[key].as_str().map(|url| format!(" {word}={}", page_and_back(url)));
    let link = link("sign_in_url", "sign-in").or_else(|| link("organization_url", "organization"));
    format!("json {code} {reason}{}", link.unwrap_or_default())
}

/// The page of the portal and, if there is one, the address to come back to. The development token must be on it.
fn page_and_back(url: &str) -> String {
    let url = Url::parse(url).unwrap();
    assert_eq!(url.origin().ascii_serialization(), "https://foo-bar-13.accounts.dev");
    let parameter = |name: &str| {
        url.query_pairs()
            .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    };
    assert!(parameter("__clerk_db_jwt").is_some(), "{url}");
    let back = parameter("redirect_url").map(|back| {
        let back = back.strip_prefix("http://localhost:3000").unwrap().to_owned();
        format!(" back={back}")
    });
    format!("{}{}", url.path(), back.unwrap_or_default())
}
