//! What is taken out of words, what is not, and what holds for any text.

use proptest::prelude::*;

use super::Redaction;

/// Texts and what is left of them with [`Redaction::All`].
const ALL: &[(&str, &str)] = &[
    // Cards.
    ("My card is 4111 1111 1111 1111.", "My card is [card]."),
    ("4111111111111111", "[card]"),
    ("it's 4111-1111-1111-1111 okay", "it's [card] okay"),
    ("5500.0000.0000.0004 please", "[card] please"),
    ("amex 3782 822463 10005", "amex [card]"),
    ("4111, 1111, 1111, 1111", "[card]"),
    ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "[card]"),
    ("four one one one one one one one one one one one one one one one", "[card]"),
    ("four, triple one, double one, double one, quadruple one, quadruple one", "[card]"),
    ("forty-one eleven eleven eleven eleven eleven eleven eleven thanks", "[card] thanks"),
    ("4111 uh 1111 um 1111 and then 1111", "[card]"),
    ("four one 1 1 then 1111 and 1111 1111", "[number] and [number]"),
    ("the number is 4111 1111 1111 1111, 12/26, 123", "the number is [card]"),
    // A recogniser lost a digit, or heard a wrong one.
    ("my visa card 4111 1111 1111 112", "my visa card [card]"),
    ("4012 8888 8888 1882 is my debit card", "[card] is my debit card"),
    (
        "four one one one, one one one one, one one one one, one one one one, expires oh four twenty seven, and \
         the CVV is nine eight seven.",
        "[card], expires [card], and the CVV is [card].",
    ),
    // Security codes.
    ("the security code is 123", "the security code is [card]"),
    ("CVV one two three", "CVV [card]"),
    ("the cvc is, let me see, 4 5 6", "the cvc is, let me see, [card]"),
    ("1234 is the security code on my amex", "[card] is the security code on my amex"),
    ("c v v is 9 9 9, thanks", "c v v is [card], thanks"),
    // Addresses.
    ("write to jane.doe@example.com please", "write to [email] please"),
    ("it's jane_doe+spam@mail.example.co.uk.", "it's [email]."),
    ("jane dot doe at example dot com", "[email]"),
    ("my email is j a n e at example dot org", "my email is [email]"),
    ("my address is jane smith at gmail dot com", "my address is [email]"),
    ("jane underscore doe 42 at my dash shop dot co dot uk, right", "[email], right"),
    ("Jane at example.com", "[email]"),
    ("find us online at example dot com", "find us online at example dot com"),
    ("meet me at noon", "meet me at noon"),
    // Telephones.
    ("call me at 415-555-2671", "call me at [phone]"),
    ("(415) 555-2671", "[phone]"),
    ("+1 (415) 555-2671 is mine", "[phone] is mine"),
    ("+49 30 901820", "[phone]"),
    ("four one five, five five five, two six seven one", "[phone]"),
    ("my phone is 555 1234", "my phone is [phone]"),
    ("eight hundred five five five one two one two", "[phone]"),
    ("555, 123, 4567", "[phone]"),
    ("reach me on 020 7946 0018", "reach me on [phone]"),
    // Other numbers.
    ("my account is 12345678", "my account is [number]"),
    ("078-05-1120", "[number]"),
    ("zero seven eight, zero five, one one two zero", "[number]"),
    ("member 9 8 7 6 5 4 3 2", "member [number]"),
    ("IBAN DE89 3704 0044 0532 0130 00.", "IBAN [number]."),
    ("GB29NWBK60161331926819", "[number]"),
    ("order two two seven, one oh nine, five", "order [number]"),
    // Dates of birth.
    ("I was born on May 4th, 1980.", "I was born on [date]."),
    ("date of birth 4/5/1980", "date of birth [date]"),
    ("my birthday is the third of june nineteen eighty", "my birthday is the [date]"),
    ("I was born in nineteen eighty four, on the fifth of June.", "I was born in [date]."),
    ("born in 1975 in Texas", "born in [date] in Texas"),
    // What stays.
    ("I was born on the road", "I was born on the road"),
    ("on May 4th, 1980", "on May 4th, 1980"),
    ("room 4 1 2", "room 4 1 2"),
    ("it costs $1,234,567.89", "it costs $1,234,567.89"),
    ("twelve hundred and fifty dollars", "twelve hundred and fifty dollars"),
    ("5000000 dollars", "5000000 dollars"),
    ("3.50, 4.50, 12.99 and 9.99", "3.50, 4.50, 12.99 and 9.99"),
    ("from 10:30 to 11:45", "from 10:30 to 11:45"),
    ("10:30, 11:00, 11:30, 12:00", "10:30, 11:00, 11:30, 12:00"),
    ("between 1990 and 1995", "between 1990 and 1995"),
    ("2023, 2024, 2025", "2023, 2024, 2025"),
    ("2023 2024 2025", "2023 2024 2025"),
    ("rooms 101, 102, 103", "rooms 101, 102, 103"),
    ("on 2024-05-12 at 9", "on 2024-05-12 at 9"),
    ("05/12/2024 or 12.5.2024", "05/12/2024 or 12.5.2024"),
    ("one of the two, or three", "one of the two, or three"),
    ("my zip is 94105", "my zip is 94105"),
    ("flight 1234 at gate 56", "flight 1234 at gate 56"),
    ("oh, I see", "oh, I see"),
    (
        "between 100 and 200 and 300 came in 2019, 2020 and 2021",
        "between 100 and 200 and 300 came in 2019, 2020 and 2021",
    ),
    ("press 1 for sales, 2 for support, 3 for more", "press 1 for sales, 2 for support, 3 for more"),
    (
        "the card ending in 4242 was charged $1,024.00 on 03/04/2026",
        "the card ending in 4242 was charged $1,024.00 on 03/04/2026",
    ),
    ("149.99 dollars for 3 nights, so 449.97", "149.99 dollars for 3 nights, so 449.97"),
    (
        "one hundred twenty three thousand four hundred fifty six",
        "one hundred twenty three thousand four hundred fifty six",
    ),
    ("twenty five percent of 1,200", "twenty five percent of 1,200"),
    ("1,234,567 people", "1,234,567 people"),
    ("a table for 2 at 7, for Tuesday the 14th", "a table for 2 at 7, for Tuesday the 14th"),
    ("", ""),
    ("…", "…"),
];

