//! The table of answers of guards and extractors, row by row. The crates on top run the same rows.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use portal_tower::RequireAuthLayer;
use portal_tower::portal_sdk::authorization::{Permission, Reverification};
use serde_json::json;
use url::Url;

use crate::support::{Answer, SIGNED_OUT, TEST_ISSUER, request, session, signed_in};

/// Who sends the requests of a table, and to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    SignedOut,
    Pending,
    /// Signed in to an organization, without the required permission.
    Unmet,
    /// Signed in with the personal account, which has no permissions.
    NoActiveOrganization,
    /// Signed in, but not recently enough.
    NeedsReverification,
    /// Clerk is out of reach.
    CannotTell,
}

impl Case {
    fn cookies(self) -> String {
        match self {
            Self::SignedOut => SIGNED_OUT.to_owned(),
            Self::Pending => session(TEST_ISSUER, &json!({ "sts": "pending" })),
            Self::Unmet => session(TEST_ISSUER, &json!({ "org_id": "org_a", "org_role": "org:member" })),
            Self::NoActiveOrganization | Self::CannotTell => signed_in(TEST_ISSUER),
            Self::NeedsReverification => session(TEST_ISSUER, &json!({ "fva": [99, -1] })),
        }
    }

    pub(crate) fn guard(self) -> RequireAuthLayer {
        match self {
            Self::NeedsReverification => RequireAuthLayer::with(Reverification::STRICT),
            _ => RequireAuthLayer::with(Permission::new("org:invoices:pay")),
        }
    }
}

