//! One row of one page, followed through history without the rest of it.
//!
//! Rows move when others go, and what a block says of a row is how it differs
//! from what was there before. So an entity that moves to a row needs what was in
//! it, which is had from the last whole world by following that row.

use sandtable_world::ecs::PageKey;

use super::super::encode::Form;
use super::super::error::{Fallible, damage};
use super::anchor::Anchor;
use super::apply::Loaded;
use super::block::Body;
use super::changed_block::ChangedBlock;
use super::keyframe::Keyframe;
use super::reader::HistoryReader;

/// One row of a page, and what is in it.
#[derive(Clone, Debug)]
pub(super) struct FollowedRow {
    key: PageKey,
    row: usize,
    /// None where rows have no bytes.
    form: Option<Form>,
    /// Nothing while the page does not have the row.
    value: Option<Vec<u8>>,
}

impl FollowedRow {
    /// A row of a page, about which nothing is known yet.
    pub(super) fn new(key: PageKey, row: usize, form: Option<Form>) -> Self {
        let value = form.is_none().then(Vec::new);
        Self { key, row, form, value }
    }

    /// What is in it.
    pub(super) fn now(&self) -> Option<&[u8]> {
        self.value.as_deref()
    }

    /// Whether a block may be about it.
    pub(super) fn may_be_in(&self, block: &ChangedBlock) -> bool {
        block.is_of(self.key)
            && (self.row >= block.rows as usize
                || self.value.is_none()
                || (block.first()..block.first() + block.block_rows()).contains(&self.row))
    }

    /// Takes what is in it from a whole world.
    pub(super) fn seed(
        &mut self,
        past: HistoryReader<'_>,
        head: &Keyframe,
        at: Anchor,
    ) -> Fallible<()> {
        if let Some(form) = self.form {
            let frames = |frame| past.keyframe_frame(at, frame);
            self.value = head.row(self.key, self.row, form, frames)?;
        }
        Ok(())
    }

    /// Follows what a step did to it. Says what was in it before, if it was
    /// touched.
    pub(super) fn follow(
        &mut self,
        loaded: &Loaded<'_>,
        step: usize,
    ) -> Fallible<Option<Option<Vec<u8>>>> {
        let Some(form) = self.form else { return Ok(None) };
        let mut before = None;
        for at in loaded.blocks_of(step) {
            let block = &loaded.delta.blocks[at];
            if !block.is_of(self.key) {
                continue;
            }
            if self.row >= block.rows as usize {
                before.get_or_insert_with(|| self.value.clone());
                self.value = None;
                continue;
            }
            let (first, rows) = (block.first(), block.block_rows());
            let is_here = block.bytes > 0 && (first..first + rows).contains(&self.row);
            if self.value.is_some() && !is_here {
                continue;
            }
            before.get_or_insert_with(|| self.value.clone());
            let value = self.value.get_or_insert_with(|| vec![0; form.width().unwrap_or(0)]);
            if is_here {
                let bytes = loaded.body(at)?;
                let body = Body::read(&bytes, rows);
                if body.and_then(|body| body.change(form, self.row - first, value)).is_none() {
                    return damage(format!(
                        "the history of tick {}: it does not fit page {:?}",
                        loaded.delta.tick, self.key
                    ));
                }
            }
        }
        Ok(before)
    }
}

impl Body<'_> {
    /// Changes one row, if it is one of the rows that changed.
    fn change(&self, form: Form, row: usize, value: &mut Vec<u8>) -> Option<()> {
        if form.width().is_some() {
            return self.apply_to(row, value).map(drop);
        }
        if let Some(whole) = self.whole(row, value)? {
            *value = whole.into_owned();
        }
        Some(())
    }
}
