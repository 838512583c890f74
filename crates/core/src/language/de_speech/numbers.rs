//! The grammar of German numbers: the units come before the tens, and a number is one word. Must not know
//! where they are written.

const SMALL: [&str; 20] = [
    "null",
    "eins",
    "zwei",
    "drei",
    "vier",
    "fünf",
    "sechs",
    "sieben",
    "acht",
    "neun",
    "zehn",
    "elf",
    "zwölf",
    "dreizehn",
    "vierzehn",
    "fünfzehn",
    "sechzehn",
    "siebzehn",
    "achtzehn",
    "neunzehn",
];

const TENS: [&str; 10] =
    ["", "", "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig"];

/// Scales are nouns: one of them, and several.
const SCALES: [(u64, &str, &str); 5] = [
    (1_000_000_000_000_000_000, "eine Trillion", "Trillionen"),
    (1_000_000_000_000_000, "eine Billiarde", "Billiarden"),
    (1_000_000_000_000, "eine Billion", "Billionen"),
    (1_000_000_000, "eine Milliarde", "Milliarden"),
    (1_000_000, "eine Million", "Millionen"),
];

/// Ordinals of the last part of a number.
const IRREGULAR: [(&str, &str); 4] =
    [("eins", "erst"), ("drei", "dritt"), ("sieben", "siebt"), ("acht", "acht")];

/// Words after which an ordinal ends in "-en", and in "-e".
const DATIVES: [&str; 12] =
    ["am", "vom", "zum", "beim", "im", "dem", "den", "des", "jeden", "diesen", "diesem", "ab"];
const ARTICLES: [&str; 4] = ["der", "die", "das", "jede"];

fn word(table: &[&'static str], n: u64) -> &'static str {
    usize::try_from(n).ok().and_then(|n| table.get(n)).copied().unwrap_or("")
}

/// A number inside a word: "ein" for one.
fn joined(n: u64) -> String {
    if n == 1 { "ein".to_owned() } else { cardinal(n) }
}

/// "einhunderteinundzwanzig", "zwei Millionen dreitausend".
pub(super) fn cardinal(n: u64) -> String {
    let (below, head) = match n {
        0..20 => return word(&SMALL, n).to_owned(),
        20..100 => {
            let tens = word(&TENS, n / 10);
            return if n.is_multiple_of(10) {
                tens.to_owned()
            } else {
                format!("{}und{tens}", joined(n % 10))
            };
        }
        100..1000 => (100, format!("{}hundert", joined(n / 100))),
        1000..1_000_000 => {
            let thousands = n / 1000;
            let head = if thousands % 100 == 1 {
                format!("{}ein", if thousands == 1 { String::new() } else { cardinal(thousands - 1) })
            } else {
                cardinal(thousands)
            };
            (1000, format!("{head}tausend"))
        }
        _ => {
            let scale = SCALES.into_iter().find(|(size, ..)| n >= *size);
            let (size, one, more) = scale.unwrap_or((1_000_000, "eine Million", "Millionen"));
            let head = if n / size == 1 { one.to_owned() } else { format!("{} {more}", cardinal(n / size)) };
            return if n.is_multiple_of(size) { head } else { format!("{head} {}", cardinal(n % size)) };
        }
    };
    if n.is_multiple_of(below) { head } else { format!("{head}{}", cardinal(n % below)) }
}

/// "dritte", "dritten" or "dritter", by the word before it.
pub(super) fn ordinal(n: u64, before: &str) -> String {
    let ending = if DATIVES.contains(&before) {
        "en"
    } else if ARTICLES.contains(&before) {
        "e"
    } else {
        "er"
    };
    format!("{}{ending}", ordinal_stem(n))
}

fn ordinal_stem(n: u64) -> String {
    let said = cardinal(n);
    if n % 100 >= 20 || n.is_multiple_of(100) {
        return format!("{said}st");
    }
    let last = word(&SMALL, n % 100);
    let head = said.strip_suffix(last).unwrap_or_default();
    let irregular = IRREGULAR.iter().find(|(of, _)| *of == last).map(|(_, said)| (*said).to_owned());
    format!("{head}{}", irregular.unwrap_or_else(|| format!("{last}t")))
}

/// "neunzehnhundertneunundneunzig", "zweitausendsechsundzwanzig".
pub(super) fn year(n: u64) -> String {
    if !(1100..2000).contains(&n) {
        return cardinal(n);
    }
    let head = format!("{}hundert", cardinal(n / 100));
    if n.is_multiple_of(100) { head } else { format!("{head}{}", cardinal(n % 100)) }
}

/// "neunziger", "neunzehnhundertneunziger".
pub(super) fn decade(n: u64) -> String {
    format!("{}er", year(n))
}

/// "ein halb", "drei Viertel", "zwei ein halb", "ein Drittel".
pub(super) fn fraction(whole: Option<u64>, numerator: u64, denominator: u64) -> String {
    let part = match (numerator, denominator) {
        (1, 2) => "halb".to_owned(),
        (_, 2) => "Halbe".to_owned(),
        _ => {
            let stem = ordinal_stem(denominator);
            let mut letters = stem.chars();
            let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
            format!("{first}{}el", letters.as_str())
        }
    };
    let whole = whole.map(|whole| format!("{} ", cardinal(whole))).unwrap_or_default();
    format!("{whole}{} {part}", joined(numerator))
}

/// "vierzehn" and "Uhr dreißig".
pub(super) fn clock(hour: u64, minute: u64, _: bool) -> (String, String) {
    let minutes = if minute == 0 { String::new() } else { format!(" {}", cardinal(minute)) };
    (joined(hour), format!("Uhr{minutes}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_come_before_tens() {
        assert_eq!(cardinal(21), "einundzwanzig");
        assert_eq!(cardinal(101), "einhunderteins");
        assert_eq!(cardinal(21_001), "einundzwanzigtausendeins");
        assert_eq!(cardinal(101_000), "einhunderteintausend");
        assert_eq!(cardinal(1_200_000), "eine Million zweihunderttausend");
        assert_eq!(ordinal(3, "am"), "dritten");
        assert_eq!(ordinal(21, "der"), "einundzwanzigste");
        assert_eq!(ordinal(107, ""), "einhundertsiebter");
        assert_eq!(year(1999), "neunzehnhundertneunundneunzig");
        assert_eq!(fraction(None, 3, 4), "drei Viertel");
        assert_eq!(clock(1, 5, false), ("ein".to_owned(), "Uhr fünf".to_owned()));
    }
}
