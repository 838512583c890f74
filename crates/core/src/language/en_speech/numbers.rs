//! The grammar of English numbers. Must not know where they are written.

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

const SCALES: [(u64, &str); 6] = [
    (1_000_000_000_000_000_000, "quintillion"),
    (1_000_000_000_000_000, "quadrillion"),
    (1_000_000_000_000, "trillion"),
    (1_000_000_000, "billion"),
    (1_000_000, "million"),
    (1000, "thousand"),
];

/// Ordinals that are not the number and "th".
const IRREGULAR: [(&str, &str); 7] = [
    ("one", "first"),
    ("two", "second"),
    ("three", "third"),
    ("five", "fifth"),
    ("eight", "eighth"),
    ("nine", "ninth"),
    ("twelve", "twelfth"),
];

fn word(table: &[&'static str], n: u64) -> &'static str {
    usize::try_from(n).ok().and_then(|n| table.get(n)).copied().unwrap_or("")
}

/// "one hundred twenty-three".
pub(super) fn cardinal(n: u64) -> String {
    if n < 20 {
        return word(&SMALL, n).to_owned();
    }
    if n < 100 {
        let tens = word(&TENS, n / 10);
        return if n.is_multiple_of(10) {
            tens.to_owned()
        } else {
            format!("{tens}-{}", word(&SMALL, n % 10))
        };
    }
    let (size, name) = SCALES.into_iter().find(|(size, _)| n >= *size).unwrap_or((100, "hundred"));
    let head = format!("{} {name}", cardinal(n / size));
    if n.is_multiple_of(size) { head } else { format!("{head} {}", cardinal(n % size)) }
}

/// "twenty-second". No word before it changes it.
pub(super) fn ordinal(n: u64, _: &str) -> String {
    let cardinal = cardinal(n);
    let at = cardinal.rfind([' ', '-']).map_or(0, |at| at + 1);
    let (head, last) = cardinal.split_at(at);
    let irregular = IRREGULAR.iter().find(|(of, _)| *of == last).map(|(_, said)| (*said).to_owned());
    let regular = || match last.strip_suffix('y') {
        Some(stem) => format!("{stem}ieth"),
        None => format!("{last}th"),
    };
    format!("{head}{}", irregular.unwrap_or_else(regular))
}

/// The last two digits of a year: "oh five".
fn pair(n: u64) -> String {
    if n < 10 { format!("oh {}", cardinal(n)) } else { cardinal(n) }
}

/// "nineteen ninety-nine", "two thousand five", "twenty twenty-six".
pub(super) fn year(n: u64) -> String {
    let (century, rest) = (n / 100, n % 100);
    match (century, rest) {
        (0..10, _) | (_, 0) if century.is_multiple_of(10) || century < 10 => cardinal(n),
        (20, 1..10) => cardinal(n),
        (_, 0) => format!("{} hundred", cardinal(century)),
        _ => format!("{} {}", cardinal(century), pair(rest)),
    }
}

/// "nineteen nineties", "nineties", "nineteen hundreds".
pub(super) fn decade(n: u64) -> String {
    let said = if n < 100 { cardinal(n) } else { year(n) };
    match said.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{said}s"),
    }
}

/// "three and a half", "one half", "three quarters", "two thirds".
pub(super) fn fraction(whole: Option<u64>, numerator: u64, denominator: u64) -> String {
    let part = match denominator {
        2 => "half".to_owned(),
        4 => "quarter".to_owned(),
        other => ordinal(other, ""),
    };
    let part = if numerator == 1 {
        part
    } else {
        match part.strip_suffix("lf") {
            Some(stem) => format!("{stem}lves"),
            None => format!("{part}s"),
        }
    };
    match whole {
        None => format!("{} {part}", cardinal(numerator)),
        Some(whole) if numerator == 1 => {
            let article = if part.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
            format!("{} and {article} {part}", cardinal(whole))
        }
        Some(whole) => format!("{} and {} {part}", cardinal(whole), cardinal(numerator)),
    }
}

/// The time without and with a half of the day: "nine o'clock", "nine oh five", "fourteen thirty".
pub(super) fn clock(hour: u64, minute: u64, half: bool) -> (String, String) {
    let hour_said = if hour == 0 && !half { "zero".to_owned() } else { cardinal(hour) };
    let minutes = match (minute, hour) {
        (0, _) if half => String::new(),
        (0, 1..=12) => "o'clock".to_owned(),
        (0, _) => "hundred".to_owned(),
        _ => pair(minute),
    };
    (hour_said, minutes)
}

/// The number of a house or a room: "one twenty-three", "forty-five twenty-one", "twelve hundred".
pub(super) fn house(n: u64) -> String {
    let (head, rest) = (n / 100, n % 100);
    match n {
        0..100 => cardinal(n),
        10_000.. => spelled(n),
        _ if rest != 0 => format!("{} {}", cardinal(head), pair(rest)),
        _ if head.is_multiple_of(10) => cardinal(n),
        _ => format!("{} hundred", cardinal(head)),
    }
}

fn spelled(n: u64) -> String {
    let digits = n.to_string();
    let said: Vec<&str> = digits.bytes().map(|digit| word(&SMALL, u64::from(digit - b'0'))).collect();
    said.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_as_americans_say_them() {
        assert_eq!(cardinal(1_234_056), "one million two hundred thirty-four thousand fifty-six");
        assert_eq!(cardinal(u64::MAX).split(' ').next(), Some("eighteen"));
        assert_eq!(ordinal(22, "the"), "twenty-second");
        assert_eq!(ordinal(40, ""), "fortieth");
        assert_eq!([1066, 1900, 2000, 2005, 2026, 1905].map(year).join(", "), YEARS);
        assert_eq!([90, 1990, 1900, 2000].map(decade).join(", "), DECADES);
        assert_eq!(fraction(Some(3), 1, 8), "three and an eighth");
        assert_eq!([100, 105, 123, 1200, 1000, 4521].map(house).join(", "), HOUSES);
    }

    const YEARS: &str = "ten sixty-six, nineteen hundred, two thousand, two thousand five, twenty twenty-six, nineteen oh five";
    const DECADES: &str = "nineties, nineteen nineties, nineteen hundreds, two thousands";
    const HOUSES: &str =
        "one hundred, one oh five, one twenty-three, twelve hundred, one thousand, forty-five twenty-one";
}
