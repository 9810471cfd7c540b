//! Tokens that were made.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::super::rights::Grants;
use super::clock::clock;
use super::known::{COLUMNS, Token, read};
use super::token::{NoToken, TokenText};
use super::{Trust, TrustError};

/// A token that is to be made.
#[derive(Clone, Debug, Default)]
pub struct NewToken {
    /// What it is called.
    pub name: String,
    /// The user whose it is.
    pub user: Option<String>,
    /// What it allows.
    pub grants: Grants,
    /// How long it holds; without it, until it is revoked.
    pub lasts: Option<Duration>,
}

/// What saves call them who need no token.
const RESERVED: [&str; 2] = ["host", "mcp"];

/// Letters that a name may have at most.
const NAME_MAX: usize = 64;

impl Trust {
    /// Makes a token; gives its text, which is kept nowhere. One that is made by another
    /// allows no more than that, holds no longer, and is of its user.
    ///
    /// # Errors
    ///
    /// It would, its name is none, or the file cannot be written.
    pub fn create(&self, new: &NewToken, by: Option<&Token>) -> Result<TokenText, TrustError> {
        let refused = |what: String| Err(TrustError::Refused(what));
        check_name("name", &new.name)?;
        if RESERVED.contains(&new.name.as_str()) {
            return refused(format!(
                "`{}` is what a save's log calls them who started the program: give another name",
                new.name
            ));
        }
        new.user.as_ref().map_or(Ok(()), |user| check_name("user", user))?;
        if new.grants.iter().next().is_none() {
            return refused("a token without grants opens nothing: grant it something".to_owned());
        }
        let now = clock();
        let mut expires_at = new.lasts.map(|lasts| now.saturating_add_unsigned(lasts.as_secs()));
        let mut user = new.user.clone();
        if let Some(by) = by {
            if let Some(more) = by.grants.lack(&new.grants) {
                return refused(format!(
                    "`{more}` is more than the token has that makes this one: grant what it has"
                ));
            }
            if let Some(own) = &by.user
                && new.user.as_ref().is_some_and(|user| user != own)
            {
                return refused(format!("a token of `{own}` makes tokens of that user alone"));
            }
            user = by.user.clone().or(user);
            expires_at = by.expires_at.into_iter().chain(expires_at).min();
        }
        let text = TokenText::draw()
            .map_err(|error| TrustError::Refused(format!("no token can be drawn: {error}")))?;
        let grants: Vec<String> = new.grants.iter().map(ToString::to_string).collect();
        let grants = serde_json::Value::from(grants).to_string();
        self.write(|opened| {
            let sql = format!(
                "INSERT INTO token ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL)"
            );
            opened.connection.execute(
                &sql,
                params![
                    text.id(),
                    new.name,
                    user,
                    grants,
                    text.digest(),
                    by.map(|by| &by.id),
                    now,
                    expires_at
                ],
            )
        })?;
        Ok(text)
    }

    /// All tokens, the last first.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn tokens(&self) -> Result<Vec<Token>, TrustError> {
        let all = self.read(|opened| {
            let sql = format!("SELECT {COLUMNS} FROM token ORDER BY made_at DESC, rowid DESC");
            let mut statement = opened.connection.prepare(&sql)?;
            statement.query_map([], Token::read)?.collect()
        })?;
        Ok(all.unwrap_or_default())
    }

    /// Revokes a token, by its id or its name, and all that were made by it. Says how
    /// many held until now.
    ///
    /// # Errors
    ///
    /// There is none of that name, several are called so, or the file cannot be written.
    pub fn revoke(&self, which: &str) -> Result<usize, TrustError> {
        let found: Vec<Token> = self.tokens()?.into_iter().filter(|it| it.id == which).collect();
        let found = match found.is_empty() {
            true => self.tokens()?.into_iter().filter(|it| it.name == which).collect(),
            false => found,
        };
        let held: Vec<&Token> = found.iter().filter(|it| it.revoked_at.is_none()).collect();
        let token = match (held.as_slice(), found.first()) {
            ([token], _) => *token,
            ([], Some(token)) => token,
            ([], None) => {
                return Err(TrustError::Refused(format!(
                    "there is no token `{which}`: `sandtable token list` shows them"
                )));
            }
            ([one, ..], _) => {
                return Err(TrustError::Refused(format!(
                    "several tokens are called `{which}`: give an id, such as {}",
                    one.id
                )));
            }
        };
        let revoked = self.write(|opened| {
            opened.connection.execute(
                "WITH RECURSIVE made (id) AS (
                     SELECT ?1 UNION SELECT token.id FROM token JOIN made ON made_by = made.id
                 )
                 UPDATE token SET revoked_at = ?2 WHERE id IN made AND revoked_at IS NULL",
                params![token.id, clock()],
            )
        })?;
        Ok(revoked)
    }

    /// The token of a text, if it holds.
    ///
    /// # Errors
    ///
    /// It is none, is of another host, expired or was revoked, as a sentence says.
    pub fn find(&self, text: &str) -> Result<Token, TrustError> {
        const NONE: &str = "the token is none of this server: ask for one";
        let refused = |what: &str| TrustError::Refused(what.to_owned());
        let text = TokenText::parse(text).map_err(|why| match why {
            NoToken::Other => refused(NONE),
            NoToken::Typo => refused("the token has a typo: copy all of it once more"),
        })?;
        let found = self.token(text.id())?.filter(|token| text.fits(&token.digest));
        let token = found.ok_or_else(|| refused(NONE))?;
        match token.state() {
            "revoked" => Err(refused("the token was revoked: ask for another")),
            "expired" => Err(refused("the token expired: ask for another")),
            _ => Ok(token),
        }
    }

    /// The token of an id, as the file has it now.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn token(&self, id: &str) -> Result<Option<Token>, TrustError> {
        let found = self.read(|opened| {
            let version = version(&opened.connection)?;
            let known = opened.known.take().filter(|(of, _)| *of == version);
            let known = match known {
                Some((_, known)) => known,
                None => read(&opened.connection)?,
            };
            let found = known.get(id).cloned();
            opened.known = Some((version, known));
            Ok(found)
        })?;
        Ok(found.flatten())
    }

    /// Whether a token holds now.
    pub fn holds(&self, id: &str) -> bool {
        self.token(id).ok().flatten().is_some_and(|token| token.state() == "holds")
    }
}

/// A number that is another one once another process has written.
fn version(connection: &Connection) -> rusqlite::Result<i64> {
    let mut statement = connection.prepare_cached("PRAGMA data_version")?;
    let version = statement.query_row([], |row| row.get(0)).optional()?;
    Ok(version.unwrap_or_default())
}

fn check_name(what: &str, name: &str) -> Result<(), TrustError> {
    let is_good = !name.trim().is_empty()
        && name.chars().count() <= NAME_MAX
        && !name.chars().any(char::is_control);
    match is_good {
        true => Ok(()),
        false => Err(TrustError::Refused(format!(
            "`{what}` is none: give 1 to {NAME_MAX} letters, none of which is a control character"
        ))),
    }
}
