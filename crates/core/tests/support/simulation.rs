//! A whole call on a simulated clock: a scripted caller, scripted engines with fixed delays, and a gateway
//! that plays the audio it receives. Nothing waits: hours pass in microseconds.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use offhook_core::dialogue::{Message, Role, WordTime};
use offhook_core::ids::{ChunkId, MarkId, TurnId, UtteranceId};
use offhook_core::report::TurnReport;
use offhook_core::speakable::Dictionary;
use offhook_core::timeline::{Next, Timeline};
use offhook_core::turns::trace::{Head, Line, VERSION, What};
use offhook_core::turns::{Action, Conversation, Event, Farewell, Settings};
use offhook_core::units::CallTime;

pub use super::faults::{Broken, Fault, Faults};
pub use super::gateway::Marks;
pub use super::model::{FirstModel, Script};
pub use super::settings::{settings, tries, without_speculation, words};

pub const MS: fn(u64) -> Duration = Duration::from_millis;
pub const AT: fn(u64) -> CallTime = CallTime::from_millis;

/// Speech of this length makes the agent pause.
pub const MIN_SPEECH: Duration = Duration::from_millis(160);

/// How long the scripted engines take.
#[derive(Debug, Clone)]
pub struct Delays {
    pub transcript: Duration,
    pub first_token: Duration,
    pub token: Duration,
    /// From a prompt to its end-of-turn score.
    pub score: Duration,
    /// The time to prefill a new beginning of the prompt.
    pub rebuild: Duration,
    pub synthesis: Duration,
    /// The length of speech per character of text.
    pub per_character: Duration,
    /// How long the server's tools take; `None` for ever.
    pub tool: Option<Duration>,
    /// How the gateway handles marks.
    pub marks: Marks,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            transcript: MS(40),
            first_token: MS(20),
            token: MS(4),
            score: MS(10),
            rebuild: MS(300),
            synthesis: MS(15),
            per_character: MS(60),
            tool: None,
            marks: Marks::Right,
        }
    }
}

/// One call.
pub struct Simulation {
    pub conversation: Conversation,
    pub delays: Delays,
    pub broken: Option<Broken>,
    /// Faults that jobs meet one after the other.
    pub faults: Faults,
    /// The speech that is there before it is wanted: that of the configuration's phrases.
    pub(super) prepared: Vec<String>,
    /// The trace of the call.
    pub lines: Vec<Line>,
    /// All actions, in order.
    pub done: Vec<(CallTime, Action)>,
    timeline: Timeline<Happening>,
    /// Every word of the caller, with the moment it ended.
    spoken: Vec<(CallTime, String)>,
    /// How far the caller's audio is behind the clock.
    pub audio_lag: Duration,
    /// No core is free for partial transcriptions.
    pub busy: bool,
    /// The model's answer; `None` for one that counts the words it was given.
    pub answer: Option<String>,
    /// The model's next answers, before that one.
    pub answers: VecDeque<String>,
    /// The rest of the model's behaviour.
    pub script: Script,
    /// The prompts that the model was given.
    pub prompts: Vec<Vec<Message>>,
    /// The recogniser is unsure of everything.
    pub doubtful: bool,
    utterance_from: BTreeMap<UtteranceId, CallTime>,
    pub(super) durations: BTreeMap<ChunkId, Duration>,
    pub(super) texts: BTreeMap<ChunkId, (TurnId, String)>,
    pub(super) playing_until: CallTime,
    /// The sounds in the caller's ear: start, end, chunk, offset in the chunk.
    pub(super) sounds: Vec<(CallTime, CallTime, ChunkId, Duration)>,
    /// The marks of the audio in the gateway, with the time when it is played.
    pub(super) buffered: Vec<(CallTime, MarkId)>,
    pub(super) swapped: Option<MarkId>,
    /// The number of clears. Marks and starts from before the last clear belong to audio that was thrown
    /// away.
    pub(super) clears: u64,
}

pub(super) enum Happening {
    Tell(Event),
    /// An event of audio that was sent after this number of clears.
    Played(u64, Event),
}

