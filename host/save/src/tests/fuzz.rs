//! Fuzz targets for what a save holds; [`crate::fuzz`] says how they run.

use bolero::check as fuzz;

use super::hostile::{closed, is_repaired_or_refused, opens_equal_or_is_refused};
use super::*;
use crate::encode::{self, Form, Read, split_patches};
use sandtable_test_altered::altered;
use sandtable_world::ecs::Slot;

const ROWS_MAX: usize = 64;

#[test]
fn pages() {
    let forms = [Form::Slots, Form::Entities, Form::Packed(3), Form::Dynamic, Form::Stamps];
    let slots: Vec<Slot> =
        (0..8).map(|row| Slot { generation: 1, archetype: ArchetypeId(0), row }).collect();
    let values: Vec<Bytes> = (0..8_u8).map(|row| vec![0x92, row, 0xa1, b'a'].into()).collect();
    let stamps: Vec<Stamp> = (0..8).map(Stamp::commands).collect();
    let pages = [Page::Slots(&slots), Page::Dynamic(&values), Page::Stamps(&stamps)];
    let whole: Vec<Vec<u8>> = pages.iter().map(|page| encode::whole(*page).into_owned()).collect();
    fuzz!().with_iterations(5_000).with_max_len(64).for_each(|input: &[u8]| {
        let bytes = altered(&whole, input);
        for form in forms {
            if let Ok(page) = Read::whole(form, &bytes, ROWS_MAX) {
                assert!((1..=ROWS_MAX).contains(&page.rows()));
            }
        }
    });
}

#[test]
fn patches() {
    let before: Vec<u8> = vec![0; 3 * ROWS_MAX];
    let mut after = before.clone();
    after[30] = 7;
    after[90] = 8;
    let key = PageKey::values(ArchetypeId(0), KindId(0), 0);
    let patch = encode::patch(key, Page::Packed(&before, 3), Page::Packed(&after, 3));
    let whole = [patch.expect("few rows differ")];
    fuzz!().with_iterations(5_000).with_max_len(64).for_each(|input: &[u8]| {
        let Ok(patches) = split_patches(&altered(&whole, input)).map(|it| it.len()) else { return };
        let bytes = altered(&whole, input);
        let mut read = 0;
        for patch in split_patches(&bytes).expect("as before") {
            read += patch.bytes();
            let mut page = Read::Packed(before.clone(), 3);
            if page.patch(&patch, ROWS_MAX).is_ok() {
                assert!((1..=ROWS_MAX).contains(&page.rows()));
            }
        }
        assert!(patches == 0 || read == bytes.len());
    });
}

#[test]
fn saves() {
    let (folder, sample) = closed();
    let whole = [std::fs::read(folder.save()).expect("read")];
    fuzz!().with_iterations(100).with_max_len(24).for_each(|input: &[u8]| {
        for leftover in ["world.db", "world.db-wal", "world.db-shm"] {
            let _ = std::fs::remove_file(folder.save().with_file_name(leftover));
        }
        std::fs::write(folder.save(), altered(&whole, input)).expect("written");
        opens_equal_or_is_refused(&folder.save(), &sample.world, "a fuzzed save");
        is_repaired_or_refused(&folder.save(), "a fuzzed save");
    });
}
