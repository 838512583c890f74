//! A whole call on a simulated clock: a scripted caller, scripted engines with fixed delays, and a
//! gateway that plays what it is sent. Nothing here waits: hours pass in microseconds.

use std::collections::BTreeMap;
use std::time::Duration;

use offhook::conversation::latency::TurnReport;
use offhook::conversation::{Action, Conversation, EndpointPolicy, Event, Listening, Settings};
use offhook::engine::{Role, WordTime};
use offhook::ids::{ChunkId, MarkId, TurnId, UtteranceId};
use offhook::units::CallTime;

pub const MS: fn(u64) -> Duration = Duration::from_millis;
pub const AT: fn(u64) -> CallTime = CallTime::from_millis;

/// Speech of this length stops the agent.
pub const MIN_SPEECH: Duration = Duration::from_millis(240);

/// How long the scripted engines take.
#[derive(Debug, Clone)]
pub struct Delays {
    pub transcript: Duration,
    pub first_token: Duration,
    pub token: Duration,
    pub synthesis: Duration,
    /// Speech per character of text.
    pub per_character: Duration,
    /// Whether the gateway sends marks back.
    pub marks: bool,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            transcript: MS(40),
            first_token: MS(20),
            token: MS(4),
            synthesis: MS(15),
            per_character: MS(60),
            marks: true,
        }
    }
}

/// What an engine does instead of answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    Recognizer,
    Generator,
    Synthesizer,
    SilentGenerator,
    SilentRecognizer,
}

/// One call.
pub struct Simulation {
    pub conversation: Conversation,
    pub delays: Delays,
    pub broken: Option<Broken>,
    /// Everything done, in order.
    pub done: Vec<(CallTime, Action)>,
    now: CallTime,
    sequence: u64,
    queue: BTreeMap<(CallTime, u64), Happening>,
    /// Every word of the caller, by the moment it was over.
    spoken: Vec<(CallTime, String)>,
    /// How far the caller's audio is behind the clock.
    pub audio_lag: Duration,
    /// No core is free for partial transcriptions.
    pub busy: bool,
    utterance_from: BTreeMap<UtteranceId, CallTime>,
    durations: BTreeMap<ChunkId, Duration>,
    texts: BTreeMap<ChunkId, (TurnId, String)>,
    playing_until: CallTime,
    /// Marks and starts after this many clears are of audio that was thrown away.
    clears: u64,
}

enum Happening {
    Tell(Event),
    /// Of the audio that was in the gateway before a clear with this number.
    Played(u64, Event),
}

pub fn settings() -> Settings {
    Settings {
        system_prompt: "You help.".into(),
        greeting: "Hello, this is the clinic.".into(),
        fallback: "I am sorry, could you say that again?".into(),
        endpoint: EndpointPolicy { silence: MS(320), unfinished_silence: MS(1200) },
        listening: Listening {
            partial_pace: Some(MS(400)),
            commit_after: MS(6000),
            max_piece: MS(20_000),
            max_utterance: MS(60_000),
        },
        first_token_timeout: Duration::from_secs(4),
    }
}

impl Simulation {
    pub fn new(settings: Settings) -> Self {
        let mut simulation = Self {
            conversation: Conversation::new(settings),
            delays: Delays::default(),
            broken: None,
            done: Vec::new(),
            now: CallTime::ZERO,
            sequence: 0,
            queue: BTreeMap::new(),
            spoken: Vec::new(),
            audio_lag: Duration::ZERO,
            busy: false,
            utterance_from: BTreeMap::new(),
            durations: BTreeMap::new(),
            texts: BTreeMap::new(),
            playing_until: CallTime::ZERO,
            clears: 0,
        };
        simulation.at(CallTime::ZERO, Event::CallStarted);
        simulation
    }

    /// Lets an event happen.
    pub fn at(&mut self, when: CallTime, event: Event) {
        self.push(when, Happening::Tell(event));
    }

    /// The caller says `text` from `from` on, for `lasting`; the detector needs 60 ms for the start
    /// and 120 ms for the pause.
    pub fn caller_says(&mut self, from: CallTime, lasting: Duration, text: &str) {
        let end = from + lasting;
        self.at(from + MS(60), Event::SpeechStarted { at: from });
        if lasting >= MIN_SPEECH {
            self.at(from + MIN_SPEECH, Event::SpeechSustained);
        }
        self.caller_says_late(from, lasting, text, end + MS(120));
    }

    /// The same, but its start was told otherwise, and its end is known at `known`.
    pub fn caller_says_late(&mut self, from: CallTime, lasting: Duration, text: &str, known: CallTime) {
        let end = from + lasting;
        let words: Vec<&str> = text.split(' ').collect();
        for (i, word) in words.iter().enumerate() {
            let over = lasting * u32::try_from(i + 1).unwrap() / u32::try_from(words.len()).unwrap();
            self.spoken.push((from + over, (*word).to_owned()));
        }
        self.at(known, Event::SpeechEnded { at: end });
    }

    /// Lets time pass until `until`, then gives the reports of the turns so far.
    pub fn run(&mut self, until: CallTime) -> Vec<TurnReport> {
        loop {
            let next = self.queue.first_key_value().map(|((at, _), _)| *at);
            let timer = self.conversation.poll_timeout().map(|(at, _)| at);
            let Some(at) = next.into_iter().chain(timer).min().filter(|&at| at <= until) else { break };
            self.now = self.now.max(at);
            if next == Some(at) {
                if let Some((_, happening)) = self.queue.pop_first() {
                    self.happen(happening);
                }
            } else {
                self.conversation.handle_timeout(self.now);
            }
            self.act();
        }
        self.now = until;
        self.reports()
    }

