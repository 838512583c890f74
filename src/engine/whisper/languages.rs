//! The languages of Whisper, by code. Data and rules; touches no file and no model.

/// The language of weights that know only one, and of all that offhook itself says.
pub const ENGLISH: &str = "en";

/// Whisper detects the language, anew for every utterance.
pub const AUTO: &str = "auto";

/// Codes and names in the order of Whisper's own numbers (whisper.cpp's `g_lang`; a test compares them).
/// Weights before large-v3 know all but the last.
pub const LANGUAGES: [(&str, &str); 100] = [
    ("en", "english"),
    ("zh", "chinese"),
    ("de", "german"),
    ("es", "spanish"),
    ("ru", "russian"),
    ("ko", "korean"),
    ("fr", "french"),
    ("ja", "japanese"),
    ("pt", "portuguese"),
    ("tr", "turkish"),
    ("pl", "polish"),
    ("ca", "catalan"),
    ("nl", "dutch"),
    ("ar", "arabic"),
    ("sv", "swedish"),
    ("it", "italian"),
    ("id", "indonesian"),
    ("hi", "hindi"),
    ("fi", "finnish"),
    ("vi", "vietnamese"),
    ("he", "hebrew"),
    ("uk", "ukrainian"),
    ("el", "greek"),
    ("ms", "malay"),
    ("cs", "czech"),
    ("ro", "romanian"),
    ("da", "danish"),
    ("hu", "hungarian"),
    ("ta", "tamil"),
    ("no", "norwegian"),
    ("th", "thai"),
    ("ur", "urdu"),
    ("hr", "croatian"),
    ("bg", "bulgarian"),
    ("lt", "lithuanian"),
    ("la", "latin"),
    ("mi", "maori"),
    ("ml", "malayalam"),
    ("cy", "welsh"),
    ("sk", "slovak"),
    ("te", "telugu"),
    ("fa", "persian"),
    ("lv", "latvian"),
    ("bn", "bengali"),
    ("sr", "serbian"),
    ("az", "azerbaijani"),
    ("sl", "slovenian"),
    ("kn", "kannada"),
    ("et", "estonian"),
    ("mk", "macedonian"),
    ("br", "breton"),
    ("eu", "basque"),
    ("is", "icelandic"),
    ("hy", "armenian"),
    ("ne", "nepali"),
    ("mn", "mongolian"),
    ("bs", "bosnian"),
    ("kk", "kazakh"),
    ("sq", "albanian"),
    ("sw", "swahili"),
    ("gl", "galician"),
    ("mr", "marathi"),
    ("pa", "punjabi"),
    ("si", "sinhala"),
    ("km", "khmer"),
    ("sn", "shona"),
    ("yo", "yoruba"),
    ("so", "somali"),
    ("af", "afrikaans"),
    ("oc", "occitan"),
    ("ka", "georgian"),
    ("be", "belarusian"),
    ("tg", "tajik"),
    ("sd", "sindhi"),
    ("gu", "gujarati"),
    ("am", "amharic"),
    ("yi", "yiddish"),
    ("lo", "lao"),
    ("uz", "uzbek"),
    ("fo", "faroese"),
    ("ht", "haitian creole"),
    ("ps", "pashto"),
    ("tk", "turkmen"),
    ("nn", "nynorsk"),
    ("mt", "maltese"),
    ("sa", "sanskrit"),
    ("lb", "luxembourgish"),
    ("my", "myanmar"),
    ("bo", "tibetan"),
    ("tl", "tagalog"),
    ("mg", "malagasy"),
    ("as", "assamese"),
    ("tt", "tatar"),
    ("haw", "hawaiian"),
    ("ln", "lingala"),
    ("ha", "hausa"),
    ("ba", "bashkir"),
    ("jw", "javanese"),
    ("su", "sundanese"),
    ("yue", "cantonese"),
];

/// The number of a language in Whisper's vocabulary; `None` for "auto" and for an invalid code.
#[must_use]
pub fn number(code: &str) -> Option<usize> {
    LANGUAGES.iter().position(|(known, _)| *known == code)
}

/// The code as a static string; `None` for "auto" and for an invalid code.
#[must_use]
pub fn code(code: &str) -> Option<&'static str> {
    Some(LANGUAGES[number(code)?].0)
}

/// The English name of a language, in lower case; `None` for "auto" and for an invalid code.
#[must_use]
pub fn name_of(code: &str) -> Option<&'static str> {
    Some(LANGUAGES[number(code)?].1)
}

/// The allowed values, if this is neither a code nor "auto".
#[must_use]
pub fn problem(value: &str) -> Option<String> {
    if value == AUTO || number(value).is_some() {
        return None;
    }
    let mut allowed = "\"auto\", or a code such as \"en\", \"de\", \"es\" or \"fr\"".to_owned();
    let named = LANGUAGES.iter().find(|(code, name)| {
        value.eq_ignore_ascii_case(name) || value.eq_ignore_ascii_case(code) || region_of(value, code)
    });
    if let Some((code, name)) = named {
        allowed.push_str(&format!("; {name} is \"{code}\""));
    }
    Some(allowed)
}

/// True for "en-GB" and "en" if the code is "en".
fn region_of(value: &str, code: &str) -> bool {
    value.split(['-', '_']).next().is_some_and(|language| language.eq_ignore_ascii_case(code))
}

/// Parses a code, or "auto".
///
/// # Errors
/// The allowed values, if it is neither.
pub fn parse(value: &str) -> Result<String, String> {
    problem(value).map_or_else(|| Ok(value.to_owned()), |allowed| Err(format!("allowed is {allowed}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_and_auto_are_taken_and_a_name_is_told_its_code() {
        assert_eq!(parse("de"), Ok("de".to_owned()));
        assert_eq!(parse("auto"), Ok("auto".to_owned()));
        for (value, code) in [("German", "de"), ("de-AT", "de"), ("EN", "en"), ("haitian creole", "ht")] {
            let told = parse(value).expect_err(value);
            assert!(told.ends_with(&format!(" is \"{code}\"")), "{told}");
        }
        assert_eq!(
            parse("klingon"),
            Err("allowed is \"auto\", or a code such as \"en\", \"de\", \"es\" or \"fr\"".to_owned())
        );
        assert!(parse("").is_err());
    }
}
