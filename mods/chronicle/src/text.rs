//! Numbers as people read them.

/// A number with its scale: `1.4 billion`, `350,000`.
pub fn count(number: f64) -> String {
    for (scale, name) in [(1e12, "trillion"), (1e9, "billion"), (1e6, "million")] {
        if number.abs() >= scale {
            return format!("{:.1} {name}", number / scale);
        }
    }
    let whole = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0.0 { format!("-{text}") } else { text }
}

/// A share of one, in percent.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A time as months, from one on.
pub fn months(days: u64) -> String {
    match (days / 30).max(1) {
        1 => "a month".to_owned(),
        months => format!("{months} months"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(count(8.0e9), "8.0 billion");
        assert_eq!(count(150_000.4), "150,000");
        assert_eq!(count(-1_234.0), "-1,234");
        assert_eq!(count(12.0), "12");
        assert_eq!(percent(0.305), "30.5 %");
        assert_eq!((months(3).as_str(), months(95).as_str()), ("a month", "3 months"));
    }
}
