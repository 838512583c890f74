//! A trace played under other settings: the caller acts as recorded, the engines give the recorded results
//! and take as long as recorded, and the decisions are made anew. Pure. Where the agent would have done
//! something that it never did, the result is a guess, and it says where that begins.

mod recorded_engines;

use std::collections::BTreeMap;
use std::time::Duration;

use self::recorded_engines::{Past, Said, Sounded};
use super::replay::Trace;
use super::trace::What;
use super::{Action, Conversation, Event, Settings};
use crate::ids::{Asked, ChunkId};
use crate::timeline::{Next, Timeline};
use crate::units::CallTime;

/// The assumed length, per letter, of speech that was never synthesised.
const LETTER: Duration = Duration::from_millis(65);

/// The result of a rehearsal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rehearsal {
    /// The actions with their times.
    pub actions: Vec<(CallTime, Action)>,
    /// The first question that was never answered in the trace: from then on the agent is silent.
    pub unanswered: Option<(CallTime, String)>,
}

/// The state of a running rehearsal.
struct Stage<'t> {
    past: &'t Past,
    conversation: Conversation,
    rehearsal: Rehearsal,
    timeline: Timeline<Planned>,
    /// How many times the gateway's buffer was cleared. Starts and marks of audio from before a clear never
    /// come.
    clears: u64,
    lengths: BTreeMap<ChunkId, Duration>,
    playing_until: CallTime,
}

/// An event that is to happen.
struct Planned {
    event: Event,
    /// It happens only if the buffer's number of clears is still this one.
    clears: Option<u64>,
}

impl Trace {
    /// Rehearses the call: what would have been done under other settings.
    #[must_use]
    pub fn rehearse(&self, settings: Settings) -> Rehearsal {
        let past = Past::of(self);
        let mut stage = Stage {
            past: &past,
            conversation: self.conversation(settings),
            rehearsal: Rehearsal::default(),
            timeline: Timeline::default(),
            clears: 0,
            lengths: BTreeMap::new(),
            playing_until: CallTime::ZERO,
        };
        let mut end = CallTime::ZERO;
        for line in &self.lines {
            end = end.max(line.at);
            match &line.what {
                What::Event(event) if is_the_callers(event) => stage.at(line.at, event.clone()),
                What::Trace(_)
                | What::Event(_)
                | What::Deadline(_)
                | What::Action(_)
                | What::Counted(_)
                | What::Ended
                | What::Missing(_) => {}
            }
        }
        stage.run(end);
        stage.rehearsal
    }
}

/// True for events that come from outside and do not depend on the agent.
fn is_the_callers(event: &Event) -> bool {
    match event {
        Event::CallStarted
        | Event::SpeechStarted { .. }
        | Event::SpeechSustained { .. }
        | Event::SpeechEnded { .. }
        | Event::LineStalled
        | Event::LineCaughtUp
        | Event::Key { .. }
        | Event::ModelsSwitched
        | Event::AgentChanged { .. }
        | Event::ReplyWords { .. }
        | Event::Remembered { .. }
        | Event::AnswerRequested { .. }
        | Event::Instructed { .. }
        | Event::ToolsGiven { .. }
        | Event::ToolReturned { .. }
        | Event::ToolDone { .. }
        | Event::Informed { .. }
        | Event::SayRequested { .. }
        | Event::InterruptRequested => true,
        Event::Transcribed { .. }
        | Event::ToolsRefused { .. }
        | Event::TranscriptionFailed { .. }
        | Event::EndOfTurnScore { .. }
        | Event::ReadAhead { .. }
        | Event::Token { .. }
        | Event::GenerationDone { .. }
        | Event::GenerationFailed { .. }
        | Event::ChunkReady { .. }
        | Event::ChunkStalled { .. }
        | Event::SynthesisFailed { .. }
        | Event::ChunkStarted { .. }
        | Event::MarkSent { .. }
        | Event::HeardNoMoreThan { .. }
        | Event::MarkPlayed { .. } => false,
    }
}

