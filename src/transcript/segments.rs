//! The segments of a transcript, with their words, times and channels, and their order. Knows no audio, and
//! nothing of how they are printed.

use std::time::Duration;

use super::cutting::Piece;
use crate::engine::Transcript;

/// The channel that a voice came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Channel {
    /// The only channel.
    Mono,
    Left,
    Right,
    /// Left and right, which have the same audio.
    Both,
    /// The average of all channels.
    Mix,
}

impl Channel {
    /// The name of the channel.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Mono => "mono",
            Self::Left => "left",
            Self::Right => "right",
            Self::Both => "both",
            Self::Mix => "mix",
        }
    }

    /// The label before the words; `None` if there is no other channel to tell it from.
    pub(crate) const fn label(self) -> Option<&'static str> {
        match self {
            Self::Mono | Self::Mix => None,
            Self::Left | Self::Right | Self::Both => Some(self.name()),
        }
    }
}

/// One word. Its times are estimates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) start: Duration,
    pub(crate) end: Duration,
    /// The recogniser's confidence, 0 to 1.
    pub(crate) confidence: f32,
}

/// The words of one piece of speech.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Segment {
    pub(crate) channel: Channel,
    pub(crate) start: Duration,
    pub(crate) end: Duration,
    pub(crate) text: String,
    pub(crate) words: Vec<Word>,
    /// The recogniser is unsure of the words.
    pub(crate) doubtful: bool,
    pub(crate) avg_logprob: f32,
    pub(crate) no_speech: f32,
}

impl Segment {
    /// The words of a piece, with their times in the recording; `None` if it has no words.
    pub(crate) fn of(channel: Channel, piece: &Piece, heard: Transcript) -> Option<Self> {
        if heard.text.is_empty() {
            return None;
        }
        let (first, last) = (piece.voice.start, piece.voice.end.max(piece.voice.start));
        let mut start = first;
        let words = heard.words.into_iter().map(|word| {
            let end = (piece.from + word.end).clamp(start, last);
            let word = Word { text: word.text, start, end, confidence: word.confidence };
            start = end;
            word
        });
        Some(Self {
            channel,
            start: first,
            end: last,
            words: words.collect(),
            text: heard.text,
            doubtful: heard.doubtful,
            avg_logprob: heard.avg_logprob,
            no_speech: heard.no_speech,
        })
    }
}

/// Puts the segments of several channels in order of time, and releases each once no earlier one can come.
#[derive(Debug, Default)]
pub(crate) struct InOrder {
    waiting: Vec<Segment>,
}

impl InOrder {
    /// Adds a segment.
    pub(crate) fn add(&mut self, segment: Segment) {
        self.waiting.push(segment);
    }

    /// Returns the segments that start before `until`. No earlier segment comes from now on.
    pub(crate) fn before(&mut self, until: Duration) -> Vec<Segment> {
        self.waiting.sort_by_key(|segment| (segment.start, segment.channel));
        let ready = self.waiting.partition_point(|segment| segment.start < until);
        self.waiting.drain(..ready).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::HeardWord;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn transcript(words: &[(&str, u64)]) -> Transcript {
        let heard = |(text, end): &(&str, u64)| HeardWord {
            text: (*text).to_owned(),
            confidence: 0.5,
            end: ms(*end),
        };
        let text = words.iter().map(|(text, _)| *text).collect::<Vec<_>>().join(" ");
        Transcript { text, words: words.iter().map(heard).collect(), ..Transcript::default() }
    }

    fn segment(channel: Channel, from: u64) -> Segment {
        let piece = Piece { from: ms(from), voice: ms(from)..ms(from + 500), samples: Vec::new() };
        Segment::of(channel, &piece, transcript(&[("Yes.", 400)])).expect("words")
    }

    #[test]
    fn words_have_their_places_in_the_recording_within_the_voice() {
        let piece = Piece { from: ms(1000), voice: ms(1240)..ms(2000), samples: Vec::new() };
        let heard = transcript(&[("Do", 100), ("you", 600), ("park?", 1300)]);
        let segment = Segment::of(Channel::Mono, &piece, heard).expect("words");
        let times: Vec<_> = segment.words.iter().map(|w| (w.start.as_millis(), w.end.as_millis())).collect();
        assert_eq!(times, [(1240, 1240), (1240, 1600), (1600, 2000)]);
        assert_eq!((segment.start, segment.end), (ms(1240), ms(2000)));
    }

    #[test]
    fn a_piece_without_words_is_no_segment() {
        let piece = Piece { from: ms(0), voice: ms(0)..ms(500), samples: Vec::new() };
        assert_eq!(Segment::of(Channel::Left, &piece, Transcript::default()), None);
    }

    #[test]
    fn segments_come_in_order_of_time_once_nothing_can_come_before_them() {
        let mut order = InOrder::default();
        // The left speaks for a long time; its segment is ready after those of the right.
        order.add(segment(Channel::Right, 3000));
        order.add(segment(Channel::Right, 5000));
        assert!(order.before(ms(1000)).is_empty());
        order.add(segment(Channel::Left, 1000));
        let starts = |order: &mut InOrder, until| {
            order.before(until).iter().map(|s| (s.start.as_millis(), s.channel)).collect::<Vec<_>>()
        };
        assert_eq!(starts(&mut order, ms(4000)), [(1000, Channel::Left), (3000, Channel::Right)]);
        order.add(segment(Channel::Left, 5000));
        assert_eq!(starts(&mut order, Duration::MAX), [(5000, Channel::Left), (5000, Channel::Right)]);
    }
}
