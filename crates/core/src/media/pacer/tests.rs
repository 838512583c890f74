//! Tests of the pacer. Must not know gateways.

use super::*;

const MS: fn(u64) -> CallTime = CallTime::from_millis;

fn frames(pacer: &mut Pacer, now: CallTime) -> usize {
    std::iter::from_fn(|| pacer.poll(now)).filter(|due| matches!(due, Due::Frame(_))).count()
}

/// A chunk whose audio is complete.
fn push(pacer: &mut Pacer, chunk: u32, samples: &[i16], silence: Duration, marks: (u32, Option<u32>)) {
    pacer.begin(ChunkId(chunk), silence, MarkId(marks.0), marks.1.map(MarkId));
    pacer.extend(ChunkId(chunk), samples);
    pacer.end(ChunkId(chunk));
}

fn second_of_speech() -> Pacer {
    let mut pacer = Pacer::new(Duration::from_millis(160));
    push(&mut pacer, 1, &[5000; 8000], Duration::ZERO, (1, None));
    pacer
}

#[test]
fn the_lead_leaves_at_once_and_then_a_frame_every_twenty_milliseconds() {
    let mut pacer = second_of_speech();
    assert_eq!(frames(&mut pacer, MS(1000)), 8);
    assert_eq!(pacer.next_deadline(), Some(MS(1020)));
    assert_eq!(frames(&mut pacer, MS(1019)), 0);
    assert_eq!(frames(&mut pacer, MS(1020)), 1);
}

#[test]
fn a_late_wake_up_is_made_good() {
    let mut pacer = second_of_speech();
    frames(&mut pacer, MS(1000));
    assert_eq!(frames(&mut pacer, MS(1100)), 5);
}

#[test]
fn never_more_than_the_lead_lies_in_the_buffer() {
    let mut pacer = second_of_speech();
    let mut sent = 0;
    for now in (1000..2000).step_by(7) {
        sent += frames(&mut pacer, MS(now));
        assert!(sent as u64 * 20 <= now - 1000 + 160);
    }
    assert_eq!(sent, 50);
    assert_eq!(pacer.queued(), Duration::ZERO);
}

#[test]
fn nothing_leaves_after_a_clear() {
    let mut pacer = second_of_speech();
    frames(&mut pacer, MS(1000));
    pacer.clear(MS(1010));
    assert_eq!(pacer.poll(MS(5000)), None);
    push(&mut pacer, 2, &[5000; 160], Duration::ZERO, (2, None));
    assert!(matches!(pacer.poll(MS(1010)), Some(Due::Started(ChunkId(2), at)) if at == MS(1010)));
}

#[test]
fn nothing_leaves_while_the_buffer_is_full_and_then_all_of_it_in_order() {
    let mut pacer = second_of_speech();
    frames(&mut pacer, MS(1000));
    pacer.hold(MS(6000));
    // A second hold does not extend the first.
    pacer.hold(MS(9000));
    assert_eq!((pacer.poll(MS(2000)), pacer.next_deadline()), (None, Some(MS(6000))));
    pacer.go_on(MS(2000));
    let mut left = Vec::new();
    for now in (2000..4000).step_by(20) {
        left.extend(std::iter::from_fn(|| pacer.poll(MS(now))));
    }
    assert_eq!(left.len(), 43);
    assert_eq!(left.last(), Some(&Due::Mark(MarkId(1))));
    assert!(left[..42].iter().all(|due| matches!(due, Due::Frame(_))));
}

#[test]
fn a_mark_waits_with_the_audio_before_it() {
    let mut pacer = Pacer::new(Duration::from_millis(160));
    pacer.hold(MS(6000));
    push(&mut pacer, 1, &[], Duration::ZERO, (1, None));
    assert_eq!(pacer.poll(MS(1000)), None);
    pacer.go_on(MS(1000));
    assert_eq!(pacer.poll(MS(1000)), Some(Due::Mark(MarkId(1))));
}

#[test]
fn a_buffer_that_stays_full_is_not_believed_for_ever() {
    let mut pacer = second_of_speech();
    pacer.hold(MS(6000));
    assert!(!pacer.gives_up_waiting(MS(5999)));
    assert_eq!(frames(&mut pacer, MS(5999)), 0);
    assert!(pacer.gives_up_waiting(MS(6000)));
    assert!(!pacer.gives_up_waiting(MS(6000)));
    assert_eq!(frames(&mut pacer, MS(6000)), 8);
}

#[test]
fn what_is_cleared_while_the_buffer_is_full_makes_room() {
    let mut pacer = second_of_speech();
    pacer.hold(MS(6000));
    pacer.clear(MS(1000));
    assert_eq!(pacer.next_deadline(), None);
    push(&mut pacer, 2, &[5000; 160], Duration::ZERO, (2, None));
    assert_eq!(frames(&mut pacer, MS(1000)), 1);
}

