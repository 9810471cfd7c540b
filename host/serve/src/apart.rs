//! Work that may take a while, on threads beside those that read and write requests.

use std::sync::Arc;
use std::time::Duration;

use sandtable::guest::panic_text;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::problem::{Kind, Problem};

/// What is worked on at the same time.
const APART_MAX: usize = 4;

/// How long work waits for its turn.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Where work is done apart. Clones have their turns together.
#[derive(Clone)]
pub struct Apart(Arc<Semaphore>);

impl Default for Apart {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(APART_MAX)))
    }
}

impl Apart {
    /// Does something apart.
    ///
    /// # Errors
    ///
    /// There is so much to do that its turn did not come, or what the work says.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        // With the work, which goes on where the client does not wait for it. It is
        // never closed.
        let permit = timeout(WAIT_MAX, self.0.clone().acquire_owned()).await.map_err(|_| {
            let what = "so much is asked at once that this waited too long: ask again";
            Problem::new(Kind::Busy, what)
        })?;
        let work = move || {
            let _permit = permit;
            work()
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| {
            let why = match error.try_into_panic() {
                Ok(panic) => panic_text(&*panic),
                Err(error) => error.to_string(),
            };
            tracing::error!("a request failed: {why}");
            Problem::new(Kind::Save, "the answer failed with a fault of sandtable: report it")
        })?
    }
}
