//! The phone's ear: the agent's audio on the caller's timeline, as a phone would play it. Audio plays when it
//! arrives, or after the audio that still waits; `clear` discards audio that has not been played. Positions
//! are samples since the start of the call. PURE: it is given the time. Must not know marks or gateways.

use std::time::Duration;

use super::continuity::{Continuity, Piece};
use super::slack::Slacks;
use offhook_core::audio::level::audible_span;
use offhook_core::units::{PHONE_RATE, samples_in};

/// The lead in the phone's buffer is at most 200 ms; after this time it is kept up, not filled.
const BURST: Duration = Duration::from_millis(300);

/// The audio of the agent, at the positions where it was or will be heard.
#[derive(Debug, Default)]
pub(crate) struct Playout {
    /// The position of the first sample that is remembered; 0 unless something was forgotten.
    base: usize,
    /// One sample per position from `base` on, up to the end of the audio to play.
    heard: Vec<i16>,
    /// The pieces that are not counted yet.
    pieces: Vec<Piece>,
    counted: Continuity,
    /// The clears from `base` on, and how many there were in all.
    cuts: Vec<usize>,
    clears: usize,
    audible_end: Option<usize>,
    /// The audio that was left to play whenever more of a piece arrived.
    slack: Slacks,
}

impl Playout {
    /// Audio has arrived.
    pub(crate) fn play(&mut self, now: usize, samples: &[i16]) {
        if samples.is_empty() {
            return;
        }
        let dry = self.end_of_audio() < now;
        if dry {
            self.heard.resize(now - self.base, 0);
        }
        let start = self.end_of_audio();
        // A piece begins with a burst that fills the lead; only later frames count.
        let under_way = self.pieces.last().is_some_and(|p| now >= p.start + samples_in(BURST, PHONE_RATE));
        if !dry && start > now && under_way {
            self.slack.add(start - now);
        }
        self.heard.extend_from_slice(samples);
        let end = self.end_of_audio();
        match self.pieces.last_mut() {
            Some(piece) if !dry && !piece.cut => piece.end = end,
            Some(_) | None => self.pieces.push(Piece { start, end, cut: false }),
        }
        if let Some(span) = audible_span(samples, PHONE_RATE) {
            self.audible_end = Some(start + span.end);
        }
    }

    /// A clear has arrived: discards the audio that has not been played.
    pub(crate) fn clear(&mut self, now: usize) {
        self.cuts.push(now);
        self.clears += 1;
        self.take_back(now);
    }

    /// Removes the audio that has not been played by `now`, and returns it.
    pub(crate) fn take_back(&mut self, now: usize) -> Vec<i16> {
        if self.end_of_audio() <= now {
            return Vec::new();
        }
        let rest = self.heard.split_off(now.saturating_sub(self.base));
        self.pieces.retain(|piece| piece.start < now);
        if let Some(piece) = self.pieces.last_mut().filter(|piece| piece.end > now) {
            *piece = Piece { end: now, cut: true, ..*piece };
        }
        self.audible_end = self.audible_end.map(|end| end.min(now));
        rest
    }

    /// The end of the last sound that has arrived so far; it may lie in the future.
    pub(crate) fn audible_end(&self) -> Option<usize> {
        self.audible_end
    }

    /// The end of the audio that was or will be heard; the next audio plays then, or when it arrives.
    pub(crate) fn end_of_audio(&self) -> usize {
        self.base + self.heard.len()
    }

    /// The position of the first sample of `heard`.
    pub(crate) fn base(&self) -> usize {
        self.base
    }

    /// The audio that was heard and that will be heard, by position, from `base` on.
    pub(crate) fn heard(&self) -> &[i16] {
        &self.heard
    }

    /// The positions of clears from `base` on.
    pub(crate) fn cuts(&self) -> &[usize] {
        &self.cuts
    }

    /// The number of clears since the start of the call.
    pub(crate) fn clears(&self) -> usize {
        self.clears
    }

    /// How close the agent's speech came to an underrun.
    pub(crate) fn slack(&self) -> &Slacks {
        &self.slack
    }

    /// Forgets the audio and the clears before this position, which has passed. What they were counts in
    /// `continuity`, whose `gap` is the same.
    pub(crate) fn forget(&mut self, before: usize, gap: usize) {
        // Silence that has passed need not be filled in later.
        self.heard.drain(..before.saturating_sub(self.base).min(self.heard.len()));
        self.base = self.base.max(before);
        self.cuts.retain(|&cut| cut >= self.base);
        // The last piece may go on, and the next one is compared with it.
        let over = self.pieces.iter().take_while(|piece| piece.end <= before).count();
        let keep = over.saturating_sub(1);
        self.counted.count(&self.pieces[..over], gap);
        self.pieces.drain(..keep);
    }

    /// The holes in the agent's speech so far.
    pub(crate) fn continuity(&self, gap: usize) -> Continuity {
        let mut continuity = self.counted;
        continuity.count(&self.pieces, gap);
        if let Some(last) = self.pieces.last() {
            continuity.count_last(*last);
        }
        continuity
    }

