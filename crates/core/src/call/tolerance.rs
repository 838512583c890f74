//! Limits on input that no gateway sends: messages that break the protocol, and audio faster than anybody
//! speaks. Below the limit, such input is a mistake or the burst after a stall; above the limit, it is an
//! attack.

use std::time::Duration;

use crate::media::token_bucket::TokenBucket;
use crate::streams::Refusal;
use crate::units::CallTime;

/// The most audio that may arrive at once. A connection that stalled brings all of its audio in a burst; no
/// connection brings more than this.
const AUDIO_BURST: Duration = Duration::from_secs(60);
/// After the burst, audio may arrive at this many times the pace of speech.
const AUDIO_PACE: u32 = 2;

/// The number of messages that break the protocol and are dropped at once; after that, one a second. More are
/// no mistakes.
const ODD_MESSAGES: u32 = 100;

/// How much one peer has left of the limits.
#[derive(Debug)]
pub struct Tolerance {
    audio: TokenBucket,
    odd: TokenBucket,
    dropped: u64,
}

impl Default for Tolerance {
    fn default() -> Self {
        let audio = TokenBucket::new(AUDIO_BURST, AUDIO_PACE);
        let odd = TokenBucket::new(Duration::from_secs(1) * ODD_MESSAGES, 1);
        Self { audio, odd, dropped: 0 }
    }
}

impl Tolerance {
    /// Drops a message that broke the protocol. Returns the number of messages dropped so far.
    ///
    /// # Errors
    /// If too many messages broke the protocol to be mistakes.
    pub fn drop_odd(&mut self, now: CallTime, refusal: &Refusal) -> Result<u64, Refusal> {
        if !self.odd.take(Duration::from_secs(1), now) {
            return Err(refusal.clone());
        }
        self.dropped += 1;
        Ok(self.dropped)
    }

    /// Takes the audio of a message. False if it is more than any gateway sends.
    #[must_use]
    pub fn takes(&mut self, now: CallTime, audio: Duration) -> bool {
        self.audio.take(audio, now)
    }
}
