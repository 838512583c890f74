//! One call over a real socket: sends a frame every 20 ms at absolute deadlines, plays the server's audio,
//! and returns marks when they have played. Everything that can be decided without a socket is decided in the
//! pure files beside it. Must not know what is printed.

use std::time::Duration;

use anyhow::{Context as _, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::http::header::{HeaderMap, HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::buffer::Buffer;
use super::clock::Clock;
use super::gateways::{self, Heard, Phone, Said};
use super::lateness::Lateness;
use super::playout::Slack;
use super::script::Line;
use super::scripted_caller::{Patience, ScriptedCaller, Turn};
use super::violations::Violations;
use offhook_core::streams::native::{SummaryWire, TurnReportWire};
use offhook_core::units::FRAME_SAMPLES;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the server may take for its summary after the caller hangs up.
const SUMMARY_WAIT: Duration = Duration::from_secs(3);

/// How long the server may then take to close the socket.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

/// A report of the server about a turn, and its position on the timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The position at which it arrived.
    pub at: usize,
    /// The report itself.
    pub turn: TurnReportWire,
}

/// The outcome of a call.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The call's name.
    pub call_id: String,
    /// The audio that the caller sent, sample by sample.
    pub caller: Vec<i16>,
    /// The audio that was heard of the agent, on the timeline of `caller`.
    pub agent: Vec<i16>,
    /// The turns that were begun.
    pub turns: Vec<Turn>,
    /// The number of lines that the caller was going to say; more than `turns` if the call ended early.
    pub wanted: usize,
    /// The server's reports about its turns.
    pub reports: Vec<Report>,
    /// The server's summary at the end.
    pub summary: Option<SummaryWire>,
    /// The number of holes in the agent's speech.
    pub glitches: usize,
    /// How close the agent's speech came to a hole.
    pub slack: Option<Slack>,
    /// The number of times that the server cleared the gateway's buffer.
    pub clears: usize,
    /// Whether the server sends reports over this connection.
    pub reported: bool,
    /// Errors that the server reported, and errors of the connection.
    pub errors: Vec<String>,
    /// How the server broke the gateway's protocol.
    pub violations: Vec<String>,
    /// The greatest lateness of the caller's own frames while the stopwatch ran, in milliseconds: the
    /// stopwatch is no more accurate than that.
    pub late_ms: f64,
    /// The caller hung up on request, before all lines were said.
    pub stopped: bool,
}

impl Outcome {
    /// All errors, of the server and of the connection.
    pub fn all_errors(&self) -> Vec<String> {
        let told = self.summary.iter().flat_map(|summary| &summary.errors);
        let told = told.map(|error| format!("{}: {}", error.code, error.message));
        self.errors.iter().cloned().chain(told).collect()
    }

    /// A caller who hangs up on request leaves lines unsaid, and perhaps one unanswered. These are no
    /// failures.
    pub fn leave_out_what_was_stopped(&mut self) {
        if self.stopped {
            self.turns.pop_if(|turn| turn.v2v_ms.is_none());
            self.wanted = self.turns.len();
        }
    }
}

/// Called during the call with the turns begun and the reports received so far.
pub type Progress<'a> = dyn FnMut(&[Turn], &[Report]) + 'a;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

struct Call<'a> {
    socket: Socket,
    phone: Phone,
    buffer: Box<dyn Buffer>,
    turns: ScriptedCaller,
    caller: Vec<i16>,
    reports: Vec<Report>,
    summary: Option<SummaryWire>,
    errors: Vec<String>,
    violations: Violations,
    /// The server has ended the call.
    over: bool,
    late: Lateness,
    progress: &'a mut Progress<'a>,
}

/// The server to call, and the gateway to simulate.
#[derive(Debug)]
pub struct Dialled<'a> {
    /// The server's address.
    pub url: &'a str,
    /// The gateway that is simulated.
    pub line: gateways::Line,
    /// The headers of the upgrade.
    pub headers: &'a HeaderMap,
}

impl Dialled<'_> {
    /// Opens the socket.
    async fn connect(&self, subprotocol: Option<&'static str>) -> anyhow::Result<Socket> {
        let url = self.url;
        let mut request = url.into_client_request().with_context(|| format!("calling {url}"))?;
        request.headers_mut().extend(self.headers.clone());
        if let Some(name) = subprotocol {
            request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(name));
        }
        let connected = timeout(CONNECT_TIMEOUT, connect_async_with_config(request, None, true)).await;
        match connected {
            Err(_) => bail!("{url}: no answer within {} s", CONNECT_TIMEOUT.as_secs()),
            Ok(Ok((socket, _))) => Ok(socket),
            Ok(Err(WsError::Protocol(ProtocolError::SecWebSocketSubProtocolError(_)))) => bail!(
                "{url}: the server did not agree to the sub-protocol that {} asks for ({})",
                self.line.gateway.name(),
                subprotocol.unwrap_or("none"),
            ),
            Ok(Err(WsError::Http(answer))) if answer.status() == StatusCode::UNAUTHORIZED => bail!(
                "{url}: the server asks for a credential (401): give it with --header \"Name: value\", as a \
                 signature of Twilio or Plivo with --sign, or as a token at the end of the path (`offhook token`)"
            ),
            Ok(Err(e)) => Err(e).with_context(|| format!("calling {url}")),
        }
    }
}

