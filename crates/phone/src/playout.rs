//! The phone's ear: the agent's audio on the caller's timeline, as a phone would play it. Audio plays when it
//! arrives, or after the audio that still waits; `clear` discards audio that has not been played. Positions
//! are samples since the start of the call. PURE: it is given the time. Must not know marks or gateways.

use std::time::Duration;

use offhook_core::audio::level::audible_span;
use offhook_core::units::{PHONE_RATE, samples_in, tenths};

/// The lead in the phone's buffer is at most 200 ms; after this time it is kept up, not filled.
const BURST: Duration = Duration::from_millis(300);

/// Audio of the agent that played without a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Where it begins.
    pub(crate) start: usize,
    /// Where it ends, because no more audio had come, or because it was cut.
    pub(crate) end: usize,
    /// Whether a clear ended it.
    pub(crate) cut: bool,
}

/// All audio of the agent, at the positions where it was or will be heard.
#[derive(Debug, Default)]
pub(crate) struct Playout {
    /// One sample per position, up to the end of the audio to play.
    heard: Vec<i16>,
    pieces: Vec<Piece>,
    cuts: Vec<usize>,
    audible_end: Option<usize>,
    /// The audio that was left to play whenever more of a piece arrived, in samples.
    slack: Vec<usize>,
}

/// How much audio was left to play when the next frame of the agent's speech arrived: 0 would be an underrun.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Slack {
    /// The median, in milliseconds, like the other fields.
    pub median: f64,
    /// The first percentile: 99 of 100 frames had more.
    pub p01: f64,
    /// The least of all frames.
    pub least: f64,
}

impl Playout {
    /// Audio has arrived.
    pub(crate) fn play(&mut self, now: usize, samples: &[i16]) {
        if samples.is_empty() {
            return;
        }
        let dry = self.heard.len() < now;
        if dry {
            self.heard.resize(now, 0);
        }
        let start = self.heard.len();
        // A piece begins with a burst that fills the lead; only later frames count.
        let under_way = self.pieces.last().is_some_and(|p| now >= p.start + samples_in(BURST, PHONE_RATE));
        if !dry && start > now && under_way {
            self.slack.push(start - now);
        }
        self.heard.extend_from_slice(samples);
        let end = self.heard.len();
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
        self.take_back(now);
    }

    /// Removes the audio that has not been played by `now`, and returns it.
    pub(crate) fn take_back(&mut self, now: usize) -> Vec<i16> {
        if self.heard.len() <= now {
            return Vec::new();
        }
        let rest = self.heard.split_off(now);
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

    /// The audio that was heard and that will be heard, by position.
    pub(crate) fn heard(&self) -> &[i16] {
        &self.heard
    }

    /// The positions of clears.
    pub(crate) fn cuts(&self) -> &[usize] {
        &self.cuts
    }

    /// How close the agent's speech came to an underrun; `None` without speech.
    pub(crate) fn slack(&self) -> Option<Slack> {
        let mut sorted = self.slack.clone();
        sorted.sort_unstable();
        let ms = |rank: usize| sorted.get(rank).map(|&n| tenths(n as f64 * 1000.0 / f64::from(PHONE_RATE)));
        Some(Slack { median: ms(sorted.len() / 2)?, p01: ms(sorted.len() / 100)?, least: ms(0)? })
    }

    /// Ends the call: audio that has not been played is discarded. Returns the number of glitches.
    pub(crate) fn end(&mut self, now: usize, gap: usize) -> usize {
        self.clear(now);
        self.heard.resize(now, 0);
        glitches(&self.pieces, gap)
    }
}

/// The number of holes inside the agent's speech. A glitch is a hole of at least one frame (20 ms) after an
/// underrun, followed by more of the same reply. The wire does not say where a reply ends, so the caller's
/// own rule for speaking decides: audio within `gap` after the last belongs to the same reply, later audio to
/// the next one. A cut is not a glitch.
fn glitches(pieces: &[Piece], gap: usize) -> usize {
    pieces
        .windows(2)
        .filter(|pair| {
            let hole = pair[1].start - pair[0].end;
            !pair[0].cut && (offhook_core::units::FRAME_SAMPLES..gap).contains(&hole)
        })
        .count()
}

#[cfg(test)]
mod tests {
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
        assert_eq!(playout.end(2000, GAP), 0);
        assert_eq!(playout.heard().len(), 2000);
    }

    #[test]
    fn the_slack_is_what_was_still_to_be_played_when_the_next_frame_came() {
        let mut playout = Playout::default();
        assert_eq!(playout.slack(), None);
        playout.play(0, &tone(2480));
        assert_eq!(playout.slack(), None);
        // 80 samples were left; then everything had been played.
        playout.play(2400, &tone(160));
        playout.play(2700, &tone(160));
        assert_eq!(playout.slack(), Some(Slack { median: 10.0, p01: 10.0, least: 10.0 }));
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
            playout.end(60_000, GAP)
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
        assert_eq!(playout.end(1000, GAP), 0);
    }
}
