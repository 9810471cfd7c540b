//! Who may ask: a token always, by an address of ours, and no page of another host.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, header};
use sandtable::record::hex;
use subtle::ConstantTimeEq;
use tokio::sync::OwnedSemaphorePermit;

use super::cursor::Secret;
use super::hosts::{Hosts, Origin};
use super::limits::{Ledger, Limits};
use super::principal::Principal;
use super::problem::{Kind, Problem};
use super::trust::{Trust, TrustError};

/// Who may ask, and by which addresses.
#[derive(Clone, Default)]
pub struct Access {
    /// The token of the one who starts the server, which allows everything; else one is
    /// drawn, which only the page gets.
    pub token: Option<String>,
    /// Where tokens of users are; else there are none.
    pub trust: Option<Arc<Trust>>,
    /// Addresses by which proxies are asked that pass requests on; else the server is
    /// asked on this machine alone.
    pub proxies: Vec<Origin>,
    /// What one token of a user may ask for.
    pub limits: Limits,
}

/// With this token alone, or one that is drawn.
impl From<Option<String>> for Access {
    fn from(token: Option<String>) -> Self {
        Self { token, ..Self::default() }
    }
}

/// The place of a stream, for as long as it is there.
pub struct Place {
    asker: Principal,
    _permit: Option<OwnedSemaphorePermit>,
}

/// What opens a server.
pub struct Key {
    /// What requests carry.
    token: String,
    /// Who has it.
    host: Principal,
    /// Tokens of users.
    trust: Option<Arc<Trust>>,
    /// What the printed link carries, until it was used.
    once: Mutex<Option<String>>,
    /// What cursors are sealed with.
    secret: Secret,
    hosts: Hosts,
    ledger: Ledger,
    /// The address of the first proxy.
    proxy: Option<Origin>,
}

impl Key {
    /// A key for a server at this address of the loopback, with a token that is given or
    /// drawn.
    ///
    /// # Errors
    ///
    /// The system gives no random numbers.
    pub fn new(address: SocketAddr, access: impl Into<Access>) -> Result<Self, getrandom::Error> {
        let Access { token, trust, proxies, limits } = access.into();
        let token = match token {
            Some(token) => token,
            None => format!("st_{}", hex(&random()?)),
        };
        let (once, secret) = (Mutex::new(Some(hex(&random()?))), random()?);
        let (hosts, ledger) = (Hosts::of(address, &proxies), Ledger::new(limits));
        let (host, proxy) = (Principal::host(), proxies.into_iter().next());
        Ok(Self { token, host, trust, once, secret, hosts, ledger, proxy })
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

    /// By which addresses it is asked.
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// What each token asked for.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// A `Host` by which a server at an address is asked.
    pub fn host(&self, address: SocketAddr) -> String {
        match &self.proxy {
            Some(proxy) => proxy.host().to_owned(),
            None => address.to_string(),
        }
    }

    /// The address that people open, where that is a proxy's.
    pub fn proxy(&self) -> Option<&Origin> {
        self.proxy.as_ref()
    }

    /// Tokens of users, and what was done by them.
    pub fn trust(&self) -> Option<&Arc<Trust>> {
        self.trust.as_ref()
    }

    /// A place for a stream of a principal.
    ///
    /// # Errors
    ///
    /// They have as many as they may.
    pub fn place(&self, principal: &Principal) -> Result<Place, Problem> {
        let permit = principal.token().map(|token| self.ledger.stream(&token.id)).transpose()?;
        Ok(Place { asker: principal.clone(), _permit: permit })
    }

    /// Whether the token of a stream still holds.
    pub fn holds(&self, place: &Place) -> bool {
        self.still_holds(&place.asker)
    }

    /// Whether the token of a principal still holds.
    pub fn still_holds(&self, asker: &Principal) -> bool {
        match (asker.token(), &self.trust) {
            (None, _) => true,
            (Some(token), Some(trust)) => trust.holds(&token.id),
            (Some(_), None) => false,
        }
    }

    /// Who asks, by the token of the request.
    ///
    /// # Errors
    ///
    /// There is none, or it is another.
    pub fn principal(&self, headers: &HeaderMap) -> Result<Principal, Problem> {
        let mut all = headers.get_all(header::AUTHORIZATION).iter();
        let given = all.next().and_then(|it| it.to_str().ok());
        if all.next().is_some() {
            return Err(Problem::new(Kind::Token, "the request carries several tokens: send one"));
        }
        let bearer = given.and_then(|it| it.split_once(' '));
        match bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, it)| it) {
            Some(given) if same(given.trim(), &self.token) => Ok(self.host.clone()),
            Some(given) => match &self.trust {
                Some(trust) => trust.find(given.trim()).map(Principal::of).map_err(refused),
                None => Err(Problem::new(Kind::Token, "the token is none of this server")),
            },
            None => Err(Problem::new(
                Kind::Token,
                "send the header `Authorization: Bearer <token>`, or open the link that was printed",
            )),
        }
    }
}

fn refused(error: TrustError) -> Problem {
    let kind = match error {
        TrustError::Refused(_) => Kind::Token,
        _ => Kind::Save,
    };
    Problem::new(kind, error.to_string())
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

    #[test]
    fn a_link_opens_once() {
        let key = Key::new(([127, 0, 0, 1], 7878).into(), Access::default()).expect("a key");
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
}
