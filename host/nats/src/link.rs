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
    /// What the server refused, in its words: the last of it.
    pub refused: Vec<String>,
}

impl Link {
    /// A server was found.
    pub(crate) fn found(&mut self) {
        (self.is_up, self.why) = (true, None);
        self.ups += 1;
    }

    /// The server refused something.
    pub(crate) fn refused(&mut self, what: String) {
        const MOST: usize = 32;
        if self.refused.len() == MOST {
            self.refused.remove(0);
        }
        self.refused.push(what);
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