/// Texts and what is left of them with [`Redaction::Cards`].
const CARDS: &[(&str, &str)] = &[
    ("4111 1111 1111 1111 and 415-555-2671", "[card] and 415-555-2671"),
    ("jane@example.com, 078-05-1120", "jane@example.com, 078-05-1120"),
    ("security code 123", "security code [card]"),
    ("the gate's code is 123", "the gate's code is 123"),
    ("order 1234 5678 9012 3456", "order 1234 5678 9012 3456"),
    ("card 1234 5678 9012 3456", "card [card]"),
    ("born on May 4th, 1980", "born on May 4th, 1980"),
];

#[test]
fn personal_values_are_taken_out_and_nothing_else() {
    let cases = [(Redaction::All, ALL), (Redaction::Cards, CARDS)];
    let mut wrong = Vec::new();
    for (redaction, table) in cases {
        for (text, right) in table {
            let got = redaction.text(text, &[]);
            if got != *right {
                wrong.push(format!("{redaction:?}: {text}\n  is    {got}\n  right {right}"));
            }
            assert_eq!(Redaction::Off.text(text, &[]), *text);
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn captured_values_are_taken_out_wherever_they_occur_as_words() {
    let captured = ["Jane Doe".to_owned(), "Jane".to_owned(), "O'Neill".to_owned(), "a".to_owned()];
    let cases = [
        ("I'm jane  doe, JANE's sister.", "I'm [captured], [captured]'s sister."),
        ("Janet and a jane-doe", "Janet and a [captured]"),
        ("Mrs. O’Neill’s house", "Mrs. [captured]’s house"),
        ("jane at example dot com", "[email]"),
    ];
    for (text, right) in cases {
        assert_eq!(Redaction::All.text(text, &captured), right);
    }
    assert_eq!(Redaction::Off.text("Jane", &captured), "Jane");
}

#[test]
fn of_a_number_two_digits_stay() {
    let cases = [
        ("+14155552642", "…42"),
        ("sip:jane@example.com", "…"),
        ("1242", "…"),
        ("", "…"),
        ("+49 30 901820", "…20"),
    ];
    for (number, right) in cases {
        assert_eq!(Redaction::All.number(number), right);
        assert_eq!(Redaction::Cards.number(number), number);
    }
}

/// What personal values are made of, so that texts of it come near to them.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[0-9]{1,5}",
        3 => prop::sample::select(vec![
            "four", "one", "double", "triple", "forty", "hundred", "oh", "and", "then", "uh", "card", "cvv",
            "security code", "at", "dot", "com", "jane", "born on", "may", "dollars", "phone", "is", "DE", "[card]",
        ]).prop_map(str::to_owned),
        3 => prop::sample::select(vec![" ", ", ", "-", ".", "/", ":", "@", "+", "(", "$", "'", "’", "\n"])
            .prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// Runs of digits, however they are split.
fn digits_of(text: &str) -> usize {
    text.chars().filter(char::is_ascii_digit).count()
}

proptest! {
    #[test]
    fn any_text_is_redacted_without_a_panic_and_gains_no_digits(text in pieces(), any in any::<String>()) {
        let captured = [any.clone(), "jane".to_owned()];
        for redaction in [Redaction::Off, Redaction::Cards, Redaction::All] {
            for text in [&text, &any] {
                let redacted = redaction.text(text, &captured);
                prop_assert!(digits_of(&redacted) <= digits_of(text));
                prop_assert!(redaction.number(text).len() <= text.len().max(5));
            }
        }
    }

    #[test]
    fn what_was_replaced_is_left_alone(text in pieces()) {
        let once = Redaction::All.text(&text, &["jane".to_owned()]).into_owned();
        let again = Redaction::All.text(&once, &["jane".to_owned(), "card".to_owned(), "phone".to_owned()]);
        let tags = |text: &str| ["[card]", "[phone]", "[email]", "[number]", "[date]", "[captured]"]
            .map(|tag| text.matches(tag).count());
        for (before, now) in tags(&once).into_iter().zip(tags(&again)) {
            prop_assert!(before <= now, "{} is {}", once, again);
        }
    }

    #[test]
    fn a_card_is_taken_out_however_it_is_grouped(
        start in "[3-6][0-9]{11,17}",
        cuts in prop::collection::vec(any::<bool>(), 20),
        gap in prop::sample::select(vec![" ", "-", ".", ", ", " uh ", "  "]),
        spelled in any::<bool>(),
    ) {
        let card = with_check_digit(&start);
        let names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
        let mut said = String::new();
        for (nth, digit) in card.chars().enumerate() {
            if nth > 0 && (spelled || cuts[nth]) {
                said.push_str(gap);
            }
            if spelled {
                said.push_str(names[digit.to_digit(10).unwrap() as usize]);
            } else {
                said.push(digit);
            }
        }
        // Digits in pairs with a dot may be a date or an amount.
        prop_assume!(gap != "." || spelled || Redaction::Cards.text(&said, &[]) == "[card]");
        let text = format!("it is {said} thanks");
        for redaction in [Redaction::Cards, Redaction::All] {
            prop_assert_eq!(redaction.text(&text, &[]), "it is [card] thanks");
        }
    }

    #[test]
    fn seven_digits_in_a_row_are_never_kept(before in "[a-z ]{0,20}", digits in "[0-9]{7,40}", after in "[.!]?") {
        let redacted = Redaction::All.text(&format!("{before} {digits}{after}"), &[]).into_owned();
        prop_assert_eq!(digits_of(&redacted), 0, "{}", redacted);
    }
}

fn with_check_digit(start: &str) -> String {
    let right = |digit: &u32| {
        let number = format!("{start}{digit}");
        let sum: u32 = number
            .chars()
            .rev()
            .enumerate()
            .map(|(nth, c)| {
                let digit = c.to_digit(10).unwrap() * (1 + nth as u32 % 2);
                digit / 10 + digit % 10
            })
            .sum();
        sum.is_multiple_of(10)
    };
    format!("{start}{}", (0..10).find(right).unwrap())
}

/// The time is linear in the text: what is twice as long takes no more than some times as long.
#[test]
fn a_long_text_of_one_kind_is_redacted_in_time() {
    let captured: Vec<String> = (0..64).map(|n| format!("jane {}", "doe ".repeat(n))).collect();
    for piece in [
        "4 ",
        "1,234",
        "a.",
        "a@",
        "a@b.",
        "uh ",
        "one and ",
        "jane doe ",
        "born on ",
        "DE12 ",
        "4111.",
        "at ",
    ] {
        let text = piece.repeat(100_000 / piece.len());
        assert!(!Redaction::All.text(&text, &captured).is_empty());
    }
}
