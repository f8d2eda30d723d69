//! Everything that the browser keeps for any host.

use serde::Deserialize;
use serde_json::Value;

use super::Browser;
use super::commands::DevTools;

/// A cookie as the browser keeps it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptCookie {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The host it is for; with a dot in front, that host's subdomains too.
    pub domain: String,
    /// The path it is for.
    pub path: String,
    /// The time of expiry, in seconds since 1970; negative for a session cookie.
    pub expires: f64,
    /// `true` if scripts cannot read it.
    pub http_only: bool,
    /// `true` if it is sent over TLS only.
    pub secure: bool,
    /// The attribute `SameSite`; `None` if unset.
    pub same_site: Option<String>,
}

impl Browser {
    /// The cookies of all hosts.
    ///
    /// # Panics
    ///
    /// If the browser is gone.
    #[must_use]
    pub fn jar(&self) -> Vec<KeptCookie> {
        let kept = self.chromium().cookies().expect("the browser is there");
        serde_json::from_value(kept).expect("a list of cookies")
    }

    /// The value of the first cookie of the page's host whose name starts so.
    pub async fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.client.get_all_cookies().await.expect("the browser is there");
        cookies
            .iter()
            .find(|cookie| cookie.name().starts_with(name))
            .map(|cookie| cookie.value().to_owned())
    }

    /// Removes the cookies of the page's host whose names start so.
    ///
    /// # Panics
    ///
    /// If the browser is gone.
    pub async fn remove_cookies(&self, prefix: &str) {
        let cookies = self.client.get_all_cookies().await.expect("the browser is there");
        for cookie in cookies.iter().filter(|cookie| cookie.name().starts_with(prefix)) {
            self.client
                .delete_cookie(cookie.name())
                .await
                .expect("the browser is there");
        }
    }

    pub(super) async fn dev_tools(&self, command: &str, parameters: &Value) -> Value {
        let answer = self.client.issue_cmd(DevTools::new(command, parameters)).await;
        answer.unwrap_or_else(|error| panic!("{command}: {error}"))
    }
}
