//! When a known echo is forgotten: another voice was alike, or the line has changed. Must not know samples or
//! delays.

/// An echo is forgotten after this many frames (2 s) in which the agent speaks, something is heard, and
/// neither the correlation nor the filter sees the agent's voice in it.
const FORGOTTEN_AFTER: u32 = 100;
/// The correlation over a second does not see it below this likeness, and the filter if it leaves more than
/// this share of the power.
const UNLIKE: f32 = 0.2;
const USELESS: f32 = 0.9;
/// A frame above this likeness, or of which the filter leaves less than this share, shows the echo.
const SHOWN: f32 = 0.3;
const USEFUL: f32 = 0.5;

/// The frames that speak against the echo.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    frames: u32,
}

impl Doubts {
    /// Takes a frame: the likeness of the last second, the share that the filter left, and whether an echo
    /// would be heard in it. Returns whether the echo is to be forgotten; the doubts are then forgotten too.
    pub(super) fn prevail(&mut self, likeness: f32, left_share: f32, could_show: bool) -> bool {
        if likeness > SHOWN || left_share < USEFUL {
            self.frames = 0;
        } else if could_show && likeness < UNLIKE && left_share > USELESS {
            self.frames += 1;
        }
        let prevail = self.frames >= FORGOTTEN_AFTER;
        if prevail {
            self.frames = 0;
        }
        prevail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_seconds_in_which_nothing_shows_the_echo_forget_it() {
        let mut doubts = Doubts::default();
        assert!((1..100).all(|_| !doubts.prevail(0.1, 1.0, true)));
        assert!(doubts.prevail(0.1, 1.0, true));
        assert!(!doubts.prevail(0.1, 1.0, true));
    }

    #[test]
    fn silence_and_a_filter_or_a_likeness_that_are_not_clear_raise_no_doubt() {
        for (likeness, left, could_show) in [(0.1, 1.0, false), (0.25, 1.0, true), (0.1, 0.8, true)] {
            let mut doubts = Doubts::default();
            assert!((0..1000).all(|_| !doubts.prevail(likeness, left, could_show)));
        }
    }

    #[test]
    fn a_frame_that_shows_the_echo_ends_the_doubts() {
        for (likeness, left) in [(0.4, 1.0), (0.1, 0.4)] {
            let mut doubts = Doubts::default();
            for n in 0..1000 {
                let shows = n % 90 == 0;
                assert!(!doubts.prevail(
                    if shows { likeness } else { 0.1 },
                    if shows { left } else { 1.0 },
                    true
                ));
            }
        }
    }
}
