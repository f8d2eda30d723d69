//! `Accept` and the other fields that say what a caller can make of a response, and the responses of the layers.
#![no_main]

use std::convert::Infallible;
use std::sync::LazyLock;

use arbitrary::Arbitrary;
use bytes::Bytes;
use http::header::{ACCEPT, COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use libfuzzer_sys::fuzz_target;
use portal_fuzz::check;
use portal_fuzz::instances::{SECRET, live, now, test};
use portal_fuzz::keys;
use portal_fuzz::request::AnyRequest;
use portal_fuzz::value::MARKUP;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::instance::InstanceBuilder;
use portal_sdk::portal::PortalPage;
use portal_sdk::testing::{FakeBackend, TestClock};
use portal_tower::{Auth, AuthenticateLayer, Caller, RedirectToPortal, RequireAuthLayer, SignOut};
use tokio::runtime::Runtime;
use tower::{Layer as _, ServiceExt as _, service_fn};
use url::Url;

/// The number of services in [`respond`].
const SERVICES: u8 = 5;
/// Visits after which a redirect loop is explained.
const MAX_VISITS: usize = 5;
const RANGES: [&str; 10] = [
    "text/html",
    "TEXT/html",
    "application/xhtml+xml",
    "application/json",
    "application/problem+json",
    "*/*",
    "text/*",
    "image/webp",
    "text/event-stream",
    "text/vnd.turbo-stream.html",
];
const QUALITIES: [&str; 10] = [
    "",
    ";q=1",
    ";q=0.9",
    " ; Q=0.5",
    ";q=0",
    ";level=1;q=0.9",
    ";q=",
    ";q=x",
    ";q=1e9",
    ";q=NaN",
];

#[derive(Arbitrary, Debug)]
enum AnyRange<'a> {
    Known(u8, u8),
    Bytes(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    /// The ranges of several fields.
    accept: Vec<Vec<AnyRange<'a>>>,
    layer: u8,
    /// The service, and how often the browser comes back to it with the cookies that it was given.
    service: u8,
    request: AnyRequest<'a>,
    /// A field that carries markup.
    marked: u8,
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime without I/O starts")
});
static LAYERS: LazyLock<Vec<AuthenticateLayer<FakeBackend>>> = LazyLock::new(|| {
    let layer = |builder: InstanceBuilder| {
        let instance = builder
            .jwt_key(keys::instance().pem())
            .build()
            .expect("the settings are valid");
        let builder = Authenticator::builder(instance)
            .backend(FakeBackend::new())
            .clock(TestClock::at(now()));
        AuthenticateLayer::from_authenticator(builder.build())
    };
    vec![
        layer(live().public_origin("https://app.example.com")),
        layer(test().public_origin("https://app.example.com").debug(true)),
        layer(
            live()
                .public_origin("https://app.example.com/shop")
                .organization_patterns(["/orgs/:slug"]),
        ),
    ]
});

fuzz_target!(|input: Input<'_>| {
    let mut parts = input.request.parts();
    let fields = input.accept.iter().map(|ranges| accept_field(ranges));
    for value in fields.filter_map(|field| HeaderValue::try_from(field).ok()) {
        parts.headers.append(ACCEPT, value);
    }
    caller_fits_the_fields(&parts);
    let marked = [
        "referer",
        "origin",
        "hx-current-url",
        "turbo-frame",
        "x-up-target",
        "user-agent",
        "cookie",
    ];
    if let Some(name) = marked.get(usize::from(input.marked) % (marked.len() + 1)) {
        let value = match *name {
            // Pages for developers show the cookies of other instances by name.
            "cookie" => format!("theme={MARKUP}; __session_{MARKUP}=1"),
            _ => format!("https://app.example.com/{MARKUP}"),
        };
        parts
            .headers
            .append(*name, HeaderValue::from_str(&value).expect("the value is ASCII"));
    }
    // Links carry the address of a page with its query string, and in development the browser's token.
    let cookies = format!("{:?}", parts.headers.get_all("cookie"));
    let pages = ["referer", "origin", "hx-current-url", "x-forwarded-host"];
    let is_in_links = parts.uri.query().is_some_and(|query| !query.is_empty())
        || cookies.contains("_db_jwt")
        || pages.iter().any(|name| parts.headers.contains_key(*name));
    // In development, a handshake of another instance is a mistake in the settings.
    let may_fail = parts
        .uri
        .query()
        .is_some_and(|query| query.contains("__clerk_handshake="));
    for _ in 0..=usize::from(input.service / SERVICES) % MAX_VISITS {
        let request = Request::from_parts(parts.clone(), Full::<Bytes>::default());
        let (head, body) = RUNTIME.block_on(respond(&input, request));
        response_is_safe(&head, &body);
        assert!(may_fail || head.status != StatusCode::INTERNAL_SERVER_ERROR, "{body:?}");
        if !is_in_links {
            check::no_secret_in(&String::from_utf8_lossy(&body));
        }
        keep_cookies(&mut parts.headers, &head.headers);
    }
});

/// Puts the cookies of a response before those of the next request, because most readers take the first of a name.
fn keep_cookies(request: &mut HeaderMap, response: &HeaderMap) {
    let set = response.get_all(SET_COOKIE).iter();
    let set = set.filter_map(|cookie| cookie.as_bytes().split(|byte| *byte == b';').next());
    let sent = request.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    let all = set.chain(sent).collect::<Vec<_>>().join(&b"; "[..]);
    if let Ok(all) = HeaderValue::from_bytes(&all) {
        request.insert(COOKIE, all);
    }
}

