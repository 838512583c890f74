//! How a call begins: the same beginning makes the same call.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use offhook_core::call::line::Line;
use offhook_core::call::tolerance::Tolerance;
use offhook_core::call::{Call, Setup, capture};
use offhook_core::ids::CallId;
use offhook_core::media::ear::EarSettings;
use offhook_core::media::listener::Listener;
use offhook_core::report::Report;
use offhook_core::speakable::Dictionary;
use offhook_core::streams::asterisk::Asterisk;
use offhook_core::streams::native::{Native, message_of};
use offhook_core::streams::realtime::Realtime;
use offhook_core::streams::{Gateway, Inbound, Wire};
use offhook_core::turns::{Settings, trace};
use offhook_core::units::CallTime;
use offhook_core::vad::Hysteresis;
use serde_json::json;

use super::Peer;
use crate::support::settings::words;
use crate::support::simulation::{MIN_SPEECH, MS};
use crate::support::tongue::Loud;

/// Lines that are kept.
pub type Kept<T> = Arc<Mutex<Vec<T>>>;

/// Everything that a call depends on before its first input.
pub struct Beginning {
    pub settings: Settings,
    pub peer: Peer,
    pub dictionary: Dictionary,
    pub ear: EarSettings,
    /// What those are told who watch the call, in the form of our own protocol.
    pub watched: Kept<String>,
}

impl Beginning {
    /// The call, whose lines go to `trace` and `captured`.
    pub fn call(&self, trace: Option<Kept<trace::Line>>, captured: Option<Kept<capture::Line>>) -> Call {
        let (mut codec, message): (Box<dyn Gateway>, String) = match self.peer {
            Peer::Native(rate) => {
                let audio = json!({"encoding": "pcm16le", "sample_rate": rate});
                let start = json!({"type": "session.start", "version": 1, "audio": audio});
                (Box::new(Native::new()), start.to_string())
            }
            Peer::Asterisk(_) => {
                (Box::new(Asterisk::new()), "MEDIA_START channel_id:c1 format:slin".to_owned())
            }
            Peer::Realtime => {
                let update = json!({"type": "session.update", "session": {"type": "realtime"}});
                (Box::new(Realtime::with_parameters("id=s1")), update.to_string())
            }
        };
        let mut started = codec.decode(Wire::Text(&message)).unwrap();
        let Inbound::Started(start) = started.remove(0) else { panic!("{started:?}") };
        let hysteresis = Hysteresis::new(MS(60), MIN_SPEECH, MS(120));
        let max_piece = self.settings.listening.max_piece;
        let watched = self.watched.clone();
        let setup = Setup {
            id: CallId::new("c"),
            settings: self.settings.clone(),
            count: words(),
            listener: Listener::new(Box::new(Loud), hysteresis, MS(100), max_piece),
            lead: MS(160),
            ear: self.ear,
            echo_loss_db: None,
            idle_timeout: Duration::from_secs(30),
            send_timeout: Duration::from_secs(5),
            judge: "main".to_owned(),
            dictionary: Arc::new(self.dictionary.clone()),
            agent: None,
            trace: trace.map(|kept| Arc::new(move |line| kept.lock().unwrap().push(line)) as _),
            capture: captured.map(|kept| Arc::new(move |line| kept.lock().unwrap().push(line)) as _),
            tap: None,
            watch: Some(Arc::new(move |report| watched.lock().unwrap().extend(line_of(report)))),
        };
        let line = Line::new(codec, self.peer.rate()).unwrap();
        Call::new(CallTime::ZERO, setup, line, &start, Vec::new(), Tolerance::default())
    }
}

/// What those read who watch a call: the messages of our own protocol, and a line about each tool.
fn line_of(report: &Report<'_>) -> Option<String> {
    match *report {
        Report::ToolBegan { call, name, .. } => Some(format!("{name} {call} began")),
        Report::ToolEnded(run) => Some(format!("{} {} ended: {}", run.name, run.id, run.end.name())),
        Report::Hearing { .. }
        | Report::CallerSpeaks { .. }
        | Report::CallerPauses { .. }
        | Report::Heard { .. }
        | Report::Saying { .. }
        | Report::ToolsCalled { .. }
        | Report::Turn(_)
        | Report::Pong(_)
        | Report::Error { .. }
        | Report::Summary(_) => message_of(report),
    }
}
