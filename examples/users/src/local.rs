use portal_local::{LocalPortal, LocalPortalBuilder, Settings};

use crate::app::WEBHOOKS;
use crate::profile::session_claims;

/// Describes a local portal whose tokens carry the profile, and which sends its events to the application.
///
/// On the command line: `portal-local serve --webhook-url http://localhost:3000/webhooks/clerk`, with the claims in its
/// settings.
pub fn local_portal(application: &str) -> LocalPortalBuilder {
    let mut settings = Settings::default();
    settings.session_claims = session_claims();
    LocalPortal::builder()
        .application_name("Users")
        .settings(settings)
        .webhook(format!("{application}{WEBHOOKS}"))
}
