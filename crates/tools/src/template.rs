//! Addresses with placeholders: `https://shop.example/orders/{order}?lang={lang}`, filled from the arguments
//! of a call. Whatever the arguments are, they stay within the piece of the path or the value of the query
//! that holds their placeholder. Pure; must not know who may be asked.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use url::Url;

use crate::error::BadTool;

/// The longest address, in bytes. Servers refuse longer ones.
const LONGEST: usize = 8192;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Fixed(String),
    /// A placeholder, and whether it stands in the query.
    Filled {
        name: String,
        in_query: bool,
    },
}

/// An address with placeholders in its path and its query.
#[derive(Clone)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
    /// The same with something harmless in each place: what a filled one is compared with.
    sample: Url,
    /// The names in its own query, which arguments may not repeat.
    own_names: BTreeSet<String>,
}

fn wrong(what: impl Into<String>) -> BadTool {
    BadTool::new("url", what)
}

impl Template {
    /// Reads an address.
    pub(crate) fn new(text: &str) -> Result<Self, BadTool> {
        if let Some(c) = text.chars().find(|&c| c.is_control() || c.is_whitespace() || c == '\\') {
            return Err(wrong(format!("holds {c:?}, which is no part of an address")));
        }
        if text.contains('#') {
            return Err(wrong("has a fragment (#…), which is never sent: leave it out"));
        }
        let host = text.find("://").map(|at| at + 3);
        let host = host.ok_or_else(|| wrong("begins with no scheme: expected https://host/path"))?;
        let path = text[host..].find(['/', '?']).map_or(text.len(), |at| host + at);
        let query = text.find('?').unwrap_or(text.len());
        if text[..path].contains(['{', '}']) {
            return Err(wrong("has a placeholder before its path: only path and query are filled"));
        }
        let pieces = pieces(text, query)?;
        let sample = Url::parse(&joined(&pieces, |_| "x".to_owned()))
            .map_err(|error| wrong(format!("is no address: {error}")))?;
        if !sample.username().is_empty() || sample.password().is_some() {
            return Err(wrong("holds a name or a password: send them as the header `authorization`"));
        }
        let own_names = sample.query_pairs().map(|(name, _)| name.into_owned()).collect();
        Ok(Self { pieces, sample, own_names })
    }

    /// An address of this form.
    pub(crate) fn sample(&self) -> &Url {
        &self.sample
    }

    /// The names in the address's own query.
    pub(crate) fn own_names(&self) -> &BTreeSet<String> {
        &self.own_names
    }

    /// Whether a placeholder has this name.
    pub(crate) fn holds(&self, argument: &str) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Filled { name, .. } if name == argument))
    }

    /// The address for these arguments. Arguments without a placeholder are left to the caller.
    pub(crate) fn fill(&self, arguments: &Map<String, Value>) -> Result<Url, String> {
        for piece in &self.pieces {
            if let Piece::Filled { name, in_query } = piece {
                let value = plain(name, arguments.get(name))?;
                if !in_query {
                    check_in_path(name, &value)?;
                }
            }
        }
        let text = joined(&self.pieces, |name| {
            // Checked above.
            encoded(&plain(name, arguments.get(name)).unwrap_or_default())
        });
        if text.len() > LONGEST {
            return Err(format!("they make an address of {} bytes, and {LONGEST} are the most", text.len()));
        }
        if has_dots(&text) {
            return Err("they make `.` or `..` of a piece of the path".to_owned());
        }
        let url = Url::parse(&text).map_err(|error| format!("they make no address: {error}"))?;
        let pieces_of = |url: &Url| url.path_segments().map(Iterator::count);
        let same = url.origin() == self.sample.origin()
            && url.username().is_empty()
            && url.password().is_none()
            && pieces_of(&url) == pieces_of(&self.sample)
            && url.query_pairs().count() == self.sample.query_pairs().count()
            && url.fragment().is_none();
        if same { Ok(url) } else { Err("they change more than their own part of the address".to_owned()) }
    }
}

