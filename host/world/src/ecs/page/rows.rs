//! Which rows two pages do not have alike.

use super::Page;

impl<'a> Page<'a> {
    /// The rows that two pages do not have alike, ascending: those that differ,
    /// and then those that only one of the two has. Pages of unlike form have
    /// none alike.
    pub fn differing_rows(self, other: Page<'a>) -> impl Iterator<Item = usize> + 'a {
        let (both, all) = (self.rows().min(other.rows()), self.rows().max(other.rows()));
        let differing: Box<dyn Iterator<Item = usize> + 'a> = match (self, other) {
            (Page::Slots(one), Page::Slots(two)) => differing(one, two),
            (Page::Entities(one), Page::Entities(two)) => differing(one, two),
            (Page::Stamps(one), Page::Stamps(two)) => differing(one, two),
            (Page::Dynamic(one), Page::Dynamic(two)) => differing(one, two),
            (Page::Packed(one, width), Page::Packed(two, other)) if width == other => {
                Box::new(PackedRows { one, two, width, at: 0 })
            }
            _ => Box::new(0..both),
        };
        differing.chain(both..all)
    }
}

fn differing<'a, T: PartialEq>(one: &'a [T], two: &'a [T]) -> Box<dyn Iterator<Item = usize> + 'a> {
    let pairs = one.iter().zip(two).enumerate();
    Box::new(pairs.filter(|(_, (one, two))| one != two).map(|(row, _)| row))
}

/// Finds the packed rows that differ. What is the same is passed in runs, at the
/// speed of memory.
struct PackedRows<'a> {
    one: &'a [u8],
    two: &'a [u8],
    width: usize,
    /// Everything before this byte has been looked at.
    at: usize,
}

impl Iterator for PackedRows<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        fn same<const N: usize>(one: &[u8], two: &[u8]) -> usize {
            let runs = one.as_chunks::<N>().0.iter().zip(two.as_chunks::<N>().0);
            runs.take_while(|(one, two)| one == two).count() * N
        }
        let (mut one, mut two) = (self.one.get(self.at..)?, self.two.get(self.at..)?);
        let mut skip = |bytes: usize| {
            (one, two) = (&one[bytes..], &two[bytes..]);
            self.at += bytes;
            (one, two)
        };
        let (one, two) = skip(0);
        let (one, two) = skip(same::<64>(one, two));
        let (one, two) = skip(same::<8>(one, two));
        let (one, two) = skip(same::<1>(one, two));
        if one.is_empty() || two.is_empty() {
            return None;
        }
        let row = self.at / self.width;
        self.at = (row + 1) * self.width;
        Some(row)
    }
}
