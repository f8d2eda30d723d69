//! [`Target`]: a receiver on this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::{Host, Url};

/// The URL of a receiver, and the loopback addresses behind it.
///
/// # Security
///
/// Events hold personal data. No name is looked up, so no resolver can send them to another machine.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    url: Url,
    addresses: Vec<SocketAddr>,
}

impl Target {
    /// Returns `None` unless `text` is an `http` URL of this machine: `localhost`, 127.0.0.0/8 or `[::1]`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_plain = url.scheme() == "http" && url.username().is_empty() && url.password().is_none();
        if !is_plain || url.fragment().is_some() {
            return None;
        }
        let (v4, v6) = (Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into());
        let hosts: Vec<IpAddr> = match url.host()? {
            Host::Domain("localhost") => vec![v4, v6],
            Host::Ipv4(address) => vec![address.into()],
            Host::Ipv6(address) => vec![address.into()],
            Host::Domain(_) => return None,
        };
        let port = url.port_or_known_default().filter(|port| *port != 0)?;
        if !hosts.iter().all(IpAddr::is_loopback) {
            return None;
        }
        let addresses = hosts.into_iter().map(|host| SocketAddr::new(host, port)).collect();
        Some(Self { url, addresses })
    }

    pub(crate) fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// The addresses to try, in this order.
    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The value of `Host`.
    pub(super) fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// The path and query string of the request.
    pub(super) fn path(&self) -> &str {
        &self.url[url::Position::BeforePath..url::Position::AfterQuery]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_of_this_machine_is_accepted() {
        for (text, host, path, addresses) in [
            (
                "http://localhost:3000/hooks?a=b",
                "localhost:3000",
                "/hooks?a=b",
                "127.0.0.1:3000 [::1]:3000",
            ),
            ("http://127.0.0.1", "127.0.0.1", "/", "127.0.0.1:80"),
            ("http://127.9.9.9:1/", "127.9.9.9:1", "/", "127.9.9.9:1"),
            ("http://[::1]:3000/x", "[::1]:3000", "/x", "[::1]:3000"),
            (
                "http://LOCALHOST:3000",
                "localhost:3000",
                "/",
                "127.0.0.1:3000 [::1]:3000",
            ),
        ] {
            let target = Target::parse(text).unwrap();
            let found: Vec<String> = target.addresses().iter().map(ToString::to_string).collect();
            assert_eq!(
                (target.host().as_str(), target.path(), found.join(" ").as_str()),
                (host, path, addresses),
                "{text}"
            );
        }
    }

    #[test]
    fn other_url_is_refused() {
        for text in [
            "",
            "localhost:3000",
            "/hooks",
            "https://localhost:3000/",
            "ftp://localhost/",
            "http://example.com/",
            "http://localhost.evil.example/",
            "http://app.localhost/",
            "http://localhost@evil.example/",
            "http://ada:secret@localhost/",
            "http://10.0.0.1/",
            "http://0.0.0.0:3000/",
            "http://[::]:3000/",
            "http://[::ffff:127.0.0.1]:3000/",
            "http://localhost:0/",
            "http://localhost/#part",
        ] {
            assert!(Target::parse(text).is_none(), "{text}");
        }
    }
}
