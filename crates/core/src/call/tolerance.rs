//! How much a peer may send that no line sends: messages that break the protocol, and audio faster than anybody
//! speaks. Below that it is a mistake or a stall made good, above it an attack.

use std::time::Duration;

use crate::media::token_bucket::TokenBucket;
use crate::streams::Refusal;
use crate::units::CallTime;

/// So much audio may come at once, and then at this many times the pace of speech. A line that stalled
/// brings all of it in a burst; more than that is no line.
const AUDIO_BURST: Duration = Duration::from_secs(60);
const AUDIO_PACE: u32 = 2;

/// So many messages that break the protocol are dropped at once, and then one a second: more are no mistakes.
const ODD_MESSAGES: u32 = 100;

/// What one peer may still send of it.
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
    /// A message broke the protocol, and is dropped; gives how many were so far.
    ///
    /// # Errors
    /// If so many did that it is no mistake.
    pub fn drop_odd(&mut self, now: CallTime, refusal: &Refusal) -> Result<u64, Refusal> {
        if !self.odd.take(Duration::from_secs(1), now) {
            return Err(refusal.clone());
        }
        self.dropped += 1;
        Ok(self.dropped)
    }

    /// A message brought so much audio; false if that is more than any line sends.
    #[must_use]
    pub fn takes(&mut self, now: CallTime, audio: Duration) -> bool {
        self.audio.take(audio, now)
    }
}
