//! Who may ask: a token always, the address that was printed, and no page of another
//! host.
//!
//! The host is compared with its port, since a name of another host that leads to the
//! loopback (DNS rebinding) is still that name.

use std::net::SocketAddr;
use std::sync::Mutex;

use axum::http::{HeaderMap, header};
use sandtable::record::hex;
use subtle::ConstantTimeEq;

use super::cursor::Secret;
use super::principal::Principal;
use super::problem::{Kind, Problem};

/// The port that browsers leave out.
const HTTP: u16 = 80;

/// What opens a server.
pub struct Key {
    /// What requests carry.
    token: String,
    /// Who has it.
    host: Principal,
    /// What the printed link carries, until it was used.
    once: Mutex<Option<String>>,
    /// What cursors are sealed with.
    secret: Secret,
    /// `host:port` that requests may be for.
    hosts: Vec<String>,
}

impl Key {
    /// A key for a server at this address of the loopback, with a token that is given or
    /// drawn.
    ///
    /// # Errors
    ///
    /// The system gives no random numbers.
    pub fn new(address: SocketAddr, token: Option<String>) -> Result<Self, getrandom::Error> {
        let token = match token {
            Some(token) => token,
            None => format!("st_{}", hex(&random()?)),
        };
        let (once, secret) = (Mutex::new(Some(hex(&random()?))), random()?);
        let port = address.port();
        let names = ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}"));
        let mut hosts: Vec<String> = [address.to_string()].into_iter().chain(names).collect();
        if port == HTTP {
            let bare = |host: &String| host.trim_end_matches(":80").to_owned();
            hosts.extend(hosts.iter().map(bare).collect::<Vec<_>>());
        }
        Ok(Self { token, host: Principal::host(), once, secret, hosts })
    }

    /// What stands behind the `#` of the printed link. It is taken once.
    pub fn fragment(&self) -> Option<String> {
        self.once.lock().map_or(None, |once| once.clone())
    }

    /// What cursors are sealed with.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Gives the token for what the printed link carries.
    ///
    /// # Errors
    ///
    /// It was taken, or is none.
    pub fn exchange(&self, given: &str) -> Result<String, Problem> {
        let refused = "the link was used already, or is of another run: open the one that was \
                       printed last, or start the server again";
        let refused = || Problem::new(Kind::Token, refused);
        let mut once = self.once.lock().map_err(|_| refused())?;
        match once.as_deref() {
            Some(once) if same(once, given) => {}
            _ => return Err(refused()),
        }
        *once = None;
        Ok(self.token.clone())
    }

    /// Checks that a request is for this server, and not from a page of another.
    ///
    /// # Errors
    ///
    /// It is for another host, or from the page of one.
    pub fn check_host(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let text = |name| headers.get(name).and_then(|it| it.to_str().ok());
        let host = text(header::HOST).unwrap_or("").to_ascii_lowercase();
        if !self.hosts.contains(&host) {
            let what = format!("this is {}, and the request is for `{host}`", self.hosts[0]);
            return Err(Problem::new(Kind::Origin, what));
        }
        let site = text(header::HeaderName::from_static("sec-fetch-site"));
        let is_other_site = site.is_some_and(|it| !matches!(it, "same-origin" | "none"));
        let ours = format!("http://{host}");
        let is_other_origin =
            headers.get(header::ORIGIN).is_some_and(|it| it.as_bytes() != ours.as_bytes());
        if is_other_site || is_other_origin {
            let what = "pages of other hosts are not answered: open the link that was printed";
            return Err(Problem::new(Kind::Origin, what));
        }
        Ok(())
    }

    /// Who asks, by the token of the request.
    ///
    /// # Errors
    ///
    /// There is none, or it is another.
    pub fn principal(&self, headers: &HeaderMap) -> Result<Principal, Problem> {
        let given = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
        let bearer = given.and_then(|it| it.split_once(' '));
        match bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, it)| it) {
            Some(given) if same(given.trim(), &self.token) => Ok(self.host.clone()),
            Some(_) => Err(Problem::new(Kind::Token, "the token is none of this server")),
            None => Err(Problem::new(
                Kind::Token,
                "send the header `Authorization: Bearer <token>`, or open the link that was printed",
            )),
        }
    }
}

/// In a time that does not depend on where they differ.
fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

fn random() -> Result<[u8; 32], getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(of: &[(&'static str, &'static str)]) -> HeaderMap {
        of.iter()
            .map(|(name, value)| {
                (header::HeaderName::from_static(name), HeaderValue::from_static(value))
            })
            .collect()
    }

    #[test]
    fn a_link_opens_once() {
        let key = Key::new(([127, 0, 0, 1], 7878).into(), None).expect("a key");
        let fragment = key.fragment().expect("a fragment");
        assert!(key.exchange("wrong").is_err());
        let token = key.exchange(&fragment).expect("the token");
        assert!(key.exchange(&fragment).is_err());
        let mut asked = HeaderMap::new();
        assert!(key.principal(&asked).is_err());
        let bearer = format!("Bearer {token}");
        asked.insert(header::AUTHORIZATION, HeaderValue::from_str(&bearer).expect("a header"));
        assert_eq!(key.principal(&asked), Ok(Principal::host()));
    }

    #[test]
    fn requests_of_and_for_other_hosts_are_refused() {
        let key = Key::new(([127, 0, 0, 1], 7878).into(), None).expect("a key");
        for good in [
            &[("host", "127.0.0.1:7878")][..],
            &[("host", "LOCALHOST:7878"), ("origin", "http://localhost:7878")],
            &[("host", "localhost:7878"), ("sec-fetch-site", "same-origin")],
        ] {
            assert_eq!(key.check_host(&headers(good)), Ok(()), "{good:?}");
        }
        for bad in [
            &[][..],
            &[("host", "127.0.0.1")],
            &[("host", "127.0.0.1:7879")],
            &[("host", "evil.example:7878")],
            &[("host", "localhost.evil.example:7878")],
            &[("host", "localhost:7878"), ("origin", "http://evil.example")],
            &[("host", "localhost:7878"), ("origin", "null")],
            &[("host", "localhost:7878"), ("origin", "https://localhost:7878")],
            &[("host", "localhost:7878"), ("sec-fetch-site", "cross-site")],
            &[("host", "localhost:7878"), ("sec-fetch-site", "same-site")],
        ] {
            assert!(key.check_host(&headers(bad)).is_err(), "{bad:?}");
        }
    }
}
