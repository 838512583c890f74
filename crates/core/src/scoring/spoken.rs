//! Normalises text to its spoken words, so that "10:30" equals "ten thirty" and "555-0142" equals "five five
//! five zero one four two". Numbers become their digits, one word each, however they are written. English.

/// Abbreviations, and how they are spoken.
const SHORT: &[(&str, &str)] = &[
    ("mr", "mister"),
    ("mrs", "missus"),
    ("dr", "doctor"),
    ("ok", "okay"),
    ("alright", "all right"),
    ("&", "and"),
    ("%", "percent"),
    ("st", "street"),
];

const UNITS: [&str; 20] = [
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
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const ORDINALS: [&str; 20] = [
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];

/// The words of `text` in a form that does not depend on how they are written.
///
/// | written | the same as |
/// |---|---|
/// | `Dr. Taylor`, `OK` | doctor taylor, okay |
/// | `ten`, `10` | 1 0 |
/// | `ten thirty`, `10:30`, `10 30` | 1 0 3 0 |
/// | `ten o'clock`, `10:00` | 1 0 |
/// | `ninety dollars`, `$90` | 9 0 dollars |
/// | `one hundred and eighty`, `180` | 1 8 0 |
/// | `five five five oh one`, `555-01` | 5 5 5 0 1 |
/// | `the fifth`, `the 5th` | the 5 th |
/// | `nine p.m.`, `9pm`, `9 PM`, `9:00pm` | 9 pm |
///
/// ```
/// use offhook_core::scoring::spoken_words;
/// assert_eq!(spoken_words("At $90, on the 5th."), spoken_words("at ninety dollars on the fifth"));
/// ```
#[must_use]
pub fn spoken_words(text: &str) -> Vec<String> {
    let words: Vec<String> = text.split_whitespace().flat_map(tokens).collect();
    digits_of_numbers(&words)
}

/// One written word as spoken words, with numbers as digits.
fn tokens(written: &str) -> Vec<String> {
    let lower = written.to_lowercase().replace(['’', '‘'], "'");
    let trimmed = lower.trim_matches(|c: char| !c.is_alphanumeric() && !"$£€&%".contains(c));
    if trimmed == "o'clock" {
        return Vec::new();
    }
    let without_dots = trimmed.replace('.', "");
    if ["am", "pm"].contains(&without_dots.as_str()) {
        return vec![without_dots];
    }
    let (currency, rest) = match trimmed.chars().next() {
        Some('$') => ("dollars", &trimmed[1..]),
        Some('£') => ("pounds", &trimmed['£'.len_utf8()..]),
        Some('€') => ("euros", &trimmed['€'.len_utf8()..]),
        _ => ("", trimmed),
    };
    let mut words = pieces(rest);
    if !currency.is_empty() {
        words.push(currency.to_owned());
    }
    words
}

/// "10:00" and "10:00pm" are spoken without the minutes.
fn without_full_hour(text: &str) -> String {
    let half = ["am", "pm"].into_iter().find(|half| text.ends_with(&format!(":00{half}")));
    let (time, half) = text.split_at(text.len() - half.map_or(0, str::len));
    format!("{}{half}", time.strip_suffix(":00").unwrap_or(time))
}

/// Runs of digits and of letters. Characters between the runs are silent.
fn pieces(text: &str) -> Vec<String> {
    let text = without_full_hour(text).replace(',', "");
    let kind = |c: char| match c {
        c if c.is_ascii_digit() => 1,
        c if c.is_alphanumeric() || c == '\'' => 2,
        '&' | '%' => 3,
        _ => 0,
    };
    let mut pieces: Vec<(i32, String)> = Vec::new();
    for c in text.chars() {
        match pieces.last_mut().filter(|(last, _)| *last == kind(c)) {
            Some((_, piece)) => piece.push(c),
            None => pieces.push((kind(c), c.to_string())),
        }
    }
    let mut words = Vec::new();
    for (kind, piece) in pieces.into_iter().filter(|(kind, _)| *kind > 0) {
        let after_digits = words.last().is_some_and(|word: &String| word.parse::<u64>().is_ok());
        if kind == 2 && after_digits && ["st", "nd", "rd", "th"].contains(&piece.as_str()) {
            words.push("th".to_owned());
            continue;
        }
        match SHORT.iter().find(|(short, _)| *short == piece) {
            Some((_, said)) => words.extend(said.split(' ').map(str::to_owned)),
            None => words.push(piece.trim_matches('\'').to_owned()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A word of a number.
enum Part {
    /// Less than twenty, or digits as written.
    Digits(String),
    Ten(u64),
    Times(u64),
    /// "fifth", "twentieth".
    Ordinal(u64),
}

fn part(word: &str) -> Option<Part> {
    let index = |list: &[&str]| list.iter().position(|known| *known == word).map(|at| at as u64);
    if word.chars().all(|c| c.is_ascii_digit()) {
        return Some(Part::Digits(word.to_owned()));
    }
    if let Some(unit) = index(&UNITS) {
        return Some(Part::Digits(unit.to_string()));
    }
    if let Some(ten) = index(&TENS) {
        return Some(Part::Ten(10 * (ten + 2)));
    }
    if let Some(ordinal) = index(&ORDINALS) {
        return Some(Part::Ordinal(ordinal));
    }
    match word {
        "hundred" => Some(Part::Times(100)),
        "thousand" => Some(Part::Times(1_000)),
        "twentieth" => Some(Part::Ordinal(20)),
        "thirtieth" => Some(Part::Ordinal(30)),
        _ => None,
    }
}

/// Turns numbers in words into digits, with every digit as a word.
fn digits_of_numbers(words: &[String]) -> Vec<String> {
    let mut spoken: Vec<String> = Vec::new();
    // The current number, as long as it can still grow.
    let mut open: Option<u64> = None;
    let close = |open: &mut Option<u64>, spoken: &mut Vec<String>| {
        if let Some(value) = open.take() {
            spoken.extend(value.to_string().chars().map(String::from));
        }
    };
    for (at, word) in words.iter().enumerate() {
        let next_is_number = words.get(at + 1).is_some_and(|next| part(next).is_some());
        let after_a_digit = open.is_some() || spoken.last().is_some_and(|word| word.parse::<u64>().is_ok());
        match part(word) {
            Some(Part::Digits(digits)) => match (open, digits.parse::<u64>()) {
                // Twenty five, one hundred (and) five.
                (Some(value), Ok(unit)) if room_below(value) > unit && unit > 0 => open = Some(value + unit),
                (_, Ok(unit)) if digits.len() <= 2 && !digits.starts_with('0') => {
                    close(&mut open, &mut spoken);
                    open = Some(unit);
                }
                _ => {
                    close(&mut open, &mut spoken);
                    spoken.extend(digits.chars().map(String::from));
                }
            },
            Some(Part::Ten(ten)) => match open {
                Some(value) if room_below(value) > ten => open = Some(value + ten),
                Some(_) | None => {
                    close(&mut open, &mut spoken);
                    open = Some(ten);
                }
            },
            // Twelve hundred, one thousand two hundred.
            Some(Part::Times(factor)) => match open.map(|value| (value, value % 1_000)) {
                Some((value, low)) if low > 0 && (low < 100 || factor > 100) => {
                    open = Some(value - low + low * factor);
                }
                Some(_) | None => {
                    close(&mut open, &mut spoken);
                    open = Some(factor);
                }
            },
            Some(Part::Ordinal(ordinal)) => {
                match open {
                    Some(value) if room_below(value) > ordinal => open = Some(value + ordinal),
                    Some(_) | None => {
                        close(&mut open, &mut spoken);
                        open = Some(ordinal);
                    }
                }
                close(&mut open, &mut spoken);
                spoken.push("th".to_owned());
            }
            None if word == "and" && open.is_some_and(|value| room_below(value) > 1) && next_is_number => {}
            None if (word == "oh" || word == "o") && after_a_digit => {
                close(&mut open, &mut spoken);
                spoken.push("0".to_owned());
            }
            None => {
                close(&mut open, &mut spoken);
                spoken.push(word.clone());
            }
        }
    }
    close(&mut open, &mut spoken);
    spoken
}

/// Numbers below this may still be added: 1 to 9 after twenty, 1 to 99 after two hundred.
fn room_below(value: u64) -> u64 {
    match value {
        0..20 => 0,
        20..100 if value.is_multiple_of(10) => 10,
        _ if value.is_multiple_of(1_000) => 1_000,
        _ if value.is_multiple_of(100) => 100,
        _ if value > 100 && value.is_multiple_of(10) && !value.is_multiple_of(100) && value % 100 >= 20 => 10,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table that the scorer of the training is also tested with.
    const CASES: &str = include_str!("../../../../tests/data/scoring.tsv");

    #[test]
    fn all_ways_of_writing_words_are_the_words_that_are_said() {
        for line in CASES.lines().filter(|line| !line.starts_with('#')) {
            let (written, said) = line.split_once('\t').expect("two columns");
            assert_eq!(spoken_words(written).join(" "), said, "{written}");
        }
    }
}