impl Simulation {
    pub fn new(settings: Settings) -> Self {
        let head = Head { version: VERSION, call: "c".into(), settings: settings.clone() };
        let head = Line { at: CallTime::ZERO, what: What::Trace(Box::new(head)) };
        let mut simulation = Self {
            delays: Delays::default(),
            broken: None,
            faults: Faults::default(),
            prepared: settings.phrases.chunks(settings.language, &Dictionary::default()),
            conversation: Conversation::new(settings, words()),
            lines: vec![head],
            done: Vec::new(),
            timeline: Timeline::default(),
            spoken: Vec::new(),
            audio_lag: Duration::ZERO,
            busy: false,
            answer: None,
            answers: VecDeque::new(),
            script: Script::default(),
            prompts: Vec::new(),
            doubtful: false,
            utterance_from: BTreeMap::new(),
            durations: BTreeMap::new(),
            texts: BTreeMap::new(),
            playing_until: CallTime::ZERO,
            sounds: Vec::new(),
            buffered: Vec::new(),
            swapped: None,
            clears: 0,
        };
        simulation.at(CallTime::ZERO, Event::CallStarted);
        simulation
    }

    /// A call whose greeting is over.
    pub fn after_the_greeting() -> Self {
        let mut call = Self::new(settings());
        call.run(AT(5000));
        call
    }

    /// A call in which the caller's question ends at 6,000, and the agent answers "You said 4 words." from
    /// 6,250 to 7,330 and "Is there anything else?" from 7,550 to 8,990, with 60 ms a character.
    pub fn answering() -> Self {
        Self::answering_with(settings())
    }

    /// [`Self::answering`] with other settings.
    pub fn answering_with(settings: Settings) -> Self {
        let mut call = Self::new(settings);
        call.run(AT(5000));
        call.caller_says(AT(5000), MS(1000), "When do you open?");
        call
    }

    /// Plans an event.
    pub fn at(&mut self, when: CallTime, event: Event) {
        self.push(when, Happening::Tell(event));
    }

    /// The caller says `text` from `from` on, for `lasting`. The detector needs 60 ms for the start and 120
    /// ms for the pause.
    pub fn caller_says(&mut self, from: CallTime, lasting: Duration, text: &str) {
        let end = from + lasting;
        self.at(from + MS(60), Event::SpeechStarted { at: from });
        if lasting >= MIN_SPEECH {
            self.at(from + MIN_SPEECH, Event::SpeechSustained { level: -20.0, echo: None });
        }
        self.caller_says_late(from, lasting, text, end + MS(120));
    }

    /// Only the words and the end of [`Self::caller_says`], with the end known at `known`.
    pub fn caller_says_late(&mut self, from: CallTime, lasting: Duration, text: &str, known: CallTime) {
        let end = from + lasting;
        let words: Vec<&str> = text.split(' ').collect();
        for (i, word) in words.iter().enumerate() {
            let over = lasting * u32::try_from(i + 1).unwrap() / u32::try_from(words.len()).unwrap();
            self.spoken.push((from + over, (*word).to_owned()));
        }
        self.at(known, Event::SpeechEnded { at: end });
    }

    /// Lets time pass until `until`. Returns the reports of the turns so far.
    pub fn run(&mut self, until: CallTime) -> Vec<TurnReport> {
        loop {
            let timer = self.conversation.poll_timeout();
            match self.timeline.next(timer.map(|(at, _)| at), until) {
                None => break,
                Some(Next::Happens(happening)) => self.happen(happening),
                Some(Next::Deadline) => {
                    let what = timer.map(|(_, timer)| What::Deadline(timer));
                    self.lines.extend(what.map(|what| Line { at: self.now(), what }));
                    self.conversation.handle_timeout(self.now());
                }
            }
            self.act();
        }
        self.reports()
    }

    pub fn reports(&self) -> Vec<TurnReport> {
        let report = |action: &Action| {
            if let Action::TurnReport(r) = action { Some(TurnReport::clone(r)) } else { None }
        };
        self.done.iter().filter_map(|(_, action)| report(action)).collect()
    }

    /// The times of all actions of a kind.
    pub fn times(&self, kind: impl Fn(&Action) -> bool) -> Vec<CallTime> {
        self.done.iter().filter(|(_, action)| kind(action)).map(|(at, _)| *at).collect()
    }

    /// When the agent hung up, and why.
    pub fn hung_up(&self) -> Option<(CallTime, Farewell)> {
        self.done.iter().find_map(|(at, action)| match action {
            Action::HangUp { why } => Some((*at, *why)),
            _ => None,
        })
    }

    /// When the agent was paused or its playback cleared.
    pub fn silenced(&self) -> Vec<CallTime> {
        self.times(|action| matches!(action, Action::Pause | Action::ClearPlayback))
    }

    /// The agent's lines in the history.
    pub fn agent_lines(&self) -> Vec<&str> {
        let lines = self.conversation.history().lines();
        lines.filter(|l| l.role == Role::Assistant).map(|l| l.text.as_str()).collect()
    }