const SIGNED_OUT_TABLE: &str = "
page                                            | 303 location=/sign-in back=/dashboard?tab=1
HEAD page                                       | 303 location=/sign-in back=/dashboard?tab=1
HEAD page ?__clerk_db_jwt=old&a=b               | 303 location=/sign-in back=/dashboard?a=b
iframe                                          | 303 location=/sign-in back=/dashboard?tab=1
fetch navigate accept=text/html                 | 303 location=/sign-in back=/dashboard?tab=1
POST fetch navigate referer=/form               | 303 location=/sign-in back=/form
fetch htmx history on=/list                     | 200 hx-redirect=/sign-in back=/dashboard?tab=1 goes-to=/sign-in back=/dashboard?tab=1
fetch history on=/list                          | 200 hx-redirect=/sign-in back=/dashboard?tab=1 goes-to=/sign-in back=/dashboard?tab=1
accept=text/html,*/*;q=0.8                      | 303 location=/sign-in back=/dashboard?tab=1
POST page referer=/form?step=2                  | 303 location=/sign-in back=/form?step=2
PUT page referer=/form?__clerk_synced=true      | 303 location=/sign-in back=/form
POST page referer=https://evil.example/form     | 303 location=/sign-in back=/
POST page                                       | 303 location=/sign-in back=/
fetch                                           | 401 Bearer json unauthorized session-token-and-uat-missing sign-in=/sign-in
fetch referer=/list?page=2                      | 401 Bearer json unauthorized session-token-and-uat-missing sign-in=/sign-in back=/list?page=2
fetch accept=text/html                          | 401 Bearer json unauthorized session-token-and-uat-missing sign-in=/sign-in
DELETE fetch                                    | 401 Bearer json unauthorized session-token-and-uat-missing sign-in=/sign-in
accept=application/json                         | 401 Bearer json unauthorized session-token-and-uat-missing sign-in=/sign-in
htmx on=/list?page=2                            | 401 Bearer hx-redirect=/sign-in back=/list?page=2 fragment
POST htmx on=/list?page=2                       | 401 Bearer hx-redirect=/sign-in back=/list?page=2 fragment
htmx on=https://evil.example/list               | 401 Bearer hx-redirect=/sign-in back=/ fragment
htmx on=https://evil.example/list referer=/list | 401 Bearer hx-redirect=/sign-in back=/list fragment
htmx boosted on=/list?page=2                    | 401 Bearer hx-redirect=/sign-in back=/dashboard?tab=1 fragment
POST htmx boosted on=/form                      | 401 Bearer hx-redirect=/sign-in back=/form fragment
turbo-frame referer=/list?page=2                | 401 Bearer reload goes-to=/sign-in back=/list?page=2
POST turbo-stream referer=/form                 | 401 Bearer reload goes-to=/sign-in back=/form
turbo-visit referer=/list                       | 401 Bearer reload goes-to=/sign-in back=/dashboard?tab=1
POST turbo-visit referer=/form                  | 401 Bearer reload goes-to=/sign-in back=/form
unpoly referer=/list?page=2                     | 401 Bearer overlay goes-to=/sign-in back=/list?page=2
POST unpoly referer=/form                       | 401 Bearer overlay goes-to=/sign-in back=/form
unpoly referer=https://evil.example/list        | 401 Bearer overlay goes-to=/sign-in back=/
datastar referer=/list?page=2                   | 200 patch goes-to=/sign-in back=/list?page=2
POST datastar referer=/form                     | 200 patch goes-to=/sign-in back=/form
datastar                                        | 200 patch goes-to=/sign-in back=/
websocket                                       | 401 Bearer json unauthorized session-token-and-uat-missing sign-in=/sign-in
event-stream                                    | 401 Bearer json unauthorized session-token-and-uat-missing sign-in=/sign-in
POST grpc                                       | 200 grpc=16 no session token was sent
OPTIONS origin=https://spa.example ask=POST     | 401 Bearer json unauthorized cors-preflight
";

const PENDING_TABLE: &str = "
page                             | 303 location=/sign-in/tasks back=/dashboard?tab=1
POST page referer=/form          | 303 location=/sign-in/tasks back=/form
fetch                            | 401 Bearer json unauthorized session-pending sign-in=/sign-in/tasks
htmx on=/list                    | 401 Bearer hx-redirect=/sign-in/tasks back=/list fragment
htmx history                     | 200 hx-redirect=/sign-in/tasks back=/dashboard?tab=1 goes-to=/sign-in/tasks back=/dashboard?tab=1
turbo-frame referer=/list        | 401 Bearer reload goes-to=/sign-in/tasks back=/list
unpoly referer=/list             | 401 Bearer overlay goes-to=/sign-in/tasks back=/list
datastar referer=/list           | 200 patch goes-to=/sign-in/tasks back=/list
websocket                        | 401 Bearer json unauthorized session-pending sign-in=/sign-in/tasks
event-stream                     | 401 Bearer json unauthorized session-pending sign-in=/sign-in/tasks
POST grpc                        | 200 grpc=16 session-pending
";

const UNMET_TABLE: &str = "
page                             | 403 page: You don't have access to this page
HEAD page                        | 403 page: You don't have access to this page
POST page referer=/form          | 403 page: You don't have access to this page
fetch                            | 403 json forbidden requirement-not-met
htmx on=/list                    | 403 fragment
htmx history                     | 403 fragment
turbo-frame referer=/list        | 403 page: You don't have access to this page
unpoly referer=/list             | 403 page: You don't have access to this page
datastar referer=/list           | 200 patch: You don't have access to this page
websocket                        | 403 json forbidden requirement-not-met
event-stream                     | 403 json forbidden requirement-not-met
POST grpc                        | 200 grpc=7 requirement-not-met
";

const NO_ACTIVE_ORGANIZATION_TABLE: &str = "
page                             | 403 page: No organization is active organization=/organization back=/dashboard?tab=1
HEAD page                        | 403 page: No organization is active
POST page referer=/form          | 403 page: No organization is active organization=/organization back=/form
fetch referer=/list              | 403 json forbidden no-active-organization organization=/organization back=/list
htmx on=/list                    | 403 fragment organization=/organization back=/list
turbo-frame referer=/list        | 403 page: No organization is active organization=/organization back=/list
unpoly referer=/list             | 403 page: No organization is active organization=/organization back=/list
datastar referer=/list           | 200 patch: No organization is active organization=/organization back=/list
websocket                        | 403 json forbidden no-active-organization organization=/organization
POST grpc                        | 200 grpc=7 no-active-organization
";

const REVERIFICATION_TABLE: &str = "
page                             | 403 page: Please verify that it's you
POST page referer=/form          | 403 page: Please verify that it's you
fetch                            | 403 json clerk_error forbidden reverification-error second_factor/10
htmx on=/list                    | 403 fragment
unpoly                           | 403 page: Please verify that it's you
datastar                         | 200 patch: Please verify that it's you
websocket                        | 403 json clerk_error forbidden reverification-error second_factor/10
POST grpc                        | 200 grpc=7 reverification-error
";

const CANNOT_TELL_TABLE: &str = "
page                             | 503 retry-after=5 page: We couldn't reach the sign-in service
POST page referer=/form          | 503 retry-after=5 page: We couldn't reach the sign-in service
fetch                            | 503 retry-after=5 json unavailable clerk-unreachable
htmx on=/list                    | 503 retry-after=5 fragment
turbo-frame referer=/list        | 503 retry-after=5 page: We couldn't reach the sign-in service
unpoly referer=/list             | 503 retry-after=5 page: We couldn't reach the sign-in service
datastar referer=/list           | 200 patch: We couldn't reach the sign-in service
websocket                        | 503 retry-after=5 json unavailable clerk-unreachable
event-stream                     | 503 retry-after=5 json unavailable clerk-unreachable
POST grpc                        | 200 grpc=14 clerk-unreachable
";

/// Before any other check, for signed-in and signed-out requests.
const CROSS_SITE_TABLE: &str = "
POST page site=cross-site referer=https://evil.example/ | 403 page: This request came from another site
POST page site=same-site                         | 403 page: This request came from another site
POST page origin=null                            | 403 page: This request came from another site
POST page origin=https://evil.example            | 403 page: This request came from another site
DELETE fetch site=cross-site                     | 403 json forbidden cross-site-request
websocket origin=https://evil.example            | 403 json forbidden cross-site-request
POST htmx site=cross-site                        | 403 fragment
POST unpoly site=cross-site                      | 403 page: This request came from another site
POST datastar site=cross-site                    | 200 patch: This request came from another site
POST grpc site=cross-site                        | 200 grpc=7 cross-site-request
";

/// Runs every row through `send`, which gives the request to a guard (or an extractor) for the case.
pub(crate) async fn check(send: impl AsyncFn(Case, Request<Full<Bytes>>) -> Answer) {
    let mut problems = String::new();
    for (case, table) in [
        (Case::SignedOut, SIGNED_OUT_TABLE),
        (Case::Pending, PENDING_TABLE),
        (Case::Unmet, UNMET_TABLE),
        (Case::NoActiveOrganization, NO_ACTIVE_ORGANIZATION_TABLE),
        (Case::NeedsReverification, REVERIFICATION_TABLE),
        (Case::CannotTell, CANNOT_TELL_TABLE),
        (Case::SignedOut, CROSS_SITE_TABLE),
        (Case::Pending, CROSS_SITE_TABLE),
        (Case::Unmet, CROSS_SITE_TABLE),
        (Case::CannotTell, CROSS_SITE_TABLE),
    ] {
        for row in table.lines().filter(|row| !row.is_empty()) {
            let (words, expected) = row.split_once('|').unwrap();
            let answer = send(case, in_words(words, &case.cookies())).await;
            let (found, expected) = (summary(&answer, words.contains("HEAD")), expected.trim());
            let expected = match words.contains("HEAD") {
                true => expected.split(" page:").next().unwrap(),
                false => expected,
            };
            if found != expected {
                problems += &format!(
                    "\n\n{case:?}: {}\n  expected {expected}\n  found    {found}",
                    words.trim()
                );
            }
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

fn in_words(words: &str, cookies: &str) -> Request<Full<Bytes>> {
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
            other => panic!("no such word about a request: {other}"),
        };
        headers.push((name, value));
    }
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    request(&format!("{method} {address}"), &headers)
}

/// Status, the fields that matter, and what kind of body it is.
fn summary(answer: &Answer, is_head: bool) -> String {
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
