//! The `Set-Cookie` values that an application must forward.
//!
//! Every name comes plain and suffixed with the same value. The order matters: official SDKs take the session token
//! from the last entry whose name starts with `__session`, and cut a value at its first `=`.

use portal_sdk::names::cookie;

const YEAR: &str = "Max-Age=31536000";
const GONE: &str = "Expires=Thu, 01 Jan 1970 00:00:00 GMT";

/// The cookies of a signed-in browser, besides its development browser's token.
pub(crate) struct SignedIn<'a> {
    pub(crate) client_uat_secs: i64,
    pub(crate) refresh_token: &'a str,
    pub(crate) session_token: &'a str,
}

impl SignedIn<'_> {
    /// The cookies that a refresh renews, for applications that know their cookies by one of `suffixes`.
    pub(crate) fn refreshed(&self, suffixes: &[&str]) -> Vec<String> {
        // `__client_uat` is Lax although Clerk's script writes Strict: a Strict cookie is not sent on the way back from
        // the portal, and the application would start another handshake.
        let mut directives = all(cookie::CLIENT_UAT, suffixes, &self.client_uat_secs.to_string());
        directives.extend(suffixes.iter().map(|suffix| {
            let name = cookie::REFRESH;
            format!(
                "{name}_{suffix}={}; Path=/; {YEAR}; HttpOnly; SameSite=Lax",
                self.refresh_token
            )
        }));
        directives.extend(all(cookie::SESSION, suffixes, self.session_token));
        directives
    }

    /// The cookies that a handshake sets.
    pub(crate) fn handshake(&self, suffixes: &[&str], dev_browser_token: &str) -> Vec<String> {
        let mut directives = all(cookie::DEV_BROWSER, suffixes, dev_browser_token);
        directives.extend(self.refreshed(suffixes));
        directives
    }
}

/// The cookies that a handshake sets and removes for a signed-out browser.
pub(crate) fn signed_out(suffixes: &[&str], dev_browser_token: &str) -> Vec<String> {
    let mut directives = all(cookie::DEV_BROWSER, suffixes, dev_browser_token);
    directives.extend(all(cookie::CLIENT_UAT, suffixes, "0"));
    directives.extend(
        suffixes
            .iter()
            .map(|suffix| gone(&format!("{}_{suffix}", cookie::REFRESH))),
    );
    directives.push(gone(cookie::SESSION));
    directives.extend(
        suffixes
            .iter()
            .map(|suffix| gone(&format!("{}_{suffix}", cookie::SESSION))),
    );
    directives
}

/// The cookie that names the development browser on the portal's own host.
pub(crate) fn dev_browser_cookie(token: &str) -> String {
    lasting(cookie::DEV_BROWSER, token)
}

/// The plain name, then the suffixed ones.
fn all(name: &str, suffixes: &[&str], value: &str) -> Vec<String> {
    let mut directives = vec![lasting(name, value)];
    directives.extend(
        suffixes
            .iter()
            .map(|suffix| lasting(&format!("{name}_{suffix}"), value)),
    );
    directives
}

fn gone(name: &str) -> String {
    format!("{name}=; Path=/; {GONE}")
}

fn lasting(name: &str, value: &str) -> String {
    // No `Secure`: Safari refuses such cookies on plain http, also from this machine.
    format!("{name}={value}; Path=/; {YEAR}; SameSite=Lax")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_session_entry_carries_the_token() {
        let signed_in = SignedIn {
            client_uat_secs: 7,
            refresh_token: "R",
            session_token: "S",
        };
        let names: Vec<_> = signed_in
            .handshake(&["sfx"], "D")
            .iter()
            .map(|directive| directive.split(';').next().unwrap().to_owned())
            .collect();
        assert_eq!(
            names,
            [
                "__clerk_db_jwt=D",
                "__clerk_db_jwt_sfx=D",
                "__client_uat=7",
                "__client_uat_sfx=7",
                "__refresh_sfx=R",
                "__session=S",
                "__session_sfx=S",
            ]
        );
    }

    #[test]
    fn signing_out_ends_with_an_empty_session() {
        let directives = signed_out(&["sfx"], "D");
        assert_eq!(directives.len(), 7);
        assert!(directives[6].starts_with("__session_sfx=; Path=/; Expires="));
        assert_eq!(
            directives
                .iter()
                .filter(|directive| directive.contains("__client_uat") && directive.contains("=0;"))
                .count(),
            2
        );
    }
}
