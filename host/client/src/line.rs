//! A connection that stays open, and is opened again when it breaks.

use std::fmt;
use std::io::BufReader;

use ureq::BodyReader;

use super::error::Error;
use super::operation::Request;
use super::patience::Patience;

/// What comes from the server.
pub type Coming = BufReader<BodyReader<'static>>;

/// A connection that stays open. After an error it is over.
pub struct Line {
    /// What is sent when it is opened.
    pub request: Request,
    open: Option<Coming>,
    patience: Patience,
    is_over: bool,
}

impl Line {
    /// Opens it.
    pub fn open(request: Request) -> Result<Self, Error> {
        let patience = request.client.patience_left();
        let mut line = Self { request, open: None, patience, is_over: false };
        line.open = Some(line.connect()?);
        Ok(line)
    }

    fn connect(&self) -> Result<Coming, Error> {
        let answer = self.request.sent(|outgoing| self.request.client.open(outgoing))?;
        Ok(BufReader::new(answer.into_body().into_reader()))
    }

    fn attempt<T>(
        &mut self,
        read: impl FnOnce(&mut Coming, &Request) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.connect()?,
        };
        let message = read(&mut open, &self.request)?;
        self.open = Some(open);
        Ok(message)
    }

    /// What is read next, if need be from a connection that is opened again.
    pub fn next<T>(
        &mut self,
        mut read: impl FnMut(&mut Coming, &Request) -> Result<T, Error>,
    ) -> Option<Result<T, Error>> {
        while !self.is_over {
            match self.attempt(&mut read) {
                Ok(message) => {
                    self.patience.renew();
                    return Some(Ok(message));
                }
                Err(error) if self.request.client.may_pass(&error) && self.patience.wait() => {}
                Err(error) => {
                    self.is_over = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("request", &self.request).finish_non_exhaustive()
    }
}
