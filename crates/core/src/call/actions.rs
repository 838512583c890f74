//! Carries out the decisions of the conversation: actions become jobs, frames and messages. Decisions are not
//! made here.

use super::jobs::{Purpose, Words};
use super::voice::{AT_A_TIME, Text};
use super::{Call, Ending, Flow, Job, Output, Reply};
use crate::dialogue::{Message, Role};
use crate::ids::{ChunkId, ReadingId, TurnId, UtteranceId};
use crate::report::{Report, Trouble};
use crate::speakable::spoken;
use crate::streams::Media;
use crate::turns::Action;
use crate::units::{CallTime, PHONE_RATE, samples_in};

impl Call {
    pub(super) fn act(&mut self, now: CallTime) -> Flow {
        while let Some(action) = self.conversation.poll_action(now) {
            match action {
                Action::OpenUtterance { utterance: _, from } => self.listener.open(from),
                Action::CommitUtterance { utterance: _, until, from } => self.listener.let_go(until, from),
                Action::CloseUtterance { utterance: _ } => {
                    self.cancel(|purpose| matches!(purpose, Purpose::Words { .. }));
                    self.listener.close();
                }
                Action::Transcribe { utterance, pass, partial } => {
                    self.cancel_looks();
                    let kind = if partial { Words::Partial } else { Words::Final };
                    let audio = self.listener.utterance();
                    self.transcribe(utterance, pass, kind, audio);
                }
                Action::TranscribePiece { utterance, pass } => {
                    // Running transcriptions begin with audio that is cut off now.
                    self.cancel_looks();
                    let audio = self.listener.cut();
                    self.transcribe(utterance, pass, Words::Piece, audio);
                }
                Action::Hearing { utterance, stable, unstable } => {
                    tracing::debug!(%utterance, stable, unstable, "hearing");
                    self.report(&Report::Hearing { utterance, stable: &stable, unstable: &unstable });
                }
                Action::Generate { turn, messages, speculative, rung } => {
                    self.cancel(|purpose| matches!(purpose, Purpose::Reading { rebuild: false, .. }));
                    let wanted = !speculative;
                    // What is answered may be the result of a tool.
                    let words = |last: &Message| {
                        if last.role == Role::User { last.text.clone() } else { String::new() }
                    };
                    self.answered = messages.last().map(|last| (turn, words(last)));
                    if wanted {
                        self.tell_heard(turn);
                    }
                    self.reply = Some(Reply { turn, wanted, spoke: false });
                    self.voice_lasts_until = None;
                    let tools = Some(self.conversation.tools()).filter(|tools| !tools.are_idle());
                    let most_tokens = self.most_tokens;
                    let job = Job::Answer { messages, tools, rung, wanted, most_tokens };
                    self.begin_job(Purpose::Answer { turn }, job);
                }
                Action::Release { turn } => self.want(turn),
                Action::StopGenerating { turn } => {
                    self.cancel(|purpose| purpose == Purpose::Answer { turn });
                }
                Action::Cancel { turn } => self.give_up(turn),
                Action::Prefill { reading, messages } => self.read(reading, messages, false),
                Action::Rebuild { reading, messages } => self.read(reading, messages, true),
                Action::Speak { turn, chunk, text, urgent } => self.speak(turn, chunk, text, urgent),
                Action::Send { chunk, mark, first, silence, from } => {
                    self.tell_saying(chunk, mark);
                    match self.voice.sound_of(chunk) {
                        Some((samples, grows)) => {
                            let from = samples_in(from, PHONE_RATE).min(samples.len());
                            self.pacer.begin(chunk, silence, mark, first);
                            self.pacer.extend(chunk, &samples[from..]);
                            if !grows {
                                self.pacer.end(chunk);
                            }
                        }
                        None => tracing::error!(%chunk, "a chunk cannot be played: its audio is gone"),
                    }
                }
                Action::Pause => self.fall_silent(now),
                Action::ClearPlayback => {
                    self.voice.forget();
                    self.fall_silent(now);
                }
                Action::CallTools { turn, calls } => {
                    self.report(&Report::ToolsCalled { turn, calls: &calls });
                    self.client_runs_tools(now, turn, calls);
                }
                Action::RunTool { turn, call, conduct } => self.run_tool(now, turn, call, conduct),
                Action::CancelTool { call } => self.cancel_tool(now, call),
                Action::TimedOut { on } => {
                    self.trouble(Trouble::Late, on.code(), on.message().to_owned());
                }
                Action::PromptTooLong { tokens, most } => {
                    let message =
                        format!("the instructions and tools have {tokens} tokens, at most {most} are taken");
                    self.report(&Report::Error { code: "too_large", message: &message });
                    self.trouble(Trouble::NotDone, "instructions_too_long", message);
                }
                Action::NotSaid { text: _ } => {
                    let message = "too many sentences wait to be said: one more will not be".to_owned();
                    self.trouble(Trouble::NotDone, "not_said", message);
                }
                Action::TurnReport(report) => self.report_turn(*report),
                Action::HangUp { why } => {
                    self.send(&Media::Hangup);
                    return Err(Ending::SaidGoodbye(why));
                }
            }
        }
        Ok(())
    }

