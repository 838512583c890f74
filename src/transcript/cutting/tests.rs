//! Tests of cutting: no part of the voice is lost, and none is in two pieces.
#![allow(clippy::single_range_in_vec_init, reason = "lists of spans, of which some have one")]

use super::*;
use proptest::prelude::*;

const RULES: Rules = Rules {
    pre_roll: Duration::from_millis(240),
    tail: Duration::from_millis(240),
    gap: Duration::from_millis(500),
    longest: Duration::from_secs(20),
};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Cuts `length` ms with voice in these spans (ms). Edges come as from a detector: the start 60 ms late, the
/// pause 120 ms late.
fn cut(rules: Rules, length: u64, voice: &[Range<u64>]) -> Vec<Piece> {
    let mut cutter = Cutter::by_voice(rules);
    let mut pieces = Vec::new();
    let frame = |now: u64| {
        // Every sample has its own value, so that pieces can be told apart; pauses are quiet.
        let sample = |n: usize| {
            let voiced = voice.iter().any(|span| span.contains(&(n as u64 / 16)));
            (n as f32 + 1.0) * if voiced { 1.0 } else { 1e-9 }
        };
        ((now - 20) as usize * 16..now as usize * 16).map(sample).collect::<Vec<f32>>()
    };
    for now in (20..=length).step_by(20) {
        cutter.take(&frame(now));
        tell(&mut cutter, voice, now);
        pieces.extend(cutter.next(CallTime::from_millis(now)));
    }
    for now in (length + 20..length + 1000).step_by(20) {
        tell(&mut cutter, voice, now);
    }
    pieces.extend(std::iter::from_fn(|| cutter.finish()));
    pieces
}

fn tell(cutter: &mut Cutter, voice: &[Range<u64>], now: u64) {
    for span in voice {
        if now == span.start + 60 {
            cutter.edge(Edge::Started(CallTime::from_millis(span.start)));
        }
        if now == span.end + 120 {
            cutter.edge(Edge::Paused(CallTime::from_millis(span.end)));
        }
    }
}

fn spans(pieces: &[Piece]) -> Vec<Range<u128>> {
    pieces.iter().map(|p| p.voice.start.as_millis()..p.voice.end.as_millis()).collect()
}

fn end(piece: &Piece) -> Duration {
    piece.from + duration_of(piece.samples.len(), WHISPER_RATE)
}

#[test]
fn each_utterance_is_a_piece_with_some_audio_around_it() {
    let pieces = cut(RULES, 6000, &[1000..2000, 3000..3400]);
    assert_eq!(spans(&pieces), [1000..2000, 3000..3400]);
    assert_eq!((pieces[0].from, end(&pieces[0])), (ms(760), ms(2240)));
    assert_eq!((pieces[1].from, end(&pieces[1])), (ms(2760), ms(3640)));
}

#[test]
fn a_short_pause_is_within_an_utterance() {
    assert_eq!(spans(&cut(RULES, 4000, &[1000..1600, 1900..2400])), [1000..2400]);
}

#[test]
fn speech_from_the_first_sample_to_the_last_is_all_there() {
    let pieces = cut(RULES, 1000, &[0..1000]);
    assert_eq!(spans(&pieces), [0..1000]);
    assert_eq!((pieces[0].from, pieces[0].samples.len()), (ms(0), 16_000));
}

#[test]
fn silence_has_no_pieces_and_takes_no_memory() {
    let mut cutter = Cutter::by_voice(RULES);
    for second in 1..600 {
        cutter.take(&[0.0; 16_000]);
        assert_eq!(cutter.next(CallTime::from_millis(second * 1000)), None);
        assert!(cutter.kept.len() <= 16_000 * 4);
    }
    assert_eq!(cutter.finish(), None);
}

