//! A safe interface to the C functions of libflite. Knows nothing of texts or of how speech is trimmed.
//!
//! libflite keeps global state and hands out one shared voice, so every use of it goes through one lock:
//! [`voice`].
#![allow(unsafe_code, reason = "foreign functions")]

use std::ffi::{CStr, c_char, c_float, c_int, c_short, c_void};
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::engine::CancelFlag;

/// flite's `cst_wave`.
#[repr(C)]
struct Wave {
    kind: *const c_char,
    sample_rate: c_int,
    num_samples: c_int,
    num_channels: c_int,
    samples: *const c_short,
}

/// The beginning of flite's `cst_voice`.
#[repr(C)]
struct CVoice {
    name: *const c_char,
    features: *mut c_void,
}

/// flite's `cst_utterance`, of which only pointers are used.
#[repr(C)]
struct CUtterance {
    _private: [u8; 0],
}

/// flite's `cst_item`, of which only pointers are used.
#[repr(C)]
struct Item {
    _private: [u8; 0],
}

/// flite's `cst_audio_streaming_info`: the callback while it makes a wave.
#[repr(C)]
struct Streaming {
    min_buffsize: c_int,
    made: Option<unsafe extern "C" fn(*const Wave, c_int, c_int, c_int, *mut Streaming) -> c_int>,
    utterance: *const CUtterance,
    item: *const Item,
    userdata: *mut c_void,
}

/// `CST_AUDIO_STREAM_STOP` and `CST_AUDIO_STREAM_CONT`.
const STOP: c_int = -1;
const GO_ON: c_int = 0;

/// The number of samples between two checks whether the speech is still wanted: 200 ms.
const LOOK_EVERY: c_int = 3_200;

unsafe extern "C" {
    fn new_audio_streaming_info() -> *mut Streaming;
    fn audio_streaming_info_val(streaming: *const Streaming) -> *mut c_void;
    fn feat_set(features: *mut c_void, name: *const c_char, value: *const c_void);
    fn flite_init() -> c_int;
    fn register_cmu_us_slt(voxdir: *const c_char) -> *mut CVoice;
    fn flite_feat_set_float(features: *mut c_void, name: *const c_char, value: c_float);
    fn flite_synth_text(text: *const c_char, voice: *mut CVoice) -> *mut CUtterance;
    fn delete_utterance(utterance: *mut CUtterance);
    fn utt_wave(utterance: *mut CUtterance) -> *mut Wave;
    fn utt_relation(utterance: *const CUtterance, name: *const c_char) -> *mut c_void;
    fn relation_head(relation: *mut c_void) -> *mut Item;
    fn item_next(item: *const Item) -> *mut Item;
    fn item_daughter(item: *const Item) -> *mut Item;
    fn item_last_daughter(item: *const Item) -> *mut Item;
    fn item_parent(item: *const Item) -> *mut Item;
    fn item_as(item: *const Item, relation: *const c_char) -> *mut Item;
    fn flite_ffeature_string(item: *const Item, path: *const c_char) -> *const c_char;
    fn new_utterance() -> *mut CUtterance;
    fn utt_set_input_text(utterance: *mut CUtterance, text: *const c_char) -> c_int;
    fn utt_init(utterance: *mut CUtterance, voice: *mut CVoice) -> *mut CUtterance;
    fn default_tokenization(utterance: *mut CUtterance) -> *mut CUtterance;
    fn default_textanalysis(utterance: *mut CUtterance) -> *mut CUtterance;
    fn default_pos_tagger(utterance: *mut CUtterance) -> *mut CUtterance;
    fn default_phrasing(utterance: *mut CUtterance) -> *mut CUtterance;
    fn default_lexical_insertion(utterance: *mut CUtterance) -> *mut CUtterance;
    fn flite_ffeature_int(item: *const Item, path: *const c_char) -> c_int;
    fn flite_ffeature_float(item: *const Item, path: *const c_char) -> c_float;
}

/// The slt voice: a woman from the United States, 16 kHz.
pub(super) struct Voice {
    voice: NonNull<CVoice>,
    /// Belongs to the features of the voice.
    streaming: NonNull<Streaming>,
}

/// The callback when libflite has made more of a wave: returns whether to continue.
///
/// # Safety
///
/// `streaming` belongs to the voice, and its `userdata` is null or points to a live `CancelFlag`.
unsafe extern "C" fn made(_: *const Wave, _: c_int, _: c_int, _: c_int, streaming: *mut Streaming) -> c_int {
    // SAFETY: `Voice::speak` sets `userdata` to a flag that it borrows, and to null before that borrow ends.
    // Both pointers may be null here.
    let cancelled = unsafe {
        let flag = streaming.as_ref().and_then(|streaming| streaming.userdata.cast::<CancelFlag>().as_ref());
        flag.is_some_and(CancelFlag::is_cancelled)
    };
    if cancelled { STOP } else { GO_ON }
}

