//! Who asks, and what they may.

use std::fmt;
use std::sync::Arc;

use super::problem::{Kind, Problem};
use super::rights::{Grants, Scope};
use super::trust::Token;

/// Who asks.
#[derive(Clone, PartialEq, Eq)]
pub struct Principal(Arc<Known>);

#[derive(PartialEq, Eq)]
struct Known {
    grants: Grants,
    /// What the one is called who started the program, and needs no token.
    name: &'static str,
    token: Option<Token>,
}

impl Principal {
    /// The one who started the server, and may do everything.
    pub fn host() -> Self {
        Self::named("host", Grants::all())
    }

    /// The one who started a program, and may do through it what the grants say.
    pub fn named(name: &'static str, grants: Grants) -> Self {
        Self(Arc::new(Known { grants, name, token: None }))
    }

    /// The one whom a token was made for.
    pub fn of(token: Token) -> Self {
        let (grants, name) = (token.grants.clone(), "");
        Self(Arc::new(Known { grants, name, token: Some(token) }))
    }

    /// What a save's log shows as the sender, such as `api:ada`.
    pub fn name(&self) -> String {
        let token = self.0.token.as_ref();
        format!("api:{}", token.map_or(self.0.name, |token| token.name.as_str()))
    }

    /// The token, where it is not that of the server.
    pub fn token(&self) -> Option<&Token> {
        self.0.token.as_ref()
    }

    /// The id of the token, which is no secret.
    pub fn id(&self) -> &str {
        self.0.token.as_ref().map_or(self.0.name, |token| token.id.as_str())
    }

    /// The user whose token it is; what it is called where it is no user's.
    pub fn user(&self) -> &str {
        let Some(token) = &self.0.token else { return self.0.name };
        token.user.as_deref().unwrap_or(&token.name)
    }

    /// What they may.
    pub fn grants(&self) -> &Grants {
        &self.0.grants
    }

    /// Whether they see all of a world, whatever it says of who sees what.
    pub fn sees_all(&self, world: &str) -> bool {
        let has_user = self.0.token.as_ref().is_some_and(|token| token.user.is_some());
        !has_user && self.0.grants.have_all_kinds(Scope::Read, world)
    }

    /// Checks that they have any right of a scope: to a world, or to one at all if none
    /// is named.
    ///
    /// # Errors
    ///
    /// They have none.
    pub fn check(&self, scope: Scope, world: Option<&str>) -> Result<(), Problem> {
        match self.0.grants.have(scope, world) {
            true => Ok(()),
            false => Err(lacks(scope, world, None)),
        }
    }

    /// Checks that they have a right of a scope to a kind: to send an input, say.
    ///
    /// # Errors
    ///
    /// They have none.
    pub fn check_kind(&self, scope: Scope, world: &str, kind: &str) -> Result<(), Problem> {
        match self.0.grants.have_kind(scope, world, kind) {
            true => Ok(()),
            false => Err(lacks(scope, Some(world), Some(kind))),
        }
    }
}

/// A principal is shown without what they may, so that no log has it.
impl fmt::Debug for Principal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Principal({})", self.id())
    }
}

fn lacks(scope: Scope, world: Option<&str>, kind: Option<&str>) -> Problem {
    let of = if scope.is_of_host() { "host" } else { world.unwrap_or("<world>") };
    let kind = kind.map_or_else(String::new, |kind| format!(":{kind}"));
    let what = format!("the token lacks `{of}:{}{kind}`: ask for one that has it", scope.word());
    Problem::new(Kind::Scope, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lacking_is_named_as_it_is_granted() {
        let grants = Grants::parse(["earth:read", "earth:send:economy/*"]).expect("grants");
        let ada = Principal::named("ada", grants);
        assert_eq!(ada.check(Scope::Read, Some("earth")), Ok(()));
        assert_eq!(ada.check_kind(Scope::Send, "earth", "economy/TaxDecree"), Ok(()));
        let said = |problem: Result<(), Problem>| problem.expect_err("no right").detail;
        let of = said(ada.check_kind(Scope::Send, "earth", "geography/Quake"));
        assert!(of.starts_with("the token lacks `earth:send:geography/Quake`: "), "{of}");
        let of = said(ada.check(Scope::Time, Some("earth")));
        assert!(of.starts_with("the token lacks `earth:time`: "), "{of}");
        let of = said(ada.check(Scope::Admin, None));
        assert!(of.starts_with("the token lacks `host:admin`: "), "{of}");
    }
}
