//! One call over a real socket: sends a frame every 20 ms at absolute deadlines, hears what comes,
//! sends marks back when they have played. Everything that can be decided without a socket is
//! decided in the pure files beside it. Must not know what is printed.

use std::time::Duration;

use anyhow::{Context as _, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::clock::Clock;
use super::phone::{Phone, Protocol, Said};
use super::playout::{Playout, Slack};
use super::script::Line;
use super::turns::{Patience, Turn, Turns};
use crate::gateway::native::{SummaryWire, TurnReportWire};
use crate::units::{FRAME_SAMPLES, PHONE_RATE};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// After hanging up, the server gets this long for its summary.
const SUMMARY_WAIT: Duration = Duration::from_secs(3);

/// A report of the server, and where on the timeline it came.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Report {
    /// The position of its arrival.
    pub(super) at: usize,
    /// What it says.
    pub(super) turn: TurnReportWire,
}

/// A call that is over.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The call's name.
    pub(super) call_id: String,
    /// What the caller sent, sample by sample.
    pub(super) caller: Vec<i16>,
    /// What was heard of the agent, on the same timeline.
    pub(super) agent: Vec<i16>,
    /// The turns that were begun.
    pub(super) turns: Vec<Turn>,
    /// The lines the caller wanted to say; more than `turns` if the call ended early.
    pub(super) wanted: usize,
    /// What the server told about its turns.
    pub(super) reports: Vec<Report>,
    /// What it told at the end.
    pub(super) summary: Option<SummaryWire>,
    /// Holes in the agent's speech.
    pub(super) glitches: usize,
    /// How close the agent's speech came to one.
    pub(super) slack: Option<Slack>,
    /// Errors the server told.
    pub(super) errors: Vec<String>,
    /// The most by which one of the caller's frames was late, in milliseconds: the stopwatch is no
    /// better than that.
    pub(super) late_ms: f64,
}

/// Told, during the call, of the turns begun and the reports that came so far.
pub(super) type Progress<'a> = dyn FnMut(&[Turn], &[Report]) + 'a;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

struct Call<'a> {
    socket: Socket,
    phone: Phone,
    playout: Playout,
    turns: Turns,
    caller: Vec<i16>,
    reports: Vec<Report>,
    summary: Option<SummaryWire>,
    errors: Vec<String>,
    late: usize,
    progress: &'a mut Progress<'a>,
}