fn accept_field(ranges: &[AnyRange<'_>]) -> Vec<u8> {
    let ranges = ranges.iter().map(|range| match range {
        AnyRange::Known(range, quality) => {
            let range = RANGES[usize::from(*range) % RANGES.len()];
            format!("{range}{}", QUALITIES[usize::from(*quality) % QUALITIES.len()]).into_bytes()
        }
        AnyRange::Bytes(bytes) => bytes.to_vec(),
    });
    ranges.collect::<Vec<_>>().join(&b","[..])
}

async fn respond(input: &Input<'_>, request: Request<Full<Bytes>>) -> (http::response::Parts, Bytes) {
    let layer = &LAYERS[usize::from(input.layer) % LAYERS.len()];
    let app = service_fn(async |request: Request<Full<Bytes>>| {
        let auth = request
            .extensions()
            .get::<Auth>()
            .expect("the layer is around the service");
        let link = auth.link(PortalPage::SignIn).to_string();
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(link)))
    });
    match input.service % SERVICES {
        0 => read(layer.layer(app).oneshot(request).await).await,
        1 | 2 => {
            read(
                layer
                    .layer(RequireAuthLayer::signed_in().layer(app))
                    .oneshot(request)
                    .await,
            )
            .await
        }
        3 => read(layer.layer(RedirectToPortal::sign_in()).oneshot(request).await).await,
        _ => {
            read(
                layer
                    .layer(SignOut::new().with_confirmation(true))
                    .oneshot(request)
                    .await,
            )
            .await
        }
    }
}

async fn read<B>(response: Result<Response<B>, Infallible>) -> (http::response::Parts, Bytes)
where
    B: http_body::Body<Data = Bytes>,
{
    let Ok(response) = response;
    let (head, body) = response.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    (head, body)
}

/// A second reader of `Accept`: HTML is preferred if its weight is the highest, and the first of equal weights wins.
fn caller_fits_the_fields(parts: &http::request::Parts) {
    let caller = Caller::of(parts);
    let others = [
        "content-type",
        "upgrade",
        "datastar-request",
        "hx-request",
        "hx-history-restore-request",
        "turbo-frame",
        "x-turbo-request-id",
        "x-up-version",
        "sec-fetch-dest",
        "sec-fetch-mode",
    ];
    if others.iter().any(|name| parts.headers.contains_key(*name)) {
        return;
    }
    let fields = parts.headers.get_all(ACCEPT).iter();
    let fields: Vec<String> = fields
        .map(|field| field.as_bytes().iter().copied().map(char::from).collect())
        .collect();
    let accept = fields.join(", ");
    if accept.trim_start().starts_with("text/event-stream") || accept.contains("text/vnd.turbo-stream.html") {
        return assert!(
            matches!(caller, Caller::Stream | Caller::Turbo { is_partial: true }),
            "{caller:?}: {accept}"
        );
    }
    let mut ranges: Vec<(f64, bool)> = accept.split(',').filter_map(weight).collect();
    // Stable, so that the first of equal weights stays first.
    ranges.sort_by(|one, other| other.0.total_cmp(&one.0));
    let prefers_html = ranges
        .first()
        .is_some_and(|(weight, is_html)| *weight > 0.0 && *is_html);
    let is_page = matches!(caller, Caller::Page | Caller::Form);
    assert_eq!(is_page, prefers_html, "{accept}");
}

fn weight(range: &str) -> Option<(f64, bool)> {
    let mut pieces = range.split(';').map(str::trim);
    let media_type = pieces.next()?.to_ascii_lowercase();
    let is_html = matches!(&*media_type, "text/html" | "application/xhtml+xml");
    let is_other = matches!(&*media_type, "*/*" | "application/json") || media_type.ends_with("+json");
    if !is_html && !is_other {
        return None;
    }
    let quality = pieces.find(|piece| piece.get(..2).is_some_and(|name| name.eq_ignore_ascii_case("q=")));
    let quality: f64 = quality.map_or(1.0, |quality| quality[2..].trim().parse().unwrap_or(0.0));
    Some((if quality.is_nan() { 0.0 } else { quality }, is_html))
}

fn response_is_safe(head: &http::response::Parts, body: &[u8]) {
    check::headers_carry_no_control_character(&head.headers);
    let body = String::from_utf8_lossy(body);
    assert!(
        !body.contains("<zq"),
        "markup of the request is in the response:\n{body}"
    );
    assert!(!body.contains(SECRET), "the secret key is in the response:\n{body}");
    let base = Url::parse("https://app.example.com/").expect("a constant URL");
    let is_redirect = |name: &str| matches!(name, "location" | "hx-redirect");
    for (name, value) in head.headers.iter().filter(|(name, _)| is_redirect(name.as_str())) {
        let text = value.to_str().expect("a URL is ASCII");
        let url = base
            .join(text)
            .unwrap_or_else(|error| panic!("{name}: {text}: {error}"));
        let host = url.host_str().unwrap_or_default();
        let is_own = [
            "example.com",
            "foo-bar-13.clerk.accounts.dev",
            "foo-bar-13.accounts.dev",
        ]
        .iter()
        .any(|known| host == *known || host.ends_with(&format!(".{known}")));
        // A development instance sends its token back to satellites on this machine.
        let is_loopback = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        assert!(is_loopback || (is_own && url.scheme() == "https"), "{name}: {text}");
    }
}
