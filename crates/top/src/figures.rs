//! Figures as people read them, each in few cells whatever its value. Must not know what they count.

/// What stands where there is no figure.
pub(crate) const NONE: &str = "-";

/// Beyond these, a figure has the next unit.
const UNITS: [(f64, &str); 6] = [(1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];

/// A count: all digits up to 9999, then with a unit.
pub(crate) fn count(count: u64) -> String {
    amount(count as f64)
}

/// A whole amount: all digits up to 9999, then with a unit.
fn amount(value: f64) -> String {
    if value < 9999.5 {
        return format!("{:.0}", value.max(0.0));
    }
    let (unit, letter) = UNITS.into_iter().find(|(unit, _)| value >= *unit).unwrap_or((1.0, ""));
    match value / unit {
        figure if figure < 9.95 => format!("{figure:.1}{letter}"),
        figure if figure < 9999.5 => format!("{figure:.0}{letter}"),
        _ => "huge".to_owned(),
    }
}

/// Milliseconds, without their unit; seconds from 100 s on.
pub(crate) fn ms(ms: f64) -> String {
    match ms {
        ms if !ms.is_finite() => NONE.to_owned(),
        ms if ms < 99_999.5 => format!("{:.0}", ms.max(0.0)),
        ms => format!("{}s", amount(ms / 1000.0)),
    }
}

/// Milliseconds, if there are any.
pub(crate) fn maybe_ms(figure: Option<f64>) -> String {
    figure.map_or_else(|| NONE.to_owned(), ms)
}

/// A figure with this many digits behind the point, while it is small.
pub(crate) fn small(figure: f64, digits: usize) -> String {
    match figure {
        figure if !figure.is_finite() => NONE.to_owned(),
        figure if figure < 99.95 => format!("{:.digits$}", figure.max(0.0)),
        figure => amount(figure),
    }
}

/// A time: `8 s`, `2 min 5 s`, `3 h 20 min`, `12 d 4 h`.
pub(crate) fn time(seconds: f64) -> String {
    if !seconds.is_finite() {
        return NONE.to_owned();
    }
    let seconds = seconds.max(0.0) as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min {} s", seconds % 60),
        3600..86400 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{} d {} h", count(days), hours % 24),
    }
}

/// A time in a column: `8 s`, `2:05`, `3:20:09`, `12 d`.
pub(crate) fn clock(seconds: f64) -> String {
    if !seconds.is_finite() {
        return NONE.to_owned();
    }
    let seconds = seconds.max(0.0) as u64;
    let (minutes, hours) = (seconds / 60 % 60, seconds / 3600);
    match seconds {
        0..3600 => format!("{minutes}:{:02}", seconds % 60),
        3600..86400 => format!("{hours}:{minutes:02}:{:02}", seconds % 60),
        _ => format!("{} d", count(seconds / 86400)),
    }
}

/// Memory, from megabytes.
pub(crate) fn memory(mb: f64) -> String {
    match mb {
        mb if !mb.is_finite() => NONE.to_owned(),
        mb if mb < 1023.5 => format!("{:.0} MB", mb.max(0.0)),
        mb => format!("{} GB", small(mb / 1024.0, 1)),
    }
}

/// A share of a whole, in percent.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        NONE.to_owned()
    } else {
        format!("{:.0}%", (part as f64 / whole as f64 * 100.0).min(999.0))
    }
}

/// A number with its noun.
pub(crate) fn counted(number: u64, one: &str, several: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short_whatever_their_value() {
        for value in [0.0, 1.0, 999.5, 9999.4, 1e5, 1e9, 1e300, f64::MAX, -5.0, f64::NAN, f64::INFINITY] {
            for text in [ms(value), small(value, 2), clock(value), memory(value)] {
                assert!(text.len() <= 8, "{text} for {value}");
            }
            assert!(time(value).len() <= 12, "{} for {value}", time(value));
        }
        for value in [0, 9999, 10_000, u64::MAX] {
            assert!(count(value).len() <= 5, "{}", count(value));
        }
    }

    #[test]
    fn figures_read_as_people_write_them() {
        assert_eq!(
            (count(9999), count(10_000), count(123_456)),
            ("9999".into(), "10k".into(), "123k".into())
        );
        assert_eq!(
            (count(9_500_000), ms(640.4), ms(123_456.0)),
            ("9.5M".into(), "640".into(), "123s".into())
        );
        assert_eq!(
            (time(8.9), time(125.0), time(12_000.0)),
            ("8 s".into(), "2 min 5 s".into(), "3 h 20 min".into())
        );
        assert_eq!(
            (clock(8.0), clock(125.0), clock(12_009.0)),
            ("0:08".into(), "2:05".into(), "3:20:09".into())
        );
        assert_eq!((memory(812.0), memory(12_600.0)), ("812 MB".into(), "12.3 GB".into()));
        assert_eq!((percent(1, 3), percent(1, 0)), ("33%".into(), "-".into()));
    }
}
