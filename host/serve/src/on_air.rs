//! A world on the air: where it is read, and what its clients share.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::metrics::{Figures, Metrics};
use super::served::Served;
use super::told::{Sent, Told};

/// A world on the air.
pub struct OnAir {
    served: Served,
    figures: Arc<Figures>,
    /// The tick that was published last.
    ticks: watch::Receiver<u64>,
    /// Dropped when the world is on the air no more, which ends its streams.
    published: Published,
    /// Ticks that were done, by its pace.
    done: watch::Receiver<u64>,
    /// What clients of the stream are told.
    told: Told,
    /// Columns that were sent.
    sent: Sent,
}

type Published = Arc<Mutex<Option<watch::Sender<u64>>>>;

impl OnAir {
    /// Puts a world on the air under a name, by which it is counted. What listens holds
    /// nothing of it.
    pub fn new(name: &str, mut served: Served, metrics: &Metrics) -> Arc<Self> {
        let now = served.feed().now();
        let (send, ticks) = watch::channel(now.tick());
        let published: Published = Arc::new(Mutex::new(Some(send)));
        let figures = Arc::new(metrics.figures(name));
        served.count_reads(figures.reads());
        figures.published(&now);
        let (counted, sends) = (Arc::downgrade(&figures), Arc::downgrade(&published));
        served.feed().listen(move |published| {
            if let Some(figures) = counted.upgrade() {
                figures.published(published);
            }
            if let Some(send) = sends.upgrade()
                && let Some(send) = &*send.lock().unwrap_or_else(PoisonError::into_inner)
            {
                send.send_replace(published.tick());
            }
        });
        let (tell, done) = watch::channel(0);
        if let Some(pace) = served.pace() {
            pace.listen(move |tempo| {
                tell.send_replace(tempo.done);
            });
        }
        let (told, sent) = (Told::default(), Sent::default());
        Arc::new(Self { served, figures, ticks, published, done, told, sent })
    }

    /// Where it is read.
    pub fn served(&self) -> &Served {
        &self.served
    }

    /// What is counted of it.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Looks up what is so now, for figures.
    pub fn look(&self) {
        self.figures.look(&self.served);
    }

    /// The tick that was published last, from now on.
    pub fn ticks(&self) -> watch::Receiver<u64> {
        self.ticks.clone()
    }

    /// Changes whenever its pace does.
    pub fn done(&self) -> watch::Receiver<u64> {
        self.done.clone()
    }

    /// What clients of the stream were told lately.
    pub fn told(&self) -> &Told {
        &self.told
    }

    /// Columns that were sent lately.
    pub fn sent(&self) -> &Sent {
        &self.sent
    }

    /// Takes it off the air: its streams end, and its save is read no more.
    pub fn end(&self) {
        *self.published.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.served.forget_connections();
    }

    /// Whether it is on the air no more.
    pub fn has_ended(&self) -> bool {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Gives up connections to commits before the last one, beside the ticks. Must be
    /// called within a tokio runtime.
    pub fn tend(self: &Arc<Self>) {
        let (world, mut ticks) = (Arc::downgrade(self), self.ticks());
        tokio::spawn(async move {
            while ticks.changed().await.is_ok() {
                let Some(world) = world.upgrade() else { break };
                let forget = move || world.served.forget_connections();
                let _ = tokio::task::spawn_blocking(forget).await;
            }
        });
    }
}
