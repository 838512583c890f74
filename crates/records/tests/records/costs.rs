//! What records cost. It prints figures and asserts nothing, because machines differ:
//! `cargo test -p offhook-records --test records costs -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use offhook_records::{Options, Recorder, RecordingOptions, Recordings, Redaction};

use super::support::*;

#[test]
#[ignore = "it prints figures"]
#[expect(clippy::disallowed_methods, reason = "it measures from outside")]
fn the_costs_of_records() {
    const CALLS: u32 = 1_000;
    const TURNS: u32 = 10;
    let words =
        ["I would like to book a room for two, from Friday to Sunday.", "Of course. May I have your name?"];
    for (redact, batch) in [(Redaction::Off, 50), (Redaction::All, 50), (Redaction::Off, 1)] {
        let place = place();
        let options = Options { redact, batch, queue: 100_000, ..Options::of(&place.file) };
        let recorder = Recorder::open(options, START).unwrap();
        let calls = if batch == 1 { CALLS / 10 } else { CALLS };
        let started = Instant::now();
        for call in 0..calls {
            let call = id(&format!("017f22e2-79b0-7cc3-98c4-dc0c0c07{call:04}"));
            recorder.tell(START, &call, &began());
            (0..TURNS).for_each(|n| recorder.tell(START, &call, &turn(n, words[0], words[1])));
            recorder.tell(START, &call, &ended("hung_up", 500.0));
        }
        let told = started.elapsed();
        assert!(recorder.close(LONG));
        let (written, events) = (started.elapsed(), calls * (TURNS + 2));
        assert_eq!(recorder.counters().written, u64::from(events));
        let bytes = place.file.metadata().unwrap().len();
        println!(
            "{redact:?}, batches of {batch}: telling {:?} and writing {:?} an event, {} bytes a call of {TURNS} turns",
            told / events,
            written / events,
            bytes / u64::from(calls)
        );
    }
    let text = "my number is 415 555 2671 and jane dot doe at example dot com, from Friday to Sunday please";
    let started = Instant::now();
    (0..10_000).for_each(|_| assert!(Redaction::All.text(text, &["Jane Doe".into()]).contains("[phone]")));
    println!("redacting {} bytes: {:?}", text.len(), started.elapsed() / 10_000);
    let folder = tempfile::tempdir().unwrap();
    let recordings =
        Recordings::open(&RecordingOptions { queue: 100_000, ..RecordingOptions::of(folder.path()) });
    let recordings = recordings.unwrap();
    let recording = recordings.begin(&id("c"), START).unwrap();
    let started = Instant::now();
    for block in 0_u32..30_000 {
        recording.caller(Duration::from_millis(20) * block, &[100; 160]);
        recording.agent(Duration::from_millis(20) * block, &[100; 160]);
    }
    let told = started.elapsed();
    assert!(recordings.flush(LONG));
    println!("recording ten minutes: {told:?} in the call, {:?} in all", started.elapsed());
}
