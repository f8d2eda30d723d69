//! Facts that need no call: the types of the keys, the public origin, the names of the cookies.

use super::report::{Check, Finding, Status};
use crate::instance::{Instance, InstanceType, ProxyUrl, Setting};
use crate::names::cookie;
use crate::secret::WithoutQuery;

pub(super) fn key_types(instance: &Instance) -> Finding {
    let kind = match instance.instance_type() {
        InstanceType::Development => "test",
        InstanceType::Production => "live",
    };
    let publishable = instance.publishable_key().as_str().len();
    let secret = instance.secret_key().expose().len();
    Finding::ok(
        Check::KeyTypes,
        format!("two {kind} keys; publishable key of {publishable} characters, secret key of {secret}"),
    )
}

pub(super) fn public_origin(instance: &Instance) -> Finding {
    const BY_REQUEST: &str = "each request's own, by Host, X-Forwarded-Host and X-Forwarded-Proto";
    if let Some(first) = instance.public_origins().first() {
        let others = instance.public_origins().iter().count() - 1;
        let others = match others {
            0 => String::new(),
            count => format!(" and {count} more that a request may name"),
        };
        return Finding::ok(Check::PublicOrigin, format!("{}{others}", WithoutQuery(first)));
    }
    if instance.is_development() {
        return Finding::ok(Check::PublicOrigin, BY_REQUEST);
    }
    let proxy = match instance.proxy_url() {
        Some(ProxyUrl::Path(_)) => ", and so is the address of the Frontend API's proxy",
        _ => "",
    };
    Finding::new(Check::PublicOrigin, Status::Warn, format!("{BY_REQUEST}{proxy}"))
        .with_fix("set PORTAL_PUBLIC_ORIGIN to the application's address in browsers, such as https://app.example.com")
        .with_setting(Setting::PublicOrigin)
}

pub(super) fn cookies(instance: &Instance) -> Finding {
    let suffix = instance.publishable_key().cookie_suffix();
    let mut names: Vec<String> = [cookie::SESSION, cookie::CLIENT_UAT]
        .into_iter()
        .chain(instance.is_development().then_some(cookie::DEV_BROWSER))
        .map(|name| format!("{name}_{suffix} or {name}"))
        .collect();
    names.push(format!("{}_{suffix}", cookie::REFRESH));
    if !instance.is_development() {
        names.extend([cookie::HANDSHAKE, cookie::HANDSHAKE_NONCE].map(str::to_owned));
    }
    names.push(cookie::REDIRECT_COUNT.to_owned());
    Finding::ok(Check::Cookies, names.join(", "))
}
