//! One case: the same settings, the same request, the same time; is it the same answer?

use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use portal_sdk::authenticator::Authenticator;
use portal_sdk::clock::UnixTime;
use portal_sdk::instance::{ConfigError, Instance, Satellite};
use portal_sdk::state::{Outcome, RequestState};
use portal_tests::conformance::outcome;
use serde_json::{Value, json};
use url::Url;

use crate::vectors::backend::ScriptedBackend;
use crate::vectors::file::{Case, OneOrMany, Options, Request};

pub(crate) enum Verdict {
    Same,
    Differs(String),
}

pub(crate) async fn replay(case: &Case) -> Verdict {
    let instance = match (instance(&case.options), case.refused) {
        (Ok(instance), false) => instance,
        (Err(_), true) => return Verdict::Same,
        (Ok(_), true) => return Verdict::Differs("  these settings must be refused".into()),
        (Err(error), false) => return Verdict::Differs(format!("  refused: {error}")),
    };
    let backend = ScriptedBackend::new(&case.backend);
    let now = UnixTime::from_millis(case.now);
    let authenticator = Authenticator::builder(instance)
        .backend(backend.clone())
        .clock(move || now)
        .build();
    let state = authenticator.authenticate(&parts(&case.request)).await.state;

    let wanted = case.wanted();
    if wanted.get("throws").is_some() {
        return match &state.outcome {
            Outcome::Undecided(cause) if !cause.is_temporary() => Verdict::Same,
            _ => Verdict::Differs(format!(
                "  the request must fail, came to {}",
                given(&state, &backend.calls())
            )),
        };
    }
    let given = given(&state, &backend.calls());
    let differences: Vec<String> = ["status", "reason", "headers", "auth", "calls"]
        .into_iter()
        .filter(|field| wanted[field] != given[field])
        .map(|field| format!("  {field}:\n    wanted {}\n    given  {}", wanted[field], given[field]))
        .collect();
    if differences.is_empty() {
        return Verdict::Same;
    }
    Verdict::Differs(differences.join("\n"))
}

fn instance(options: &Options) -> Result<Instance, ConfigError> {
    // Off, because Clerk's own SDK knows no other way (G8).
    let mut builder = Instance::builder(&*options.publishable_key, &*options.secret_key)
        .refresh_on_get_only(true)
        .satellite_origins(&options.satellite_origins)
        .authorized_parties(options.authorized_parties.iter().map(String::as_str))
        .audience(list(options.audience.as_ref()))
        .issuers(list(options.issuer.as_ref()));
    if let Some(pem) = &options.jwt_key {
        builder = builder.jwt_key(pem);
    }
    if let Some(url) = &options.proxy_url {
        builder = builder.proxy_url(url);
    }
    if options.is_satellite {
        let satellite = match (&options.domain, &options.proxy_url) {
            (Some(domain), _) => Satellite::on_domain(domain),
            (None, Some(url)) => Satellite::behind_proxy(url),
            (None, None) => return Err(ConfigError::SatelliteWithoutDomain),
        };
        builder = builder.satellite(satellite.with_auto_sync(options.satellite_auto_sync));
    }
    if let Some(url) = &options.sign_in_url {
        builder = builder.sign_in_url(url);
    }
    if let Some(url) = &options.sign_up_url {
        builder = builder.sign_up_url(url);
    }
    if let Some(sync) = &options.organization_sync_options {
        builder = builder
            .organization_patterns(&sync.organization_patterns)
            .personal_account_patterns(&sync.personal_account_patterns);
    }
    if let Some(millis) = options.clock_skew_in_ms {
        builder = builder.clock_skew(Duration::try_from_secs_f64(millis / 1_000.0).unwrap_or_default());
    }
    builder.build()
}

fn list(option: Option<&OneOrMany>) -> Vec<String> {
    option.map(OneOrMany::to_list).unwrap_or_default()
}

fn parts(request: &Request) -> Parts {
    // As a server sees it, or else as the package's own `Request` writes it.
    let uri = request.url.parse::<Uri>().or_else(|_| {
        let url = Url::parse(&request.url).map(String::from).unwrap_or_default();
        url.parse::<Uri>()
    });
    let (mut parts, ()) = http::Request::builder()
        .method(&*request.method)
        .uri(uri.expect("a URL"))
        .body(())
        .expect("a request")
        .into_parts();
    for (name, value) in &request.headers {
        let name: HeaderName = name.parse().expect("a header name");
        // Each character is a byte. A parser of HTTP drops the spaces around a value.
        let bytes: Vec<u8> = value
            .trim_matches([' ', '\t'])
            .chars()
            .map(|c| u8::try_from(u32::from(c)).expect("Latin-1"))
            .collect();
        let value = HeaderValue::from_bytes(&bytes).expect("a header value");
        parts.headers.append(name, value);
    }
    parts
}

fn given(state: &RequestState, calls: &Value) -> Value {
    let mut headers = HeaderMap::new();
    state.headers.apply(&mut headers);
    let latin1 = |value: &HeaderValue| value.as_bytes().iter().copied().map(char::from).collect::<String>();
    let mut headers: Vec<(String, String)> = headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), latin1(value)))
        .collect();
    // Stable, so that cookies keep their order.
    headers.sort_by(|(one, _), (other, _)| one.cmp(other));
    json!({
        "status": state.status().unwrap_or("undecided"),
        "reason": state.reason().map(ToString::to_string),
        "headers": headers,
        "auth": state.claims().map(outcome::auth),
        "calls": calls,
    })
}
