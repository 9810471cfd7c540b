//! What a token may do: grants such as `earth:read:geography/*`, in the names that the
//! world's own mods gave.

use std::fmt;

/// Any world, any kind.
const ANY: &str = "*";
/// What stands for the server itself in place of a world.
const HOST: &str = "host";

/// What an operation asks a right for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// To read a world as it is now.
    Read,
    /// To read what it was and what happened in it.
    History,
    /// To ask it in SQL.
    Sql,
    /// To give it inputs.
    Send,
    /// To edit it.
    Edit,
    /// To run what might have been, in memory.
    Fork,
    /// To pause it, step it and set its speed.
    Run,
    /// To take snapshots, to branch off and to go back.
    Time,
    /// To read how the server does.
    Metrics,
    /// To say who may do what, and to read what was done.
    Admin,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 10] = [
        Scope::Read,
        Scope::History,
        Scope::Sql,
        Scope::Send,
        Scope::Edit,
        Scope::Fork,
        Scope::Run,
        Scope::Time,
        Scope::Metrics,
        Scope::Admin,
    ];

    /// The word for it in grants.
    pub fn word(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::History => "history",
            Scope::Sql => "sql",
            Scope::Send => "send",
            Scope::Edit => "edit",
            Scope::Fork => "fork",
            Scope::Run => "run",
            Scope::Time => "time",
            Scope::Metrics => "metrics",
            Scope::Admin => "admin",
        }
    }

    /// Whether it is a right to the server and not to a world.
    pub fn is_of_host(self) -> bool {
        matches!(self, Scope::Metrics | Scope::Admin)
    }

    /// Whether what it is for is written down.
    pub fn is_to_write(self) -> bool {
        !matches!(self, Scope::Read | Scope::History | Scope::Sql | Scope::Fork | Scope::Metrics)
    }

    /// Whether a grant of it may be for some kinds alone.
    fn takes_kinds(self) -> bool {
        matches!(self, Scope::Read | Scope::Send)
    }

    fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }
}

/// A text that is no grant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no grant: write `<world>:<scope>` with {words} as scope, `<world>:*` for all of \
     them, `<world>:read:<mod>/*` or `<world>:send:<mod>/<Kind>` for some kinds alone, or \
     `host:admin` or `host:metrics`; `*` is any world",
    words = words()
)]
pub struct GrantError(pub String);

fn words() -> String {
    let of_world = Scope::ALL.iter().filter(|scope| !scope.is_of_host());
    of_world.map(|scope| scope.word()).collect::<Vec<_>>().join(", ")
}

/// One right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The world, or [`ANY`]; of the host, [`HOST`].
    world: String,
    /// What for; all that there is to do with a world where there is none.
    scope: Option<Scope>,
    /// `mod/Kind` or `mod/*`, where it is for some kinds alone.
    kinds: Option<String>,
}

impl Grant {
    /// A grant as people write it.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        let wrong = || GrantError(text.to_owned());
        // From behind, since the name of a world may be any text.
        let (front, last) = text.rsplit_once(':').ok_or_else(wrong)?;
        let grant = |world: &str, scope, kinds| Self { world: world.to_owned(), scope, kinds };
        let grant = match Scope::of_word(last) {
            Some(scope) if scope.is_of_host() == (front == HOST) => grant(front, Some(scope), None),
            None if last == ANY && front != HOST => grant(front, None, None),
            None => {
                let (world, scope) = front.rsplit_once(':').ok_or_else(wrong)?;
                let scope = Scope::of_word(scope).filter(|scope| scope.takes_kinds());
                let (of, kind) = last.split_once('/').ok_or_else(wrong)?;
                if scope.is_none() || world == HOST || of.is_empty() || kind.is_empty() {
                    return Err(wrong());
                }
                grant(world, scope, Some(last.to_owned()))
            }
            Some(_) => return Err(wrong()),
        };
        match grant.world.trim().is_empty() {
            true => Err(wrong()),
            false => Ok(grant),
        }
    }

    /// Whether it is for a world, or for any if none is named.
    fn is_for(&self, world: Option<&str>) -> bool {
        self.world != HOST && (self.world == ANY || world.is_none_or(|world| self.world == world))
    }

    fn gives(&self, scope: Scope) -> bool {
        self.scope.is_none_or(|own| own == scope)
    }

    /// Whether whatever the other allows, it allows too.
    fn covers(&self, other: &Self) -> bool {
        let is_wide = |own: &Option<String>, of: &Option<String>| match (own, of) {
            (None, _) => true,
            (Some(own), Some(of)) => own == of || kind_is(own, of),
            (Some(_), None) => false,
        };
        let is_same_world = self.world == other.world || self.world == ANY && other.world != HOST;
        is_same_world
            && (self.scope.is_none() || self.scope == other.scope)
            && is_wide(&self.kinds, &other.kinds)
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scope = self.scope.map_or(ANY, Scope::word);
        write!(out, "{}:{scope}", self.world)?;
        self.kinds.as_ref().map_or(Ok(()), |kinds| write!(out, ":{kinds}"))
    }
}

/// Whether a kind is one of those that a pattern is for.
pub fn kind_is(pattern: &str, kind: &str) -> bool {
    let of_mod = pattern.strip_suffix(ANY);
    of_mod.map_or(pattern == kind, |of| of.ends_with('/') && kind.starts_with(of))
}

/// All that a token may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants(Vec<Grant>);

