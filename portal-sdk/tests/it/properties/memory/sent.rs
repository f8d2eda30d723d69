//! Seeded requests with tokens in every encoding, of valid and of similar tokens.

use http::header::{AUTHORIZATION, COOKIE};
use http::request::Parts;
use http::{HeaderValue, Request};
use portal_sdk::limits::MAX_TOKEN_BYTES;
use portal_sdk::testing::TestKey;
use serde_json::json;

use crate::common::NOW_SECS;
use crate::common::tokens::{foreign_key, header, instance_key, session_claims, session_token};

/// A generator of numbers (xorshift), so that each run takes the same requests.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Self(seed + 1);
        // Small seeds are alike at first.
        for _ in 0..20 {
            dice.below(1);
        }
        dice
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    pub(super) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(super) fn pick<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        &items[self.below(items.len())]
    }
}

/// Tokens of both keys: valid ones, and others with parts of valid ones.
pub(super) fn tokens(issuer: &str, other: &TestKey) -> Vec<String> {
    let claims = [
        json!({}),
        json!({ "sub": "user_2", "sid": "sess_2", "exp": NOW_SECS + 600 }),
        json!({ "v": 2, "sid": "sess_3", "o": { "id": "org_1", "slg": "acme", "rol": "admin" }, "exp": NOW_SECS + 90 }),
        json!({ "sid": null, "iat": NOW_SECS, "exp": NOW_SECS as f64 + 30.5 }),
        json!({ "sts": "pending" }),
        json!({ "sub": "" }),
        json!({ "sub": "mch_1" }),
        json!({ "exp": NOW_SECS - 40, "iat": NOW_SECS - 100 }),
        json!({ "nbf": NOW_SECS + 40, "iat": NOW_SECS + 40, "exp": NOW_SECS + 100 }),
        json!({ "iss": "https://elsewhere.example" }),
        json!({ "iss": null }),
        json!({ "azp": "https://elsewhere.example", "aud": "x" }),
    ];
    let mut tokens: Vec<String> = [instance_key(), other]
        .into_iter()
        .flat_map(|key| claims.iter().map(|claims| session_token(key, issuer, claims)))
        .collect();
    for fields in [
        json!({ "kid": "ins_2" }),
        json!({ "kid": null }),
        json!({ "cat": "cl_B7d4PD222AAA" }),
        json!({ "cat": "cl_B7d4PD333AAA" }),
        json!({ "alg": "RS384" }),
        json!({ "typ": "at+jwt" }),
        json!({ "typ": null, "x": 1 }),
    ] {
        tokens.push(instance_key().sign(&header(&fields), &session_claims(issuer)));
    }
    let parts: Vec<Vec<&str>> = tokens.iter().map(|token| token.split('.').collect()).collect();
    let spliced = format!("{}.{}.{}", parts[0][0], parts[1][1], parts[0][2]);
    let headless = format!("{}.{}.{}", parts[24][0], parts[0][1], parts[0][2]);
    let unsigned = format!("{}.{}.", parts[0][0], parts[0][1]);
    let forged = session_token(foreign_key(), issuer, &json!({}));
    let long = |length: usize| {
        let text = "x".repeat(length * 3 / 4);
        session_token(instance_key(), issuer, &json!({ "long": text }))
    };
    let spare = MAX_TOKEN_BYTES - long(1).len();
    tokens.extend([spliced, headless, unsigned, forged]);
    tokens.extend([spare - 2, spare - 1, spare, spare + 1].map(long));
    tokens
}

/// Returns one of the tokens, most often a valid one.
fn token<'t>(dice: &mut Dice, tokens: &'t [String]) -> &'t str {
    match dice.one_in(2) {
        true => &tokens[dice.below(5)],
        false => dice.pick::<String>(tokens),
    }
}

/// Returns a token as a client could send it, or something like it.
fn sent(dice: &mut Dice, token: &str) -> Vec<u8> {
    const ENDS: [&[u8]; 16] = [
        b"=",
        b"==",
        b"%3D",
        b"%3d%3D",
        b"%",
        b"%2",
        b"%zz",
        b"%ff",
        b"\xe9",
        b" ",
        b"\t",
        b" x",
        b",",
        b"\xc3\xa9",
        b"%20",
        b"%00",
    ];
    // Around the length up to which values are read in another way.
    const SHORT: [&str; 6] = ["", "0", "a", "abcdefghijklmno", "abcdefghijklmnop", "abcdefghijklmnopq"];

    let bytes = token.as_bytes();
    let at = dice.below(bytes.len());
    let is_lower = dice.one_in(2);
    let percent = |byte: u8| match is_lower {
        true => format!("%{byte:02x}"),
        false => format!("%{byte:02X}"),
    };
    match dice.below(40) {
        0 => token.replace('.', &percent(b'.')).into_bytes(),
        1 => [&bytes[..at], percent(bytes[at]).as_bytes(), &bytes[at + 1..]].concat(),
        2 => bytes.iter().map(|byte| percent(*byte)).collect::<String>().into_bytes(),
        3 => format!("\"{token}\"").into_bytes(),
        4 | 5 => [bytes, dice.pick::<&[u8]>(&ENDS)].concat(),
        6 => [&bytes[..at], &[*dice.pick(b"aA=.-_%+\xff")], &bytes[at + 1..]].concat(),
        7 => bytes[..at].to_vec(),
        8 => bytes[at..].to_vec(),
        9 => token
            .replacen('.', dice.pick::<&str>(&["=.", "..", "%3D."]), 1)
            .into_bytes(),
        10 => [b" \t", bytes].concat(),
        11 => dice.pick(&SHORT).as_bytes().to_vec(),
        12 => bytes.to_ascii_uppercase(),
        _ => bytes.to_vec(),
    }
}

