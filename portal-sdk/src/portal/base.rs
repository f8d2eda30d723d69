//! Where the portal lives, derived from the Frontend API's host.

use std::borrow::Cow;

/// The origin of the portal that belongs to `frontend_api` (a host, or a local portal's `http://` address).
///
/// Clerk derives it by text: `clerk.accountsstage.` becomes `accountsstage.`, then the first `clerk.accounts.` or
/// `clerk.` becomes `accounts.`. A local portal serves its pages from the origin of its Frontend API.
pub(crate) fn portal_base(frontend_api: &str) -> String {
    if let Some(rest) = frontend_api.strip_prefix("http://") {
        let host = rest.split('/').next().unwrap_or_default();
        return format!("http://{host}");
    }
    let host = frontend_api.strip_prefix("https://").unwrap_or(frontend_api);
    let host: Cow<'_, str> = if host.contains("clerk.accountsstage.") {
        host.replacen("clerk.accountsstage.", "accountsstage.", 1).into()
    } else {
        host.into()
    };
    let Some(at) = host.find("clerk.") else {
        return format!("https://{host}");
    };
    let rest = &host[at + "clerk.".len()..];
    let rest = rest.strip_prefix("accounts.").unwrap_or(rest);
    format!("https://{}accounts.{rest}", &host[..at])
}

#[cfg(test)]
mod tests {
    use super::portal_base;

    #[test]
    fn bases_are_those_of_clerk() {
        for (frontend_api, base) in [
            ("clerk.example.com", "https://accounts.example.com"),
            ("clerk.app.example.co.uk", "https://accounts.app.example.co.uk"),
            ("foo-bar-13.clerk.accounts.dev", "https://foo-bar-13.accounts.dev"),
            ("clerk.foo.bar-13.lcl.dev", "https://accounts.foo.bar-13.lcl.dev"),
            (
                "foo-bar-13.clerk.accountsstage.dev",
                "https://foo-bar-13.accountsstage.dev",
            ),
            (
                "foo-bar-13.clerk.accounts.lclclerk.com",
                "https://foo-bar-13.accounts.lclclerk.com",
            ),
            ("frontend.example.com", "https://frontend.example.com"),
            ("myclerk.com", "https://myaccounts.com"),
            ("http://127.0.0.1:8787/accounts.dev", "http://127.0.0.1:8787"),
        ] {
            assert_eq!(portal_base(frontend_api), base);
        }
    }
}