// SAFETY: the voice lives as long as the process, and libflite ties nothing to a thread. `voice` lets only
// one thread at a time use it.
unsafe impl Send for Voice {}

/// Locks the voice, and loads it on first use. `None` if libflite gives no voice.
pub(super) fn voice() -> Option<MutexGuard<'static, Voice>> {
    static VOICE: OnceLock<Option<Mutex<Voice>>> = OnceLock::new();
    let voice = VOICE.get_or_init(|| {
        // SAFETY: the first two functions only require that one thread calls them, once. flite's own program
        // also passes a null `voxdir`.
        let voice = unsafe {
            flite_init();
            NonNull::new(register_cmu_us_slt(std::ptr::null()))?
        };
        // SAFETY: the streaming information is a fresh one from libflite. The value takes it, and the
        // features of the voice, which live as long as the voice, take the value.
        let streaming = unsafe {
            let mut streaming = NonNull::new(new_audio_streaming_info())?;
            streaming.as_mut().min_buffsize = LOOK_EVERY;
            streaming.as_mut().made = Some(made);
            let value = audio_streaming_info_val(streaming.as_ptr());
            feat_set(voice.as_ref().features, c"streaming_info".as_ptr(), value);
            streaming
        };
        Some(Mutex::new(Voice { voice, streaming }))
    });
    // A panic elsewhere leaves libflite unchanged: it holds no state of ours.
    voice.as_ref().map(|v| v.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A spoken token of the text (the characters between two spaces).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Token {
    /// Its byte offset in the text: its last byte, or the space after it.
    pub(super) at: usize,
    /// Seconds from the beginning of the audio to the end of the last sound of the token; 0 if it has no
    /// sound.
    pub(super) end: f32,
}

/// A synthesised text. Holds the lock on the voice as long as it lives.
pub(super) struct Utterance<'v> {
    utterance: NonNull<CUtterance>,
    _voice: &'v mut Voice,
}

impl Voice {
    /// Speaks a text. `stretch` is the factor by which every sound lasts longer than usual. `None` if
    /// libflite fails. Once `cancel` is set, the rest of the sound is not made.
    pub(super) fn speak(&mut self, text: &CStr, stretch: f32, cancel: &CancelFlag) -> Option<Utterance<'_>> {
        // SAFETY: the voice was made by libflite and lives for ever. Its features and its streaming
        // information were made with it. The name and the text end in NUL, and libflite copies both. No other
        // thread is in libflite, since `self` is borrowed mutably from behind the lock. The flag is borrowed
        // until libflite has returned, and the pointer to it is then set to null.
        let utterance = unsafe {
            self.streaming.as_mut().userdata = std::ptr::from_ref(cancel).cast_mut().cast();
            flite_feat_set_float(self.voice.as_ref().features, c"duration_stretch".as_ptr(), stretch);
            let utterance = flite_synth_text(text.as_ptr(), self.voice.as_ptr());
            self.streaming.as_mut().userdata = std::ptr::null_mut();
            utterance
        };
        NonNull::new(utterance).map(|utterance| Utterance { utterance, _voice: self })
    }

    /// Looks a text's words up in libflite's lexicon, with its letter-to-sound rules for the others. Makes no
    /// sound.
    pub(super) fn pronounce(&mut self, text: &CStr) -> Option<Pronounced<'_>> {
        // SAFETY: as in `speak`. The steps are those with which `flite_synth_text` begins; each takes the
        // utterance that the one before it gave, and none of them keeps a pointer to `text`.
        let utterance = unsafe {
            let utterance = NonNull::new(new_utterance())?;
            utt_set_input_text(utterance.as_ptr(), text.as_ptr());
            utt_init(utterance.as_ptr(), self.voice.as_ptr());
            for step in [
                default_tokenization,
                default_textanalysis,
                default_pos_tagger,
                default_phrasing,
                default_lexical_insertion,
            ] {
                step(utterance.as_ptr());
            }
            utterance
        };
        Some(Pronounced(Utterance { utterance, _voice: self }))
    }
}

/// A text whose words were looked up.
pub(super) struct Pronounced<'v>(Utterance<'v>);

/// A word as it is pronounced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Word {
    /// Its place in the text, as [`Token::at`].
    pub(super) at: usize,
    /// In lower case; a number is several words.
    pub(super) name: String,
    /// The phones of each syllable, in libflite's names, and whether it is stressed.
    pub(super) syllables: Vec<(bool, Vec<String>)>,
    /// The punctuation behind the token that ends with this word.
    pub(super) punctuation: String,
}