fn cookie_fields(dice: &mut Dice, tokens: &[String], suffix: &str) -> Vec<Vec<u8>> {
    let mut fields = vec![Vec::new()];
    let token = token(dice, tokens).to_owned();
    let value = sent(dice, &token);
    if dice.one_in(2) {
        let text = "__clerk_db_jwt=dvb; __clerk_db_jwt_SUFFIX=dvb; __client_uat=1; __client_uat_SUFFIX=1; __session";
        let field = &mut fields[0];
        field.extend_from_slice(text.replace("SUFFIX", suffix).as_bytes());
        field.extend_from_slice(
            &[
                b"=",
                &value[..],
                b"; __session_",
                suffix.as_bytes(),
                b"=",
                &value,
                b"; ",
            ]
            .concat(),
        );
    }
    for _ in 0..dice.below(9) {
        let kind = *dice.pick(&[
            "__session",
            "__session",
            "__session",
            "__client_uat",
            "__client_uat",
            "__clerk_db_jwt",
            "__refresh",
            "a",
            "__clerk_redirect_count",
        ]);
        let suffix = *dice.pick(&["", "", suffix, suffix, suffix, "x"]);
        let name = if suffix.is_empty() {
            kind.to_owned()
        } else {
            format!("{kind}_{suffix}")
        };
        let uat = [
            "0",
            "1",
            "1",
            "1",
            &(NOW_SECS - 5).to_string(),
            &(NOW_SECS + 5).to_string(),
            "",
            "x",
            "%31",
            "1234567890123456",
            "12345678901234567",
        ];
        let value = match kind {
            "__session" if dice.one_in(8) => sent(dice, &token),
            "__session" if dice.one_in(8) => {
                let other = self::token(dice, tokens).to_owned();
                sent(dice, &other)
            }
            "__session" | "a" => value.clone(),
            "__refresh" if dice.one_in(2) => value.clone(),
            "__client_uat" => (*dice.pick(&uat)).as_bytes().to_vec(),
            _ => (*dice.pick(&["", "0", "1", "dvb_1", "%64vb", "r"])).as_bytes().to_vec(),
        };
        if dice.one_in(8) {
            fields.push(Vec::new());
        }
        let field = fields.last_mut().unwrap();
        field.extend_from_slice((*dice.pick(&["", "", "", " ", "\t", ";", ";; ", "=;"])).as_bytes());
        field.extend_from_slice(name.as_bytes());
        field.extend_from_slice((*dice.pick(&["=", "=", "=", "=", " = ", "\t=", "==", ""])).as_bytes());
        field.extend_from_slice(&value);
        field.extend_from_slice((*dice.pick(&["; ", "; ", ";", " ; ", " ;\t", "", "=; "])).as_bytes());
    }
    fields
}

pub(super) fn request(dice: &mut Dice, tokens: &[String], suffix: &str) -> Parts {
    let method = *dice.pick(&["GET", "GET", "GET", "GET", "HEAD", "POST", "get"]);
    let target = *dice.pick(&[
        "/",
        "/a",
        "/b",
        "/c?d=1",
        "/orgs/acme/x",
        "/orgs/other",
        "//evil.example",
        "/?__clerk_db_jwt=x",
        "/?__clerk_cookie_check=1",
    ]);
    let mut request = Request::builder().method(method).uri(target);
    for _ in 0..dice.below(2) + 1 {
        request = request.header(
            "host",
            *dice.pick(&["app.example.com", "app.example.com", "b", "c", "d:80", "e", "f", ""]),
        );
    }
    for (name, values) in [
        ("accept", &["text/html", "*/*", "application/json"][..]),
        ("sec-fetch-dest", &["document", "empty", "iframe", ""]),
        (
            "referer",
            &[
                "https://app.example.com/x",
                "http://app.example.com/x",
                "http://app.example.com",
                "http://app.example.com:80/",
                "http://app.example.com.evil.example/",
                "http://app.example.com@evil.example/",
                "https://clerk.example.com/",
                "https://foo-bar-13.accounts.dev/x",
                "x",
            ],
        ),
        ("origin", &["http://app.example.com", "null", "https://evil.example"]),
        ("x-forwarded-proto", &["https", "http", "https, http", ""]),
        ("x-forwarded-host", &["app.example.com", "other.example", " ", "a b"]),
    ] {
        if dice.one_in(5) {
            request = request.header(name, *dice.pick(values));
        }
    }
    let fields = cookie_fields(dice, tokens, suffix);
    for value in fields {
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            request = request.header(COOKIE, value);
        }
    }
    if dice.one_in(6) {
        let token = token(dice, tokens).to_owned();
        let scheme = *dice.pick(&[&b"Bearer "[..], b"bearer   ", b"", b"Bearer\t", b"Basic "]);
        if let Ok(value) = HeaderValue::from_bytes(&[scheme, &sent(dice, &token)].concat()) {
            request = request.header(AUTHORIZATION, value);
        }
    }
    request.body(()).unwrap().into_parts().0
}