impl Grants {
    /// Those of some texts.
    ///
    /// # Errors
    ///
    /// One of them is none.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, GrantError> {
        texts.into_iter().map(Grant::parse).collect::<Result<_, _>>().map(Self)
    }

    /// All that there is: what the one has who started the server.
    pub fn all() -> Self {
        let grant = |world: &str, scope| Grant { world: world.to_owned(), scope, kinds: None };
        Self(vec![
            grant(ANY, None),
            grant(HOST, Some(Scope::Metrics)),
            grant(HOST, Some(Scope::Admin)),
        ])
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Grant> {
        self.0.iter()
    }

    /// Whether there is any right of a scope: to a world, to any if none is named, or to
    /// the host.
    pub fn have(&self, scope: Scope, world: Option<&str>) -> bool {
        self.0.iter().any(|grant| {
            grant.gives(scope)
                && match scope.is_of_host() {
                    true => grant.world == HOST,
                    false => grant.is_for(world),
                }
        })
    }

    /// Whether there is a right of a scope to a kind of a world.
    pub fn have_kind(&self, scope: Scope, world: &str, kind: &str) -> bool {
        let fits = |grant: &Grant| grant.kinds.as_ref().is_none_or(|own| kind_is(own, kind));
        self.of(scope, world).any(fits)
    }

    /// Whether the rights of a scope to a world are for all kinds.
    pub fn have_all_kinds(&self, scope: Scope, world: &str) -> bool {
        self.of(scope, world).any(|grant| grant.kinds.is_none())
    }

    /// The kinds of a world that rights of a scope are for, where they are for some.
    pub fn kinds(&self, scope: Scope, world: &str) -> impl Iterator<Item = &str> {
        self.of(scope, world).filter_map(|grant| grant.kinds.as_deref())
    }

    fn of(&self, scope: Scope, world: &str) -> impl Iterator<Item = &Grant> {
        self.0.iter().filter(move |grant| grant.gives(scope) && grant.is_for(Some(world)))
    }

    /// The first of others that these do not allow.
    pub fn lack<'a>(&self, others: &'a Self) -> Option<&'a Grant> {
        others.0.iter().find(|other| !self.0.iter().any(|grant| grant.covers(other)))
    }
}

impl FromIterator<Self> for Grants {
    fn from_iter<I: IntoIterator<Item = Self>>(all: I) -> Self {
        Self(all.into_iter().flat_map(|grants| grants.0).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(texts: &[&str]) -> Grants {
        Grants::parse(texts.iter().copied()).expect("grants")
    }

    #[test]
    fn grants_are_what_they_say() {
        for text in [
            "earth:read",
            "earth:read:geography/*",
            "earth:send:economy/TaxDecree",
            "*:history",
            "a world: the second:sql",
            "earth:*",
            "*:*",
            "host:admin",
            "host:metrics",
        ] {
            assert_eq!(Grant::parse(text).expect(text).to_string(), text);
        }
        for text in [
            "",
            "earth",
            "read",
            ":read",
            " :read",
            "earth:",
            "earth:write",
            "earth:admin",
            "host:read",
            "host:*",
            "*",
            "earth:sql:economy/*",
            "earth:read:economy",
            "earth:read:/Kind",
            "earth:read:economy/",
            "host:send:a/B",
        ] {
            let said = Grant::parse(text).expect_err(text).to_string();
            assert!(said.starts_with(&format!("`{text}` is no grant: write ")), "{said}");
        }
    }

    #[test]
    fn a_right_is_to_what_it_names_and_to_nothing_else() {
        let some = grants(&["earth:read:geography/*", "earth:send:economy/TaxDecree", "*:sql"]);
        assert!(some.have(Scope::Read, Some("earth")) && some.have(Scope::Read, None));
        assert!(!some.have(Scope::Read, Some("mars")));
        assert!(some.have(Scope::Sql, Some("mars")));
        for scope in [Scope::History, Scope::Edit, Scope::Admin] {
            assert!(!some.have(scope, Some("earth")) && !some.have(scope, None), "{scope:?}");
        }
        assert!(some.have_kind(Scope::Read, "earth", "geography/Place"));
        assert!(!some.have_kind(Scope::Read, "earth", "geographyx/Place"));
        assert!(!some.have_kind(Scope::Read, "earth", "economy/Economy"));
        assert!(some.have_kind(Scope::Send, "earth", "economy/TaxDecree"));
        assert!(!some.have_kind(Scope::Send, "earth", "economy/TaxDecrees"));
        assert!(!some.have_all_kinds(Scope::Read, "earth"));
        assert!(!grants(&["*:*"]).have(Scope::Admin, None), "the host is no world");
        assert!(Grants::all().have(Scope::Admin, None));
    }

    #[test]
    fn nothing_grants_more_than_it_has() {
        let has = |own: &[&str], other: &str| grants(own).lack(&grants(&[other])).is_none();
        assert!(has(&["*:*"], "earth:read:a/*"));
        assert!(has(&["earth:read"], "earth:read:a/B"));
        assert!(has(&["earth:read:a/*"], "earth:read:a/B"));
        assert!(has(&["earth:read:a/*"], "earth:read:a/*"));
        assert!(!has(&["earth:read:a/B"], "earth:read:a/*"));
        assert!(!has(&["earth:read:a/*"], "earth:read"));
        assert!(!has(&["earth:*"], "*:read"));
        assert!(!has(&["earth:read"], "earth:*"));
        assert!(!has(&["*:*"], "host:admin"));
        assert!(!has(&["host:admin"], "earth:read"));
    }
}
