//! One request, cut or changed at every byte.

use portal_tests::programs::Demo;

use super::application::{Application, Options};
use super::{Answer, exchange};

/// Bytes that end a line, a field, a name or a text, and one that ASCII does not have.
const INSERTED: [&str; 8] = ["\0", "\r", "\n", "\r\n", " ", ":", ",", "é"];

/// The servers' hosts, each with a request that is complete and not authorized.
struct Targets {
    _demo: Demo,
    application: Application,
    requests: Vec<(String, String)>,
}

impl Targets {
    async fn start() -> Self {
        let demo = Demo::start(&[]).await;
        let application = Application::start(Options::default()).await;
        let host = |origin: &str| origin.strip_prefix("http://").expect("a local origin").to_owned();
        let request = |path: &str, host: &str| {
            format!(
                "POST {path}?a=1 HTTP/1.1\r\nHost: {host}\r\nCookie: __session=a.b.c; __client_uat=1\r\n\
                 Authorization: Bearer sk_test_x\r\nContent-Length: 3\r\n\r\nabc"
            )
        };
        let (app, portal) = (host(&demo.app), host(&demo.portal));
        let requests = vec![
            (app.clone(), request("/dashboard", &app)),
            (portal.clone(), request("/v1/users", &portal)),
            (application.host.clone(), request("/who", "app.example.com")),
            (
                application.host.clone(),
                request("/__clerk/v1/client", "app.example.com"),
            ),
        ];
        Self {
            _demo: demo,
            application,
            requests,
        }
    }

    /// Asserts that the changed request was refused or answered as a signed-out one.
    fn check(&self, sent: &str, answers: &[Answer]) {
        for answer in answers {
            assert!((200..500).contains(&answer.status), "{sent:?}: {answer:?}");
            assert!(!answer.body.starts_with("user_"), "{sent:?}: {answer:?}");
        }
        assert_eq!(self.application.panics.get(), 0, "{sent:?}");
    }
}

#[tokio::test]
async fn request_that_is_cut_at_any_byte_gets_one_response_at_most() {
    let targets = Targets::start().await;
    for (host, request) in &targets.requests {
        for end in 0..=request.len() {
            let sent = &request[..end];
            let answers = exchange(host, sent).await;
            let has_head = sent.contains("\r\n\r\n");
            assert_eq!(answers.len(), usize::from(has_head), "{host} {sent:?}: {answers:?}");
            targets.check(sent, &answers);
        }
    }
}

/// A line end may end the head early: the rest is then another request, which is malformed.
#[tokio::test]
async fn byte_that_is_inserted_anywhere_signs_no_request_in() {
    let targets = Targets::start().await;
    for (host, request) in &targets.requests {
        for at in 0..request.len() {
            for inserted in INSERTED {
                let (before, after) = request.split_at(at);
                let sent = format!("{before}{inserted}{after}");
                let answers = exchange(host, &sent).await;
                // Without the end of a head the request is unfinished, and needs no response.
                let least = usize::from(sent.contains("\r\n\r\n"));
                assert!((least..=2).contains(&answers.len()), "{host} {sent:?}: {answers:?}");
                targets.check(&sent, &answers);
            }
        }
    }
}
