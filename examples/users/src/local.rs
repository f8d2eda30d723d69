use portal_local::{LocalPortal, LocalPortalBuilder, Settings};

use crate::app::WEBHOOKS;
use crate::profile::session_claims;

/// Describes a local portal whose tokens carry the profile, and that sends its events to the application.
///
/// Without this function it is `portal-local serve --webhook-url http://localhost:3000/webhooks/clerk`.
pub fn local_portal(application: &str) -> LocalPortalBuilder {
    let mut settings = Settings::default();
    settings.session_claims = session_claims();
    LocalPortal::builder()
        .application_name("Users")
        .settings(settings)
        .webhook(format!("{application}{WEBHOOKS}"))
}
