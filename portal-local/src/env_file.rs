//! The environment variables of an application that uses this portal.

use crate::state::App;

/// The headings within the block, each with the position of the next variable in [`variables`]. The variables before the
/// first heading are enough for an application of these crates.
const HEADINGS: [(usize, &str); 2] = [(2, "# For webhooks:"), (3, "# For other SDKs:")];

/// Name and value of everything an application can be told about this portal.
pub(crate) fn variables(app: &App) -> Vec<(&'static str, String)> {
    let page = |path: &str| format!("{}{path}", app.origin);
    vec![
        ("CLERK_PUBLISHABLE_KEY", app.publishable_key.as_str().to_owned()),
        ("CLERK_SECRET_KEY", app.secret_key.expose().to_owned()),
        ("CLERK_WEBHOOK_SIGNING_SECRET", app.webhook_secret.expose().to_owned()),
        ("CLERK_API_URL", app.origin.clone()),
        ("CLERK_PROXY_URL", app.origin.clone()),
        ("CLERK_SIGN_IN_URL", page("/sign-in")),
        ("CLERK_SIGN_UP_URL", page("/sign-up")),
        ("CLERK_TELEMETRY_DISABLED", "1".to_owned()),
    ]
}

/// The environment in the form of a `.env` file: the two keys, then the variables for webhooks and for other SDKs.
pub(crate) fn block(app: &App) -> String {
    let mut block = String::new();
    for (position, (name, value)) in variables(app).into_iter().enumerate() {
        if let Some((_, heading)) = HEADINGS.iter().find(|(before, _)| *before == position) {
            block.push_str(&format!("\n{heading}\n"));
        }
        block.push_str(&format!("{name}={value}\n"));
    }
    block.push_str("# For clients that refuse a scheme or a path inside the key; needs CLERK_PROXY_URL:\n");
    block.push_str(&format!(
        "# CLERK_PUBLISHABLE_KEY={}\n",
        app.plain_publishable_key.as_str()
    ));
    if let Ok(pem) = app.mint.public_key_line() {
        block.push_str("# To verify tokens without fetching the keys (omit the quotes for `docker run --env-file`):\n");
        block.push_str(&format!("# CLERK_JWT_KEY=\"{pem}\"\n"));
    }
    block
}
