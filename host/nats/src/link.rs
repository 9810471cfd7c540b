//! How a connection stands.

/// How a connection stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Whether a server answers.
    pub is_up: bool,
    /// How often a server was found.
    pub ups: u64,
    /// Why none was the last time, as the end of a sentence.
    pub why: Option<String>,
}

impl Link {
    /// A server was found.
    pub(crate) fn found(&mut self) {
        *self = Self { is_up: true, ups: self.ups + 1, why: None };
    }

    /// The server is gone.
    pub(crate) fn lost(&mut self) {
        self.is_up = false;
    }

    /// No server was found. Says whether that is news.
    pub(crate) fn failed(&mut self, why: &str) -> bool {
        let is_news = !self.is_up && self.why.as_deref() != Some(why);
        if is_news {
            self.why = Some(why.to_owned());
        }
        is_news
    }
}
