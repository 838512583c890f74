//! One call over an open socket, until the caller has said everything or the server hangs up: sends a frame
//! every 20 ms at absolute deadlines, plays the server's audio, and returns marks when they have played. Must
//! not know how the socket was opened, and not what becomes of the measurements.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::connecting::Socket;
use crate::buffer::Buffer;
use crate::clock::Clock;
use crate::gateways::{Heard, Phone, Said};
use crate::lateness::Lateness;
use crate::scripted_caller::{ScriptedCaller, Turn};
use crate::violations::Violations;
use offhook_core::streams::native::{SummaryWire, TurnReportWire};
use offhook_core::units::FRAME_SAMPLES;

const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the server may take for its summary after the caller hangs up.
const SUMMARY_WAIT: Duration = Duration::from_secs(3);

/// How long the server may then take to close the socket.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

/// The most reports, and the most errors, that are kept of a call: a server may send any number.
const MOST_KEPT: usize = 10_000;

/// A report of the server about a turn, and its position on the timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The position at which it arrived.
    pub at: usize,
    /// The report itself.
    pub turn: TurnReportWire,
}

/// Called during the call with the turns begun and the reports received so far.
pub type Progress<'a> = dyn FnMut(&[Turn], &[Report]) + 'a;

/// How much of a call's audio is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// All of it, of both sides, for a recording.
    Everything,
    /// What the current turn is measured by, and nothing of the caller's: the room does not grow with the
    /// call. `gap` is the silence after which a reply is over.
    OneTurn {
        /// In samples.
        gap: usize,
    },
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Ending {
    /// The caller hung up, having said what there was to say.
    #[default]
    Said,
    /// The server hung up or closed the socket.
    HungUp,
    /// The connection broke.
    Broke,
}

/// A call in progress.
pub(crate) struct Call<'a> {
    socket: Socket,
    pub(super) phone: Phone,
    pub(super) buffer: Box<dyn Buffer>,
    pub(super) turns: ScriptedCaller,
    keep: Keep,
    /// The position of the caller's next frame.
    pub(super) position: usize,
    /// The caller's audio, if it is kept.
    pub(super) caller: Vec<i16>,
    pub(super) reports: Vec<Report>,
    pub(super) summary: Option<SummaryWire>,
    pub(super) errors: Vec<String>,
    pub(super) violations: Violations,
    /// The server has said something that is not an error: the call has begun for it, too.
    pub(super) taken: bool,
    /// The server's last words, if it closed the socket: its reason and code.
    pub(super) closed: Option<String>,
    /// The server has ended the call.
    over: bool,
    pub(super) late: Lateness,
    progress: &'a mut Progress<'a>,
}

/// The server's reason to close the socket.
fn reason(frame: &CloseFrame) -> String {
    format!("the server closed the socket: {} ({})", frame.reason, u16::from(frame.code))
}

