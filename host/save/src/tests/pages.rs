//! Pages as bytes and patches, on their own.

use proptest::prelude::*;

use crate::encode::{self, Form, Read, split_patches};

use super::*;

const KEY: PageKey = PageKey::values(ArchetypeId(7), KindId(3), 9);
const ROWS_MAX: usize = 300;

/// One page in every form, with a row for each number.
#[derive(Debug)]
struct Forms {
    packed: Vec<u8>,
    dynamic: Vec<Bytes>,
    stamps: Vec<Stamp>,
    entities: Vec<Entity>,
    slots: Vec<Slot>,
}

impl Forms {
    fn new(rows: &[u64]) -> Self {
        let text = |row: &u64| {
            let mut bytes = vec![0x91];
            rmp::encode::write_str(&mut bytes, &row.to_string()).expect("written");
            bytes.into()
        };
        let slot = |row: &u64| {
            let generation = *row as u32 + 1;
            Slot { generation, archetype: ArchetypeId(2), row: *row as u32 }
        };
        Self {
            packed: rows.iter().flat_map(|row| row.to_le_bytes()).collect(),
            dynamic: rows.iter().map(text).collect(),
            stamps: rows.iter().map(|row| Stamp::from_bits(*row)).collect(),
            entities: rows.iter().map(|row| Entity::from_bits(*row)).collect(),
            slots: rows.iter().map(slot).collect(),
        }
    }

    fn pages(&self) -> [(Form, Page<'_>); 5] {
        [
            (Form::Packed(8), Page::Packed(&self.packed, 8)),
            (Form::Dynamic, Page::Dynamic(&self.dynamic)),
            (Form::Stamps, Page::Stamps(&self.stamps)),
            (Form::Entities, Page::Entities(&self.entities)),
            (Form::Slots, Page::Slots(&self.slots)),
        ]
    }
}

fn read(form: Form, page: Page<'_>) -> Read {
    Read::whole(form, &encode::whole(page), ROWS_MAX).expect("reads back")
}

proptest! {
    #[test]
    fn a_page_and_its_patch_are_the_next_page(
        before in prop::collection::vec(0_u64..4, 1..ROWS_MAX),
        len in 1_usize..ROWS_MAX,
        changes in prop::collection::vec((0_usize..ROWS_MAX, 0_u64..1000), 0..6),
    ) {
        let mut after = before.clone();
        after.resize(len.max(before.len().saturating_sub(4)).min(before.len() + 4), 77);
        after.truncate(ROWS_MAX);
        for (row, value) in changes {
            if let Some(place) = after.get_mut(row) {
                *place = value;
            }
        }
        let (before, after) = (Forms::new(&before), Forms::new(&after));
        for ((form, old), (_, new)) in before.pages().into_iter().zip(after.pages()) {
            let expected = read(form, new);
            prop_assert!(encode::whole(new).len() <= encode::whole_bytes(new));
            let Some(bytes) = encode::patch(KEY, old, new) else { continue };
            let patches = split_patches(&bytes).expect("splits");
            prop_assert_eq!(patches.len(), 1);
            prop_assert_eq!((patches[0].key, patches[0].bytes()), (KEY, bytes.len()));
            let mut page = read(form, old);
            page.patch(&patches[0], ROWS_MAX).expect("applies");
            prop_assert_eq!(page, expected);
            for len in 1..bytes.len() {
                prop_assert!(split_patches(&bytes[..len]).is_err());
            }
        }
    }

    #[test]
    fn any_bytes_are_a_page_or_none(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let forms = [Form::Packed(5), Form::Dynamic, Form::Stamps, Form::Entities, Form::Slots];
        for form in forms {
            let Ok(mut page) = Read::whole(form, &bytes, ROWS_MAX) else { continue };
            prop_assert!((1..=ROWS_MAX).contains(&page.rows()));
            for patch in split_patches(&bytes).unwrap_or_default() {
                let _ = page.patch(&patch, ROWS_MAX);
            }
        }
        let _ = split_patches(&bytes);
    }
}