fn pieces(text: &str, query: usize) -> Result<Vec<Piece>, BadTool> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find(['{', '}']).map(|found| at + found) {
        let close = text[open..].find('}').map(|found| open + found);
        let name = close.filter(|_| text[open..].starts_with('{')).map(|close| &text[open + 1..close]);
        let is_name = |name: &&str| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        };
        let Some(name) = name.filter(is_name) else {
            return Err(wrong(
                "has a brace that is no placeholder: expected {name}, of letters, digits, - and _",
            ));
        };
        if in_name_of_query(text, query, open) {
            return Err(wrong(format!(
                "has {{{name}}} in the name of a query's part: expected name={{{name}}}"
            )));
        }
        pieces.push(Piece::Fixed(text[at..open].to_owned()));
        pieces.push(Piece::Filled { name: name.to_owned(), in_query: open > query });
        at = open + name.len() + 2;
    }
    pieces.push(Piece::Fixed(text[at..].to_owned()));
    Ok(pieces)
}

/// Whether a place is left of the `=` of its part of the query.
fn in_name_of_query(text: &str, query: usize, at: usize) -> bool {
    let part = text.get(query + 1..at).map(|before| before.rsplit('&').next().unwrap_or_default());
    part.is_some_and(|part| !part.contains('='))
}

fn joined(pieces: &[Piece], value: impl Fn(&str) -> String) -> String {
    let text = pieces.iter().map(|piece| match piece {
        Piece::Fixed(text) => text.clone(),
        Piece::Filled { name, .. } => value(name),
    });
    text.collect()
}

/// An argument as text.
fn plain(name: &str, value: Option<&Value>) -> Result<String, String> {
    match value {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(Value::Bool(truth)) => Ok(truth.to_string()),
        Some(Value::Null) | None => Err(format!("`{name}` is missing")),
        Some(Value::Array(_) | Value::Object(_)) => {
            Err(format!("`{name}` is a list or an object; expected a text, a number, true or false"))
        }
    }
}

/// Servers and proxies decode a path and then resolve its dots, some of them twice. An empty piece often
/// means all of something.
fn check_in_path(name: &str, value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Err(format!("`{name}` is empty"));
    }
    if value.chars().any(char::is_control) {
        return Err(format!("`{name}` holds a control character"));
    }
    let decoded = value.replace("%2e", ".").replace("%2E", ".");
    let decoded = decoded.replace("%2f", "/").replace("%2F", "/").replace("%5c", "/").replace("%5C", "/");
    if decoded.split(['/', '\\']).any(|piece| piece == "." || piece == "..") {
        return Err(format!("`{name}` holds `.` or `..` as a piece of a path"));
    }
    Ok(())
}

/// Whether a piece of the path is nothing but dots, which the reader of an address would resolve.
fn has_dots(address: &str) -> bool {
    let address = address.split('?').next().unwrap_or(address);
    address.split('/').skip(3).any(|piece| {
        let piece = piece.replace("%2e", ".").replace("%2E", ".");
        piece == "." || piece == ".."
    })
}

