//! The secrets of a run, and the search for them in a program's output.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::Value;
use url::form_urlencoded;

/// Shorter values, such as codes of six digits, occur in many lines by chance, so they are not searched.
const MIN_BYTES: usize = 8;

/// Cookies that hold a number and no secret.
const COUNTERS: [&str; 4] = [
    "__client_uat",
    "__clerk_redirect_count",
    "__portal_redirects",
    "__portal_visit",
];

/// Parameters of a URL that carry a credential.
const PARAMETERS: [&str; 9] = [
    "__clerk_db_jwt",
    "__dev_session",
    "__clerk_handshake",
    "__clerk_handshake_nonce",
    "__session",
    "__clerk_ticket",
    "ticket",
    "code",
    "state",
];

/// Members of a JSON object that carry one.
const MEMBERS: [&str; 6] = ["token", "jwt", "ticket", "code", "refresh_token", "totp_secret"];

/// Every secret that was sent or received.
#[derive(Default)]
pub(crate) struct Secrets(Mutex<BTreeSet<String>>);

impl Secrets {
    /// Adds a secret. The signature of a token counts as the token.
    pub(crate) fn add(&self, secret: &str) {
        let parts: Vec<&str> = secret.split('.').collect();
        let distinctive = match parts[..] {
            [_, _, signature] if signature.len() >= MIN_BYTES => signature,
            _ => secret,
        };
        if distinctive.len() >= MIN_BYTES {
            self.0.lock().expect("no panic").insert(distinctive.to_owned());
        }
    }

    pub(crate) fn add_set_cookie(&self, set_cookie: &str) {
        let pair = set_cookie.split(';').next().unwrap_or_default();
        if let Some((name, value)) = pair.split_once('=')
            && !COUNTERS.iter().any(|counter| name.starts_with(counter))
        {
            self.add(value);
        }
    }

    /// Adds the credentials in a URL's query string, and in the URLs inside it.
    pub(crate) fn add_url(&self, url: &str) {
        let Some((_, query)) = url.split_once('?') else { return };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match PARAMETERS.contains(&&*name) {
                true => self.add(&value),
                false => self.add_url(&value),
            }
        }
    }

    /// Adds the credentials in a page: the proofs of forms and the links.
    pub(crate) fn add_page(&self, html: &str) {
        let until_quote = |rest: &str| rest.split('"').next().unwrap_or_default().to_owned();
        for rest in html.split("name=\"form_token\" value=\"").skip(1) {
            self.add(&until_quote(rest));
        }
        for rest in html.split("href=\"").skip(1) {
            self.add_url(&until_quote(rest).replace("&amp;", "&").replace("&#38;", "&"));
        }
        for rest in html.split("-secret\">").skip(1) {
            let shown = rest.split('<').next().unwrap_or_default();
            self.add(shown);
            self.add(&shown.replace(' ', ""));
        }
        for rest in html.split("<textarea").skip(1) {
            let codes = rest.split('>').nth(1).and_then(|rest| rest.split('<').next());
            codes.unwrap_or_default().lines().for_each(|code| self.add(code.trim()));
        }
    }

    pub(crate) fn add_json(&self, value: &Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    match member {
                        Value::String(text) if MEMBERS.contains(&name.as_str()) => self.add(text),
                        Value::String(text) => self.add_url(text),
                        other => self.add_json(other),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.add_json(item)),
            _ => {}
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().expect("no panic").len()
    }

    /// The lines that hold a secret or seem to, each after the secret or the reason.
    pub(crate) fn found_in(&self, lines: &[String]) -> Vec<String> {
        let secrets = self.0.lock().expect("no panic");
        let problem = |line: &String| {
            let known = secrets.iter().find(|secret| line.contains(secret.as_str()));
            let problem = known.map(String::as_str).or_else(|| shape(line))?;
            Some(format!("{problem}: {line}"))
        };
        lines.iter().filter_map(problem).collect()
    }
}

/// Returns the kind of secret that a line seems to hold, by its form.
pub(crate) fn shape(line: &str) -> Option<&'static str> {
    if line.contains("PRIVATE KEY") || line.contains("\"d\":\"") {
        return Some("a private key");
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    line.split(|c| !is_part(c)).find_map(|word| {
        let after = |prefix| word.split(prefix).nth(1).map_or(0, str::len);
        let parts: Vec<&str> = word.split('.').collect();
        if after("sk_test_") > MIN_BYTES || after("sk_live_") > MIN_BYTES {
            return Some("a secret key");
        }
        if after("dvb_") > MIN_BYTES {
            return Some("a development browser");
        }
        let is_token = |parts: &[&str]| parts[0].ends_with("eyJ") || parts[0].contains("eyJ");
        (parts.windows(3).any(|parts| is_token(parts) && parts[2].len() >= 20)).then_some("a token with its signature")
    })
}

#[test]
fn shapes_of_secrets_are_found_and_texts_about_them_are_not() {
    for line in [
        "key=sk_test_0123456789abc",
        "\"SK: sk_live_0123456789abc\"",
        "a=eyJhbGciOiJ9.eyJzdWIiOi.c2lnbmF0dXJlc2lnbmF0dXJl&b",
        "-----BEGIN PRIVATE KEY-----",
        "{\"kty\":\"RSA\",\"d\":\"AQAB\"}",
        "browser dvb_2abcdefghijklmnop",
    ] {
        assert!(shape(line).is_some(), "{line}");
    }
    for line in [
        "expected a secret key (sk_test_… or sk_live_…)",
        "SecretKey(sk_test_[redacted])",
        "-----BEGIN PUBLIC KEY-----",
        "GET /v1/client/handshake?[redacted]",
        "header.payload.signature",
    ] {
        assert_eq!(shape(line), None, "{line}");
    }
    let secrets = Secrets::default();
    secrets.add_url("/?redirect_url=http%3A%2F%2Fx%2F%3F__clerk_ticket%3Dinner-ticket&a=b");
    secrets.add_set_cookie("__session=aaa.bbb.signature1; Path=/");
    secrets.add_set_cookie("__client_uat=1800000000; Path=/");
    let lines = ["ticket inner-ticket", "only .signature1", "at 1800000000", "aaa.bbb"].map(str::to_owned);
    assert_eq!(secrets.found_in(&lines).len(), 2);
}