    /// Cancels all jobs of this kind.
    pub(super) fn cancel(&mut self, which: impl Fn(Purpose) -> bool) {
        let cancelled = self.jobs.cancel(which);
        self.outputs.extend(cancelled.into_iter().map(Output::Cancel));
    }

    pub(super) fn begin_job(&mut self, purpose: Purpose, job: Job) {
        let id = self.jobs.begin(purpose);
        self.outputs.push_back(Output::Begin(id, job));
    }

    // Listening.

    /// Cancels the transcriptions of the open utterance. The words of a piece that was cut off are still
    /// needed.
    fn cancel_looks(&mut self) {
        self.cancel(|purpose| matches!(purpose, Purpose::Words { kind: Words::Partial | Words::Final, .. }));
    }

    fn transcribe(&mut self, utterance: UtteranceId, pass: u32, kind: Words, audio: (Vec<i16>, CallTime)) {
        let (samples, heard_until) = audio;
        let purpose = Purpose::Words { utterance, pass, heard_until, kind };
        self.begin_job(purpose, Job::Hear { samples, partial: kind == Words::Partial });
    }

    // Thinking.

    /// Prefills this call's own system prompt, which was not prefilled for any other call. There is time for
    /// it while the greeting is spoken.
    pub(super) fn read_own_prompt(&mut self, system_prompt: &str) {
        let message = |role, text: &str| Message { role, text: text.to_owned() };
        let messages = vec![message(Role::System, system_prompt), message(Role::User, "Hello.")];
        self.read(ReadingId::default(), messages, true);
    }

    /// Begins a prefill of the caller's words so far, or of a rebuilt history. An earlier prefill of this
    /// kind is cancelled; a prefill of the other kind goes on.
    fn read(&mut self, reading: ReadingId, messages: Vec<Message>, rebuild: bool) {
        self.cancel(|purpose| matches!(purpose, Purpose::Reading { rebuild: of, .. } if of == rebuild));
        self.begin_job(Purpose::Reading { reading, rebuild }, Job::ReadAhead { messages, rebuild });
    }

    // Speaking.

    fn speak(&mut self, turn: TurnId, chunk: ChunkId, text: String, urgent: bool) {
        // Text that is not generated (the greeting, the fallback phrase) is always wanted.
        let fresh = Reply { turn, wanted: true, spoke: false };
        let reply = self.reply.get_or_insert(fresh);
        if reply.turn != turn {
            *reply = fresh;
        }
        let first = !std::mem::replace(&mut reply.spoke, true);
        self.voice.wait(Text { turn, chunk, text, first, urgent });
        self.synthesize_what_waits();
    }

    /// The text that the voice gets next: within the limit for one call, unless it is urgent.
    fn next_text(&mut self) -> Option<Text> {
        let under_way = self.jobs.count(|purpose| matches!(purpose, Purpose::Speech { .. }));
        let urgent = self.voice.next_urgent();
        if urgent.is_none() && under_way < AT_A_TIME { self.voice.next() } else { urgent }
    }

    /// Gives the voice waiting chunks.
    pub(super) fn synthesize_what_waits(&mut self) {
        while let Some(Text { turn, chunk, text, first, urgent: _ }) = self.next_text() {
            let wanted = self.reply.is_none_or(|reply| reply.turn != turn || reply.wanted);
            let spoken = spoken(&text, &self.language.speech, &self.dictionary);
            let unsaid: Vec<&str> = spoken.unsaid(&text).collect();
            if !unsaid.is_empty() {
                tracing::warn!(%turn, words = ?unsaid, "words in a script that the voice does not know are not spoken");
            }
            let job = Job::Speak { text: spoken.text.clone(), first, wanted };
            self.voice.begins(turn, chunk, text, spoken);
            self.begin_job(Purpose::Speech { turn, chunk }, job);
        }
    }

    /// The speculative answer of this turn is wanted.
    fn want(&mut self, turn: TurnId) {
        self.tell_heard(turn);
        if let Some(reply) = self.reply.as_mut().filter(|reply| reply.turn == turn) {
            reply.wanted = true;
        }
        let prepared = self.jobs.find(|purpose| is_of(purpose, turn));
        self.outputs.extend(prepared.into_iter().map(Output::Want));
    }

    /// Cancels all jobs for the reply of this turn, and drops its waiting texts.
    pub(super) fn give_up(&mut self, turn: TurnId) {
        self.reply.take_if(|reply| reply.turn == turn);
        self.cancel(|purpose| is_of(purpose, turn));
        self.voice.give_up(turn);
        for chunk in self.voice.growing(turn) {
            self.no_more_of(chunk);
        }
        self.synthesize_what_waits();
    }

    fn fall_silent(&mut self, now: CallTime) {
        self.pacer.clear(now);
        self.own_marks.clear();
        self.ear.clear(now);
        self.tap.cut(now);
        self.voice_lasts_until = None;
        self.send(&Media::Clear);
    }
}

/// True if a job is for the reply of this turn.
fn is_of(purpose: Purpose, turn: TurnId) -> bool {
    match purpose {
        Purpose::Answer { turn: of } | Purpose::Speech { turn: of, .. } => of == turn,
        Purpose::Words { .. } | Purpose::Reading { .. } | Purpose::Tool { .. } => false,
    }
}
