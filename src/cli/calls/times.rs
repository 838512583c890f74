//! Moments as people write and read them, in the time zone of the machine. Must not know calls.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A moment in milliseconds since 1970: a date, a date with a time of day, or so long ago.
///
/// # Errors
/// What is allowed.
pub(super) fn moment(text: &str) -> Result<i64, String> {
    let zone = TimeZone::system();
    let ago = || Timestamp::now().checked_sub(text.parse::<SignedDuration>().ok()?).ok();
    let days = || {
        let days: i64 = text.strip_suffix('d')?.trim().parse().ok()?;
        Timestamp::now().checked_sub(SignedDuration::from_hours(days.checked_mul(24)?)).ok()
    };
    let date = || zone.to_timestamp(text.parse::<DateTime>().ok()?).ok();
    let exact = || text.parse::<Timestamp>().ok();
    let moment = exact().or_else(date).or_else(days).or_else(ago);
    moment.map(Timestamp::as_millisecond).ok_or_else(|| {
        "expected a date (2026-11-28), a date and a time (2026-11-28 14:00), or so long ago (2h, 3d)"
            .to_owned()
    })
}

/// A moment for people: the date and the time of day.
pub(super) fn told(millis: i64) -> String {
    let moment = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
    moment.to_zoned_datetime(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A length of time for people: `1:05`, `2:00:03`.
pub(super) fn length(millis: f64) -> String {
    let seconds = (millis / 1000.0).round().max(0.0) as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_date_or_so_long_ago() {
        assert_eq!(moment("1970-01-02T00:00:00Z"), Ok(86_400_000));
        let day = moment("2026-11-28").expect("a date");
        assert_eq!(moment("2026-11-28 01:30").expect("a time") - day, 5_400_000);
        let (hours, days) = (moment("48h").expect("hours"), moment("2d").expect("days"));
        assert!((hours - days).abs() < 1000 && days < Timestamp::now().as_millisecond());
        for wrong in ["", "yesterday", "2026-13-01", "3x", "99999999999999d"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_length_has_minutes_and_seconds() {
        assert_eq!(["0:00", "1:05", "2:00:03"], [0.0, 65_400.0, 7_203_000.0].map(length));
    }
}