    pub fn reports(&self) -> Vec<TurnReport> {
        let report =
            |action: &Action| if let Action::TurnReport(r) = action { Some(r.clone()) } else { None };
        self.done.iter().filter_map(|(_, action)| report(action)).collect()
    }

    /// When actions of a kind were done.
    pub fn times(&self, kind: impl Fn(&Action) -> bool) -> Vec<CallTime> {
        self.done.iter().filter(|(_, action)| kind(action)).map(|(at, _)| *at).collect()
    }

    /// What the history says the agent said.
    pub fn agent_lines(&self) -> Vec<&str> {
        let lines = self.conversation.history().lines();
        lines.iter().filter(|l| l.role == Role::Assistant).map(|l| l.text.as_str()).collect()
    }

    fn push(&mut self, when: CallTime, happening: Happening) {
        self.sequence += 1;
        self.queue.insert((when, self.sequence), happening);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Tell(event) => self.conversation.handle(self.now, event),
            Happening::Played(clears, event) if clears == self.clears => {
                self.conversation.handle(self.now, event)
            }
            Happening::Played(..) => {}
        }
    }

    fn act(&mut self) {
        while let Some(action) = self.conversation.poll_action() {
            self.done.push((self.now, action.clone()));
            match action {
                Action::OpenUtterance { utterance, from } => {
                    self.utterance_from.insert(utterance, from);
                }
                Action::CommitUtterance { utterance, until, from: _ } => {
                    self.utterance_from.insert(utterance, until);
                }
                Action::Transcribe { utterance, pass, partial: true } if self.busy => {
                    self.at(self.now, Event::TranscriptionFailed { utterance, pass });
                }
                Action::Transcribe { utterance, pass, .. } => self.transcribe(utterance, pass),
                Action::TranscribePiece { utterance, pass } => {
                    self.transcribe(utterance, pass);
                    self.utterance_from.insert(utterance, self.now);
                }
                Action::Generate { turn, messages } => {
                    let heard = messages.last().map(|m| m.text.clone()).unwrap_or_default();
                    self.generate(turn, &heard);
                }
                Action::Speak { turn, chunk, text } => self.synthesize(turn, chunk, text),
                Action::Send { chunk, mark, silence } => self.send(chunk, mark, silence),
                Action::ClearPlayback => {
                    self.clears += 1;
                    self.playing_until = self.now;
                }
                Action::CloseUtterance { .. }
                | Action::Cancel { .. }
                | Action::Hearing { .. }
                | Action::TurnReport(_) => {}
            }
        }
    }

    fn transcribe(&mut self, utterance: UtteranceId, pass: u32) {
        let from = self.utterance_from[&utterance];
        let heard_until = self.now.back(self.audio_lag);
        let said = self.spoken.iter().filter(|(end, _)| *end > from && *end <= heard_until);
        let text = said.map(|(_, word)| word.as_str()).collect::<Vec<_>>().join(" ");
        let event = match self.broken {
            Some(Broken::Recognizer) => Event::TranscriptionFailed { utterance, pass },
            Some(Broken::SilentRecognizer) => return,
            _ => Event::Transcribed { utterance, pass, heard_until, text, doubtful: false },
        };
        self.at(self.now + self.delays.transcript, event);
    }

    /// The scripted model answers every turn with two sentences that name what it heard.
    fn generate(&mut self, turn: TurnId, heard: &str) {
        let mut at = self.now + self.delays.first_token;
        match self.broken {
            Some(Broken::Generator) => return self.at(at, Event::GenerationFailed { turn }),
            Some(Broken::SilentGenerator) => return,
            _ => {}
        }
        let reply = format!("You said {} words. Is there anything else?", heard.split_whitespace().count());
        for word in reply.split_inclusive(' ') {
            self.at(at, Event::Token { turn, text: word.to_owned() });
            at += self.delays.token;
        }
        self.at(at, Event::GenerationDone { turn });
    }

    fn synthesize(&mut self, turn: TurnId, chunk: ChunkId, text: String) {
        let at = self.now + self.delays.synthesis;
        if self.broken == Some(Broken::Synthesizer) {
            return self.at(at, Event::SynthesisFailed { chunk });
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
        self.at(at, Event::ChunkReady { chunk, duration, words });
    }

    /// A gateway that plays at once, or when what it has is over.
    fn send(&mut self, chunk: ChunkId, mark: MarkId, silence: Duration) {
        let start = self.playing_until.max(self.now) + silence;
        let lead = start.back(MS(160)).max(self.now);
        self.playing_until = start + self.durations[&chunk];
        self.push(lead, Happening::Played(self.clears, Event::ChunkStarted { chunk, plays_at: start }));
        if self.delays.marks {
            self.push(self.playing_until, Happening::Played(self.clears, Event::MarkPlayed { mark }));
        }
    }

    /// The turn a piece belongs to.
    pub fn turn_of(&self, chunk: ChunkId) -> Option<TurnId> {
        self.texts.get(&chunk).map(|(turn, _)| *turn)
    }
}