/// Calls and says `lines`, one after the other. When `hang_up` completes, the call ends early.
///
/// # Errors
/// If the server cannot be reached within 5 s, refuses, or does not agree to the gateway's sub-protocol.
/// Later errors are in the [`Outcome`].
pub async fn call(
    dialled: &Dialled<'_>,
    lines: Vec<Line>,
    patience: Patience,
    hang_up: impl Future<Output = ()>,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Outcome> {
    let phone = Phone::new(dialled.line);
    let socket = dialled.connect(phone.subprotocol()).await?;
    let mut call = Call {
        socket,
        buffer: phone.buffer(),
        phone,
        turns: ScriptedCaller::new(lines, patience),
        caller: Vec::new(),
        reports: Vec::new(),
        summary: None,
        errors: Vec::new(),
        violations: Violations::default(),
        over: false,
        late: Lateness::default(),
        progress,
    };
    for message in call.phone.opening() {
        call.send(message).await?;
    }
    let clock = Clock::start();
    tokio::pin!(hang_up);
    let stopped = tokio::select! {
        talked = call.talk(clock) => talked.map(|()| false)?,
        () = &mut hang_up => true,
    };
    let clears = call.buffer.playout().cuts().len();
    let glitches = call.buffer.playout_mut().end(call.caller.len(), patience.gap);
    call.turns.end(call.buffer.playout());
    call.say_goodbye().await;
    Ok(Outcome {
        call_id: call.phone.call_id().to_owned(),
        turns: call.turns.begun().to_vec(),
        wanted: call.turns.wanted(),
        agent: call.buffer.playout().heard().to_vec(),
        caller: call.caller,
        reports: call.reports,
        reported: call.phone.reports(),
        summary: call.summary,
        glitches,
        clears,
        slack: call.buffer.playout().slack(),
        errors: call.errors,
        violations: call.violations.sentences(),
        late_ms: call.late.over(call.turns.begun()),
        stopped,
    })
}

/// The server's reason to close the socket, unless the call or the server ended normally.
fn trouble(frame: &CloseFrame) -> Option<String> {
    let (code, reason) = (u16::from(frame.code), &frame.reason);
    (code > u16::from(CloseCode::Away)).then(|| format!("the server closed the socket: {reason} ({code})"))
}

impl Call<'_> {
    /// The conversation, until the caller has said everything or the server hangs up.
    async fn talk(&mut self, clock: Clock) -> anyhow::Result<()> {
        loop {
            // A frame can be sent when its last sample has been spoken.
            let frame_at = self.caller.len() + FRAME_SAMPLES;
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
                    self.errors.extend(frame.and_then(|frame| trouble(&frame)));
                    return Ok(());
                }
                Some(None) => return Ok(()),
                Some(Some(Ok(message))) => self.hear(now, &message),
                Some(Some(Err(WsError::ConnectionClosed | WsError::AlreadyClosed))) => return Ok(()),
                Some(Some(Err(e))) => {
                    self.errors.push(format!("the connection broke: {e}"));
                    return Ok(());
                }
            }
            for told in self.buffer.due(now) {
                if let Some(message) = self.phone.tell(&told) {
                    self.send(message).await?;
                }
            }
            if self.over {
                return Ok(());
            }
            while self.caller.len() + FRAME_SAMPLES <= now {
                self.late.add(self.caller.len(), now - (self.caller.len() + FRAME_SAMPLES));
                let begun = self.turns.begun().len();
                let now = self.caller.len();
                let Some(frame) = self.turns.frame(now, self.buffer.playout()) else { return Ok(()) };
                if self.turns.begun().len() > begun {
                    self.show();
                }
                self.caller.extend_from_slice(&frame);
                for message in self.phone.audio(now, &frame) {
                    self.send(message).await?;
                }
            }
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
                self.reports.push(Report { at: now, turn: *turn });
                self.show();
            }
            Said::Summary(summary) => self.summary = Some(*summary),
            Said::Error(error) => self.errors.push(error),
            Said::Other => {}
        }
        Ok(())
    }

    fn show(&mut self) {
        (self.progress)(self.turns.begun(), &self.reports);
    }

    /// Hangs up and waits for the server's last reports.
    async fn say_goodbye(&mut self) {
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
        let at = self.caller.len();
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
            Ok(Said::Turn(turn)) => self.reports.push(Report { at, turn: *turn }),
            Ok(Said::Summary(summary)) => self.summary = Some(*summary),
            Ok(Said::Error(error)) => self.errors.push(error),
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

    async fn send(&mut self, message: Message) -> anyhow::Result<()> {
        match timeout(SEND_TIMEOUT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            // The reading side notices that the call is over, and why.
            Ok(Err(WsError::ConnectionClosed | WsError::AlreadyClosed | WsError::Io(_))) => Ok(()),
            Ok(Err(e)) => Err(e).context("sending to the server"),
            Err(_) => bail!("the server accepts no more data"),
        }
    }
}

#[cfg(test)]
mod tests;