    /// Ends the call: audio that has not been played is discarded. Returns the holes in the agent's speech.
    pub(crate) fn end(&mut self, now: usize, gap: usize) -> Continuity {
        self.clear(now);
        self.heard.resize(now.saturating_sub(self.base), 0);
        self.continuity(gap)
    }
}

#[cfg(test)]
mod tests {
    use super::super::slack::Slack;
    use super::*;

    const GAP: usize = 5600;

    fn tone(samples: usize) -> Vec<i16> {
        (0..samples).map(|n| if n % 8 < 4 { 8000 } else { -8000 }).collect()
    }

    #[test]
    fn audio_plays_when_it_arrives_or_after_what_waits() {
        let mut playout = Playout::default();
        playout.play(1000, &tone(160));
        playout.play(1010, &tone(160));
        assert_eq!(playout.heard().len(), 1320);
        assert!(playout.heard()[..1000].iter().all(|&s| s == 0));
        assert_eq!(playout.audible_end(), Some(1320));
        assert_eq!(playout.end(2000, GAP).glitches, 0);
        assert_eq!(playout.heard().len(), 2000);
    }

    #[test]
    fn the_slack_is_what_was_still_to_be_played_when_the_next_frame_came() {
        let mut playout = Playout::default();
        assert_eq!(playout.slack().figures(), None);
        playout.play(0, &tone(2480));
        assert_eq!(playout.slack().figures(), None);
        // 80 samples were left; then everything had been played.
        playout.play(2400, &tone(160));
        playout.play(2700, &tone(160));
        assert_eq!(playout.slack().figures(), Some(Slack { median: 10.0, p01: 10.0, least: 10.0 }));
    }

    #[test]
    fn a_clear_cuts_what_has_not_been_played() {
        let mut playout = Playout::default();
        playout.play(0, &tone(1600));
        playout.clear(400);
        assert_eq!(playout.heard().len(), 400);
        assert_eq!(playout.audible_end(), Some(400));
        assert_eq!(playout.cuts(), [400]);
        // The next audio is another piece even if it comes at once.
        playout.play(400, &tone(160));
        assert_eq!(playout.pieces[0], Piece { start: 0, end: 400, cut: true });
        assert_eq!(playout.pieces[1], Piece { start: 400, end: 560, cut: false });
    }

    #[test]
    fn a_clear_on_an_empty_buffer_cuts_nothing() {
        let mut playout = Playout::default();
        playout.play(0, &tone(160));
        playout.clear(1000);
        assert_eq!(playout.heard().len(), 160);
        assert!(!playout.pieces[0].cut);
    }

    #[test]
    fn audio_that_comes_a_frame_too_late_inside_a_reply_is_a_glitch() {
        let holes = |hole: usize| {
            let mut playout = Playout::default();
            playout.play(100, &tone(160));
            playout.play(260 + hole, &tone(160));
            playout.end(60_000, GAP).glitches
        };
        assert_eq!(holes(0), 0);
        assert_eq!(holes(159), 0);
        assert_eq!(holes(160), 1);
        assert_eq!(holes(GAP - 1), 1);
        assert_eq!(holes(GAP), 0, "that is the next reply");
    }

    #[test]
    fn a_pause_after_a_cut_is_no_glitch() {
        let mut playout = Playout::default();
        playout.play(0, &tone(1600));
        playout.clear(400);
        playout.play(800, &tone(160));
        assert_eq!(playout.end(1000, GAP).glitches, 0);
    }

    #[test]
    fn what_is_forgotten_changes_no_position_and_no_count() {
        let (mut whole, mut short) = (Playout::default(), Playout::default());
        let mut now = 0;
        for n in 0..400_usize {
            // Frames that come too early, in time, a little or much too late, with a clear now and then.
            now += [160, 160, 100, 220, 160, 400, 160, 160, 900, 40][n % 10];
            for playout in [&mut whole, &mut short] {
                if n % 37 == 36 {
                    playout.clear(now);
                }
                playout.play(now, &tone(160));
            }
            if n % 23 == 22 {
                short.forget(now - 2000, GAP);
                assert!(short.heard().len() <= 2000 + 6000, "{}", short.heard().len());
            }
            assert_eq!(short.end_of_audio(), whole.end_of_audio());
            assert_eq!(short.audible_end(), whole.audible_end());
            assert_eq!(short.continuity(GAP), whole.continuity(GAP));
        }
        assert!(short.base() > 0 && short.pieces.len() < 30);
        assert_eq!(short.heard(), &whole.heard()[short.base()..]);
        assert_eq!((short.clears(), short.slack()), (whole.clears(), whole.slack()));
        assert_eq!(short.end(now, GAP), whole.end(now, GAP));
        assert!(whole.continuity(GAP).glitches > 20);
    }
}
