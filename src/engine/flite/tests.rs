//! Tests of the built-in voice, through libflite itself.

use super::*;
use crate::audio::level::{audible_span, rms_dbfs};
use crate::engine::leaks::assert_no_growth;
use crate::units::{duration_of, samples_in};
use proptest::prelude::*;

fn say(text: &str) -> Speech {
    Flite::new("slt", 1.0).unwrap().synthesize(text, &CancelFlag::default()).unwrap()
}

fn seconds(speech: &Speech) -> f64 {
    duration_of(speech.samples.len(), speech.rate).as_secs_f64()
}

#[test]
fn a_sentence_becomes_audible_speech_of_a_likely_length() {
    let speech = say("Good morning, how can I help you?");
    assert_eq!(speech.rate, 16_000);
    assert!((1.2..3.0).contains(&seconds(&speech)), "{} s", seconds(&speech));
    assert!((-30.0..-10.0).contains(&rms_dbfs(&speech.samples)), "{} dBFS", rms_dbfs(&speech.samples));
}

#[test]
fn every_word_as_written_has_its_time_in_order_and_within_the_audio() {
    let text = "We open at 9:30 on Dr. Smith's 21 days — and the deposit is $45.50, okay?";
    let speech = say(text);
    let words: Vec<&str> = speech.words.iter().map(|w| w.word.as_str()).collect();
    assert_eq!(words, text.split_whitespace().collect::<Vec<_>>());
    for pair in speech.words.windows(2) {
        let silent = pair[1].word == "—";
        assert!(pair[0].end < pair[1].end || silent && pair[0].end == pair[1].end, "{pair:?}");
    }
    let length = duration_of(speech.samples.len(), speech.rate);
    let last = speech.words.last().unwrap().end;
    assert!(last <= length && length - last < Duration::from_millis(120), "{last:?} of {length:?}");
    // "9:30" is read as two words, and takes longer than "at".
    let took = |n: usize| speech.words[n].end - speech.words[n - 1].end;
    assert!(took(3) > took(2) * 2, "{:?} and {:?}", took(3), took(2));
}

#[test]
fn a_word_ends_where_the_sound_does() {
    // The pause at the full stop lies between the end of "yes." and the beginning of "Go".
    let speech = say("Yes. Go.");
    let end = samples_in(speech.words[0].end, speech.rate);
    let pause = &speech.samples[end..end + samples_in(Duration::from_millis(60), speech.rate)];
    assert!(rms_dbfs(pause) < rms_dbfs(&speech.samples) - 20.0, "{} dBFS", rms_dbfs(pause));
}

#[test]
fn silence_is_trimmed_at_both_ends() {
    for text in ["Hello.", "Thanks, bye.", "We are closed on Sundays", "Fifth street", "M"] {
        let speech = say(text);
        let heard = audible_span(&speech.samples, speech.rate).unwrap();
        assert!(duration_of(heard.start, speech.rate) <= Duration::from_millis(10), "{text}: {heard:?}");
        let after = duration_of(speech.samples.len() - heard.end, speech.rate);
        assert!(after <= Duration::from_millis(30), "{text}: {after:?}");
    }
}

#[test]
fn twice_the_speed_takes_about_half_the_time() {
    let text = "The quick brown fox jumps over the lazy dog.";
    let fast = Flite::new("slt", 2.0).unwrap().synthesize(text, &CancelFlag::default()).unwrap();
    let ratio = seconds(&say(text)) / seconds(&fast);
    assert!((1.7..2.3).contains(&ratio), "{ratio}");
    // The speed of one voice does not affect the next. The breath noise of two differs from sample to sample.
    assert!((seconds(&say(text)) - seconds(&say(text))).abs() <= 0.1);
}

#[test]
fn a_text_with_nothing_to_say_is_empty_speech() {
    for text in ["", " \n\t", "!!!", "...", "🙂", "\u{0}", "— — —"] {
        assert!(say(text).samples.is_empty(), "{text:?}");
    }
}

#[test]
fn odd_texts_are_spoken_as_far_as_they_can_be() {
    for text in
        ["a\u{0}b", "Ok 👍 then", "привет hello", "%", "<speak>no</speak>", "-", "1e99", "'", "x_y/z\\"]
    {
        say(text);
    }
    assert!(seconds(&say(&"abcdefghij".repeat(50))) > 5.0);
    assert!(seconds(&say(&"1234567890".repeat(20))) > 20.0);
}

#[test]
fn a_text_that_is_too_long_is_refused_with_the_limit() {
    let error = Flite::new("slt", 1.0)
        .unwrap()
        .synthesize(&"word ".repeat(2_000), &CancelFlag::default())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "a text of 10000 characters is too long to speak at once; the limit is 2000"
    );
}

#[test]
fn an_unknown_voice_or_speed_is_refused_with_what_there_is() {
    assert_eq!(Flite::new("kal", 1.0).unwrap_err().to_string(), "flite has no voice \"kal\"; it has: slt");
    for speed in [0.0, -1.0, 5.0, f32::NAN, f32::INFINITY] {
        let error = Flite::new("slt", speed).unwrap_err().to_string();
        assert!(error.contains("out of range: 0.25 to 4"), "{error}");
    }
}

#[test]
fn threads_may_speak_at_the_same_time() {
    let texts = ["One moment, please.", "Yes.", "See you on Tuesday, then.", "Goodbye."];
    let threads = texts.map(|text| std::thread::spawn(move || (text, say(text))));
    for thread in threads {
        let (text, speech) = thread.join().unwrap();
        // Not exact to the sample: the breath of the voice is noise, and may move the trimmed ends by a hop.
        let alone = say(text);
        assert_eq!(speech.words.len(), alone.words.len());
        assert!((seconds(&speech) - seconds(&alone)).abs() <= 0.1, "{text}");
    }
}

#[test]
fn a_thousand_sentences_leave_no_memory_behind() {
    let mut flite = Flite::new("slt", 4.0).unwrap();
    assert_no_growth(0.5, || {
        for n in 0..200 {
            flite.synthesize(&format!("Your number is {n}."), &CancelFlag::default()).unwrap();
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_text_brings_it_down(text in "[ -~]{0,60}|.{0,30}|([0-9.,:$%/-]{1,12} ){1,5}") {
        let mut flite = Flite::new("slt", 4.0).unwrap();
        let speech = flite.synthesize(&text, &CancelFlag::default()).unwrap();
        let length = duration_of(speech.samples.len(), speech.rate);
        prop_assert!(speech.words.iter().all(|w| w.end <= length));
        prop_assert!(speech.words.windows(2).all(|w| w[0].end <= w[1].end));
        prop_assert!(speech.words.is_empty() || speech.words.len() == text.split_whitespace().count());
    }
}

/// Fault: 500 nines took three seconds of the only voice, and could not be cancelled.
#[test]
fn speech_that_nobody_wants_any_more_is_broken_off() {
    let text = "nine ".repeat(300);
    let (cancel, mut flite) = (CancelFlag::default(), Flite::new("slt", 1.0).unwrap());
    cancel.cancel();
    let spoken = flite.synthesize(&text, &cancel);
    assert!(matches!(spoken, Err(EngineError::Cancelled)), "{spoken:?}");
    // The next text is complete again.
    let whole = |flite: &mut Flite| flite.synthesize("Hello there.", &CancelFlag::default()).unwrap().words;
    assert_eq!(whole(&mut flite).len(), 2);
}
