//! What holds one reply to a grammar: which tokens may come next, and whether the reply is complete. Must not
//! know where the grammar comes from, nor how a token is chosen among those that may come.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use llguidance::Matcher;

use super::decoder::StopFilter;
use crate::EngineError;
use crate::dialogue::tools::OPEN;

/// A grammar that replies are held to, token by token, made for one model. Cheap to clone; equal to its
/// clones only.
#[derive(Clone)]
pub struct Guide(Arc<Start>);

struct Start {
    /// Before the first token. Replies get copies.
    matcher: Mutex<Matcher>,
    /// Whether it begins with words, which end where a call begins.
    words: bool,
    tokens: Arc<Tokens>,
}

/// What guides know of their model's tokens. All guides of one model have the same.
pub(super) struct Tokens {
    /// The token by which the matcher says that the reply may end.
    pub(super) end: u32,
    /// All tokens that end a reply.
    pub(super) endings: Vec<u32>,
    /// Biases that keep what no voice can speak out of words. A call may begin.
    pub(super) markup: Vec<(u32, f32)>,
}

impl Guide {
    pub(super) fn new(matcher: Matcher, words: bool, tokens: Arc<Tokens>) -> Self {
        Self(Arc::new(Start { matcher: Mutex::new(matcher), words, tokens }))
    }

    /// Whether it was made with these tokens.
    pub(super) fn is_of(&self, tokens: &Arc<Tokens>) -> bool {
        Arc::ptr_eq(&self.0.tokens, tokens)
    }

    /// A reply that has not begun. If it is `speakable`, so are its words.
    pub(super) fn begin(&self, speakable: bool) -> Guided {
        let matcher = self.0.matcher.lock().unwrap_or_else(PoisonError::into_inner).deep_clone();
        let words = (speakable && self.0.words).then(|| StopFilter::new(&[OPEN.to_owned()]));
        Guided { matcher, words, tokens: Arc::clone(&self.0.tokens) }
    }
}

impl PartialEq for Guide {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Guide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guide")
    }
}

/// How far a reply has come in its grammar.
pub(super) struct Guided {
    matcher: Matcher,
    /// Finds the end of words that are to be spoken.
    words: Option<StopFilter>,
    tokens: Arc<Tokens>,
}

impl Guided {
    /// Excludes all tokens that may not come next.
    pub(super) fn mask(&mut self, logits: &mut [f32]) -> Result<(), EngineError> {
        let mask = self.matcher.compute_mask().map_err(|error| failed(&error))?;
        let of_ending = |&id: &u32| Some((id, *logits.get(id as usize)?));
        let endings: Vec<(u32, f32)> = if mask.is_allowed(self.tokens.end) {
            self.tokens.endings.iter().filter_map(of_ending).collect()
        } else {
            Vec::new()
        };
        let mut words = mask.as_slice().iter();
        for logits in logits.chunks_mut(32) {
            let word = words.next().copied().unwrap_or(0);
            match word {
                u32::MAX => {}
                0 => logits.fill(f32::NEG_INFINITY),
                _ => {
                    for (bit, logit) in logits.iter_mut().enumerate() {
                        if word & (1 << bit) == 0 {
                            *logit = f32::NEG_INFINITY;
                        }
                    }
                }
            }
        }
        for (id, logit) in endings {
            if let Some(slot) = logits.get_mut(id as usize) {
                *slot = logit;
            }
        }
        // The mark of a call has a sign that no voice can speak. Once it may have begun, it may go on.
        if self.words.as_ref().is_some_and(StopFilter::is_empty) {
            for &(id, bias) in &self.tokens.markup {
                if let Some(logit) = logits.get_mut(id as usize) {
                    *logit += bias;
                }
            }
        }
        Ok(())
    }

    /// Goes on by a token, which the mask allowed, and by its text.
    pub(super) fn take(&mut self, token: u32, text: &str) -> Result<(), EngineError> {
        self.words.take_if(|words| words.push(text).1);
        self.matcher.consume_token(token).map_err(|error| failed(&error))
    }

    /// Whether nothing can follow.
    pub(super) fn is_complete(&self) -> bool {
        self.matcher.is_stopped()
    }
}

/// The grammar is a client's, and so is the fault if it takes more than its share.
fn failed(error: &impl fmt::Display) -> EngineError {
    EngineError::BadInput(format!(
        "the answer cannot be held to its schema: {}; send a simpler schema",
        first_line(&error.to_string())
    ))
}

/// The library's errors go on with its state.
pub(super) fn first_line(error: &str) -> String {
    let line = error.lines().find(|line| !line.trim().is_empty()).unwrap_or("it is too complex");
    line.chars().filter(|c| !c.is_control()).take(200).collect()
}
