//! A readable name for a browser's `User-Agent`.

/// Returns the browser and the system that a `User-Agent` header names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) browser: Option<&'static str>,
    pub(crate) version: Option<String>,
    pub(crate) system: Option<&'static str>,
    pub(crate) is_mobile: bool,
}

/// Name and mark, in the order in which they tell browsers apart: many carry the marks of those below them.
const BROWSERS: [(&str, &str); 6] = [
    ("Edge", "Edg/"),
    ("Opera", "OPR/"),
    ("Firefox", "Firefox/"),
    ("Chrome", "HeadlessChrome/"),
    ("Chrome", "Chrome/"),
    ("Safari", "Version/"),
];
const SYSTEMS: [(&str, &str); 7] = [
    ("Android", "Android"),
    ("iOS", "iPhone"),
    ("iPadOS", "iPad"),
    ("Windows", "Windows"),
    ("macOS", "Mac OS X"),
    ("ChromeOS", "CrOS"),
    ("Linux", "Linux"),
];

impl Device {
    pub(crate) fn of(user_agent: &str) -> Self {
        let found = BROWSERS
            .iter()
            .find_map(|(name, mark)| Some((*name, user_agent.split_once(mark)?.1)));
        let version = found.map(|(_, rest)| {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest[..end].to_owned()
        });
        let system = SYSTEMS.iter().find(|(_, mark)| user_agent.contains(mark));
        Self {
            browser: found.map(|(name, _)| name),
            version: version.filter(|version| !version.is_empty()),
            system: system.map(|(name, _)| *name),
            is_mobile: user_agent.contains("Mobile"),
        }
    }

    /// Such as `Firefox 140 on Linux`.
    pub(crate) fn sentence(&self) -> String {
        let browser = match (self.browser, &self.version) {
            (Some(name), Some(version)) => format!("{name} {version}"),
            (Some(name), None) => name.to_owned(),
            (None, _) => "Unknown browser".to_owned(),
        };
        match self.system {
            Some(system) => format!("{browser} on {system}"),
            None => browser,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart() {
        for (user_agent, sentence) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36",
                "Chrome 147 on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0",
                "Edge 140 on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox 140 on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari 18 on iOS",
            ),
            ("curl/8.0", "Unknown browser"),
            ("", "Unknown browser"),
        ] {
            assert_eq!(Device::of(user_agent).sentence(), sentence, "{user_agent}");
        }
    }
}
