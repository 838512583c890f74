//! The holes in the agent's speech: how much of it was played, and how much came after it had to be played.
//! Counted from the pieces that played without a hole, so that it takes no more room the longer a call is.
//! PURE. Must not know what was said.

use offhook_core::units::{FRAME_SAMPLES, PHONE_RATE};

/// The shortest hole that counts as lateness, 1 ms: the clock of the caller is no finer.
const WORTH: usize = PHONE_RATE as usize / 1000;

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

/// What the holes were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Continuity {
    /// Holes of at least one frame (20 ms) inside a reply.
    pub(crate) glitches: usize,
    /// The agent's audio that was played, in samples.
    played: usize,
    /// The frames of 20 ms that had to be played and had not come.
    pub(crate) late_frames: usize,
}

impl Continuity {
    /// The frames of 20 ms that the agent's audio fills.
    pub(crate) fn frames(&self) -> usize {
        self.played.div_ceil(FRAME_SAMPLES)
    }

    /// Counts `pieces` in order, of which each but the last will not change any more; the last one is left
    /// out.
    ///
    /// A hole is audio that came later than it had to be played: it follows an underrun and is followed by
    /// more of the same reply. The wire does not say where a reply ends, so the caller's own rule for
    /// speaking decides: audio within `gap` after the last belongs to the same reply, later audio to the next
    /// one. A cut is no hole.
    pub(crate) fn count(&mut self, pieces: &[Piece], gap: usize) {
        for pair in pieces.windows(2) {
            self.played += pair[0].end - pair[0].start;
            let hole = pair[1].start - pair[0].end;
            if pair[0].cut || hole >= gap {
                continue;
            }
            if hole >= WORTH {
                self.late_frames += hole.div_ceil(FRAME_SAMPLES);
            }
            if hole >= FRAME_SAMPLES {
                self.glitches += 1;
            }
        }
    }

    /// Counts the last piece of the call.
    pub(crate) fn count_last(&mut self, piece: Piece) {
        self.played += piece.end - piece.start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: usize = 5600;

    fn piece(start: usize, end: usize) -> Piece {
        Piece { start, end, cut: false }
    }

    fn counted(pieces: &[Piece]) -> Continuity {
        let mut continuity = Continuity::default();
        continuity.count(pieces, GAP);
        if let Some(last) = pieces.last() {
            continuity.count_last(*last);
        }
        continuity
    }

    #[test]
    fn a_hole_is_as_many_late_frames_as_had_no_sound() {
        let with_hole = |hole: usize| {
            let continuity = counted(&[piece(0, 1600), piece(1600 + hole, 3200 + hole)]);
            (continuity.glitches, continuity.late_frames, continuity.frames())
        };
        assert_eq!(with_hole(7), (0, 0, 20), "less than the clock can tell");
        assert_eq!(with_hole(8), (0, 1, 20), "late, but not by a whole frame");
        assert_eq!(with_hole(160), (1, 1, 20));
        assert_eq!(with_hole(161), (1, 2, 20));
        assert_eq!(with_hole(1600), (1, 10, 20));
        assert_eq!(with_hole(GAP), (0, 0, 20), "that is the next reply");
    }

    #[test]
    fn no_audio_is_no_frame() {
        assert_eq!(counted(&[]), Continuity::default());
    }

    #[test]
    fn what_follows_a_cut_was_not_late() {
        let cut = Piece { cut: true, ..piece(0, 1600) };
        assert_eq!(counted(&[cut, piece(3200, 3360)]).late_frames, 0);
    }
}
