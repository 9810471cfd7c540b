//! Rust source as words and marks, without comments.

/// A piece of source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A name, a keyword or a number.
    Word(String),
    /// `::`
    Colons,
    /// Any other mark.
    Mark(char),
    /// What is in a string.
    Text(String),
}

impl Token {
    /// Whether it is this word.
    pub fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(it) if it == word)
    }

    /// The word that it is.
    pub fn word(&self) -> Option<&str> {
        match self {
            Self::Word(it) => Some(it),
            _ => None,
        }
    }
}

/// All of a source.
pub fn tokens(source: &str) -> Vec<Token> {
    let mut rest = Rest { letters: source.chars().collect(), at: 0 };
    std::iter::from_fn(|| rest.next()).collect()
}

struct Rest {
    letters: Vec<char>,
    at: usize,
}

impl Rest {
    fn peek(&self, ahead: usize) -> char {
        self.letters.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn starts(&self, with: &str) -> bool {
        with.chars().enumerate().all(|(ahead, letter)| self.peek(ahead) == letter)
    }

    fn while_so(&mut self, so: impl Fn(char) -> bool) -> String {
        let start = self.at;
        while self.at < self.letters.len() && so(self.letters[self.at]) {
            self.at += 1;
        }
        self.letters[start..self.at].iter().collect()
    }

    fn next(&mut self) -> Option<Token> {
        loop {
            let letter = *self.letters.get(self.at)?;
            if letter.is_whitespace() {
                self.at += 1;
            } else if self.starts("//") {
                self.while_so(|letter| letter != '\n');
            } else if self.starts("/*") {
                self.skip_block_comment();
            } else if let Some(hashes) = self.raw_string() {
                return Some(self.raw_text(hashes));
            } else if letter == '"' {
                return Some(self.text());
            } else if letter == '\'' {
                self.skip_character_or_lifetime();
            } else if letter.is_alphanumeric() || letter == '_' {
                let word = self.while_so(|letter| letter.is_alphanumeric() || letter == '_');
                return Some(Token::Word(word));
            } else if self.starts("::") {
                self.at += 2;
                return Some(Token::Colons);
            } else {
                self.at += 1;
                return Some(Token::Mark(letter));
            }
        }
    }

    fn skip_block_comment(&mut self) {
        let mut depth = 0;
        loop {
            if self.starts("/*") {
                (depth, self.at) = (depth + 1, self.at + 2);
            } else if self.starts("*/") {
                (depth, self.at) = (depth - 1, self.at + 2);
            } else {
                self.at += 1;
            }
            if depth == 0 || self.at >= self.letters.len() {
                return;
            }
        }
    }

    /// The hashes of a raw string that begins here, as in `r#"` and `br"`.
    fn raw_string(&self) -> Option<usize> {
        let prefix = match (self.peek(0), self.peek(1)) {
            ('r', _) => 1,
            ('b' | 'c', 'r') => 2,
            _ => return None,
        };
        let hashes = (0..).take_while(|ahead| self.peek(prefix + ahead) == '#').count();
        (self.peek(prefix + hashes) == '"').then_some(hashes)
    }

    fn raw_text(&mut self, hashes: usize) -> Token {
        self.while_so(|letter| letter != '"');
        self.at += 1;
        let end = format!("\"{}", "#".repeat(hashes));
        let start = self.at;
        while self.at < self.letters.len() && !self.starts(&end) {
            self.at += 1;
        }
        let text = self.letters[start..self.at].iter().collect();
        self.at += end.len();
        Token::Text(text)
    }

    fn text(&mut self) -> Token {
        self.at += 1;
        let start = self.at;
        while self.at < self.letters.len() && self.peek(0) != '"' {
            self.at += if self.peek(0) == '\\' { 2 } else { 1 };
        }
        let text = self.letters[start..self.at.min(self.letters.len())].iter().collect();
        self.at += 1;
        Token::Text(text)
    }

    fn skip_character_or_lifetime(&mut self) {
        self.at += 1;
        if self.peek(0) == '\\' {
            self.at += 2;
            self.while_so(|letter| letter != '\'');
            self.at += 1;
        } else if self.peek(1) == '\'' {
            self.at += 2;
        } else {
            self.while_so(|letter| letter.is_alphanumeric() || letter == '_');
        }
    }
}

#[test]
fn comments_and_characters_are_no_words() {
    let source = r##"a::b // c
        /* d /* e */ f */ 'g' '\'' &'h r#"i "j""# "k\"l" m"##;
    let words: Vec<String> = tokens(source)
        .into_iter()
        .map(|token| match token {
            Token::Word(word) => word,
            Token::Colons => "::".to_owned(),
            Token::Mark(mark) => mark.to_string(),
            Token::Text(text) => format!("<{text}>"),
        })
        .collect();
    assert_eq!(words, ["a", "::", "b", "&", "<i \"j\">", "<k\\\"l>", "m"]);
}