/// Whether a call or a server does not end normally with this frame.
fn is_trouble(frame: &CloseFrame) -> bool {
    u16::from(frame.code) > u16::from(CloseCode::Away)
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        socket: Socket,
        phone: Phone,
        turns: ScriptedCaller,
        keep: Keep,
        progress: &'a mut Progress<'a>,
    ) -> Self {
        Self {
            socket,
            buffer: phone.buffer(),
            phone,
            turns,
            keep,
            position: 0,
            caller: Vec::new(),
            reports: Vec::new(),
            summary: None,
            errors: Vec::new(),
            violations: Violations::default(),
            taken: false,
            closed: None,
            over: false,
            late: Lateness::default(),
            progress,
        }
    }

    /// The conversation, until the caller has said everything or the server hangs up. `clock` began with the
    /// first of the gateway's messages.
    pub(crate) async fn talk(&mut self, clock: Clock) -> Ending {
        match self.talk_on(clock).await {
            Ok(ending) => ending,
            Err(error) => {
                self.error(error);
                Ending::Broke
            }
        }
    }

    /// Sends the gateway's first messages.
    pub(crate) async fn open(&mut self) -> Result<(), String> {
        for message in self.phone.opening() {
            self.send(message).await?;
        }
        Ok(())
    }

    async fn talk_on(&mut self, clock: Clock) -> Result<Ending, String> {
        loop {
            // A frame can be sent when its last sample has been spoken.
            let frame_at = self.position + FRAME_SAMPLES;
            let wake = self.buffer.next_due().map_or(frame_at, |told| told.min(frame_at));
            let message = tokio::select! {
                biased;
                message = self.socket.next() => Some(message),
                () = sleep_until(clock.at(wake)) => None,
            };
            let now = clock.now();
            match message {
                None => {}
                // The call is over, whatever the reason.
                Some(Some(Ok(Message::Close(frame)))) => {
                    if let Some(frame) = frame {
                        self.closed = Some(reason(&frame));
                        if is_trouble(&frame) {
                            self.error(reason(&frame));
                        }
                    }
                    return Ok(Ending::HungUp);
                }
                Some(None) => return Ok(Ending::HungUp),
                Some(Some(Ok(message))) => self.hear(now, &message),
                Some(Some(Err(WsError::ConnectionClosed | WsError::AlreadyClosed))) => {
                    return Ok(Ending::HungUp);
                }
                Some(Some(Err(e))) => return Err(format!("the connection broke: {e}")),
            }
            for told in self.buffer.due(now) {
                if let Some(message) = self.phone.tell(&told) {
                    self.send(message).await?;
                }
            }
            if self.over {
                return Ok(Ending::HungUp);
            }
            while self.position + FRAME_SAMPLES <= now {
                let position = self.position;
                self.late.add(position, now - (position + FRAME_SAMPLES));
                let begun = self.turns.begun().len();
                let Some(frame) = self.turns.frame(position, self.buffer.playout()) else {
                    return Ok(Ending::Said);
                };
                if self.turns.begun().len() > begun {
                    self.turn_begun();
                }
                self.position += FRAME_SAMPLES;
                if self.keep == Keep::Everything {
                    self.caller.extend_from_slice(&frame);
                }
                for message in self.phone.audio(position, &frame) {
                    self.send(message).await?;
                }
            }
        }
    }

    /// A turn has begun: the ones before it are measured.
    fn turn_begun(&mut self) {
        if let (Keep::OneTurn { gap }, Some(turn)) = (self.keep, self.turns.begun().last()) {
            let before = turn.matters_from();
            self.buffer.playout_mut().forget(before, gap);
            self.late.forget(before, self.turns.begun());
        }
        self.show();
    }

    fn error(&mut self, error: String) {
        if self.errors.len() < MOST_KEPT {
            self.errors.push(error);
        }
    }

    fn report(&mut self, at: usize, turn: TurnReportWire) {
        if self.reports.len() < MOST_KEPT {
            self.reports.push(Report { at, turn });
        }
    }

    fn hear(&mut self, now: usize, message: &Message) {
        for heard in self.phone.read(message) {
            if let Err(violation) = heard.and_then(|said| self.take(now, said)) {
                self.violations.add(violation);
            }
        }
    }

    /// Carries out a message of the server, or says how it breaks the protocol.
    fn take(&mut self, now: usize, said: Said) -> Result<(), String> {
        self.taken |= !matches!(said, Said::Error(_) | Said::HangUp);
        match said {
            Said::Audio(samples) => self.buffer.play(now, &samples)?,
            Said::Mark(name) => self.buffer.mark(now, name)?,
            Said::Clear => self.buffer.clear(now),
            Said::ForgetMarks => self.buffer.forget_marks(),
            Said::Pause => self.buffer.pause(now),
            Said::Resume => self.buffer.resume(now),
            Said::TellDrained => self.buffer.tell_drained(),
            Said::HangUp => self.over = true,
            Said::Turn(turn) => {
                self.report(now, *turn);
                self.show();
            }
            Said::Summary(summary) => self.summary = Some(*summary),
            Said::Error(error) => self.error(error),
            Said::Other => {}
        }
        Ok(())
    }

    fn show(&mut self) {
        (self.progress)(self.turns.begun(), &self.reports);
    }

    /// Hangs up and waits for the server's last reports.
    pub(crate) async fn say_goodbye(&mut self) {
        for message in self.phone.hang_up() {
            if self.send(message).await.is_err() {
                return;
            }
        }
        if self.phone.reports() {
            // A server without a summary is not an error, and neither is one that does not close.
            let _ = timeout(SUMMARY_WAIT, self.wait_for_summary()).await;
        }
        let bye = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        let _ = timeout(SEND_TIMEOUT, self.socket.close(Some(bye))).await;
        let closed = async { while let Some(Ok(_)) = self.socket.next().await {} };
        let _ = timeout(CLOSE_WAIT, closed).await;
    }

    async fn wait_for_summary(&mut self) {
        let at = self.position;
        while let Some(Ok(message)) = self.socket.next().await {
            for heard in self.phone.read(&message) {
                self.hear_report(at, heard);
            }
            if self.summary.is_some() {
                return;
            }
        }
    }

    /// Takes reports only: the agent's audio is no longer played.
    fn hear_report(&mut self, at: usize, heard: Heard) {
        match heard {
            Ok(Said::Turn(turn)) => self.report(at, *turn),
            Ok(Said::Summary(summary)) => self.summary = Some(*summary),
            Ok(Said::Error(error)) => self.error(error),
            Err(violation) => self.violations.add(violation),
            Ok(
                Said::Audio(_)
                | Said::Mark(_)
                | Said::Clear
                | Said::ForgetMarks
                | Said::Pause
                | Said::Resume
                | Said::TellDrained
                | Said::HangUp
                | Said::Other,
            ) => {}
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), String> {
        match timeout(SEND_TIMEOUT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            // The reading side notices that the call is over, and why.
            Ok(Err(WsError::ConnectionClosed | WsError::AlreadyClosed | WsError::Io(_))) => Ok(()),
            Ok(Err(e)) => Err(format!("sending to the server: {e}")),
            Err(_) => Err("the server accepts no more data".to_owned()),
        }
    }
}
