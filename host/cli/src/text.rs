//! Numbers and names as people read them.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const SECONDS_IN: [(f64, &str); 4] =
    [(365.2425 * 86_400.0, "years"), (86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes")];

/// An integer with its digits in groups.
pub fn count(number: u64) -> String {
    group(&number.to_string())
}

/// So many of something, whose name takes an s.
pub fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Puts commas between groups of three digits in front of the decimal point.
pub fn group(number: &str) -> String {
    let (sign, rest) = number.split_at(usize::from(number.starts_with('-')));
    let (whole, decimals) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
    let mut text = sign.to_owned();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text + decimals
}

/// A time span in the largest unit of which there are two.
pub fn span(seconds: f64) -> String {
    let fitting = SECONDS_IN.iter().find(|(unit, _)| seconds >= 2.0 * unit);
    match fitting {
        Some((unit, name)) => format!("{} {name}", rounded(seconds / unit)),
        None => format!("{} seconds", rounded(seconds)),
    }
}

/// A time waited.
pub fn short_span(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        ..0.1 => format!("{:.1} ms", seconds * 1e3),
        ..120.0 => format!("{seconds:.1} s"),
        _ => format!("{:.1} min", seconds / 60.0),
    }
}

/// A moment as RFC 3339 has it, in UTC.
pub fn date(moment: SystemTime) -> String {
    let seconds = moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    // Years that begin in March end with the leap day; eras are 400 of them.
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, (month + 2) % 12 + 1);
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// At most two decimals, and none that are zero.
pub fn rounded(number: f64) -> String {
    let text = format!("{number:.2}");
    group(text.trim_end_matches('0').trim_end_matches('.'))
}

/// Bytes in the unit that fits.
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.2} GiB", bytes as f64 / 1_073_741_824.0),
    }
}

/// Bytes of a save, and of the log beside it where there is one.
pub fn sizes(save: u64, log: u64) -> String {
    match log {
        0 => bytes(save),
        log => format!("{}, and {} in the log beside it", bytes(save), bytes(log)),
    }
}

/// A text without what could take over a terminal.
pub fn visible(text: &str) -> String {
    text.replace(|letter: char| letter.is_control() && letter != '\n' && letter != '\t', "\u{fffd}")
}

/// A text on one line, whatever mods and files put into it.
pub fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    visible(&lines.join(" ")).replace('\t', " ")
}

/// The first line of a text.
pub fn first_line(text: &str) -> String {
    visible(text.lines().next().unwrap_or_default())
}

/// A name as that of a file, wherever it is looked at: what separates folders or
/// means something to a shell or a system becomes a line.
pub fn file_name(name: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "_-".contains(letter);
    let plain: String = name
        .trim()
        .chars()
        .map(|letter| if plain(letter) { letter } else { '-' })
        .take(64)
        .collect();
    let plain = plain.trim_matches('-');
    if plain.is_empty() { "world".to_owned() } else { plain.to_owned() }
}

/// A path as a shell takes it.
pub fn shell(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |letter: char| letter.is_alphanumeric() || "/._-+,:@".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        for (number, expected) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(count(number), expected);
        }
        assert_eq!(counted(1, "mod"), "1 mod");
        assert_eq!(counted(0, "mod"), "0 mods");
        assert_eq!(group("-1234.5678"), "-1,234.5678");
        assert_eq!(span(3650.0 * 86_400.0), "9.99 years");
        assert_eq!(span(365.0 * 86_400.0), "365 days");
        assert_eq!(span(1.5), "1.5 seconds");
        assert_eq!(bytes(1536), "1.5 KiB");
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(date(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn names_of_worlds_are_names_of_files() {
        for (name, expected) in [
            ("islands", "islands"),
            (" Meine Welt 2 ", "Meine-Welt-2"),
            ("../../etc/passwd", "etc-passwd"),
            ("世界", "世界"),
            (".", "world"),
            ("--", "world"),
        ] {
            assert_eq!(file_name(name), expected, "{name}");
        }
    }

    #[test]
    fn paths_survive_a_shell() {
        assert_eq!(shell(Path::new("a/b.db")), "a/b.db");
        assert_eq!(shell(Path::new("it's a world")), r"'it'\''s a world'");
    }
}
