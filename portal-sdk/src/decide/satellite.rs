//! Several domains of one instance: a satellite gets the browser's session from its primary.

use url::Url;

use super::redirect::is_document_get;
use super::{Answer, Question, Stop};
use crate::instance::{InstanceType, Satellite, is_loopback, is_same_origin, with_scheme};
use crate::names::query;
use crate::portal::portal_base;
use crate::request::AuthenticateContext;
use crate::state::{AuthReason, RequestState, UndecidedCause};
use crate::url_query::set_parameter;

/// A satellite's sign-in URL on the satellite itself would cause a redirect loop. Only the browser's `Origin` shows it.
pub(super) fn check_sign_in_url(cx: &AuthenticateContext<'_>) -> Answer<()> {
    let instance = cx.instance();
    if !instance.is_satellite() {
        return Ok(());
    }
    let (Some(sign_in_url), Some(origin)) = (instance.sign_in_url(), cx.origin()) else {
        return Ok(());
    };
    match Url::parse(sign_in_url) {
        Ok(url) if url.origin().ascii_serialization() != origin => Ok(()),
        _ => Err(Stop::Undecided(UndecidedCause::SatelliteSignInUrl)),
    }
}

/// Returns the redirect of a satellite or its primary that comes before cookies, or `None` if cookies decide.
pub(super) fn answer(question: Question<'_, '_>) -> Option<RequestState> {
    if question.cx.instance().is_satellite() {
        satellite(question)
    } else {
        primary(question)
    }
}

fn satellite(question: Question<'_, '_>) -> Option<RequestState> {
    let cx = question.cx;
    let instance = cx.instance();
    let synced = cx.query_parameter(query::SYNCED);
    if !is_document_get(cx) || synced.as_deref() == Some("true") {
        return None;
    }
    let needs_sync = synced.as_deref() == Some("false");
    let has_cookies = cx.session_cookie().is_some() || cx.client_uat() != 0;
    if !needs_sync && has_cookies {
        return None;
    }
    if !needs_sync && !instance.satellite().is_some_and(Satellite::auto_sync) {
        return Some(question.signed_out(AuthReason::SessionTokenAndUatMissing.into()));
    }
    let refusal = AuthReason::SatelliteNeedsSyncing.into();
    if instance.instance_type() == InstanceType::Production {
        return Some(question.handshake_or_signed_out(refusal));
    }
    // In development the primary responds, at its sign-in page.
    let mut location = Url::parse(instance.sign_in_url()?).ok()?;
    location
        .query_pairs_mut()
        .append_pair(query::SATELLITE_REDIRECT_URL, cx.url().as_url().as_str());
    Some(question.redirect_or_signed_out(refusal, &location))
}

/// Redirects a satellite's browser back from a development primary, with the primary's development token.
fn primary(question: Question<'_, '_>) -> Option<RequestState> {
    let cx = question.cx;
    if !cx.instance().is_development() {
        return None;
    }
    let target = cx.query_parameter(query::SATELLITE_REDIRECT_URL)?;
    // Any other URL is not a satellite's; ignore the parameter.
    let mut location = satellite_address(cx, &target)?;
    if let Some(token) = cx.dev_browser() {
        location.query_pairs_mut().append_pair(query::DEV_BROWSER, token);
    }
    set_parameter(&mut location, query::SYNCED, "true");
    Some(question.redirect_or_signed_out(AuthReason::PrimaryRespondsToSyncing.into(), &location))
}

/// Returns `target` if the development token may be sent there: to this machine or to a configured satellite.
fn satellite_address(cx: &AuthenticateContext<'_>, target: &str) -> Option<Url> {
    let url = Url::parse(target)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let satellites = cx.instance().satellite_origins();
    let is_allowed = is_loopback(&url) || satellites.iter().any(|satellite| satellite.is_origin_of(&url));
    is_allowed.then_some(url)
}

/// Returns `true` if a link from another origin than Clerk's led to a signed-in page.
///
/// That origin could be a satellite whose state the primary does not have yet.
pub(super) fn comes_from_elsewhere(cx: &AuthenticateContext<'_>) -> bool {
    let instance = cx.instance();
    if instance.is_satellite() {
        return false;
    }
    if instance.syncs_from_satellites_only() {
        let is_satellite = |referer| {
            instance
                .satellite_origins()
                .iter()
                .any(|satellite| satellite.is_origin_of(referer))
        };
        return cx.referer().is_some_and(is_satellite);
    }
    cx.foreign_referer().is_some_and(|referer| !is_clerks(cx, referer))
}

/// Returns `true` if `referer` is the Frontend API or the portal of this instance, with or without a proxy.
pub(super) fn is_clerks(cx: &AuthenticateContext<'_>, referer: &Url) -> bool {
    let instance = cx.instance();
    let is_development_portal = instance.is_development() && referer.host_str().is_some_and(is_development_portal_host);
    let own = instance.publishable_key().frontend_api().as_str();
    let reached_as = instance.frontend_api_base(&cx.url().base());
    is_development_portal
        || [own, reached_as.as_str()].into_iter().any(|frontend_api| {
            let host = Url::parse(&with_scheme(frontend_api)).ok();
            let portal = Url::parse(&portal_base(frontend_api)).ok();
            host.is_some_and(|url| url.host_str() == referer.host_str())
                || portal.is_some_and(|url| is_same_origin(&url, referer))
        })
}

/// Returns `true` for hosts of Clerk's development portals, older and current.
fn is_development_portal_host(host: &str) -> bool {
    let is_legacy = host.starts_with("accounts.")
        && [".lcl.dev", ".lclstage.dev", ".lclclerk.com"]
            .iter()
            .any(|suffix| host.ends_with(suffix));
    let is_current = [".accounts.dev", ".accountsstage.dev", ".accounts.lclclerk.com"]
        .iter()
        .any(|suffix| host.strip_suffix(suffix).is_some_and(|slug| !slug.ends_with(".clerk")));
    is_legacy || is_current
}