#[test]
fn a_minute_without_a_pause_is_cut_where_it_is_quiet_and_nothing_is_lost_or_doubled() {
    // The detector reports no pause, but there is a quiet moment at 15 s.
    let mut cutter = Cutter::by_voice(RULES);
    let sample = |n: usize| if (240_000..244_000).contains(&n) { 0.0 } else { 0.5 + n as f32 * 1e-9 };
    let audio: Vec<f32> = (0..16_000 * 60).map(sample).collect();
    cutter.edge(Edge::Started(CallTime::ZERO));
    let mut pieces = Vec::new();
    for (n, second) in audio.chunks(16_000).enumerate() {
        cutter.take(second);
        pieces.extend(cutter.next(CallTime::from_millis((n as u64 + 1) * 1000)));
    }
    pieces.extend(std::iter::from_fn(|| cutter.finish()));
    assert!(pieces.iter().all(|p| !p.samples.is_empty() && p.samples.len() <= 16_000 * 20));
    assert!((ms(15_000)..ms(15_250)).contains(&end(&pieces[0])), "{:?}", end(&pieces[0]));
    let all: Vec<f32> = pieces.iter().flat_map(|p| p.samples.clone()).collect();
    assert_eq!(all, audio);
    assert!(pieces.windows(2).all(|p| p[0].voice.end == p[1].voice.start));
}

#[test]
fn what_is_left_of_a_cut_utterance_is_no_piece_if_it_is_silence_alone() {
    // 19.9 s of voice: when its pause is over, the utterance is longer than a piece may be.
    let pieces = cut(RULES, 23_000, &[300..19_900]);
    assert_eq!(pieces.len(), 1, "{:?}", spans(&pieces));
    assert_eq!(spans(&pieces), [300..19_900]);
}

#[test]
fn windows_follow_each_other_from_the_first_sample_to_the_last() {
    for seconds in [0, 1, 29, 30, 70] {
        let mut cutter = Cutter::by_length(ms(29_000));
        let mut audio: Vec<f32> = (0..16_000 * seconds).map(|n| 0.5 + n as f32 * 1e-9).collect();
        let (quiet, length) = (16_000 * 25..16_000 * 26, audio.len());
        audio[quiet.start.min(length)..quiet.end.min(length)].fill(0.0);
        let mut pieces = Vec::new();
        for second in audio.chunks(16_000) {
            cutter.take(second);
            pieces.extend(cutter.next(CallTime::from_millis(1_000_000)));
        }
        pieces.extend(std::iter::from_fn(|| cutter.finish()));
        let all: Vec<f32> = pieces.iter().flat_map(|p| p.samples.clone()).collect();
        assert_eq!(all, audio, "{seconds} s");
        assert!(pieces.iter().all(|p| p.samples.len() <= 16_000 * 29));
        assert!(seconds < 30 || (ms(25_000)..ms(26_000)).contains(&end(&pieces[0])));
    }
}

proptest! {
    #[test]
    fn all_voice_is_in_exactly_one_piece(
        lengths in prop::collection::vec((3_u64..200, 7_u64..100), 1..12),
        longest in 2_u64..20,
    ) {
        let rules = Rules { longest: Duration::from_secs(longest), ..RULES };
        let (mut at, mut voice) = (0, Vec::new());
        for (speech, pause) in lengths {
            voice.push(at..at + speech * 20);
            at += (speech + pause) * 20;
        }
        let pieces = cut(rules, at, &voice);
        prop_assert!(pieces.iter().all(|p| p.samples.len() <= longest as usize * 16_000));
        prop_assert!(pieces.windows(2).all(|p| end(&p[0]) <= p[1].from));
        for span in voice {
            for sample in [span.start, (span.start + span.end) / 2, span.end - 1] {
                let at = ms(sample);
                let holds = pieces.iter().filter(|p| p.from <= at && at < end(p)).count();
                prop_assert_eq!(holds, 1, "{} ms of {:?}", sample, spans(&pieces));
            }
        }
    }
}