impl Stage<'_> {
    fn at(&mut self, when: CallTime, event: Event) {
        self.timeline.at(when, Planned { event, clears: None });
    }

    /// Plans an event that comes unless the gateway's buffer is cleared before.
    fn unless_cleared(&mut self, when: CallTime, event: Event) {
        self.timeline.at(when, Planned { event, clears: Some(self.clears) });
    }

    fn run(&mut self, end: CallTime) {
        let mut utterance_from = CallTime::ZERO;
        loop {
            let deadline = self.conversation.poll_timeout().map(|(at, _)| at);
            let next = self.timeline.next(deadline, end);
            let now = self.timeline.now();
            match next {
                None => break,
                Some(Next::Deadline) => self.conversation.handle_timeout(now),
                Some(Next::Happens(Planned { event, clears })) => {
                    if clears.is_none_or(|clears| clears == self.clears) {
                        self.conversation.handle(now, event);
                    }
                }
            }
            while let Some(action) = self.conversation.poll_action() {
                self.rehearsal.actions.push((now, action.clone()));
                if let Action::OpenUtterance { from, .. } = action {
                    utterance_from = from;
                }
                self.act(now, utterance_from, action);
            }
        }
    }

    /// The model gives the recorded score of these words, if there is one.
    fn score(&mut self, now: CallTime, asked: Asked, question: &str) {
        if let Some((took, probability)) = self.past.score_of(question) {
            self.at(now + took, Event::EndOfTurnScore { asked, probability });
        }
    }

    fn act(&mut self, now: CallTime, from: CallTime, action: Action) {
        match action {
            Action::Transcribe { utterance, pass, .. } | Action::TranscribePiece { utterance, pass } => {
                let Some(heard) = self.past.heard_by(from, now) else {
                    return self.at(now, Event::TranscriptionFailed { utterance, pass });
                };
                let (heard_until, doubtful, text) =
                    (heard.until.min(now), heard.doubtful, heard.text.clone());
                let took = heard.took;
                self.at(now + took, Event::Transcribed { utterance, pass, heard_until, text, doubtful });
            }
            Action::Generate { turn, messages, rung, .. } => {
                let question = recorded_engines::question(&messages);
                self.score(now, Asked::Turn(turn), &question);
                let Some(reply) = self.past.reply_to(&question, rung) else {
                    self.rehearsal.unanswered.get_or_insert((now, question));
                    return;
                };
                for (delay, said) in reply {
                    let event = match said {
                        Said::Text(text) => Event::Token { turn, text: text.clone() },
                        Said::Done(usage) => Event::GenerationDone { turn, usage: usage.clone() },
                        Said::Failed => Event::GenerationFailed { turn },
                    };
                    self.at(now + *delay, event);
                }
            }
            Action::Prefill { reading, messages } => {
                self.score(now, Asked::Reading(reading), &recorded_engines::question(&messages));
            }
            Action::Rebuild { reading, messages: _ } => {
                let (took, done) = self.past.rebuilt;
                self.at(now + took, Event::ReadAhead { reading, done });
            }
            Action::Speak { chunk, text, .. } => {
                let guess = || Sounded {
                    took: Duration::ZERO,
                    duration: LETTER * u32::try_from(text.len()).unwrap_or(0),
                    words: Vec::new(),
                };
                let Sounded { took, duration, words } =
                    self.past.sound_of(&text).cloned().unwrap_or_else(guess);
                self.lengths.insert(chunk, duration);
                self.at(now + took, Event::ChunkReady { chunk, duration, words, more: false });
            }
            Action::Send { chunk, mark, first: _, silence, from } => {
                let length = self.lengths.get(&chunk).copied().unwrap_or_default();
                let start = self.playing_until.max(now) + silence;
                self.playing_until = start + length.saturating_sub(from);
                self.unless_cleared(start, Event::ChunkStarted { chunk, plays_at: start });
                if let Some(way) = self.past.way {
                    self.unless_cleared(self.playing_until + way, Event::MarkPlayed { mark });
                }
            }
            Action::Pause | Action::ClearPlayback => {
                self.clears += 1;
                self.playing_until = now;
            }
            Action::OpenUtterance { .. }
            | Action::CommitUtterance { .. }
            | Action::Hearing { .. }
            | Action::CloseUtterance { .. }
            | Action::PromptTooLong { .. }
            | Action::NotSaid { .. }
            | Action::CallTools { .. }
            | Action::RunTool { .. }
            | Action::CancelTool { .. }
            | Action::Release { .. }
            | Action::StopGenerating { .. }
            | Action::Cancel { .. }
            | Action::TimedOut { .. }
            | Action::TurnReport(_)
            | Action::HangUp { .. } => {}
        }
    }
}
