//! The dates of `Expires`, in every form that browsers read (RFC 6265 section 5.1.1).

use std::ops::RangeInclusive;

use portal_sdk::clock::UnixTime;

use crate::rfc3339;

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// Returns `None` if `text` is malformed; the attribute is then ignored.
pub(super) fn parse(text: &str) -> Option<UnixTime> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    let is_delimiter = |c: char| !(c.is_ascii_alphanumeric() || c == ':' || !c.is_ascii());
    for token in text.split(is_delimiter).filter(|token| !token.is_empty()) {
        if time.is_none() && time_of_day(token).is_some() {
            time = time_of_day(token);
        } else if day.is_none() && number(token, 1..=2).is_some() {
            day = number(token, 1..=2);
        } else if month.is_none() && month_of(token).is_some() {
            month = month_of(token);
        } else if year.is_none() {
            year = number(token, 2..=4);
        }
    }
    let year = match year? {
        short @ 70..=99 => short + 1900,
        short @ 0..=69 => short + 2000,
        year => year,
    };
    let (day, month, (hour, minute, second)) = (day?, month?, time?);
    let is_read = year >= 1601 && second <= 59;
    let written = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
    is_read.then(|| rfc3339::parse(&written)).flatten()
}

fn time_of_day(token: &str) -> Option<(u32, u32, u32)> {
    let (hour, rest) = token.split_once(':')?;
    let (minute, second) = rest.split_once(':')?;
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let time = (number(hour, 1..=2)?, number(minute, 1..=2)?, number(second, 1..=2)?);
    (is_number(hour) && is_number(minute)).then_some(time)
}

fn month_of(token: &str) -> Option<usize> {
    let start = token.get(..3)?.to_ascii_lowercase();
    MONTHS.iter().position(|month| *month == start).map(|index| index + 1)
}

/// The digits at the beginning. Text after them is ignored, such as a zone without a space before it.
fn number(token: &str, digits: RangeInclusive<usize>) -> Option<u32> {
    let end = token.bytes().take_while(u8::is_ascii_digit).count();
    let number = token.get(..end).filter(|_| digits.contains(&end))?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_is_read_in_every_form() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun, 06-Nov-1994 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 6th November 1994AD 08:49:37GMT",
        ] {
            assert_eq!(parse(text), Some(UnixTime::from_secs(784_111_777)), "{text}");
        }
        assert_eq!(parse("Thu, 01 Jan 1970 00:00:00 GMT"), Some(UnixTime::from_secs(0)));
    }

    #[test]
    fn malformed_date_is_ignored() {
        for text in [
            "",
            "0",
            "soon",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "06 Nov 1994",
            "06 Nov 1994 8:61:00",
            "06 Nov 1994 08:49:60",
            "ä:ö:ü",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
