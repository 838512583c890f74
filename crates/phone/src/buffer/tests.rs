//! The behaviour of the gateways' queues, in sentences.

use super::*;

fn tone(samples: usize) -> Vec<i16> {
    (0..samples).map(|n| if n % 8 < 4 { 8000 } else { -8000 }).collect()
}

fn queue(marks: Marks) -> Queue {
    Queue::new(PHONE_RATE, Rules { marks, ..Rules::default() })
}

/// Asterisk's queue: a thousand frames, full at 900, room below 800.
fn asterisk() -> Queue {
    let levels = Levels { full: 900 * 160, room: 800 * 160 };
    Queue::new(PHONE_RATE, Rules { limit: 1000 * 160, marks: Marks::Lost, levels: Some(levels), ticks: true })
}

fn played(names: &[&str]) -> Vec<Told> {
    names.iter().map(|name| Told::Played((*name).to_owned())).collect()
}

#[test]
fn a_mark_is_told_when_the_audio_before_it_has_played_and_at_once_if_nothing_waits() {
    let mut queue = queue(Marks::Echoed);
    queue.play(0, &tone(160)).unwrap();
    queue.mark(5, "a".into()).unwrap();
    queue.play(10, &tone(160)).unwrap();
    queue.mark(10, "b".into()).unwrap();
    assert_eq!(queue.next_due(), Some(160));
    assert_eq!(queue.due(159), []);
    assert_eq!(queue.due(160), played(&["a"]));
    assert_eq!(queue.due(400), played(&["b"]));
    queue.mark(500, "idle".into()).unwrap();
    assert_eq!(queue.due(500), played(&["idle"]));
}

#[test]
fn a_clear_tells_all_marks_that_wait_where_they_are_echoed() {
    let mut queue = queue(Marks::Echoed);
    queue.play(0, &tone(1600)).unwrap();
    queue.mark(0, "a".into()).unwrap();
    queue.mark(0, "b".into()).unwrap();
    queue.clear(400);
    assert_eq!(queue.due(400), [Told::Thrown("a".into()), Told::Thrown("b".into()), Told::Cleared]);
    assert_eq!(queue.playout().cuts(), [400]);
}

#[test]
fn a_clear_tells_no_mark_that_waits_where_they_are_lost() {
    let mut queue = queue(Marks::Lost);
    queue.play(0, &tone(160)).unwrap();
    queue.mark(0, "heard".into()).unwrap();
    queue.play(0, &tone(1600)).unwrap();
    queue.mark(0, "lost".into()).unwrap();
    queue.clear(400);
    assert_eq!(queue.due(400), [Told::Played("heard".into()), Told::Cleared]);
    assert_eq!(queue.due(4000), []);
}

#[test]
fn more_than_the_gateway_holds_is_discarded_and_said() {
    let limit = 1024 * FRAME_SAMPLES;
    let mut queue = Queue::new(16_000, Rules { limit, ..Rules::default() });
    for _ in 0..1024 {
        queue.play(0, &tone(320)).unwrap();
    }
    assert!(queue.play(0, &tone(320)).unwrap_err().contains("20 s"));
    assert_eq!(queue.playout().heard().len(), limit);
    assert!(queue.play(1, &tone(320)).is_ok(), "a little has played");
}

#[test]
fn asterisk_answers_a_mark_on_an_empty_queue_at_its_next_tick() {
    let mut queue = asterisk();
    queue.mark(170, "m1".into()).unwrap();
    assert_eq!((queue.due(319), queue.due(320)), (vec![], played(&["m1"])));
    queue.play(400, &tone(160)).unwrap();
    assert_eq!(queue.playout().audible_end(), Some(640), "audio waits for it too");
}

#[test]
fn asterisk_says_when_it_is_full_and_when_there_is_room_and_discards_what_is_too_much() {
    let mut queue = asterisk();
    for _ in 0..899 {
        queue.play(0, &tone(160)).unwrap();
    }
    assert_eq!(queue.due(0), []);
    queue.play(0, &tone(160)).unwrap();
    assert_eq!(queue.due(0), [Told::Full]);
    for _ in 900..1000 {
        queue.play(0, &tone(160)).unwrap();
    }
    assert!(queue.play(0, &tone(160)).is_err());
    let room = 200 * 160 + 1;
    assert_eq!(queue.next_due(), Some(room));
    assert_eq!((queue.due(room - 1), queue.due(room)), (vec![], vec![Told::Room]));
    assert_eq!(queue.due(160_000), []);
}

#[test]
fn asterisk_tells_a_drained_queue_once_and_only_if_asked() {
    let mut queue = asterisk();
    queue.play(0, &tone(160)).unwrap();
    assert_eq!(queue.due(160), []);
    queue.play(160, &tone(160)).unwrap();
    queue.tell_drained();
    assert_eq!(queue.next_due(), Some(320));
    assert_eq!((queue.due(319), queue.due(320), queue.due(400)), (vec![], vec![Told::Drained], vec![]));
}

#[test]
fn a_flush_does_not_end_a_pause() {
    let mut queue = asterisk();
    queue.play(0, &tone(1600)).unwrap();
    queue.mark(0, "flushed".into()).unwrap();
    queue.pause(480);
    assert_eq!(queue.playout().heard().len(), 480);
    queue.clear(640);
    queue.play(640, &tone(160)).unwrap();
    queue.mark(640, "m2".into()).unwrap();
    assert_eq!(queue.due(8000), [Told::Cleared], "it is still paused");
    queue.resume(8000);
    assert_eq!(queue.playout().audible_end(), Some(8160));
    assert_eq!((queue.due(8000), queue.due(8160)), (vec![], played(&["m2"])));
}

#[test]
fn a_pause_keeps_audio_and_marks_for_later() {
    let mut queue = asterisk();
    queue.play(0, &tone(320)).unwrap();
    queue.mark(0, "m1".into()).unwrap();
    queue.pause(160);
    queue.resume(1600);
    assert_eq!(queue.playout().audible_end(), Some(1760));
    assert_eq!(queue.due(1760), played(&["m1"]));
}
