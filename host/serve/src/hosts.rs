//! By which addresses a server is asked, and from whose pages.
//!
//! The host is compared with its port, since a name of another host that leads to the
//! loopback (DNS rebinding) is still that name.

use std::net::SocketAddr;
use std::str::FromStr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};

use super::problem::{Kind, Problem};

/// The port that browsers leave out.
const HTTP: u16 = 80;

/// An address of ours, such as `https://worlds.example`, which a proxy passes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    const SCHEME: &str = "https://";

    /// Its name, with its port where that is not the usual one.
    pub fn host(&self) -> &str {
        &self.0[Self::SCHEME.len()..]
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

/// A text that is no address of a proxy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no address by which a proxy is asked: give https:// and a name, as in \
     https://worlds.example, without a path"
)]
pub struct OriginError(String);

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let wrong = || OriginError(text.to_owned());
        let origin = text.trim_end_matches('/').to_ascii_lowercase();
        let host = origin.strip_prefix(Self::SCHEME).ok_or_else(wrong)?;
        let authority: Authority = host.parse().map_err(|_| wrong())?;
        let is_plain = |it: char| it.is_ascii_alphanumeric() || "-._[]:".contains(it);
        let is_named = !authority.host().is_empty() && authority.host().chars().all(is_plain);
        // What is no port is passed over by what reads it.
        let port = authority.port_u16().map_or_else(String::new, |port| format!(":{port}"));
        if !is_named || format!("{}{port}", authority.host()) != host {
            return Err(wrong());
        }
        // Browsers leave that one out.
        Ok(Self(origin.strip_suffix(":443").unwrap_or(&origin).to_owned()))
    }
}

/// The addresses of a server.
#[derive(Debug)]
pub struct Hosts {
    /// `host:port` that requests may be for, with the origin of our own pages there.
    known: Vec<(String, String)>,
}

