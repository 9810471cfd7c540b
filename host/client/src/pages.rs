//! Pages, one after the other, all of the tick of the first.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::answers::Rows;
use super::error::Error;
use super::operation::Request;

/// Page after page. After an error there are no more.
#[derive(Clone, Debug)]
#[must_use = "nothing is asked yet"]
pub struct Pages<R> {
    /// The next page, if there is one.
    request: Option<Request>,
    rows: PhantomData<fn() -> R>,
}

impl<R> Pages<R> {
    pub(crate) fn new(request: Request) -> Self {
        Self { request: Some(request), rows: PhantomData }
    }
}

impl<R: DeserializeOwned> Iterator for Pages<R> {
    type Item = Result<Rows<R>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut request = self.request.take()?;
        let page: Result<Rows<R>, Error> = request.ask();
        if let Ok(Rows { next: Some(next), .. }) = &page {
            request.text("cursor", next);
            self.request = Some(request);
        }
        Some(page)
    }
}

/// Row after row of all pages. After an error there are no more.
#[derive(Clone, Debug)]
#[must_use = "nothing is asked yet"]
pub struct EveryRow<R> {
    pages: Pages<R>,
    page: std::vec::IntoIter<R>,
}

impl<R> EveryRow<R> {
    pub(crate) fn new(pages: Pages<R>) -> Self {
        Self { pages, page: Vec::new().into_iter() }
    }
}

impl<R: DeserializeOwned> Iterator for EveryRow<R> {
    type Item = Result<R, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.page.next() {
                return Some(Ok(row));
            }
            match self.pages.next()? {
                Ok(page) => self.page = page.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