#[test]
fn the_first_mark_follows_the_frame_in_which_the_sound_begins_and_knows_when_it_is_over() {
    let mut pacer = Pacer::new(Duration::from_millis(160));
    push(&mut pacer, 1, &[5000; 800], Duration::ZERO, (1, None));
    let speech = [vec![0; 170], vec![5000; 800]].concat();
    push(&mut pacer, 2, &speech, Duration::ZERO, (3, Some(2)));
    let left: Vec<Due> = std::iter::from_fn(|| pacer.poll(MS(1000))).collect();
    // Before the mark lie 100 ms of the first chunk, 20 ms of silence, and the frame itself.
    let at = left.iter().position(|due| *due == Due::FirstMark(MarkId(2), MS(1140)));
    assert!(matches!(left[at.expect("the mark") - 1], Due::Frame(_)), "{left:?}");
    assert!(matches!(left[at.expect("the mark") - 2], Due::Started(ChunkId(2), _)), "{left:?}");
}

#[test]
fn the_start_of_a_piece_is_its_first_audible_sample() {
    let mut pacer = Pacer::new(Duration::from_millis(160));
    let mut samples = vec![0; 80];
    samples.extend([5000; 400]);
    push(&mut pacer, 1, &samples, Duration::from_millis(30), (1, None));
    let started = std::iter::from_fn(|| pacer.poll(MS(500))).find_map(|due| match due {
        Due::Started(_, at) => Some(at),
        Due::Frame(_) | Due::Mark(_) | Due::FirstMark(..) | Due::Stalled(..) => None,
    });
    assert_eq!(started, Some(MS(540)));
}

fn left(pacer: &mut Pacer, now: CallTime) -> Vec<Due> {
    std::iter::from_fn(|| pacer.poll(now)).collect()
}

#[test]
fn a_chunk_in_parts_leaves_like_a_whole_one() {
    let samples: Vec<i16> = (0..1000).map(|n| if n < 300 { 0 } else { n }).collect();
    for cut in [1, 90, 159, 160, 161, 330, 999] {
        let mut whole = Pacer::new(Duration::from_secs(1));
        let mut parts = Pacer::new(Duration::from_secs(1));
        push(&mut whole, 1, &samples, Duration::from_millis(30), (2, Some(1)));
        parts.begin(ChunkId(1), Duration::from_millis(30), MarkId(2), Some(MarkId(1)));
        parts.extend(ChunkId(1), &samples[..cut]);
        let mut got = left(&mut parts, MS(1000));
        parts.extend(ChunkId(1), &samples[cut..]);
        parts.end(ChunkId(1));
        got.extend(left(&mut parts, MS(1000)));
        let want = left(&mut whole, MS(1000));
        // The sound of a part that is silent so far begins with the part.
        let frames = |all: &[Due]| all.iter().filter(|due| matches!(due, Due::Frame(_))).cloned().collect();
        let [got_frames, want_frames]: [Vec<Due>; 2] = [frames(&got), frames(&want)];
        assert_eq!(got_frames, want_frames, "cut at {cut}");
        assert_eq!(got.last(), Some(&Due::Mark(MarkId(2))));
        if cut > 300 {
            assert_eq!(got, want, "cut at {cut}");
        }
    }
}

#[test]
fn a_part_that_comes_too_late_is_told_with_the_length_of_the_gap() {
    let mut pacer = Pacer::new(Duration::from_millis(160));
    pacer.begin(ChunkId(1), Duration::ZERO, MarkId(1), None);
    pacer.extend(ChunkId(1), &[5000; 800]);
    left(&mut pacer, MS(1000));
    assert_eq!(pacer.next_deadline(), None);
    pacer.extend(ChunkId(1), &[5000; 160]);
    // The first part lasted until 1,100.
    let late = left(&mut pacer, MS(1250));
    assert_eq!(late[0], Due::Stalled(ChunkId(1), Duration::from_millis(150)));
    assert!(matches!(late[1..], [Due::Frame(_)]));
    pacer.end(ChunkId(1));
    assert_eq!(left(&mut pacer, MS(1260)), [Due::Mark(MarkId(1))]);
}

#[test]
fn a_wait_between_two_chunks_or_for_a_full_gateway_is_no_gap() {
    let mut pacer = second_of_speech();
    for now in (1000..2000).step_by(20) {
        left(&mut pacer, MS(now));
    }
    push(&mut pacer, 2, &[5000; 800], Duration::ZERO, (2, None));
    pacer.poll(MS(4000));
    pacer.hold(MS(9000));
    pacer.go_on(MS(4500));
    let after = left(&mut pacer, MS(4500));
    assert!(after.iter().all(|due| !matches!(due, Due::Stalled(..))), "{after:?}");
}

#[test]
fn parts_of_a_chunk_that_was_cleared_or_is_over_are_not_played() {
    let mut pacer = Pacer::new(Duration::from_millis(160));
    pacer.begin(ChunkId(1), Duration::ZERO, MarkId(1), None);
    pacer.clear(MS(1000));
    pacer.extend(ChunkId(1), &[5000; 800]);
    pacer.end(ChunkId(1));
    assert_eq!(left(&mut pacer, MS(1000)), []);
    push(&mut pacer, 2, &[5000; 160], Duration::ZERO, (2, None));
    pacer.extend(ChunkId(2), &[5000; 800]);
    pacer.end(ChunkId(2));
    let left = left(&mut pacer, MS(1000));
    assert!(matches!(left[..], [Due::Started(..), Due::Frame(_), Due::Mark(MarkId(2))]), "{left:?}");
}
