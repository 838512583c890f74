//! Numbers as people read them in a sentence. Must not know what is counted.

/// A whole number with a comma after each thousand: 1420.4 is "1,420". What is no number is "0".
pub(crate) fn whole(figure: f64) -> String {
    let digits = format!("{:.0}", if figure.is_finite() { figure.abs().round() } else { 0.0 });
    let mut spelled = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            spelled.push(',');
        }
        spelled.push(digit);
    }
    if figure <= -0.5 && figure.is_finite() { format!("-{spelled}") } else { spelled }
}

/// A share in percent, with a decimal where it has one: 0.953 is "95.3 %".
pub(crate) fn percent(share: f64) -> String {
    let tenths = (share * 1000.0).round();
    let decimal = if tenths.is_finite() { (tenths % 10.0).abs() } else { 0.0 };
    let whole = whole((tenths / 10.0).trunc());
    if decimal == 0.0 { format!("{whole} %") } else { format!("{whole}.{decimal:.0} %") }
}

/// Bytes in megabytes.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{} MB", whole(bytes as f64 / 1e6))
}

/// A count with its noun, in the plural where it takes one: "1 call", "2 calls".
pub(crate) fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", whole(count as f64), if count == 1 { "" } else { "s" })
}

/// Over which time something was counted: " in 3 hours". Nothing if that is not known.
pub(crate) fn over(seconds: f64) -> String {
    let units = [("day", 86_400.0), ("hour", 3600.0), ("minute", 60.0), ("second", 1.0)];
    let unit = units.into_iter().find(|(_, length)| seconds.is_finite() && seconds >= *length);
    unit.map_or_else(String::new, |(unit, length)| {
        format!(" in {}", counted((seconds / length).round() as u64, unit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let spelled = [0.0, 999.4, 1420.4, 60_000.0, 1_234_567.0, -1500.0, -0.2, f64::NAN, f64::INFINITY];
        let told = ["0", "999", "1,420", "60,000", "1,234,567", "-1,500", "0", "0", "0"];
        assert_eq!(spelled.map(whole), told);
    }

    #[test]
    fn shares_bytes_and_counts_have_their_unit() {
        let percents = [0.29, 0.953, 0.9996, 12.0].map(percent);
        assert_eq!(percents, ["29 %", "95.3 %", "100 %", "1,200 %"]);
        assert_eq!(megabytes(26_200_000), "26 MB");
        assert_eq!([counted(1, "call"), counted(1000, "call")], ["1 call", "1,000 calls"]);
        let times = [0.0, 1.0, 90.0, 3599.0, 7300.0, 200_000.0, f64::INFINITY].map(over);
        let told = ["", " in 1 second", " in 2 minutes", " in 60 minutes", " in 2 hours", " in 2 days", ""];
        assert_eq!(times, told);
    }
}
