//! Timestamps as RFC 3339 writes them, in requests of the Backend API.

use portal_sdk::clock::UnixTime;

const DAY_SECS: i64 = 86_400;

/// Reads a timestamp such as `2012-10-20T07:15:20.902Z` (RFC 3339 section 5.6). Digits below a millisecond are dropped,
/// and a leap second counts as the second after it. Returns `None` if `text` is malformed.
pub(crate) fn parse(text: &str) -> Option<UnixTime> {
    let (date, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (time, rest) = rest.split_at_checked(8)?;
    let (millis, zone) = fraction(rest)?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let is_valid = (1..=12).contains(&month)
        && (1..=days_of_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    let secs = days_since_1970(year, month, day) * DAY_SECS + hour * 3_600 + minute * 60 + second - offset_secs(zone)?;
    is_valid.then(|| UnixTime::from_millis(secs * 1_000 + millis))
}

/// The milliseconds of a fraction, if there is one, and what follows it.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(digits) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let end = digits.find(|c: char| !c.is_ascii_digit())?;
    let (digits, rest) = digits.split_at(end);
    let mut millis = 0;
    for place in 0..3 {
        let digit = digits.as_bytes().get(place).map_or(0, |byte| i64::from(byte - b'0'));
        millis = millis * 10 + digit;
    }
    (!digits.is_empty()).then_some((millis, rest))
}

fn offset_secs(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, text) = match zone.split_at_checked(1)? {
        ("+", text) => (1, text),
        ("-", text) => (-1, text),
        _ => return None,
    };
    let [hours, minutes] = numbers(text, ':', [2, 2])?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn numbers<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next()?;
        let is_number = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        *number = is_number.then(|| part.parse().ok()).flatten()?;
    }
    parts.next().is_none().then_some(numbers)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, which may lie before it.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let leap_days = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    let days_before_1970 = 719_162;
    let months: i64 = (1..month).map(|month| days_of_month(year, month)).sum();
    before * 365 + leap_days - days_before_1970 + months + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamp_is_read_in_every_form() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2012-10-20T07:15:20.902Z", 1_350_717_320_902),
            ("2012-10-20T09:15:20.9021234+02:00", 1_350_717_320_902),
            ("2012-10-20t07:15:20z", 1_350_717_320_000),
            ("2000-02-29T23:59:60-00:30", 951_870_600_000),
            ("1969-12-31T23:59:59.5Z", -500),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000),
        ] {
            assert_eq!(parse(text).map(UnixTime::as_millis), Some(millis), "{text}");
        }
    }

    #[test]
    fn malformed_timestamp_is_refused() {
        for text in [
            "",
            "2012-10-20",
            "2012-10-20T07:15:20",
            "2012-10-20T07:15Z",
            "2012-13-20T07:15:20Z",
            "2011-02-29T07:15:20Z",
            "2012-10-20T24:15:20Z",
            "2012-10-20T07:15:20.Z",
            "2012-10-20T07:15:20+2:00",
            "2012-10-20T07:15:20Zx",
            "+012-10-20T07:15:20Z",
            "2012-10-2ä07:15:20Z",
            "1350717320902",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
