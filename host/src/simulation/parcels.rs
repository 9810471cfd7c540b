//! What is sent to a running world at once, and what became of it.
//!
//! A parcel waits in memory for the next tick, which has all of it, and is told of when
//! that tick is committed: it is in the save then, with its key in the same transaction.
//! Where no tick is near, as in a pause, it is put into the inbox of the save instead
//! ([`Simulation::attend`]), so that nothing which was accepted is in memory only.

use std::sync::Arc;
use std::time::Duration;

use super::settled::{Done, Open, Settled, Tell};
use super::{Error, Simulation};
use crate::ecs::Topic;
use crate::record::{Digest, Given, Request, SentEdit, TickRecord};
use crate::save::{EDITS_WAITING_MAX, INBOX_MAX, NO_EDITS, Parcel};

/// From how far away on a tick does not count as near.
const NEAR: Duration = Duration::from_millis(250);

impl Simulation {
    /// Gives the next tick what is sent at once. What becomes of it is told, unless it is
    /// refused here.
    ///
    /// # Errors
    ///
    /// That an input is none, that the world does not grant edits, that another parcel
    /// has the same key, or that too much waits. The next tick is given nothing of it.
    pub fn take_in(&mut self, parcel: &Parcel, mut tell: Tell) -> Result<(), Error> {
        let Parcel { sender, key, inputs, edits } = parcel;
        if let Some(key) = key {
            let other = |known: &Digest| known != &key.digest;
            if let Some(open) = self.parcels.of_key(sender, &key.key) {
                if open.request.key.as_ref().is_some_and(|it| other(&it.digest)) {
                    return Err(Error::OtherRequest { key: key.key.clone() });
                }
                if open.is_kept {
                    tell(Settled::Kept);
                }
                open.tell.push(tell);
                return Ok(());
            }
            if let Some(known) = self.journal.known(sender, &key.key)? {
                if other(&known.digest) {
                    return Err(Error::OtherRequest { key: key.key.clone() });
                }
                tell(Settled::Known(known));
                return Ok(());
            }
        }
        let (waiting_inputs, waiting_edits) = self.journal.waits();
        for (what, waiting, more, most) in [
            ("inputs", waiting_inputs, inputs.len(), INBOX_MAX as usize),
            ("edits", waiting_edits, edits.len(), EDITS_WAITING_MAX as usize),
        ] {
            if more > 0 && waiting + more > most {
                return Err(Error::Full { what, waiting, most });
            }
        }
        if !edits.is_empty() && !self.config().api.edit {
            return Err(Error::Edit(NO_EDITS.to_owned()));
        }
        let mut given = Given::default();
        for (kind, json) in inputs {
            given.inputs.push(self.runtime.input(self.world(), kind, json, sender)?);
        }
        let sent =
            |edit: &crate::edit::Edit| SentEdit { sender: sender.clone(), edit: edit.text() };
        given.edits.extend(edits.iter().map(sent));
        let id = self.parcels.number();
        let request = Request {
            id,
            sender: sender.clone(),
            key: key.clone(),
            inputs: 0..given.inputs.len(),
            edits: 0..given.edits.len(),
        };
        given.requests.push(request.clone());
        self.journal.enqueue(given);
        self.parcels.open.insert(id, Open { request, tell: vec![tell], is_kept: false });
        Ok(())
    }

    /// Does what other threads left at the [desk](Simulation::desk). Where the next tick
    /// is not near, what waits for it is put into the save. To be called between two
    /// ticks, and whenever the desk is rung.
    pub fn attend(&mut self, next_tick: Option<Duration>) {
        for errand in self.desk.0.take() {
            errand(self);
        }
        if next_tick.is_none_or(|next| next >= NEAR) {
            // What cannot be written now waits in memory, and is tried again.
            if let Err(error) = self.keep_waiting() {
                tracing::warn!("what waits for the next tick is in memory only: {error}");
            }
        }
    }

    /// Puts what waits for the next tick into the inbox of the save.
    pub(super) fn keep_waiting(&mut self) -> Result<(), Error> {
        if self.journal.has_nothing_to_keep() {
            return Ok(());
        }
        // Its transaction may be that of held ticks.
        self.flush()?;
        for request in self.journal.keep_waiting()? {
            if let Some(open) = self.parcels.open.get_mut(&request.id) {
                open.is_kept = true;
                open.tell.iter_mut().for_each(|tell| tell(Settled::Kept));
            }
        }
        // Readers of the save have another commit to look at.
        self.publish(None);
        Ok(())
    }

    /// What ticks had that are about to be committed, of parcels that are waited for.
    pub(super) fn about_to_settle(&self) -> Vec<Arc<TickRecord>> {
        if self.parcels.open.is_empty() {
            return Vec::new();
        }
        let with_requests = self.journal.held().iter().filter(|it| !it.requests.is_empty());
        with_requests.map(|record| Arc::new(record.published())).collect()
    }

    /// Notes that these ticks are committed.
    pub(super) fn settle(&mut self, mut records: Vec<Arc<TickRecord>>) {
        self.parcels.settled.append(&mut records);
    }

    /// Tells what became of parcels that committed ticks had.
    pub(super) fn tell_settled(&mut self) {
        for record in std::mem::take(&mut self.parcels.settled) {
            for request in &record.requests {
                let Some(mut open) = self.parcels.open.remove(&request.id) else { continue };
                let topics = record.inputs[request.inputs.clone()].iter();
                let topics: Vec<Topic> = topics.map(|input| Topic::Kind(input.kind)).collect();
                let reads = |reads: &[Topic]| reads.iter().any(|it| topics.contains(it));
                let systems = self.program().systems.iter();
                let readers = systems.filter(|it| reads(&it.reads)).map(|it| it.name.clone());
                let done = Done {
                    record: record.clone(),
                    request: request.clone(),
                    readers: readers.collect(),
                };
                let done = Arc::new(done);
                open.tell.iter_mut().for_each(|tell| tell(Settled::Done(done.clone())));
            }
        }
    }
}
