//! A captured call, run again: the same inputs at the same times must send the same bytes. PURE; knows lines,
//! no files.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::capture::{Head, Line, Received, Sent, VERSION, What};
use super::ending::Closing;
use super::line;
use super::opening::{Opened, Opening, open};
use super::tolerance::Tolerance;
use super::{Call, Output, Setup};
use crate::dialogue::CountTokens;
use crate::ids::CallId;
use crate::media::listener::Listener;
use crate::streams::Refusal;
use crate::turns::Settings;
use crate::units::CallTime;
use crate::vad::Hysteresis;

/// No call lasts longer. In the time between two lines, a call without audio hears silence, frame by frame.
const MOST: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a capture cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaptureError {
    /// It is of another version of offhook.
    #[error("the capture has format {0}, but this version of offhook reads {VERSION}")]
    Version(u32),
    /// A time in it is later than any call lasts.
    #[error("a line is of {0}, and no call lasts for longer than {MOST:?}")]
    Late(CallTime),
    /// Its opening begins no call.
    #[error("the messages before the call begin none{}", .0.as_ref().map(|why| format!(": {why}")).unwrap_or_default())]
    Opening(Option<Refusal>),
    /// The rate of the line is not supported.
    #[error("{0}")]
    Rate(String),
}

/// The first message that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its number among the messages that were sent, from 1.
    pub message: usize,
    /// When it was sent, or should have been.
    pub at: CallTime,
    /// The message of the capture; `None` if there is none.
    pub then: Option<Sent>,
    /// The message that is sent now; `None` if there is none.
    pub now: Option<Sent>,
}

/// The result of running a captured call again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// Inputs.
    pub received: usize,
    /// Messages that were compared.
    pub sent: usize,
    /// The first difference; `None` if all messages were the same.
    pub difference: Option<Difference>,
}

impl Head {
    /// The call as it began, `at` this time, with the settings of its trace.
    ///
    /// # Errors
    /// If the opening begins no call.
    pub fn begin(&self, at: CallTime, settings: Settings, count: CountTokens) -> Result<Call, CaptureError> {
        if self.version != VERSION {
            return Err(CaptureError::Version(self.version));
        }
        let listener = Listener::new(
            self.detector.build(),
            Hysteresis::of(self.hysteresis),
            self.pre_roll,
            settings.listening.max_piece,
        );
        let setup = Setup {
            id: CallId::new(&self.call),
            settings,
            count,
            listener,
            ear: self.ear,
            lead: self.lead,
            echo_loss_db: self.echo_loss_db,
            idle_timeout: self.idle_timeout,
            send_timeout: self.send_timeout,
            judge: self.judge.clone(),
            dictionary: Arc::new(self.dictionary.clone()),
            agent: self.agent.clone(),
            trace: None,
            capture: None,
            tap: None,
            watch: None,
        };
        let (mut codec, mut tolerance) = (self.gateway.codec(&self.codec), Tolerance::default());
        // What is said before the call is no part of it, but names are counted.
        codec.greeting();
        for (came, message) in &self.opening {
            let opened = open(*came, &mut *codec, &mut tolerance, message.wire());
            if let Opened::Begins(opening) = opened.map_err(|why| CaptureError::Opening(Some(why)))? {
                let Opening { start, early } = *opening;
                let line = line::Line::new(codec, start.format.rate)
                    .map_err(|error| CaptureError::Rate(error.to_string()))?;
                return Ok(Call::new(at, setup, line, &start, early, tolerance));
            }
            codec.replies();
        }
        Err(CaptureError::Opening(None))
    }
}

/// Gives a call that has just begun all inputs of its capture, and compares what it sends.
///
/// # Errors
/// If a line is of a time that no call has.
pub fn run_again(mut call: Call, lines: &[Line]) -> Result<Again, CaptureError> {
    if let Some(late) = lines.iter().find(|line| line.at > CallTime::ZERO + MOST) {
        return Err(CaptureError::Late(late.at));
    }
    let mut again = Again { received: 0, sent: 0, difference: None };
    let mut sent = VecDeque::new();
    take(&mut call, &mut sent);
    for Line { at, what } in lines {
        match what {
            What::Call(_) => {}
            What::In(received) => {
                again.received += 1;
                give(&mut call, *at, received);
                take(&mut call, &mut sent);
            }
            What::Out(then) => {
                again.sent += 1;
                let now = sent.pop_front();
                if now.as_ref() != Some(then) {
                    let (message, then) = (again.sent, Some(then.clone()));
                    again.difference = Some(Difference { message, at: *at, then, now });
                    return Ok(again);
                }
            }
        }
    }
    if let (Some(now), Some(last)) = (sent.pop_front(), lines.last()) {
        let message = again.sent + 1;
        again.difference = Some(Difference { message, at: last.at, then: None, now: Some(now) });
    }
    Ok(again)
}

/// What the call sends.
fn take(call: &mut Call, sent: &mut VecDeque<Sent>) {
    while let Some(output) = call.poll_output() {
        if let Output::Wire(message) = output {
            sent.push_back(Sent::of(&message));
        }
    }
}

fn give(call: &mut Call, at: CallTime, received: &Received) {
    if let Received::End { end, cpu } = received {
        call.end(at, Closing { end: end.clone(), cpu: *cpu });
    } else if let Some(input) = received.as_input() {
        call.handle(at, input);
    }
}
