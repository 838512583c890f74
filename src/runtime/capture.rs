//! What a capture of a call begins with: the messages before the call, and its setup. Must not know what a
//! call makes of it.

use crate::call::Setup;
use crate::call::capture::{Head, Line, Message, VERSION, What};
use crate::config::Config;
use crate::config::call::hysteresis;
use crate::streams::Wire;
use crate::streams::detect::Context;
use crate::streams::dialect::Dialect;
use crate::units::CallTime;

/// The beginning of a capture, while the call has not begun.
pub(super) struct CaptureHead {
    /// The parameters of the codec.
    codec: Context,
    /// `None` if no capture is wanted.
    opening: Option<Vec<(CallTime, Message)>>,
    /// The bytes in it.
    bytes: usize,
}

/// The most bytes before the start of a call. A gateway sends a few hundred.
const MOST_BYTES: usize = 1 << 20;

impl CaptureHead {
    /// The beginning of a capture, if the configuration wants captures.
    pub(super) fn new(config: &Config, codec: Context) -> Self {
        Self { codec, opening: config.log.captures.then(Vec::new), bytes: 0 }
    }

    /// Keeps a message before the call. A peer that sends very much has no capture, and costs no memory.
    pub(super) fn keep(&mut self, at: CallTime, wire: Wire<'_>) {
        self.bytes += match wire {
            Wire::Text(text) => text.len(),
            Wire::Binary(bytes) => bytes.len(),
        };
        if self.bytes > MOST_BYTES {
            self.opening = None;
        } else if let Some(opening) = &mut self.opening {
            opening.push((at, Message::of(wire)));
        }
    }

    /// Writes the head of the capture, if the setup has one: the call begins `at` this time. Without a head,
    /// there is no capture: its inputs could not be run again.
    pub(super) fn write(self, at: CallTime, setup: &mut Setup, config: &Config, gateway: Option<Dialect>) {
        let (Some(opening), Some(gateway)) = (self.opening, gateway) else {
            setup.capture = None;
            return;
        };
        let Some(capture) = &setup.capture else { return };
        // The address may hold a credential. Only two codecs read it, and the server wrote that of one.
        let reads_it = matches!(gateway, Dialect::Asterisk | Dialect::Realtime);
        let query = if reads_it { self.codec.query } else { String::new() };
        let head = Head {
            version: VERSION,
            call: setup.id.as_str().to_owned(),
            gateway,
            codec: Context { query, ..self.codec },
            opening,
            ear: setup.ear,
            detector: config.vad.detector,
            hysteresis: hysteresis(config),
            pre_roll: config.vad.pre_roll,
            lead: setup.lead,
            echo_loss_db: setup.echo_loss_db,
            idle_timeout: setup.idle_timeout,
            send_timeout: setup.send_timeout,
            judge: setup.judge.clone(),
            dictionary: setup.dictionary.as_ref().clone(),
            agent: setup.agent.clone(),
        };
        capture(Line { at, what: What::Call(Box::new(head)) });
    }
}
