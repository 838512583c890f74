//! The input from the gateway: messages become events of the conversation. Must not know what the
//! conversation makes of them.

use super::{Call, Ending, Flow, Output};
use crate::ids::MarkId;
use crate::report::{Report, Trouble};
use crate::streams::{Inbound, Wire};
use crate::turns::Event;
use crate::units::{CallTime, duration_of};
use crate::vad::Edge;

impl Call {
    pub(super) fn message(&mut self, now: CallTime, wire: Wire<'_>) -> Flow {
        self.keep_alive.heard(now);
        let decoded = self.line.decode(wire);
        self.send_replies();
        let decoded = match decoded {
            Ok(decoded) => decoded,
            Err(refusal) => {
                let count = self.tolerance.drop_odd(now, &refusal).map_err(Ending::Refused)?;
                let (code, message) = (refusal.code.as_str(), format!("a message was dropped: {refusal}"));
                self.report(&Report::Error { code, message: &message });
                self.trouble(Trouble::OddMessage { count, reason: refusal.to_string() }, code, message);
                return Ok(());
            }
        };
        for inbound in decoded {
            if let Inbound::Audio { samples, .. } = &inbound
                && !self.tolerance.takes(now, duration_of(samples.len(), self.line.rate()))
            {
                return Err(Ending::TooMuchAudio);
            }
            self.inbound(now, inbound)?;
        }
        Ok(())
    }

    pub(super) fn inbound(&mut self, now: CallTime, inbound: Inbound) -> Flow {
        match inbound {
            Inbound::Audio { samples, position_ms } => {
                let samples = self.line.heard(samples, position_ms, now);
                let raw = self.tap.is_on().then(|| samples.clone());
                let samples = self.ear.hear(samples, now);
                if let Some(echo) = self.ear.found_echo() {
                    let (delay, loss) = (echo.delay_ms.round(), echo.loss_db.round());
                    tracing::info!("echo found: delay {delay} ms, return loss {loss} dB");
                }
                let edges = self.listener.hear(&samples, now);
                self.tap.caller(self.listener.heard_until(), raw.as_deref().unwrap_or(&samples));
                self.edges(now, edges)?;
                if self.stalled && !self.listener.are_behind(now) {
                    self.stalled = false;
                    self.tell(now, Event::LineCaughtUp)?;
                }
            }
            Inbound::Mark { name } => match name.strip_prefix('m').and_then(|n| n.parse().ok()) {
                Some(mark) => self.tell(now, Event::MarkPlayed { mark: MarkId(mark) })?,
                None => tracing::debug!("a mark came back that was never sent"),
            },
            Inbound::Full => self.pacer.hold(now + self.send_timeout),
            Inbound::Room => self.pacer.go_on(now),
            Inbound::Ping { id } => self.outputs.push_back(Output::Measure { ping: id }),
            Inbound::Interrupt => self.tell(now, Event::InterruptRequested)?,
            Inbound::Remembered { role, text } => self.tell(now, Event::Remembered { role, text })?,
            Inbound::AnswerRequested { instructions } => {
                self.tell(now, Event::AnswerRequested { instructions })?;
            }
            Inbound::Instructed { system_prompt } => self.tell(now, Event::Instructed { system_prompt })?,
            Inbound::ToolsGiven { tools, system_prompt } => {
                self.tell(now, Event::ToolsGiven { tools, system_prompt })?;
            }
            Inbound::AnswersLimited { tokens } => {
                self.most_tokens = tokens.map(|most| usize::try_from(most).unwrap_or(usize::MAX));
            }
            Inbound::ToolReturned { call, output } => self.client_returned(now, call, output)?,
            Inbound::HeardNoMoreThan { lasting } => self.tell(now, Event::HeardNoMoreThan { lasting })?,
            Inbound::EndRequested => return Err(Ending::Requested),
            Inbound::Stopped => return Err(Ending::HungUp),
            Inbound::Dtmf { digit } => self.tell(now, Event::Key { key: digit })?,
            Inbound::Ignored { name } => tracing::trace!(%name, "message ignored"),
            Inbound::Started(_) => tracing::debug!("a second start was tolerated"),
        }
        Ok(())
    }

    fn edges(&mut self, now: CallTime, edges: Vec<Edge>) -> Flow {
        for edge in edges {
            self.ear.caller_speaks(!matches!(edge, Edge::Paused(_)));
            self.tell_edge(&edge);
            let event = match edge {
                Edge::Started(at) => Event::SpeechStarted { at },
                Edge::Sustained => Event::SpeechSustained {
                    level: self.listener.sound_level(),
                    // The level is that behind the ear.
                    echo: self.echo.expected(now).map(|echo| echo + self.ear.gain_db()),
                },
                Edge::Paused(at) => Event::SpeechEnded { at },
            };
            self.tell(now, event)?;
        }
        Ok(())
    }

    /// Handles audio that is overdue. On a connection that sends nothing in silence, it is silence; otherwise
    /// nobody knows.
    pub(super) fn audio_is_missing(&mut self, now: CallTime) -> Flow {
        if self.listener.have_gaps() {
            if self.listener.a_gap_begins(now) {
                self.line.gap_begins();
                self.ear.gap_begins();
            }
            let edges = self.listener.fill(now);
            self.edges(now, edges)?;
        } else if !self.stalled && self.listener.are_behind(now) {
            self.stalled = true;
            self.tell(now, Event::LineStalled)?;
        }
        Ok(())
    }
}
