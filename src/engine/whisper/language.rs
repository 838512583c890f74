//! The language of the speech: whether the weights know it, and the parameters for whisper.cpp. Knows codes;
//! no audio.

use whisper_rs::{FullParams, SamplingStrategy};

use super::languages::{self, ENGLISH};

/// The problem with this language and its remedy, if there is a problem. `known` is the number of languages
/// that the weights know; 0 is English only.
pub(super) fn problem(language: &str, known: usize) -> Option<(String, String)> {
    if known == 0 && language != ENGLISH {
        let problem = format!("it knows English only, and stt.language is \"{language}\"");
        let remedy = "set stt.language = \"en\", or set stt.model to multilingual weights: those without \
                      \".en\" in their name, such as \"base\"";
        return Some((problem, remedy.to_owned()));
    }
    let beyond = languages::number(language).is_some_and(|number| number >= known.max(1));
    beyond.then(|| {
        let problem = format!("it does not know stt.language = \"{language}\"");
        (problem, "set stt.model to weights that do, large-v3 or newer".to_owned())
    })
}

/// Parameters for whisper.cpp: greedy, with this language and nothing else set.
///
/// Made once and cloned for each run: whisper-rs (0.16) copies the code for C and never frees it.
///
/// "auto" costs each run another pass of the encoder and one of the decoder, since `whisper_full` detects the
/// language before everything else. That pass still has the window of the previous run (for the first run,
/// the whole 30 s), and cannot be broken off.
pub(super) fn params_in(language: &str) -> FullParams<'static, 'static> {
    let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    params.set_language(languages::code(language));
    params
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::whisper::languages::LANGUAGES;

    #[test]
    fn the_codes_are_those_of_whisper_cpp_in_its_order() {
        assert_eq!(whisper_rs::get_lang_max_id(), 99);
        for (id, (code, name)) in (0..).zip(LANGUAGES) {
            assert_eq!(whisper_rs::get_lang_str(id), Some(code));
            assert_eq!(whisper_rs::get_lang_str_full(id), Some(name));
        }
    }

    #[test]
    fn weights_are_asked_in_a_language_that_they_know() {
        for (language, known) in [("en", 0), ("en", 99), ("de", 99), ("auto", 99), ("yue", 100)] {
            assert_eq!(problem(language, known), None, "{language} of {known}");
        }
        for language in ["de", "auto"] {
            let (problem, remedy) = problem(language, 0).expect("refused");
            assert!(problem.contains(language) && problem.contains("English only"), "{problem}");
            assert!(remedy.contains("stt.language = \"en\"") && remedy.contains("stt.model"), "{remedy}");
        }
        assert!(problem("yue", 99).expect("refused").0.contains("yue"));
    }
}