/// Everything but unreserved characters (RFC 3986) as `%XX`.
fn encoded(value: &str) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing into a string never fails.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const ORDERS: &str = "https://shop.example/v1/orders/{order}/lines?lang={lang}&key=abc";

    fn filled(template: &str, arguments: Value) -> Result<Url, String> {
        Template::new(template).unwrap().fill(arguments.as_object().unwrap())
    }

    #[test]
    fn arguments_are_encoded_in_path_and_query() {
        let url = filled(ORDERS, json!({ "order": "a b/c?d#e", "lang": "d&e=f g" })).unwrap();
        let expected = "https://shop.example/v1/orders/a%20b%2Fc%3Fd%23e/lines?lang=d%26e%3Df%20g&key=abc";
        assert_eq!(url.as_str(), expected);
        assert_eq!(
            filled(ORDERS, json!({ "order": 17, "lang": true })).unwrap().path(),
            "/v1/orders/17/lines"
        );
    }

    #[test]
    fn arguments_that_would_climb_are_refused() {
        for order in
            ["..", ".", "../admin", "a/../../b", "..\\x", "%2e%2e", "..%2fadmin", "", "a\r\nHost: b", "a\0"]
        {
            let error = filled(ORDERS, json!({ "order": order, "lang": "en" })).unwrap_err();
            assert!(error.starts_with("`order`"), "{error}");
        }
        let error = filled("https://a.example/x/.{more}", json!({ "more": "." }));
        assert!(error.is_err());
        assert!(filled("https://a.example/x/{a}{b}", json!({ "a": "%2", "b": "e" })).is_ok());
    }

    #[test]
    fn missing_arguments_and_lists_are_named() {
        assert_eq!(filled(ORDERS, json!({ "order": "1" })).unwrap_err(), "`lang` is missing");
        let error = filled(ORDERS, json!({ "order": ["1"], "lang": "en" })).unwrap_err();
        assert!(error.starts_with("`order` is a list"), "{error}");
        let long = filled(ORDERS, json!({ "order": "x".repeat(9000), "lang": "en" })).unwrap_err();
        assert!(long.contains("8192"), "{long}");
    }

    #[test]
    fn an_address_that_cannot_be_kept_is_refused_with_the_reason() {
        for (address, reason) in [
            ("shop.example/x", "no scheme"),
            ("https://{host}/x", "before its path"),
            ("https://shop.example:{port}/x", "before its path"),
            ("https://shop.example{x}/", "before its path"),
            ("https://a:b@shop.example/", "password"),
            ("https://shop.example/#x", "fragment"),
            ("https://shop.example/{", "brace"),
            ("https://shop.example/}x{", "brace"),
            ("https://shop.example/{}", "brace"),
            ("https://shop.example/{a b}", "no part of an address"),
            ("https://shop.example/?{x}=1", "name of a query"),
            ("https://shop.example/?a=1&{x}", "name of a query"),
            ("https://shop.example\\@evil.example/", "no part of an address"),
            ("https://", "no address"),
        ] {
            let error = Template::new(address).err().map(|error| error.to_string());
            let error = error.unwrap_or_else(|| panic!("{address} was taken"));
            assert!(error.contains(reason), "{address}: {error}");
        }
    }

    fn hostile() -> impl Strategy<Value = String> {
        let parts = prop_oneof![
            any::<String>(),
            proptest::sample::select(vec![
                "..",
                ".",
                "/",
                "\\",
                "?",
                "#",
                "&",
                "=",
                "@",
                ":",
                "%",
                "%2e",
                "%2F",
                "%00",
                "\r\n",
                "\0",
                "{",
                "}",
                "{lang}",
                "http://",
                "//evil.example",
                "[::1]",
                " ",
                "\u{202e}",
                "ä",
                "\u{ff0e}\u{ff0e}",
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(parts, 0..6).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn no_argument_leaves_its_place(order in hostile(), lang in hostile()) {
            let Ok(url) = filled(ORDERS, json!({ "order": order, "lang": lang })) else { return Ok(()) };
            prop_assert_eq!(url.origin().ascii_serialization(), "https://shop.example");
            let path: Vec<&str> = url.path_segments().unwrap().collect();
            prop_assert_eq!(path.len(), 4);
            prop_assert_eq!((path[0], path[1], path[3]), ("v1", "orders", "lines"));
            let decoded: Vec<u8> = url::form_urlencoded::parse(format!("a={}", path[2]).as_bytes())
                .flat_map(|(_, value)| value.into_owned().into_bytes()).collect();
            prop_assert_eq!(decoded, order.into_bytes());
            let query: Vec<_> = url.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
            prop_assert_eq!(query, vec![("lang".to_owned(), lang), ("key".to_owned(), "abc".to_owned())]);
            prop_assert!(url.fragment().is_none() && url.username().is_empty() && url.password().is_none());
        }

        #[test]
        fn any_template_is_taken_or_refused(template in hostile(), value in hostile()) {
            for address in [template.clone(), format!("https://a.example/{template}/{{x}}?y={template}")] {
                if let Ok(template) = Template::new(&address) {
                    let _ = template.fill(json!({ "x": value, "lang": value }).as_object().unwrap());
                }
            }
        }
    }
}
