//! Times of a story: `1815`, `1815-10`, `1815-10-16`, `1815-10-16T06:00`.
//!
//! They have one form each, so that their order is that of texts: a day stands before
//! its hours, a year before its months.

/// How long a time is that says the minute.
const TO_THE_MINUTE: usize = "1815-10-16T06:00".len();

/// Why a text is no time.
///
/// # Errors
///
/// One sentence.
pub fn check(time: &str) -> Result<(), String> {
    if is_time(time) {
        return Ok(());
    }
    Err(format!("{time:?} is no time: write 1815, 1815-10, 1815-10-16 or 1815-10-16T06:00"))
}

fn is_time(time: &str) -> bool {
    const SEPARATORS: [(usize, u8); 4] = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':')];
    let is_whole = [4, 7, 10, TO_THE_MINUTE].contains(&time.len());
    let mut bytes = time.bytes().enumerate();
    let is_formed =
        bytes.all(|(at, byte)| match SEPARATORS.iter().find(|(place, _)| *place == at) {
            Some((_, separator)) => byte == *separator,
            None => byte.is_ascii_digit(),
        });
    if !is_whole || !is_formed {
        return false;
    }
    let number = |from: usize, digits: usize, otherwise: u32| match time.get(from..from + digits) {
        Some(text) => text.parse().unwrap_or(u32::MAX),
        None => otherwise,
    };
    let (year, month, day) = (number(0, 4, 1), number(5, 2, 1), number(8, 2, 1));
    let (hour, minute) = (number(11, 2, 0), number(14, 2, 0));
    (1..=12).contains(&month) && (1..=days(year, month)).contains(&day) && hour < 24 && minute < 60
}

fn days(year: u32, month: u32) -> u32 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn times_have_one_form_each() {
        for time in ["1815", "0001-12", "1815-10-16", "1832-02-29", "1815-10-16T23:59"] {
            assert_eq!(check(time), Ok(()));
        }
        for text in [
            "",
            "815",
            "1815-",
            "1815-13",
            "1815-1",
            "1815-10-32",
            "1831-02-29",
            "1815-10-16T",
            "1815-10-16T6:00",
            "1815-10-16T24:00",
            "1815-10-16 06:00",
            "1815-10-16T06:00Z",
            "soon",
            "１８１５",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
