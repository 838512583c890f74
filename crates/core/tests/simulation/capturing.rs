//! A captured call runs again, and what is different is found.

use offhook_core::call::again::{CaptureError, run_again};
use offhook_core::call::capture::{Head, Line, Message, Received, Sent, VERSION, What};
use offhook_core::call::{Outcome, Output};
use offhook_core::media::ear::EarSettings;
use offhook_core::speakable::Dictionary;
use offhook_core::streams::detect::Context;
use offhook_core::streams::dialect::Dialect;
use offhook_core::vad::{DetectorChoice, HysteresisSettings};

use crate::support::settings::words;
use crate::support::simulation::{AT, MS, settings};
use crate::support::whole_call::WholeCall;

#[test]
fn a_voice_that_says_something_else_is_found_where_it_is_heard() {
    let mut call = WholeCall::new(settings());
    call.says(AT(5000), "When do you open?");
    call.run(AT(12_000));
    call.hangs_up();
    let (begun, mut lines) = call.captured();
    let whole = run_again(begun, &lines).expect("a run");
    assert_eq!(whole.difference, None);

    // One sample of the answer is another one.
    let answer = lines.iter_mut().rev().find_map(|line| match &mut line.what {
        What::In(Received::Outcome(_, Outcome::Spoken(part))) => Some((line.at, part)),
        _ => None,
    });
    let (spoken_at, part) = answer.expect("an answer");
    *part.samples.last_mut().expect("samples") ^= 256;
    let (begun, _) = call.captured();
    let difference = run_again(begun, &lines).expect("a run").difference.expect("a difference");
    assert!(difference.at > spoken_at, "{difference:?}");
    assert_ne!(difference.then, difference.now);
}

#[test]
fn a_message_too_few_or_too_many_is_a_difference() {
    let mut call = WholeCall::new(settings());
    call.says(AT(5000), "When do you open?");
    call.run(AT(12_000));
    let (begun, lines) = call.captured();
    let cut = lines.iter().rposition(|line| matches!(line.what, What::Out(_))).expect("a message");
    let mut fewer = lines.clone();
    fewer.remove(cut);
    let difference = run_again(begun, &fewer).expect("a run").difference.expect("a difference");
    assert_eq!((difference.then.is_some(), difference.now.is_some()), (false, true));

    let (begun, mut more) = call.captured();
    more.push(more[cut].clone());
    let difference = run_again(begun, &more).expect("a run").difference.expect("a difference");
    assert_eq!((difference.then.is_some(), difference.now.is_some()), (true, false));
}

fn head(opening: Vec<Message>) -> Head {
    Head {
        version: VERSION,
        call: "c".into(),
        gateway: Dialect::Native,
        codec: Context::default(),
        opening: opening.into_iter().map(|message| (AT(1), message)).collect(),
        ear: EarSettings::default(),
        detector: DetectorChoice::Earshot(0.5),
        hysteresis: HysteresisSettings { start: MS(60), sustained: MS(160), stop: MS(120) },
        pre_roll: MS(100),
        lead: MS(160),
        echo_loss_db: Some(12.5),
        idle_timeout: MS(30_000),
        send_timeout: MS(5000),
        judge: "small".into(),
        dictionary: Dictionary::new([("Dr", "doctor")]).expect("an entry"),
        agent: None,
    }
}

#[test]
fn a_call_begins_again_as_its_head_says() {
    let early = Message::Binary(vec![0; 320]);
    let audio = r#""audio":{"encoding":"pcm16le","sample_rate":8000}"#;
    let start = format!(r#"{{"type":"session.start","version":1,"client_id":"mine",{audio}}}"#);
    let line = Line { at: AT(7), what: What::Call(Box::new(head(vec![early, Message::Text(start)]))) };
    let What::Call(head) = Line::read(&line.to_text()).expect("a line").what else { panic!("no head") };
    let mut call = head.begin(AT(7), settings(), words()).expect("a call");
    let first = std::iter::from_fn(|| call.poll_output()).find_map(|output| match output {
        Output::Wire(message) => Some(Sent::of(&message)),
        _ => None,
    });
    let begins = first.expect("a message").begins;
    assert!(begins.contains("\"call_id\":\"c\"") && begins.contains("\"sample_rate\":8000"), "{begins}");
}

#[test]
fn a_capture_that_cannot_be_run_says_why() {
    let begin = |head: Head| head.begin(AT(7), settings(), words()).err().expect("an error");
    assert_eq!(begin(head(Vec::new())), CaptureError::Opening(None));
    let nonsense = begin(head(vec![Message::Text("{".into())])).to_string();
    assert!(nonsense.starts_with("the messages before the call begin none: "), "{nonsense}");
    assert_eq!(begin(Head { version: 9, ..head(Vec::new()) }), CaptureError::Version(9));

    // A call would hear 30,000 years of silence.
    let late = Line { at: AT(1 << 50), what: What::In(Received::Timeout) };
    let (begun, _) = WholeCall::new(settings()).captured();
    assert!(matches!(run_again(begun, &[late]), Err(CaptureError::Late(_))));
}