impl Hosts {
    /// Those of a server that listens at an address, and is asked through proxies by
    /// others: on the loopback also by its own names, elsewhere by those of proxies
    /// alone.
    pub fn of(address: SocketAddr, proxies: &[Origin]) -> Self {
        let mut own = Vec::new();
        if address.ip().is_loopback() {
            let port = address.port();
            let names = ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}"));
            own = [address.to_string()].into_iter().chain(names).collect();
            if port == HTTP {
                let bare = |host: &String| host.trim_end_matches(":80").to_owned();
                own.extend(own.iter().map(bare).collect::<Vec<_>>());
            }
        }
        let own = own.into_iter().map(|host| {
            let origin = format!("http://{host}");
            (host, origin)
        });
        let proxied = proxies.iter().map(|it| (it.host().to_owned(), it.to_string()));
        Self { known: own.chain(proxied).collect() }
    }

    /// Checks that a request is for this server, and not from a page of another.
    ///
    /// # Errors
    ///
    /// It is for another host or for several, or from the page of another.
    pub fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = hosts.next().and_then(|it| it.to_str().ok()).unwrap_or("");
        let host = host.to_ascii_lowercase();
        // What a proxy before us took for the host may be another than we do.
        let is_several = hosts.next().is_some()
            || uri.authority().is_some_and(|it| !it.as_str().eq_ignore_ascii_case(&host));
        let known = self.known.iter().find(|(known, _)| *known == host).filter(|_| !is_several);
        let Some((_, ours)) = known else {
            let ours = self.known.first().map_or("another host", |(host, _)| host);
            let what = match is_several {
                true => format!("this is {ours}, and the request names several hosts"),
                false => format!("this is {ours}, and the request is for `{host}`"),
            };
            return Err(Problem::new(Kind::Origin, what));
        };
        let sites = headers.get_all(header::HeaderName::from_static("sec-fetch-site"));
        let is_other_site =
            sites.iter().any(|it| !matches!(it.as_bytes(), b"same-origin" | b"none"));
        let origins = headers.get_all(header::ORIGIN);
        let is_other_origin = origins.iter().any(|it| it.as_bytes() != ours.as_bytes());
        if is_other_site || is_other_origin {
            let what = "pages of other hosts are not answered: open the link that was printed";
            return Err(Problem::new(Kind::Origin, what));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(of: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in of {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn check(hosts: &Hosts, of: &[(&'static str, &'static str)]) -> Result<(), Problem> {
        hosts.check(&Uri::from_static("/"), &headers(of))
    }

    #[test]
    fn requests_of_and_for_other_hosts_are_refused() {
        let hosts = Hosts::of(([127, 0, 0, 1], 7878).into(), &[]);
        for good in [
            &[("host", "127.0.0.1:7878")][..],
            &[("host", "LOCALHOST:7878"), ("origin", "http://localhost:7878")],
            &[("host", "localhost:7878"), ("sec-fetch-site", "same-origin")],
        ] {
            assert_eq!(check(&hosts, good), Ok(()), "{good:?}");
        }
        for bad in [
            &[][..],
            &[("host", "127.0.0.1")],
            &[("host", "127.0.0.1:7879")],
            &[("host", "evil.example:7878")],
            &[("host", "localhost.evil.example:7878")],
            &[("host", "localhost:7878"), ("host", "evil.example")],
            &[("host", "localhost:7878"), ("origin", "http://evil.example")],
            &[("host", "localhost:7878"), ("origin", "null")],
            &[("host", "localhost:7878"), ("origin", "https://localhost:7878")],
            &[("host", "localhost:7878"), ("sec-fetch-site", "cross-site")],
            &[("host", "localhost:7878"), ("sec-fetch-site", "same-site")],
            &[
                ("host", "localhost:7878"),
                ("sec-fetch-site", "none"),
                ("sec-fetch-site", "cross-site"),
            ],
        ] {
            assert!(check(&hosts, bad).is_err(), "{bad:?}");
        }
        let one = headers(&[("host", "localhost:7878")]);
        assert!(hosts.check(&Uri::from_static("http://localhost:7878/"), &one).is_ok());
        assert!(hosts.check(&Uri::from_static("http://evil.example/"), &one).is_err());
    }

    #[test]
    fn behind_a_proxy_its_name_alone_is_ours() {
        let proxy: Origin = "https://Worlds.example/".parse().expect("an origin");
        let hosts = Hosts::of(([0, 0, 0, 0], 7878).into(), std::slice::from_ref(&proxy));
        assert!(check(&hosts, &[("host", "worlds.example")]).is_ok());
        let ours = [("host", "worlds.example"), ("origin", "https://worlds.example")];
        assert!(check(&hosts, &ours).is_ok());
        for bad in [
            &[("host", "worlds.example"), ("origin", "http://worlds.example")][..],
            &[("host", "worlds.example:443")],
            &[("host", "0.0.0.0:7878")],
            &[("host", "localhost:7878")],
        ] {
            assert!(check(&hosts, bad).is_err(), "{bad:?}");
        }
        let both = Hosts::of(([127, 0, 0, 1], 7878).into(), &[proxy]);
        assert!(check(&both, &[("host", "worlds.example")]).is_ok());
        assert!(check(&both, &[("host", "localhost:7878")]).is_ok());
    }

    #[test]
    fn an_address_of_a_proxy_is_a_name_and_nothing_else() {
        for (text, origin) in [
            ("https://worlds.example", "https://worlds.example"),
            ("https://worlds.example:443/", "https://worlds.example"),
            ("https://worlds.example:8443", "https://worlds.example:8443"),
            ("https://[::1]:8443", "https://[::1]:8443"),
        ] {
            assert_eq!(text.parse::<Origin>().expect(text).to_string(), origin);
        }
        for none in [
            "",
            "worlds.example",
            "http://worlds.example",
            "https://",
            "https://:443",
            "https://worlds.example:",
            "https://worlds.example:99999",
            "https://worlds.example/path",
            "https://me@worlds.example",
            "https://*.example",
            "https://a b",
        ] {
            assert!(none.parse::<Origin>().is_err(), "{none}");
        }
    }
}
