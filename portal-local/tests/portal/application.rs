//! An application on `http://localhost:3000`: its cookies, its Backend API calls, and its view of tokens.

use std::collections::BTreeMap;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request};
use portal_local::LocalPortal;
use serde_json::{Value, json};

use crate::browser::{Answer, Browser, Http, http, send};
use crate::world::APP;

pub(crate) struct Application {
    http: Http,
    origin: String,
    pub(crate) secret_key: String,
    pub(crate) suffix: String,
}

impl Application {
    pub(crate) fn new(portal: &LocalPortal) -> Self {
        Self {
            http: http(),
            origin: portal.origin().to_owned(),
            secret_key: portal.secret_key().expose().to_owned(),
            suffix: portal.publishable_key().cookie_suffix().to_owned(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, Some(&self.secret_key), String::new())
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(&self.secret_key), body.to_string())
            .await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PATCH, path, Some(&self.secret_key), body.to_string())
            .await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, path, Some(&self.secret_key), body.to_string())
            .await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, Some(&self.secret_key), String::new())
            .await
    }

    pub(crate) async fn call(&self, method: Method, path: &str, key: Option<&str>, body: String) -> Answer {
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = method;
        *request.uri_mut() = format!("{}{path}", self.origin).parse().unwrap();
        request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = key {
            let value = HeaderValue::from_str(&format!("Bearer {key}")).unwrap();
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        send(&self.http, request).await
    }

    /// Sends `browser` through a handshake and applies what comes back.
    pub(crate) async fn handshake(&self, browser: &mut Browser) -> Cookies {
        let answer = browser
            .get(&format!(
                "/accounts.dev/v1/client/handshake?format=nonce&redirect_url={APP}/dashboard"
            ))
            .await;
        assert_eq!(answer.status, 307, "{}", answer.body);
        let nonce = answer.location_parameter("__clerk_handshake_nonce").unwrap();
        let payload = self.get(&format!("/v1/clients/handshake_payload?nonce={nonce}")).await;
        assert_eq!(payload.status, 200, "{}", payload.body);
        Cookies::apply(&payload.json()["directives"])
    }

    pub(crate) async fn refresh(&self, cookies: &Cookies) -> Answer {
        self.refresh_with(cookies, json!({})).await
    }

    /// A refresh with some fields of its body replaced.
    pub(crate) async fn refresh_with(&self, cookies: &Cookies, replaced: Value) -> Answer {
        let session = cookies.value("__session");
        let mut body = json!({
            "format": "cookie",
            "expired_token": session,
            "refresh_token": cookies.value(&format!("__refresh_{}", self.suffix)),
            "request_origin": APP,
            "request_headers": { "cookie": ["a=b"] },
        });
        for (name, value) in replaced.as_object().unwrap() {
            body[name] = value.clone();
        }
        let id = unverified_claims(session)["sid"].as_str().unwrap().to_owned();
        self.post(&format!("/v1/sessions/{id}/refresh?suffixed_cookies=true"), &body)
            .await
    }

    /// The claims of a token whose signature is right by the published keys.
    pub(crate) async fn verified_claims(&self, token: &str) -> Value {
        let keys = self.get("/v1/jwks").await.json();
        let key = &keys["keys"][0];
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let header: Value = serde_json::from_slice(&decode(message.split_once('.').unwrap().0)).unwrap();
        assert_eq!(header["alg"], "RS256");
        assert_eq!(header["typ"], "JWT");
        assert_eq!(header["cat"], "cl_B7d4PD111AAA");
        assert_eq!(header["kid"], key["kid"]);
        let public = RsaPublicKeyComponents {
            n: decode(key["n"].as_str().unwrap()),
            e: decode(key["e"].as_str().unwrap()),
        };
        public
            .verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &decode(signature))
            .expect("a signature by the published key");
        unverified_claims(token)
    }
}

pub(crate) fn unverified_header(token: &str) -> Value {
    let header = token.split('.').next().unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}

pub(crate) fn unverified_claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

/// The cookies of the application's origin after a set of directives.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cookies(BTreeMap<String, String>);

impl Cookies {
    pub(crate) fn apply(directives: &Value) -> Self {
        let pairs = directives.as_array().unwrap().iter().map(|directive| {
            let (pair, attributes) = directive.as_str().unwrap().split_once("; ").unwrap();
            assert!(attributes.starts_with("Path=/; "), "{attributes}");
            let (name, value) = pair.split_once('=').unwrap();
            assert!(
                !value.contains('='),
                "official SDKs cut a value at its second `=`: {pair}"
            );
            (name.to_owned(), value.to_owned())
        });
        Self(pairs.collect())
    }

    pub(crate) fn value(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("no cookie {name}"))
    }

    pub(crate) fn is_signed_in(&self) -> bool {
        !self.value("__session").is_empty() && self.value("__client_uat") != "0"
    }
}
