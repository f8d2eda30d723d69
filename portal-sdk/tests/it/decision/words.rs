//! The vocabulary of the tables: instances, tokens, payloads.

use portal_sdk::instance::{Instance, Satellite};
use serde_json::{Value, json};

use crate::common::tokens::{KEY_ID, foreign_key, header, instance_key, session_claims, session_token};
use crate::common::{LIVE_KEY, LIVE_SUFFIX, NOW_SECS, TEST_KEY, TEST_SUFFIX};

pub(super) const LIVE_FRONTEND_API: &str = "https://clerk.example.com";
pub(super) const TEST_FRONTEND_API: &str = "https://foo-bar-13.clerk.accounts.dev";

/// The instance under test and where its application runs.
pub(super) struct Setting {
    pub(super) instance: Instance,
    pub(super) address: &'static str,
    pub(super) frontend_api: &'static str,
    issuer: &'static str,
    suffix: &'static str,
}

impl Setting {
    /// `live` (production) or `test` (development), and its options after `+`.
    pub(super) fn named(name: &str) -> Self {
        let mut words = name.split('+');
        let is_live = match words.next() {
            Some("live") => true,
            Some("test") => false,
            other => panic!("no such instance: {other:?}"),
        };
        let (key, secret) = if is_live {
            (LIVE_KEY, "sk_live_x")
        } else {
            (TEST_KEY, "sk_test_x")
        };
        let auto_sync = words.clone().any(|word| word == "auto");
        let mut builder = Instance::builder(key, secret);
        let mut setting = (
            if is_live {
                "https://app.example.com/path"
            } else {
                "http://localhost:3000/path"
            },
            if is_live { LIVE_FRONTEND_API } else { TEST_FRONTEND_API },
            if is_live { LIVE_FRONTEND_API } else { TEST_FRONTEND_API },
        );
        for word in words {
            builder = match word {
                // Networkless: the key is configured, so no keys may be fetched.
                "pem" => builder.jwt_key(instance_key().pem()),
                "debug" => builder.debug(true),
                "parties" => builder.authorized_parties(["https://admin.example.com"]),
                "audience" => builder.audience(["api", "web"]),
                "issuer" => builder.issuers(["https://clerk.other.example"]),
                "no-skew" => builder.clock_skew(std::time::Duration::ZERO),
                "origins" => builder.satellite_origins(["https://satellite.example"]),
                "satellites-only" => builder.sync_from_satellites_only(true),
                "get-only" => builder.refresh_on_get_only(true),
                "callers" => builder.allowed_request_origins(["https://spa.example.com"]),
                "public-origin" => builder.public_origin("https://app.example.com"),
                "organizations" => builder
                    .organization_patterns(["/orgs/:slug", "/orgs/:slug/(.*)", "/orgs-by-id/:id"])
                    .personal_account_patterns(["/me", "/me/(.*)"]),
                // Belongs to the satellite beside it.
                "auto" => builder,
                "satellite" if is_live => {
                    setting = (
                        "https://satellite.dev/path",
                        "https://clerk.satellite.dev",
                        "https://clerk.satellite.dev",
                    );
                    builder
                        .satellite(Satellite::on_domain("satellite.dev").with_auto_sync(auto_sync))
                        .sign_in_url("https://primary.dev/sign-in")
                }
                "satellite" => {
                    setting.0 = "http://localhost:3001/path";
                    builder
                        .satellite(Satellite::on_domain("localhost:3001").with_auto_sync(auto_sync))
                        .sign_in_url("http://localhost:3000/sign-in")
                }
                "proxied-satellite" => {
                    setting.0 = "https://satellite.dev/path";
                    setting.1 = "https://satellite.dev/__clerk";
                    builder
                        .satellite(Satellite::behind_proxy("/__clerk").with_auto_sync(auto_sync))
                        .sign_in_url("https://primary.dev/sign-in")
                }
                "proxy" => {
                    setting.1 = "https://proxy.example/__clerk";
                    builder.proxy_url("https://proxy.example/__clerk/")
                }
                "proxy-path" => {
                    setting.1 = "https://app.example.com/__clerk";
                    builder.proxy_url("/__clerk")
                }
                other => panic!("no such word about an instance: {other}"),
            };
        }
        Self {
            instance: builder.build().unwrap(),
            address: setting.0,
            frontend_api: setting.1,
            issuer: setting.2,
            suffix: if is_live { LIVE_SUFFIX } else { TEST_SUFFIX },
        }
    }

