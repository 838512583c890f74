//! `strftime_now`, with which templates tell the model the date. It is in UTC, since no time zone is known
//! here. Must not read a clock.

use std::time::Duration;

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Formats a time since 1970 as C's `strftime` does. Unknown specifiers stay as they are.
pub(super) fn strftime(since_1970: Duration, format: &str) -> String {
    let seconds = since_1970.as_secs();
    let days = seconds / 86_400;
    let (year, month, day) = date(days);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let name =
        |names: &[&'static str], at: u64| usize::try_from(at).ok().and_then(|at| names.get(at)).copied();
    // 1970 began on a Thursday.
    let weekday = name(&DAYS, (days + 3) % 7).unwrap_or_default();
    let month_name = name(&MONTHS, month.saturating_sub(1)).unwrap_or_default();
    let short = |name: &str| name.chars().take(3).collect::<String>();
    let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    let mut text = String::with_capacity(format.len() + 16);
    let mut rest = format.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        let mut sign = rest.next();
        let plain = sign == Some('-');
        if plain {
            sign = rest.next();
        }
        let number = |n: u64| if plain { n.to_string() } else { format!("{n:02}") };
        let Some(sign) = sign else {
            text.push('%');
            break;
        };
        text.push_str(&match sign {
            'd' => number(day),
            'e' => format!("{day:2}"),
            'm' => number(month),
            'y' => number(year % 100),
            'Y' => year.to_string(),
            'H' => number(hour),
            'I' => number(twelve),
            'M' => number(minute),
            'S' => number(second),
            'p' => if hour < 12 { "AM" } else { "PM" }.to_owned(),
            'A' => weekday.to_owned(),
            'a' => short(weekday),
            'B' => month_name.to_owned(),
            'b' | 'h' => short(month_name),
            'F' => format!("{year}-{month:02}-{day:02}"),
            'T' => format!("{hour:02}:{minute:02}:{second:02}"),
            'Z' => "UTC".to_owned(),
            'z' => "+0000".to_owned(),
            '%' => "%".to_owned(),
            other => format!("%{other}"),
        });
    }
    text
}

/// Year, month and day of the date `days` days after 1 January 1970 (Howard Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms", `civil_from_days`).
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_python_writes_them() {
        let at = |seconds, format| strftime(Duration::from_secs(seconds), format);
        assert_eq!(at(0, "%A, %d %B %Y %H:%M:%S %p"), "Thursday, 01 January 1970 00:00:00 AM");
        assert_eq!(at(951_782_400, "%d %b %Y"), "29 Feb 2000");
        assert_eq!(
            at(1_795_824_000 + 13 * 3600, "%-d/%-m/%y %I %p %F %% %Q"),
            "28/11/26 01 PM 2026-11-28 % %Q"
        );
        assert_eq!(at(0, "ends in %"), "ends in %");
    }
}
