//! offhook's own voice, over the telephone, in its own ears: recordings of calls are to be written down.

use offhook::app::engines::whisper_options;
use offhook::audio::g711::Law;
use offhook::audio::{phone_to_whisper, resample};
use offhook::config::{self, DEFAULT_CONFIG};
use offhook::engine::voice;
use offhook::engine::whisper;
use offhook::engine::{CancelFlag, Effort, Recognizer as _};
use offhook::scoring::Score;
use offhook::units::PHONE_RATE;

use crate::support::server::root;

/// What a front desk says.
const SENTENCES: [&str; 10] = [
    "Hello, this is Green Street Dental Clinic. How can I help you?",
    "We are open Monday to Thursday from eight thirty to five.",
    "A cleaning is ninety dollars, and a checkup is sixty dollars.",
    "You can park behind the building.",
    "Yes, we take new patients.",
    "Our number is five five five, zero one four two.",
    "Doctor Taylor can see you on Friday morning.",
    "I am sorry, could you say that again?",
    "Are you still there?",
    "Thank you for calling. Goodbye.",
];

/// Most words of them that may be heard wrong, in percent.
const MOST_WRONG: f64 = 10.0;

#[test]
fn offhooks_own_voice_is_understood_by_its_own_ears() {
    let config = config::parse(DEFAULT_CONFIG, "shipped", root()).unwrap();
    let mut voice = voice::open(&config.tts.voice, config.tts.speed).unwrap();
    let mut ears =
        whisper::load(&whisper_options(&config.stt, &config.stt.model)).unwrap().recognizer().unwrap();
    let effort = Effort { threads: config.stt.threads, second_try: true };
    let (mut score, mut told) = (Score::default(), String::new());
    for sentence in SENTENCES {
        let speech = voice.synthesize(sentence, &CancelFlag::default()).unwrap();
        let line = resample::resample_i16(&speech.samples, speech.rate, PHONE_RATE).unwrap();
        let line = Law::Mu.decode_all(&Law::Mu.encode_all(&line));
        let audio = phone_to_whisper(&line).unwrap();
        let heard = ears.transcribe(&audio, effort, &CancelFlag::default()).unwrap().text;
        score.add(sentence, &heard);
        told.push_str(&format!("{sentence:?} was heard as {heard:?}\n"));
    }
    assert!(score.percent() <= MOST_WRONG, "{score:?}:\n{told}");
}