    /// A session token of some kind; `hs:…` is a handshake token that carries a [`payload`](Self::payload).
    pub(super) fn token(&self, kind: &str) -> String {
        if let Some(payload) = kind.strip_prefix("hs:") {
            return self.handshake_token(&json!({}), payload);
        }
        let with_claims = |claims: Value| session_token(instance_key(), self.issuer, &claims);
        let with_header = |changes: Value| instance_key().sign(&header(&changes), &session_claims(self.issuer));
        match kind {
            "valid" => with_claims(json!({})),
            "newer" => with_claims(json!({ "iat": NOW_SECS - 2 })),
            "pending" => with_claims(json!({ "sts": "pending" })),
            "expired" => {
                with_claims(json!({ "iat": NOW_SECS - 3_605, "nbf": NOW_SECS - 3_615, "exp": NOW_SECS - 3_545 }))
            }
            "expired-without-sid" => {
                with_claims(json!({ "iat": NOW_SECS - 3_605, "exp": NOW_SECS - 3_545, "sid": null }))
            }
            "expired-with-odd-sid" => {
                with_claims(json!({ "iat": NOW_SECS - 3_605, "exp": NOW_SECS - 3_545, "sid": "../users" }))
            }
            "expired-just-now" => with_claims(json!({ "exp": NOW_SECS - 5 })),
            "expired-2s-ago" => with_claims(json!({ "exp": NOW_SECS - 2 })),
            "expired-2-days-ago" => with_claims(json!({ "exp": NOW_SECS - 2 * 86_400 })),
            "never-expires" => with_claims(json!({ "exp": 1e20 })),
            "early" => with_claims(json!({ "nbf": NOW_SECS + 60 })),
            "early-by-5s" => with_claims(json!({ "nbf": NOW_SECS + 5 })),
            "future" => with_claims(json!({ "iat": NOW_SECS + 60 })),
            "future-by-1h" => {
                with_claims(json!({ "iat": NOW_SECS + 3_600, "nbf": NOW_SECS + 3_600, "exp": NOW_SECS + 3_660 }))
            }
            "before-client" => with_claims(json!({ "iat": NOW_SECS - 6 })),
            "in-acme" => with_claims(json!({ "org_id": "org_a", "org_slug": "acme", "org_role": "org:admin" })),
            "in-acme-v2" => with_claims(json!({ "v": 2, "o": { "id": "org_a", "slg": "acme", "rol": "admin" } })),
            "in-acme-pending" => with_claims(json!({ "org_id": "org_a", "org_slug": "acme", "sts": "pending" })),
            "without-iat" => with_claims(json!({ "iat": null })),
            "without-azp" => with_claims(json!({ "azp": null })),
            "without-sub" => with_claims(json!({ "sub": null })),
            "without-exp" => with_claims(json!({ "exp": null })),
            "without-iss" => with_claims(json!({ "iss": null })),
            "exp-is-text" => with_claims(json!({ "exp": "soon" })),
            "sub-is-number" => with_claims(json!({ "sub": 5 })),
            "aud-api" => with_claims(json!({ "aud": ["other", "api"] })),
            "aud-other" => with_claims(json!({ "aud": "other" })),
            "aud-number" => with_claims(json!({ "aud": 5 })),
            "machine" => with_claims(json!({ "sub": "mch_1" })),
            "of-another-issuer" => with_claims(json!({ "iss": "https://clerk.another.example" })),
            "of-proxy-issuer" => with_claims(json!({ "iss": "https://proxy.example/__clerk" })),
            "of-http-issuer" => with_claims(json!({ "iss": self.issuer.replace("https", "HTTP") })),
            "oauth" => with_header(json!({ "typ": "at+jwt" })),
            "lower-case-typ" => with_header(json!({ "typ": "jwt" })),
            "template" => with_header(json!({ "cat": "cl_B7d4PD222AAA" })),
            "m2m" => with_header(json!({ "cat": "cl_B7d4PD333AAA" })),
            "of-unknown-category" => with_header(json!({ "cat": "something" })),
            "of-no-category" => with_header(json!({ "cat": null })),
            "of-null-category" => {
                let header = json!({ "alg": "RS256", "cat": null, "kid": KEY_ID });
                instance_key().sign(&header, &session_claims(self.issuer))
            }
            "of-ignored-category" => with_header(json!({ "cat": "cl_I7d4PD111III" })),
            "hs256" => with_header(json!({ "alg": "HS256" })),
            "alg-none" => with_header(json!({ "alg": "none" })),
            "rs384" => with_header(json!({ "alg": "RS384" })),
            "of-unknown-key" => with_header(json!({ "kid": "ins_2" })),
            "without-key-id" => with_header(json!({ "kid": null })),
            "forged" => session_token(foreign_key(), self.issuer, &json!({})),
            "expired-and-forged" => session_token(foreign_key(), self.issuer, &json!({ "exp": NOW_SECS - 3_545 })),
            "null-payload" => instance_key().sign(&header(&json!({})), &Value::Null),
            "null-header" => instance_key().sign(&Value::Null, &json!({})),
            "garbage" => "abc".to_owned(),
            "quoted" => format!("\"{}\"", self.token("valid")),
            "escaped" => self.token("valid").replace('.', "%2E"),
            "hs-of-foreign-key" => {
                foreign_key().sign(&header(&json!({})), &json!({ "handshake": self.payload("valid") }))
            }
            "hs-of-unknown-key" => self.handshake_token(&json!({ "kid": "ins_2" }), "valid"),
            "hs-of-template" => self.handshake_token(&json!({ "cat": "cl_B7d4PD222AAA" }), "valid"),
            "hs-that-expired" => instance_key().sign(
                &header(&json!({})),
                &json!({ "handshake": self.payload("valid"), "exp": NOW_SECS - 3_600, "iat": NOW_SECS - 3_660 }),
            ),
            "hs-of-numbers" => instance_key().sign(&header(&json!({})), &json!({ "handshake": [1, 2] })),
            "hs-of-nothing" => instance_key().sign(&header(&json!({})), &json!({ "handshake": "x" })),
            other => panic!("no such token: {other}"),
        }
    }

