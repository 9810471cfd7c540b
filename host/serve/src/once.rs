//! What is made once for all that ask for the same at the same time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::problem::{Kind, Problem};

/// How much is kept for the next that ask.
const KEPT: usize = 64;

/// What was made lately, by what it was made of.
pub struct Once<K, V>(Mutex<VecDeque<(K, Made<V>)>>);

type Made<V> = Arc<OnceCell<Result<V, Problem>>>;

impl<K, V> Default for Once<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: PartialEq, V: Clone + Send + 'static> Once<K, V> {
    /// What is made of the key; the first that asks has it made, beside the threads
    /// that answer requests.
    ///
    /// # Errors
    ///
    /// What making it says.
    pub async fn get(
        &self,
        key: K,
        make: impl FnOnce() -> Result<V, Problem> + Send + 'static,
    ) -> Result<V, Problem> {
        let cell = {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match kept.iter().find(|(of, _)| *of == key) {
                Some((_, cell)) => cell.clone(),
                None => {
                    kept.truncate(KEPT - 1);
                    let cell = Arc::new(OnceCell::new());
                    kept.push_front((key, cell.clone()));
                    cell
                }
            }
        };
        let made = async {
            let failed =
                |_| Problem::new(Kind::Save, "it failed with a fault of sandtable: report it");
            tokio::task::spawn_blocking(make).await.map_err(failed).flatten()
        };
        cell.get_or_init(|| made).await.clone()
    }
}
