//! Which NATS server a world is run with, and how it is reached.
//!
//! That is the host's and not the world's: it is read from a world file like all else
//! there, and no save and no pack keeps it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Which NATS server a world is run with. Without a URL with none.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NatsSettings {
    /// Where it is, as in `nats://127.0.0.1:4222` or `tls://nats.example`; several of one
    /// cluster with commas between them.
    pub url: Option<String>,
    /// A credentials file, as `nsc` writes it.
    pub credentials: Option<PathBuf>,
    /// A file with the seed of an NKEY.
    pub nkey: Option<PathBuf>,
    /// Certificates of who is trusted to be the server, as PEM; without them those that
    /// the system trusts.
    pub tls_ca: Option<PathBuf>,
    /// The certificate that we show, as PEM.
    pub tls_cert: Option<PathBuf>,
    /// Its key, as PEM.
    pub tls_key: Option<PathBuf>,
    /// What all subjects begin with: letters, digits, `-`, `_`, and `.` between them.
    pub prefix: String,
    /// What the subjects begin with at which answers are received; where there is none,
    /// `<prefix>.inbox.<role>`.
    pub inbox: Option<String>,
    /// Of the calls that workers make, so many in a hundred are made here as well, and
    /// compared. Zero: none.
    pub check_percent: f64,
    /// Which calls workers are given.
    pub calls: AwayCalls,
}

/// Which calls workers are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AwayCalls {
    /// Those that cost more here than to send them away, as measured.
    #[default]
    Measured,
    /// All that can be sent.
    All,
}

impl Default for NatsSettings {
    fn default() -> Self {
        Self {
            url: None,
            credentials: None,
            nkey: None,
            tls_ca: None,
            tls_cert: None,
            tls_key: None,
            prefix: "st".to_owned(),
            inbox: None,
            check_percent: 1.0,
            calls: AwayCalls::default(),
        }
    }
}

impl NatsSettings {
    /// What is wrong with it: the key, and the end of a sentence about it.
    pub fn objection(&self) -> Option<(&'static str, String)> {
        let names = [("prefix", Some(&self.prefix)), ("inbox", self.inbox.as_ref())];
        for (key, name) in names {
            if let Some(name) = name.filter(|name| !is_subject(name)) {
                let what = format!(
                    "is `{name}`: use letters, digits, `-` and `_`, with single dots between them, \
                     as in `st` or `games.st`"
                );
                return Some((key, what));
            }
        }
        if !(0.0..=100.0).contains(&self.check_percent) {
            let what = format!("is {}: give a number from 0 to 100", self.check_percent);
            return Some(("check_percent", what));
        }
        if self.credentials.is_some() && self.nkey.is_some() {
            let what = "stands beside `credentials`, and one of the two says who we are: remove \
                        the other";
            return Some(("nkey", what.to_owned()));
        }
        let lacks = match (&self.tls_cert, &self.tls_key) {
            (Some(_), None) => Some(("tls_cert", "tls_key")),
            (None, Some(_)) => Some(("tls_key", "tls_cert")),
            _ => None,
        };
        lacks.map(|(key, other)| (key, format!("needs `{other}` beside it: add that")))
    }

    /// The same with its paths relative to a folder.
    pub fn within(self, folder: &Path) -> Self {
        let within = |path: Option<PathBuf>| path.map(|path| folder.join(path));
        Self {
            credentials: within(self.credentials),
            nkey: within(self.nkey),
            tls_ca: within(self.tls_ca),
            tls_cert: within(self.tls_cert),
            tls_key: within(self.tls_key),
            ..self
        }
    }
}

/// Whether a text can be the beginning of subjects.
fn is_subject(text: &str) -> bool {
    const MOST_BYTES: usize = 128;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.len() <= MOST_BYTES
        && text.split('.').all(|token| !token.is_empty() && token.bytes().all(is_plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_objected_to_by_its_key() {
        let default = NatsSettings::default;
        let key = |settings: NatsSettings| settings.objection().map(|(key, _)| key);
        assert_eq!(key(default()), None);
        for prefix in ["", ".", "a..b", "a.", "a b", "a.*", "st.>", "ü"] {
            let prefix = prefix.to_owned();
            assert_eq!(key(NatsSettings { prefix, ..default() }), Some("prefix"));
        }
        let prefix = "games.st-1_b".to_owned();
        assert_eq!(key(NatsSettings { prefix, ..default() }), None);
        for check_percent in [-1.0, 100.5, f64::NAN] {
            assert_eq!(key(NatsSettings { check_percent, ..default() }), Some("check_percent"));
        }
        let file = || Some(PathBuf::from("file"));
        let both = NatsSettings { credentials: file(), nkey: file(), ..default() };
        assert_eq!(key(both), Some("nkey"));
        assert_eq!(key(NatsSettings { tls_cert: file(), ..default() }), Some("tls_cert"));
        assert_eq!(key(NatsSettings { tls_key: file(), ..default() }), Some("tls_key"));
    }
}