impl Pronounced<'_> {
    /// The words, in order.
    pub(super) fn words(&self) -> Vec<Word> {
        let mut words = Vec::new();
        // SAFETY: the utterance is alive and owns its relations, items and their strings, which are copied
        // here. libflite's functions accept null items and unknown paths, and return null, 0 or "0" for them.
        // Names and paths end in NUL.
        unsafe {
            let relation = utt_relation(self.0.utterance.as_ptr(), c"Word".as_ptr());
            let mut item = if relation.is_null() { std::ptr::null_mut() } else { relation_head(relation) };
            while !item.is_null() {
                let mut word =
                    Word { name: text_of(flite_ffeature_string(item, c"name".as_ptr())), ..Word::default() };
                let mut syllable = item_daughter(item_as(item, c"SylStructure".as_ptr()));
                while !syllable.is_null() {
                    let stressed = flite_ffeature_int(syllable, c"stress".as_ptr()) > 0;
                    let mut phones = Vec::new();
                    let mut phone = item_daughter(syllable);
                    while !phone.is_null() {
                        phones.push(text_of(flite_ffeature_string(phone, c"name".as_ptr())));
                        phone = item_next(phone);
                    }
                    word.syllables.push((stressed, phones));
                    syllable = item_next(syllable);
                }
                let in_token = item_as(item, c"Token".as_ptr());
                let token = item_parent(in_token);
                if !token.is_null() {
                    let at = flite_ffeature_int(token, c"file_pos".as_ptr()) - 1;
                    word.at = usize::try_from(at).unwrap_or(0);
                    if item_next(in_token).is_null() {
                        let punctuation = text_of(flite_ffeature_string(token, c"punc".as_ptr()));
                        // "0" is libflite's way of saying that there is none.
                        word.punctuation = punctuation.replace('0', "");
                    }
                }
                words.push(word);
                item = item_next(item);
            }
        }
        words
    }
}

/// A copy of a C string; empty if there is none, or if it is not UTF-8.
///
/// # Safety
/// `text` is null, or ends in NUL and is not changed meanwhile.
unsafe fn text_of(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller guarantees it.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap_or_default().to_owned()
}

impl Utterance<'_> {
    /// The audio and its rate; empty if there is none.
    pub(super) fn audio(&self) -> (&[i16], u32) {
        // SAFETY: the utterance is alive. Its wave, if any, belongs to it and is not changed while it is
        // borrowed. libflite gives mono audio, `num_samples` long.
        unsafe {
            let Some(wave) = utt_wave(self.utterance.as_ptr()).as_ref() else { return (&[], 0) };
            let rate = u32::try_from(wave.sample_rate).unwrap_or(0);
            match usize::try_from(wave.num_samples) {
                Ok(n) if n > 0 && wave.num_channels == 1 && !wave.samples.is_null() => {
                    (std::slice::from_raw_parts(wave.samples, n), rate)
                }
                _ => (&[], rate),
            }
        }
    }

    /// The tokens of the text, in order.
    pub(super) fn tokens(&self) -> Vec<Token> {
        let mut tokens = Vec::new();
        // SAFETY: the utterance is alive and owns its relations and items. libflite's functions accept null
        // items and unknown paths, and return null or 0 for them. Names and paths end in NUL.
        unsafe {
            let relation = utt_relation(self.utterance.as_ptr(), c"Token".as_ptr());
            let mut item = if relation.is_null() { std::ptr::null_mut() } else { relation_head(relation) };
            while !item.is_null() {
                // The position of libflite after it read the token: one byte past the token, or past the
                // space after it.
                let at = flite_ffeature_int(item, c"file_pos".as_ptr()) - 1;
                // A token ("9:30") is read as words ("nine", "thirty"). Words have syllables, and syllables
                // have segments, each with its end in seconds.
                let word = item_last_daughter(item);
                let end = if word.is_null() {
                    0.0
                } else {
                    let path = c"R:SylStructure.daughtern.daughtern.R:Segment.end";
                    flite_ffeature_float(word, path.as_ptr())
                };
                tokens.push(Token { at: usize::try_from(at).unwrap_or(0), end });
                item = item_next(item);
            }
        }
        tokens
    }
}

impl Drop for Utterance<'_> {
    fn drop(&mut self) {
        // SAFETY: made by `flite_synth_text` or `new_utterance`, and deleted once; nothing borrowed from it
        // outlives it.
        unsafe { delete_utterance(self.utterance.as_ptr()) }
    }
}
