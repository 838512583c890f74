//! The capture of a short call, in which every input happens once. Must not know what is done with it.

use std::time::Duration;

use offhook::call::capture::{Head, Line, Message, Received, Sent, VERSION, What};
use offhook::call::{JobId, Outcome, SpokenPart, Successor};
use offhook::config::{self, DEFAULT_CONFIG};
use offhook::dialogue::{Usage, WordTime};
use offhook::media::ear::EarSettings;
use offhook::report::End;
use offhook::speakable::Dictionary;
use offhook::streams::WireOut;
use offhook::streams::detect::Context;
use offhook::streams::dialect::Dialect;
use offhook::units::CallTime;
use offhook::vad::{DetectorChoice, HysteresisSettings};

/// The lines of the capture, with this gateway and its first message.
pub fn call(gateway: Dialect, start: &str) -> String {
    let ms = Duration::from_millis;
    let head = Head {
        version: VERSION,
        call: "c".into(),
        gateway,
        codec: Context { query: "a=b".into(), ..Context::default() },
        opening: vec![(CallTime::from_millis(1), Message::Text(start.into()))],
        ear: EarSettings::default(),
        detector: DetectorChoice::Earshot(0.5),
        hysteresis: HysteresisSettings { start: ms(60), sustained: ms(160), stop: ms(120) },
        pre_roll: ms(240),
        lead: ms(160),
        echo_loss_db: Some(20.0),
        idle_timeout: ms(30_000),
        send_timeout: ms(5000),
        judge: "small".into(),
        dictionary: Dictionary::new([("Nguyen", "win")]).unwrap(),
        agent: Some("main".into()),
    };
    let job = JobId::default();
    let words = vec![WordTime { word: "Hello.".into(), end: ms(90) }];
    let inputs = [
        Received::Message(Message::Binary(vec![7; 320])),
        Received::Message(Message::Text(r#"{"type":"ping","id":"1"}"#.into())),
        Received::Measured {
            ping: "1".into(),
            queues: [("results".to_owned(), 1)].into(),
            cores: [("speech".to_owned(), Default::default())].into(),
            advice: vec!["Sleep.".into()],
        },
        Received::Outcome(job, Outcome::Begun { model: "small".into() }),
        Received::Outcome(job, Outcome::Token("Hello.".into())),
        Received::Outcome(job, Outcome::EndOfTurn(0.5)),
        Received::Outcome(job, Outcome::Heard { text: "hello".into(), doubtful: true }),
        Received::Outcome(job, Outcome::Done(Usage::default())),
        Received::Outcome(job, Outcome::Speaking(SpokenPart { samples: vec![9; 160], words: words.clone() })),
        Received::Outcome(job, Outcome::Spoken(SpokenPart { samples: vec![-9; 160], words })),
        Received::Outcome(job, Outcome::GaveWay),
        Received::Outcome(job, Outcome::Failed("broken".into())),
        Received::Outcome(job, Outcome::Overloaded("full".into())),
        Received::Agent(Box::new(successor())),
        Received::ModelsSwitched,
        Received::ReplyWords(20),
        Received::SignOfLife,
        Received::Timeout,
        Received::Closed,
        Received::End { end: End::default(), cpu: ms(20) },
    ];
    let sent =
        [What::Out(Sent::of(&WireOut::Text("{}".into()))), What::Out(Sent::of(&WireOut::Binary(vec![1])))];
    let whats = [What::Call(Box::new(head))].into_iter().chain(inputs.map(What::In)).chain(sent);
    let line = |(i, what)| Line { at: CallTime::from_millis(20 * i), what }.to_text();
    (1_u64..).zip(whats).map(line).collect::<Vec<_>>().join("\n")
}

/// The agent of the shipped configuration, as one that goes on with a call.
fn successor() -> Successor {
    let config = config::parse(DEFAULT_CONFIG, "config.toml", std::path::Path::new("")).unwrap();
    Successor {
        name: "billing".into(),
        settings: config::call::settings(&config),
        hysteresis: config::call::hysteresis(&config),
        dictionary: Dictionary::default(),
    }
}
