//! The passing of time: frames that are due, deadlines, and a peer that gives no sign of life. Must not know
//! the words of the call.

use super::{Call, Ending, Flow, Output, Reason};
use crate::media::pacer::Due;
use crate::streams::Media;
use crate::turns::Event;
use crate::units::{CallTime, FRAME};

impl Call {
    /// Sends the frames and marks that are due.
    pub(super) fn play(&mut self, now: CallTime) -> Flow {
        if self.pacer.gives_up_waiting(now) {
            tracing::warn!("the gateway's buffer was full for too long: sending resumes");
        }
        while let Some(due) = self.pacer.poll(now) {
            match due {
                Due::Frame(samples) => {
                    self.echo.sent(now, &samples);
                    let plays_at = self.pacer.sent_until().back(FRAME);
                    self.ear.sent(plays_at, &samples);
                    self.tap.agent(plays_at, &samples);
                    let messages = self.line.audio(&samples);
                    self.wire(messages);
                }
                Due::Mark(mark) => {
                    if !self.line.returns_marks() {
                        self.own_marks.sent(mark, self.pacer.sent_until());
                    }
                    self.send(&Media::Mark { name: &mark.to_string(), within: false });
                }
                Due::FirstMark(mark, due) => {
                    self.send(&Media::Mark { name: &mark.to_string(), within: true });
                    self.tell(now, Event::MarkSent { mark, due })?;
                }
                Due::Started(chunk, plays_at) => self.tell(now, Event::ChunkStarted { chunk, plays_at })?,
                Due::Stalled(chunk, lasting) => self.tell(now, Event::ChunkStalled { chunk, lasting })?,
            }
        }
        let end = self.pacer.plays_until();
        if end > now {
            self.voice_lasts_until = Some(end);
        }
        Ok(())
    }

    /// When the call needs the input `Timeout`, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> (CallTime, Reason) {
        let late = self.listener.behind_from().filter(|_| !self.stalled);
        let others = [
            self.conversation.poll_timeout().map(|(at, timer)| (at, Reason::Turn(timer))),
            late.map(|at| (at, Reason::AudioLate)),
            self.pacer.next_deadline().map(|at| (at, Reason::Playback)),
            self.own_marks.next_at().map(|at| (at, Reason::Playback)),
            Some((self.keep_alive.next_ping_at(), Reason::Ping)),
        ];
        let idle = (self.keep_alive.expires_at(), Reason::Idle);
        others
            .into_iter()
            .flatten()
            .fold(idle, |soonest, next| if next.0 < soonest.0 { next } else { soonest })
    }

    pub(super) fn timeouts(&mut self, now: CallTime) -> Flow {
        if now >= self.keep_alive.expires_at() {
            return Err(Ending::Idle(self.keep_alive.patience()));
        }
        if now >= self.keep_alive.next_ping_at() {
            self.keep_alive.pinged(now);
            self.outputs.push_back(Output::Ping);
        }
        self.audio_is_missing(now)?;
        while let Some(mark) = self.own_marks.back(now) {
            self.tell(now, Event::MarkPlayed { mark })?;
        }
        while let Some((_, timer)) = self.conversation.poll_timeout().filter(|&(at, _)| at <= now) {
            self.conversation.handle_timeout(now, timer);
            self.act(now)?;
        }
        Ok(())
    }
}
