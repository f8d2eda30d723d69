//! The two APIs and the keys: what each key opens, and if both open the same instance.

use super::Doctor;
use super::problem::problem_of;
use super::report::{Check, Finding, Status};
use crate::backend::{Backend as _, Probe};
use crate::effect::BackendError;
use crate::instance::{Instance, Setting, without_user_info};

const COPY_BOTH_KEYS: &str = "set CLERK_SECRET_KEY and CLERK_PUBLISHABLE_KEY to the two keys of the same instance, from \
                              the API keys page of the Clerk dashboard or from the local portal's first lines";

impl Doctor {
    pub(super) fn backend_api(&self, probe: &Probe) -> Finding {
        let address = without_user_info(self.backend.address());
        let Err(error) = &probe.keys else {
            return Finding::ok(Check::BackendApi, format!("{address} accepts the secret key"));
        };
        let problem = problem_of(error, &self.backend);
        let fail = |verb: &str| Finding::new(Check::BackendApi, Status::Fail, format!("{address} {verb}: {problem}"));
        if !error.is_outage() {
            return fail("refuses the secret key")
                .with_fix(COPY_BOTH_KEYS)
                .with_setting(Setting::SecretKey);
        }
        let is_local = self.instance.publishable_key().frontend_api().local_origin().is_some();
        let fix = match (error.status(), is_local) {
            (None, true) => "start the local portal, or correct CLERK_API_URL or the port inside CLERK_PUBLISHABLE_KEY",
            (None, false) => "check this machine's network, DNS and firewall, and CLERK_API_URL if it is set",
            (Some(status), _) if status.is_server_error() => {
                "try again later (https://status.clerk.com), or correct CLERK_API_URL if it is set"
            }
            (Some(_), _) => "correct CLERK_API_URL: another server answers there",
        };
        let verb = match error.status() {
            None => "is unreachable",
            Some(_) => "does not answer as the Backend API",
        };
        fail(verb).with_fix(fix).with_setting(Setting::ApiUrl)
    }

    pub(super) fn signing_keys(&self, probe: &Probe) -> Finding {
        let Ok(keys) = &probe.keys else {
            return Finding::not_checked(Check::SigningKeys, "the Backend API returned no keys");
        };
        let fail = |found: &str| Finding::new(Check::SigningKeys, Status::Fail, found);
        if keys.usable() == 0 {
            return fail("the instance has no RSA key that verifies session tokens")
                .with_fix("check that CLERK_SECRET_KEY is of the instance whose users sign in")
                .with_setting(Setting::SecretKey);
        }
        let key_ids = keys.key_ids();
        match self.instance.jwt_key() {
            None => Finding::ok(Check::SigningKeys, format!("fetched {key_ids}")),
            Some(key) if keys.has_key(key) => Finding::ok(
                Check::SigningKeys,
                format!("CLERK_JWT_KEY is one of the instance's keys ({key_ids})"),
            ),
            Some(_) => fail(&format!("CLERK_JWT_KEY is not one of the instance's keys ({key_ids})"))
                .with_fix("copy the JWKS public key (PEM) again to CLERK_JWT_KEY, or unset it to fetch the keys")
                .with_setting(Setting::JwtKey),
        }
    }

    /// `base` is `None` if it depends on the request.
    pub(super) fn frontend_api(&self, base: Option<&str>, probe: Option<&Probe>) -> Finding {
        let (Some(base), Some(probe)) = (base, probe) else {
            let reason = "CLERK_PROXY_URL is a path of the application, whose address is unknown; set PORTAL_PUBLIC_ORIGIN \
                          to check it";
            return Finding::not_checked(Check::FrontendApi, reason).with_setting(Setting::PublicOrigin);
        };
        let base = without_user_info(base);
        let problem = match &probe.keys {
            Ok(keys) if !keys.is_empty() => return Finding::ok(Check::FrontendApi, format!("{base} answers")),
            Ok(_) => "no keys at /.well-known/jwks.json".to_owned(),
            Err(error) => problem_of(error, &self.backend),
        };
        let is_unreachable = probe.keys.as_ref().err().is_some_and(|error| error.status().is_none());
        let (setting, fix) = frontend_api_fix(&self.instance, is_unreachable);
        let verb = if is_unreachable {
            "is unreachable"
        } else {
            "does not answer as the Frontend API"
        };
        Finding::new(Check::FrontendApi, Status::Fail, format!("{base} {verb}: {problem}"))
            .with_fix(fix)
            .with_setting(setting)
    }

    pub(super) fn key_pair(&self, with_secret_key: &Probe, published: Option<&Probe>) -> Finding {
        let not_checked = |api: &str| Finding::not_checked(Check::KeyPair, format!("the {api} API returned no keys"));
        let secret = match &with_secret_key.keys {
            Ok(keys) if !keys.is_empty() => keys,
            _ => return not_checked("Backend"),
        };
        let published = match published.map(|probe| &probe.keys) {
            Some(Ok(keys)) if !keys.is_empty() => keys,
            _ => return not_checked("Frontend"),
        };
        if secret.shares_key_with(published) {
            return Finding::ok(Check::KeyPair, "both keys are of the same instance");
        }
        let found = format!(
            "the keys are of different instances: CLERK_SECRET_KEY of {}, CLERK_PUBLISHABLE_KEY of {}",
            secret.key_ids(),
            published.key_ids()
        );
        Finding::new(Check::KeyPair, Status::Fail, found)
            .with_fix(COPY_BOTH_KEYS)
            .with_setting(Setting::SecretKey)
    }
}

/// Returns the setting that decides the Frontend API's address, and the remedy.
fn frontend_api_fix(instance: &Instance, is_unreachable: bool) -> (Setting, &'static str) {
    if instance.proxy_url().is_some() {
        let fix = match is_unreachable {
            true => "correct CLERK_PROXY_URL, or start the application that serves it",
            false => "correct CLERK_PROXY_URL, or serve Clerk's Frontend API there (FrontendApiProxy)",
        };
        return (Setting::ProxyUrl, fix);
    }
    if instance.is_satellite() {
        return (
            Setting::Domain,
            "correct CLERK_DOMAIN, and its clerk. record in DNS; the dashboard's Domains page has both",
        );
    }
    let fix = match instance.publishable_key().frontend_api().local_origin() {
        Some(_) => "start the local portal, or copy CLERK_PUBLISHABLE_KEY again: it contains this address",
        None => "check the network and the domain's DNS record, and CLERK_PUBLISHABLE_KEY, which contains this address",
    };
    (Setting::PublishableKey, fix)
}

impl Probe {
    /// Returns `true` if a server answered, with whatever.
    pub(super) fn is_answered(&self) -> bool {
        self.keys.is_ok() || self.keys.as_ref().err().and_then(BackendError::status).is_some()
    }
}