/// Calls `url` and says `lines`. `hang_up` ends the call early when it is done.
pub(super) async fn call(
    url: &str,
    lines: Vec<Line>,
    patience: Patience,
    hang_up: impl Future<Output = ()>,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Outcome> {
    let connecting = timeout(CONNECT_TIMEOUT, connect_async_with_config(url, None, true));
    let (socket, _) = match connecting.await {
        Err(_) => bail!("{url}: no answer within {} s", CONNECT_TIMEOUT.as_secs()),
        Ok(connected) => connected.with_context(|| format!("calling {url}"))?,
    };
    let mut call = Call {
        socket,
        phone: Phone::new(Protocol::of_url(url)),
        playout: Playout::default(),
        turns: Turns::new(lines, patience),
        caller: Vec::new(),
        reports: Vec::new(),
        summary: None,
        errors: Vec::new(),
        late: 0,
        progress,
    };
    for message in call.phone.opening() {
        call.send(message).await?;
    }
    let clock = Clock::start();
    tokio::pin!(hang_up);
    tokio::select! {
        talked = call.talk(clock) => talked?,
        () = &mut hang_up => {}
    }
    let glitches = call.playout.end(call.caller.len(), patience.gap);
    call.turns.end(&call.playout);
    call.say_goodbye().await;
    Ok(Outcome {
        call_id: call.phone.call_id().to_owned(),
        turns: call.turns.begun().to_vec(),
        wanted: call.turns.wanted(),
        agent: call.playout.heard().to_vec(),
        caller: call.caller,
        reports: call.reports,
        summary: call.summary,
        glitches,
        slack: call.playout.slack(),
        errors: call.errors,
        late_ms: call.late as f64 * 1000.0 / f64::from(PHONE_RATE),
    })
}

impl Call<'_> {
    /// The conversation, until the caller has said everything or the server hangs up.
    async fn talk(&mut self, clock: Clock) -> anyhow::Result<()> {
        loop {
            // A frame can be sent when its last sample has been spoken.
            let frame_at = self.caller.len() + FRAME_SAMPLES;
            let wake = self.playout.next_due().map_or(frame_at, |mark| mark.min(frame_at));
            let message = tokio::select! {
                biased;
                message = self.socket.next() => Some(message),
                () = sleep_until(clock.at(wake)) => None,
            };
            let now = clock.now();
            match message {
                None => {}
                Some(Some(Ok(message))) if !message.is_close() => self.hear(now, &message),
                // However the server ends it: the call is over.
                Some(Some(Ok(_)) | None) => return Ok(()),
                Some(Some(Err(WsError::ConnectionClosed | WsError::AlreadyClosed))) => return Ok(()),
                Some(Some(Err(e))) => {
                    self.errors.push(format!("the connection broke: {e}"));
                    return Ok(());
                }
            }
            for name in self.playout.due(now) {
                let mark = self.phone.mark(&name);
                self.send(mark).await?;
            }
            while self.caller.len() + FRAME_SAMPLES <= now {
                self.late = self.late.max(now - (self.caller.len() + FRAME_SAMPLES));
                let begun = self.turns.begun().len();
                let Some(frame) = self.turns.frame(self.caller.len(), &self.playout) else { return Ok(()) };
                if self.turns.begun().len() > begun {
                    self.show();
                }
                let message = self.phone.audio(self.caller.len(), &frame);
                self.caller.extend_from_slice(&frame);
                self.send(message).await?;
            }
        }
    }

    fn hear(&mut self, now: usize, message: &Message) {
        match self.phone.read(message) {
            Ok(Said::Audio(samples)) => self.playout.play(now, &samples),
            Ok(Said::Mark(name)) => self.playout.mark(now, name),
            Ok(Said::Clear) => self.playout.clear(now),
            Ok(Said::Turn(turn)) => {
                self.reports.push(Report { at: now, turn: *turn });
                self.show();
            }
            Ok(Said::Summary(summary)) => self.summary = Some(*summary),
            Ok(Said::Error(error)) | Err(error) => self.errors.push(error),
            Ok(Said::Started(_) | Said::Other) => {}
        }
    }

    fn show(&mut self) {
        (self.progress)(self.turns.begun(), &self.reports);
    }

    /// Hangs up and waits for what the server has to tell about the call.
    async fn say_goodbye(&mut self) {
        let end = self.phone.hang_up();
        if self.send(end).await.is_err() {
            return;
        }
        let now = self.caller.len();
        let summary = async {
            while let Some(Ok(message)) = self.socket.next().await {
                match self.phone.read(&message) {
                    Ok(Said::Turn(turn)) => self.reports.push(Report { at: now, turn: *turn }),
                    Ok(Said::Summary(summary)) => {
                        self.summary = Some(*summary);
                        break;
                    }
                    Ok(Said::Error(error)) | Err(error) => self.errors.push(error),
                    Ok(Said::Started(_) | Said::Audio(_) | Said::Mark(_) | Said::Clear | Said::Other) => {}
                }
            }
        };
        // A server that keeps no summary is no error; nor is one that does not close.
        let _ = timeout(SUMMARY_WAIT, summary).await;
        let _ = timeout(SEND_TIMEOUT, self.socket.close(None)).await;
    }

    async fn send(&mut self, message: Message) -> anyhow::Result<()> {
        match timeout(SEND_TIMEOUT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            // The reading side tells that the call is over, and how.
            Ok(Err(WsError::ConnectionClosed | WsError::AlreadyClosed | WsError::Io(_))) => Ok(()),
            Ok(Err(e)) => Err(e).context("sending to the server"),
            Err(_) => bail!("the server takes nothing any more"),
        }
    }
}