    fn handshake_token(&self, changes: &Value, payload: &str) -> String {
        instance_key().sign(&header(changes), &json!({ "handshake": self.payload(payload) }))
    }

    /// The `Set-Cookie` values that a handshake or a refresh brings: with a session token of some kind, or a special
    /// one.
    pub(super) fn payload(&self, kind: &str) -> Vec<String> {
        let suffix = self.suffix;
        let uat = format!(
            "__client_uat={}; Path=/; Domain=example.com; SameSite=Lax",
            NOW_SECS - 5
        );
        match kind {
            "none" => Vec::new(),
            "cleared" => vec![
                "__session=; Path=/; Max-Age=0".to_owned(),
                "__client_uat=0; Path=/".to_owned(),
            ],
            "name-that-begins-alike" => vec![format!("__sessionX={}; Path=/", self.token("valid"))],
            "another-suffix" => vec![format!("__session_12345678={}; Path=/", self.token("valid"))],
            "line-end" => vec![
                format!("__session={}; Path=/\r\nX-Injected: 1", self.token("valid")),
                uat,
            ],
            "suffixed-expired-last" => vec![
                format!("__session={}; Path=/", self.token("valid")),
                format!("__session_{suffix}={}; Path=/", self.token("expired")),
            ],
            kind => {
                let token = self.token(kind);
                vec![
                    format!("__session={token}; Path=/; SameSite=Lax"),
                    format!("__session_{suffix}={token}; Path=/; SameSite=Lax"),
                    uat,
                ]
            }
        }
    }

    /// The name of a cookie: `'` is this instance's suffix.
    pub(super) fn cookie_name(&self, word: &str) -> Option<String> {
        let (word, suffix) = match word.strip_suffix('\'') {
            Some(word) => (word, format!("_{}", self.suffix)),
            None => (word, String::new()),
        };
        let name = match word {
            "session" => "__session",
            "uat" => "__client_uat",
            "refresh" => "__refresh",
            "dev" => "__clerk_db_jwt",
            "handshake" => "__clerk_handshake",
            "nonce" => "__clerk_handshake_nonce",
            "count" => "__clerk_redirect_count",
            _ => return None,
        };
        Some(format!("{name}{suffix}"))
    }

    /// `text` with each `{kind}` replaced by a token of that kind, and `{recent}` by the second that valid tokens were
    /// issued in.
    pub(super) fn fill_in(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, kind, after)) = rest
            .split_once('{')
            .and_then(|(before, rest)| rest.split_once('}').map(|(kind, after)| (before, kind, after)))
        {
            filled.push_str(before);
            match kind {
                "recent" => filled.push_str(&(NOW_SECS - 5).to_string()),
                kind => filled.push_str(&self.token(kind)),
            }
            rest = after;
        }
        filled + rest
    }
}
