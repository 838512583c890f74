//! What is left out under load, so that calls stay quick: the switches that calls and engines look at. Must
//! not know when they are thrown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The switches. Their clones are the same switches.
#[derive(Debug, Clone, Default)]
pub struct Measures(Arc<Switches>);

#[derive(Debug, Default)]
struct Switches {
    no_partials: AtomicBool,
    /// The words of a short reply; 0 leaves replies as they are.
    reply_words: AtomicUsize,
}

impl Measures {
    /// Leaves partial transcripts out, or makes them again.
    pub fn leave_partials_out(&self, out: bool) {
        self.0.no_partials.store(out, Ordering::Relaxed);
    }

    /// Whether partial transcripts are left out.
    #[must_use]
    pub fn no_partials(&self) -> bool {
        self.0.no_partials.load(Ordering::Relaxed)
    }

    /// Lets replies end with the sentence that reaches so many words, or lets them be as long as they are.
    pub fn shorten_replies(&self, words: Option<usize>) {
        self.0.reply_words.store(words.unwrap_or(0), Ordering::Relaxed);
    }

    /// The words of a short reply, if replies are to be short.
    #[must_use]
    pub fn reply_words(&self) -> Option<usize> {
        Some(self.0.reply_words.load(Ordering::Relaxed)).filter(|words| *words > 0)
    }
}
