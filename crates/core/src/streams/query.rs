//! The query of a URL (`name=value&name=value`) as the customer's own data. Must not know any provider.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::MAX_NAME_BYTES;

/// The most parameters that are kept, more than a call needs; the rest is left out.
const MAX_PARAMETERS: usize = 64;

/// The most bytes in one value; a longer value is left out.
const MAX_VALUE_BYTES: usize = 1024;

/// The parameters, percent-decoded (RFC 3986, section 2.1). A `+` stays a `+`, because telephone numbers
/// begin with it. A parameter that has no name, or is too long, is left out.
pub(super) fn parse(query: &str) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name), decoded(value));
        let fits = (1..=MAX_NAME_BYTES).contains(&name.len()) && value.len() <= MAX_VALUE_BYTES;
        if fits && (parameters.len() < MAX_PARAMETERS || parameters.contains_key(&name)) {
            parameters.insert(name, value);
        }
    }
    parameters
}

/// Decodes `%2B` to `+`. A percent sign without two hex digits stands for itself; invalid UTF-8 is replaced.
fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(query: &str) -> Vec<(String, String)> {
        parse(query).into_iter().collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn parameters_are_decoded_and_numbers_keep_their_plus() {
        assert_eq!(
            pairs("from=+15550100&to=%2B15550142&name=Zo%c3%AB%20B&flag&a%3Db=c%26d"),
            [
                pair("a=b", "c&d"),
                pair("flag", ""),
                pair("from", "+15550100"),
                pair("name", "Zo\u{eb} B"),
                pair("to", "+15550142")
            ]
        );
        assert_eq!(pairs(""), []);
        assert_eq!(pairs("=x&&a=1&a=2"), [pair("a", "2")]);
    }

    #[test]
    fn what_is_no_number_stands_for_itself() {
        assert_eq!(pairs("a=100%&b=%zz&c=%e"), [pair("a", "100%"), pair("b", "%zz"), pair("c", "%e")]);
        assert_eq!(pairs("a=%ff"), [pair("a", "\u{fffd}")]);
    }

    #[test]
    fn more_than_a_call_needs_is_left_out() {
        let many: Vec<String> = (0..1000).map(|n| format!("p{n}={n}")).collect();
        assert_eq!(parse(&many.join("&")).len(), MAX_PARAMETERS);
        assert_eq!(pairs(&format!("a={}&{}=1&b=2", "x".repeat(1025), "n".repeat(257))), [pair("b", "2")]);
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic_or_grow(query in "[a%=&+0-9é]{0,400}|.{0,100}") {
            for (name, value) in parse(&query) {
                prop_assert!(!name.is_empty() && name.len() <= MAX_NAME_BYTES);
                prop_assert!(value.len() <= MAX_VALUE_BYTES);
            }
        }
    }
}
