//! Cuts the agent's audio into messages of whole frames, for gateways that take nothing else. Must not know
//! any provider.

/// Cuts frames of one length, and keeps the audio that does not fill a frame yet.
#[derive(Debug)]
pub(super) struct Framer {
    size: usize,
    rest: Vec<i16>,
}

impl Framer {
    /// A framer for frames of `size` samples.
    pub(super) const fn new(size: usize) -> Self {
        Self { size, rest: Vec::new() }
    }

    /// Adds `samples`, and returns the frames that are now whole. The rest waits for more audio, because a
    /// resampler does not give a frame for a frame.
    pub(super) fn cut(&mut self, samples: &[i16]) -> Vec<Vec<i16>> {
        self.rest.extend_from_slice(samples);
        let whole = self.rest.len() - self.rest.len() % self.size.max(1);
        self.rest.drain(..whole).as_slice().chunks(self.size.max(1)).map(<[i16]>::to_vec).collect()
    }

    /// The frame that was begun, filled up with silence. A mark must follow all of the audio before it, and
    /// chunks of speech end in silence anyway.
    pub(super) fn fill(&mut self) -> Option<Vec<i16>> {
        let mut frame = std::mem::take(&mut self.rest);
        if frame.is_empty() {
            return None;
        }
        frame.resize(self.size, 0);
        Some(frame)
    }

    /// Forgets the frame that was begun.
    pub(super) fn clear(&mut self) {
        self.rest.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_mark_fills_the_frame_that_was_begun() {
        let mut frames = Framer::new(4);
        assert_eq!(frames.cut(&[1, 2, 3]), Vec::<Vec<i16>>::new());
        assert_eq!(frames.fill(), Some(vec![1, 2, 3, 0]));
        assert_eq!(frames.fill(), None);
    }

    #[test]
    fn nothing_of_what_was_cleared_is_sent() {
        let mut frames = Framer::new(4);
        frames.cut(&[1, 2, 3]);
        frames.clear();
        assert_eq!(frames.cut(&[4, 5, 6, 7, 8]), vec![vec![4, 5, 6, 7]]);
    }

    proptest! {
        #[test]
        fn every_sample_leaves_once_and_in_order(
            pieces in prop::collection::vec(prop::collection::vec(1_i16..100, 0..50), 0..10),
            size in 1_usize..40,
        ) {
            let mut frames = Framer::new(size);
            let mut sent: Vec<Vec<i16>> = pieces.iter().flat_map(|piece| frames.cut(piece)).collect();
            sent.extend(frames.fill());
            prop_assert!(sent.iter().all(|frame| frame.len() == size));
            let sent: Vec<i16> = sent.concat().into_iter().filter(|sample| *sample != 0).collect();
            prop_assert_eq!(sent, pieces.concat());
        }
    }
}
