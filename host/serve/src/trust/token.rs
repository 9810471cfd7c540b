//! Tokens as texts: `st_<id>_<secret>_<check>`.
//!
//! The id says which token it is and is no secret; the secret has 256 random bits; the
//! check is made of both, so that a typo is told from a token that was never made.

use std::fmt;

use sandtable::record::hex;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

/// What tokens begin with.
const PREFIX: &str = "st_";
/// Hexadecimal digits of each part.
const ID: usize = 12;
const SECRET: usize = 64;
const CHECK: usize = 8;

/// What is kept of a secret.
pub type Digest = [u8; 32];

/// A token as its owner has it. It is shown without its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenText {
    id: String,
    secret: String,
}

/// Why a text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoToken {
    /// It does not look like one.
    Other,
    /// It looks like one, and its check does not fit the rest.
    Typo,
}

impl TokenText {
    /// Draws one.
    ///
    /// # Errors
    ///
    /// The system gives no random numbers.
    pub fn draw() -> Result<Self, getrandom::Error> {
        let draw = || {
            let mut bytes = [0; SECRET / 2];
            getrandom::fill(&mut bytes).map(|()| hex(&bytes))
        };
        Ok(Self { id: draw()?[..ID].to_owned(), secret: draw()? })
    }

    /// Reads one.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, NoToken> {
        let parts = text.strip_prefix(PREFIX).ok_or(NoToken::Other)?;
        let mut parts = parts.split('_');
        let (Some(id), Some(secret), Some(check), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NoToken::Other);
        };
        let token = Self { id: id.to_owned(), secret: secret.to_owned() };
        let is_digit = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it);
        let is_whole = [(id, ID), (secret, SECRET), (check, CHECK)]
            .iter()
            .all(|(part, digits)| part.len() == *digits && part.bytes().all(is_digit));
        match is_whole && token.check() == check {
            true => Ok(token),
            false => Err(NoToken::Typo),
        }
    }

    /// Which token it is.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What is kept of it.
    pub fn digest(&self) -> Digest {
        Sha256::digest(self.secret.as_bytes()).into()
    }

    /// Whether it is the one that this was kept of, in a time that does not depend on
    /// where they differ.
    pub fn fits(&self, digest: &Digest) -> bool {
        self.digest().ct_eq(digest).into()
    }

    /// The whole text, for its owner and for no log.
    pub fn reveal(&self) -> String {
        format!("{}_{}", self.unchecked(), self.check())
    }

    fn unchecked(&self) -> String {
        format!("{PREFIX}{}_{}", self.id, self.secret)
    }

    fn check(&self) -> String {
        let digest: Digest = Sha256::digest(self.unchecked().as_bytes()).into();
        hex(&digest)[..CHECK].to_owned()
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{PREFIX}{}_…", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_told_from_another_token() {
        let token = TokenText::draw().expect("random numbers");
        let text = token.reveal();
        assert_eq!(TokenText::parse(&text), Ok(token.clone()));
        assert!(token.fits(&token.digest()));
        let other = TokenText::draw().expect("random numbers");
        assert!(!token.fits(&other.digest()));
        assert!(!format!("{token:?}").contains(&token.secret));
        for (place, letter) in text.char_indices().skip(PREFIX.len()) {
            let mut wrong = text.clone();
            let wrote = if letter == 'a' { "b" } else { "a" };
            wrong.replace_range(place..place + 1, wrote);
            assert!(TokenText::parse(&wrong).is_err(), "{place}");
        }
        assert_eq!(TokenText::parse(&text[..text.len() - 1]), Err(NoToken::Typo));
        for none in ["", "st_", "secret", "st_a_b", "st_a_b_c_d", "Bearer"] {
            assert_eq!(TokenText::parse(none), Err(NoToken::Other), "{none}");
        }
        assert_eq!(TokenText::parse("st_a_b_ü"), Err(NoToken::Typo));
    }
}
