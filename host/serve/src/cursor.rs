//! Where a walk through pages goes on: pinned to a tick, to what was asked for, and
//! readable by this process alone.

use sandtable::record::hex;

use super::at::At;
use super::problem::{Kind, Problem};

/// A key of this process.
pub type Secret = [u8; 32];

/// Where a walk goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The tick, as permanent links have it.
    pub at: String,
    /// How many rows came before.
    pub after: u64,
}

impl Cursor {
    /// As text, for a walk through the answers to `asked`.
    pub fn seal(&self, asked: &str, secret: &Secret) -> String {
        let Self { at, after } = self;
        let open = format!("1.{at}.{after}");
        let code = code(&open, asked, secret);
        format!("{open}.{code}")
    }

    /// Reads what [`Cursor::seal`] wrote.
    ///
    /// # Errors
    ///
    /// It was altered, is of another process, or of another question.
    pub fn open(text: &str, asked: &str, secret: &Secret) -> Result<Self, Problem> {
        let wrong = || {
            let what = "is none of this question and this server: take the first page again";
            Problem::parameter("cursor", what)
        };
        let (open, given) = text.rsplit_once('.').ok_or_else(wrong)?;
        let is_ours =
            subtle::ConstantTimeEq::ct_eq(given.as_bytes(), code(open, asked, secret).as_bytes());
        if !bool::from(is_ours) {
            return Err(wrong());
        }
        let mut parts = open.split('.');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("1"), Some(at), Some(after), None) => {
                let after = after.parse().map_err(|_| wrong())?;
                Ok(Self { at: at.to_owned(), after })
            }
            _ => Err(wrong()),
        }
    }

    /// The tick that it is pinned to; another one asked for beside it is refused.
    ///
    /// # Errors
    ///
    /// Another one is asked for.
    pub fn tick(&self, asked: Option<&At>) -> Result<At, Problem> {
        let at = At::parse(&self.at)?;
        match asked {
            Some(asked) if asked.tick != at.tick => Err(Problem::new(
                Kind::Parameter,
                format!("`cursor` goes on at tick {}, and `at` is {}", at.tick, asked.tick),
            )),
            Some(At { chain: Some(asked), .. })
                if !at.chain.as_ref().is_some_and(|chain| asked.starts_with(chain)) =>
            {
                let what = format!("`cursor` is of {at}, and `at` of another course of the world");
                Err(Problem::new(Kind::Rewound, what))
            }
            _ => Ok(at),
        }
    }
}

fn code(open: &str, asked: &str, secret: &Secret) -> String {
    let mut hasher = blake3::Hasher::new_keyed(secret);
    hasher.update(&(open.len() as u64).to_le_bytes());
    hasher.update(open.as_bytes());
    hasher.update(asked.as_bytes());
    hex(hasher.finalize().as_bytes())[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_of_one_question_and_one_server() {
        let (secret, other) = ([1; 32], [2; 32]);
        let cursor = Cursor { at: "7~6db9a168".to_owned(), after: 1000 };
        let text = cursor.seal("with=a/B", &secret);
        assert_eq!(Cursor::open(&text, "with=a/B", &secret), Ok(cursor));
        assert!(Cursor::open(&text, "with=a/C", &secret).is_err());
        assert!(Cursor::open(&text, "with=a/B", &other).is_err());
        for place in 0..text.len() {
            let mut altered = text.clone().into_bytes();
            altered[place] = if altered[place] == b'0' { b'1' } else { b'0' };
            let altered = String::from_utf8(altered).expect("text");
            assert!(Cursor::open(&altered, "with=a/B", &secret).is_err(), "{altered}");
        }
        assert!(Cursor::open("", "", &secret).is_err());
    }
}