    pub(super) fn now(&self) -> CallTime {
        self.timeline.now()
    }

    pub(super) fn push(&mut self, when: CallTime, happening: Happening) {
        self.timeline.at(when, happening);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Tell(event) => self.tell(event),
            Happening::Played(clears, event) if clears == self.clears => self.tell(event),
            Happening::Played(..) => {}
        }
    }

    fn tell(&mut self, event: Event) {
        self.lines.push(Line { at: self.now(), what: What::Event(event.clone()) });
        self.conversation.handle(self.now(), event);
    }

    fn act(&mut self) {
        while let Some(action) = self.conversation.poll_action() {
            self.lines.push(Line { at: self.now(), what: What::Action(action.clone()) });
            self.done.push((self.now(), action.clone()));
            match action {
                Action::OpenUtterance { utterance, from } => {
                    self.utterance_from.insert(utterance, from);
                }
                Action::CommitUtterance { utterance, until, from: _ } => {
                    self.utterance_from.insert(utterance, until);
                }
                Action::Transcribe { utterance, pass, partial: true } if self.busy => {
                    self.at(self.now(), Event::TranscriptionFailed { utterance, pass });
                }
                Action::Transcribe { utterance, pass, .. } => self.transcribe(utterance, pass),
                Action::TranscribePiece { utterance, pass } => {
                    self.transcribe(utterance, pass);
                    self.utterance_from.insert(utterance, self.now());
                }
                Action::Generate { turn, messages, rung, .. } => self.generate(turn, messages, rung),
                Action::Prefill { reading, messages } => self.listen(reading, &messages),
                Action::Rebuild { reading, messages: _ } => self.rebuild(reading),
                Action::Speak { turn, chunk, text, .. } => self.synthesize(turn, chunk, text),
                Action::Send { chunk, mark, first, silence, from } => {
                    self.send_first(first, silence);
                    self.send(chunk, mark, silence, from);
                }
                Action::RunTool { call, .. } => {
                    let output = format!("{} done", call.call.name);
                    if let Some(takes) = self.delays.tool {
                        self.at(self.now() + takes, Event::ToolDone { call: call.id, output, failed: false });
                    }
                }
                Action::Pause | Action::ClearPlayback => self.clear(),
                Action::CloseUtterance { .. }
                | Action::Cancel { .. }
                | Action::StopGenerating { .. }
                | Action::Release { .. }
                | Action::Hearing { .. }
                | Action::HangUp { .. }
                | Action::TimedOut { .. }
                | Action::PromptTooLong { .. }
                | Action::NotSaid { .. }
                | Action::CallTools { .. }
                | Action::CancelTool { .. }
                | Action::TurnReport(_) => {}
            }
        }
    }

    fn transcribe(&mut self, utterance: UtteranceId, pass: u32) {
        let from = self.utterance_from[&utterance];
        let heard_until = self.now().back(self.audio_lag);
        let said = self.spoken.iter().filter(|(end, _)| *end > from && *end <= heard_until);
        let text = said.map(|(_, word)| word.as_str()).collect::<Vec<_>>().join(" ");
        let event = match self.fault_of_the_recogniser() {
            Fault::Hangs => return,
            Fault::Fails => Event::TranscriptionFailed { utterance, pass },
            Fault::None => Event::Transcribed { utterance, pass, heard_until, text, doubtful: self.doubtful },
        };
        self.at(self.now() + self.delays.transcript, event);
    }

    fn synthesize(&mut self, turn: TurnId, chunk: ChunkId, text: String) {
        let at = self.now() + self.delays.synthesis;
        match self.fault_of_the_voice(&text) {
            Fault::Hangs => return,
            Fault::Fails => return self.at(at, Event::SynthesisFailed { chunk }),
            Fault::None => {}
        }
        let per_character = self.delays.per_character;
        let after = |characters: usize| per_character * u32::try_from(characters).unwrap();
        let ends = text.split(' ').scan(0, |end, word| {
            *end += word.chars().count() + 1;
            Some(WordTime { word: word.to_owned(), end: after(*end) })
        });
        let words: Vec<WordTime> = ends.collect();
        let duration = after(text.chars().count() + 1);
        self.durations.insert(chunk, duration);
        self.texts.insert(chunk, (turn, text));
        self.at(at, Event::ChunkReady { chunk, duration, words, more: false });
    }

    /// The turn of a chunk.
    pub fn turn_of(&self, chunk: ChunkId) -> Option<TurnId> {
        self.texts.get(&chunk).map(|(turn, _)| *turn)
    }
}
