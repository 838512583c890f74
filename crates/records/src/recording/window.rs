//! The last seconds of a recording: both sides, which may still change. PURE. Must not know the file.

use std::collections::VecDeque;

/// A sample of each side: left the caller, right the agent.
pub(super) type Frame = [i16; 2];

/// How much may still change: 10 s at 8 kHz.
pub(super) const WINDOW: usize = 80_000;

/// Audio that begins this close to the end of the audio before it goes on there: the times are those of
/// messages, and a gap of a few samples clicks. 5 ms at 8 kHz.
const CLOSE: usize = 40;

/// Who is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Caller,
    Agent,
}

impl Side {
    const fn channel(self) -> usize {
        match self {
            Self::Caller => 0,
            Self::Agent => 1,
        }
    }
}

/// The last seconds. Places are counted in frames since the start of the recording.
#[derive(Debug, Default)]
pub(super) struct Window {
    frames: VecDeque<Frame>,
    /// The place of the first frame.
    from: usize,
    /// Where each side ends.
    ends: [usize; 2],
    /// The first frame that is not in the file as it is here.
    changed: Option<usize>,
}

impl Window {
    /// Behind the last frame.
    pub(super) fn end(&self) -> usize {
        self.from + self.frames.len()
    }

    /// The first frame.
    pub(super) fn start(&self) -> usize {
        self.from
    }

    /// Whether so much silence comes before this place that it is not worth being held.
    pub(super) fn is_far(&self, at: usize) -> bool {
        at > self.end() + WINDOW
    }

    /// Goes on at a place behind the end. All that is here must be in the file.
    pub(super) fn skip_to(&mut self, at: usize) {
        self.frames.clear();
        self.from = at;
    }

    /// Where audio of a side begins that says that it begins at `at`.
    pub(super) fn place(&self, side: Side, at: usize) -> usize {
        let end = self.ends[side.channel()];
        if at.abs_diff(end) <= CLOSE { end } else { at }
    }

    /// Adds audio of a side. Returns how many samples came too late.
    pub(super) fn add(&mut self, side: Side, at: usize, samples: &[i16]) -> usize {
        let at = self.place(side, at);
        let late = self.from.saturating_sub(at).min(samples.len());
        let (at, samples) = (at + late, samples.get(late..).unwrap_or_default());
        if samples.is_empty() {
            return late;
        }
        let end = at + samples.len();
        if end > self.end() {
            self.change(at.min(self.end()));
            self.frames.resize(end - self.from, Frame::default());
        }
        for (frame, &sample) in self.frames.iter_mut().skip(at - self.from).zip(samples) {
            frame[side.channel()] = sample;
        }
        let known = &mut self.ends[side.channel()];
        *known = (*known).max(end);
        self.change(at);
        late
    }

    /// The agent is silent from this place on.
    pub(super) fn cut(&mut self, at: usize) {
        let at = at.max(self.from);
        if at >= self.end() {
            return;
        }
        for frame in self.frames.iter_mut().skip(at - self.from) {
            frame[Side::Agent.channel()] = 0;
        }
        let agent = &mut self.ends[Side::Agent.channel()];
        *agent = (*agent).min(at);
        let end = self.ends.into_iter().max().unwrap_or(0).max(self.from);
        self.frames.truncate(end - self.from);
        self.change(at);
    }

    fn change(&mut self, at: usize) {
        self.changed = Some(self.changed.map_or(at, |before| before.min(at)));
    }

    /// The place of the first frame that is not in the file, and the frames from there on; after that, they
    /// are. `None` if the file is as it is here.
    pub(super) fn take_changed(&mut self) -> Option<(usize, impl Iterator<Item = Frame>)> {
        let at = self.changed.take()?.min(self.end());
        Some((at, self.frames.iter().skip(at - self.from).copied()))
    }

    /// Whether the file lacks something.
    pub(super) fn is_changed(&self) -> bool {
        self.changed.is_some()
    }

    /// Forgets what is too old to change. All that is here must be in the file.
    pub(super) fn forget(&mut self) {
        let old = self.frames.len().saturating_sub(WINDOW);
        self.frames.drain(..old);
        self.from += old;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(window: &mut Window) -> Vec<Frame> {
        window.changed = Some(window.from);
        window.take_changed().map(|(_, frames)| frames.collect()).unwrap_or_default()
    }

    #[test]
    fn both_sides_stay_where_they_were_heard_and_a_gap_is_silence() {
        let mut window = Window::default();
        assert_eq!(window.add(Side::Agent, 100, &[7; 2]), 0);
        assert_eq!(window.add(Side::Caller, 0, &[1; 3]), 0);
        let all = frames(&mut window);
        assert_eq!(all.len(), 102);
        assert_eq!((all[2], all[3], all[100]), ([1, 0], [0, 0], [0, 7]));
    }

    #[test]
    fn a_cut_silences_the_agent_alone_and_shortens_what_nobody_hears() {
        let mut window = Window::default();
        window.add(Side::Agent, 0, &[7; 1000]);
        window.add(Side::Caller, 0, &[1; 600]);
        window.cut(500);
        let all = frames(&mut window);
        assert_eq!((all.len(), all[499], all[500]), (600, [1, 7], [1, 0]));
        // The agent speaks again, right there.
        window.add(Side::Agent, 510, &[8; 10]);
        assert_eq!(frames(&mut window)[500], [1, 8]);
    }

    #[test]
    fn what_is_older_than_the_window_is_counted_and_changes_nothing() {
        let mut window = Window::default();
        window.add(Side::Caller, 0, &vec![1; WINDOW + 10]);
        window.take_changed();
        window.forget();
        assert_eq!(window.add(Side::Agent, 0, &[7; 12]), 10);
        window.cut(0);
        assert_eq!(frames(&mut window)[1], [1, 0]);
    }

    proptest! {
        /// The window, written out at any times, gives what an endless memory gives.
        #[test]
        fn a_file_is_as_if_all_was_held(
            steps in prop::collection::vec((0_u8..5, 0_usize..3000, 1_usize..200, any::<i16>()), 1..60)
        ) {
            let (mut window, mut file) = (Window::default(), Vec::<Frame>::new());
            let (mut right, mut ends) = (Vec::<Frame>::new(), [0_usize; 2]);
            for (kind, at, length, value) in steps {
                match kind {
                    0 | 1 => {
                        let side = if kind == 0 { Side::Caller } else { Side::Agent };
                        let channel = side.channel();
                        let at = if at.abs_diff(ends[channel]) <= CLOSE { ends[channel] } else { at };
                        right.resize(right.len().max(at + length), [0; 2]);
                        right[at..at + length].iter_mut().for_each(|frame| frame[channel] = value);
                        ends[channel] = ends[channel].max(at + length);
                        window.add(side, at, &vec![value; length]);
                    }
                    2 if at < right.len() => {
                        right[at..].iter_mut().for_each(|frame| frame[1] = 0);
                        ends[1] = ends[1].min(at);
                        right.truncate(ends[0].max(ends[1]));
                        window.cut(at);
                    }
                    2 => window.cut(at),
                    _ => {
                        if let Some((at, frames)) = window.take_changed() {
                            file.truncate(at);
                            file.extend(frames);
                        }
                        window.forget();
                    }
                }
            }
            if let Some((at, frames)) = window.take_changed() {
                file.truncate(at);
                file.extend(frames);
            }
            prop_assert_eq!(file, right);
        }
    }
}
