//! The scripted engines of a whole call, with set delays and failures.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use offhook_core::call::{Input, Job, JobId, Outcome, SpokenPart};
use offhook_core::dialogue::{Message, Usage, WordTime};
use offhook_core::units::{CallTime, duration_of, samples_in};

use super::{Happening, WholeCall};
use crate::support::simulation::MS;

/// How long the scripted engines take, and how they fail.
#[derive(Debug, Clone)]
pub struct Engines {
    pub transcript: Duration,
    pub first_token: Duration,
    pub token: Duration,
    pub synthesis: Duration,
    /// The voice speaks in parts of this length, and takes as long as the second duration for each one after
    /// the first.
    pub parts: Option<(Duration, Duration)>,
    /// The voice fails after this many parts of a text, once.
    pub breaks_off_after: Option<usize>,
    /// The number of answers for which the model in use sends no token.
    pub silent_answers: u32,
    /// The jobs that fail, numbered in the order in which they begin.
    pub fails: BTreeSet<u32>,
    /// The only texts that the voice speaks: on all others it hangs. `None` for all texts.
    pub speaks_only: Option<Vec<String>>,
    /// The language model's answer; `None` for one that counts the words it was given. `{n}` is the number of
    /// answers asked for so far, in letters: a word with digits would be spoken as several words.
    pub answer: Option<String>,
    /// The next answers, before that one.
    pub answers: VecDeque<String>,
    /// Answers end because no more tokens are allowed.
    pub cut: bool,
    /// How long the server's tools take.
    pub tool: Duration,
    pub tool_fails: bool,
}

impl Default for Engines {
    fn default() -> Self {
        Self {
            transcript: MS(40),
            first_token: MS(20),
            token: MS(4),
            synthesis: MS(15),
            parts: None,
            breaks_off_after: None,
            silent_answers: 0,
            fails: BTreeSet::new(),
            speaks_only: None,
            answer: None,
            answers: VecDeque::new(),
            cut: false,
            tool: MS(500),
            tool_fails: false,
        }
    }
}

impl WholeCall {
    pub(super) fn begin(&mut self, now: CallTime, id: JobId, job: Job) {
        self.begun += 1;
        self.running.insert(id, job.clone());
        if self.engines.fails.contains(&self.begun) {
            let outcome = Outcome::Failed("as it was asked to".into());
            return self.timeline.at(now + MS(5), Happening::Outcome(id, outcome));
        }
        match job {
            Job::Hear { samples, partial: _ } => {
                let heard = self.tongue.hear(&samples, 8000, 0.6);
                let text = heard.into_iter().map(|(_, word)| word).collect::<Vec<_>>().join(" ");
                let outcome = Outcome::Heard { text, doubtful: false };
                self.timeline.at(now + self.engines.transcript, Happening::Outcome(id, outcome));
            }
            Job::Answer { messages, rung, .. } => self.answer(now, id, messages, rung),
            Job::ReadAhead { .. } => {
                let outcome = Outcome::Done(Usage::default());
                self.timeline.at(now + MS(30), Happening::Outcome(id, outcome));
            }
            Job::Speak { text, .. } => self.speak(now, id, &text),
            Job::CallTool { call, .. } => {
                let returned = Outcome::Returned(format!("{} done", call.name));
                let failed = Outcome::Failed("as it was asked to".into());
                let outcome = if self.engines.tool_fails { failed } else { returned };
                self.timeline.at(now + self.engines.tool, Happening::Outcome(id, outcome));
            }
        }
    }

    fn speak(&mut self, now: CallTime, id: JobId, text: &str) {
        if self.engines.speaks_only.as_ref().is_some_and(|texts| !texts.iter().any(|known| known == text)) {
            return;
        }
        let (samples, words) = self.tongue.say(text, 8000);
        let (length, takes) = self.engines.parts.unwrap_or((duration_of(samples.len(), 8000), MS(0)));
        let mut at = now + self.engines.synthesis;
        let mut parts = parts_of(&samples, &words, length);
        let last = parts.pop().map(Outcome::Spoken);
        let mut outcomes: Vec<Outcome> = parts.into_iter().map(Outcome::Speaking).chain(last).collect();
        if let Some(most) = self.engines.breaks_off_after.take_if(|most| *most < outcomes.len()) {
            outcomes.truncate(most);
            outcomes.push(Outcome::Failed("as it was asked to".into()));
        }
        for outcome in outcomes {
            self.timeline.at(at, Happening::Outcome(id, outcome));
            at += takes;
        }
    }

    fn answer(&mut self, now: CallTime, id: JobId, messages: Vec<Message>, rung: usize) {
        let heard = messages.last().map_or(0, |message| message.text.split_whitespace().count());
        self.prompts.push(messages);
        let model = if rung == 0 { "main" } else { "stand-in" };
        self.call.handle(now, Input::Outcome(id, Outcome::Begun { model: model.into() }));
        if rung == 0 && self.engines.silent_answers > 0 {
            self.engines.silent_answers -= 1;
            return;
        }
        let counted = format!("You said {heard} words. Is there anything else?");
        let next = self.engines.answers.pop_front();
        let reply = next.or_else(|| self.engines.answer.clone()).unwrap_or(counted);
        let number = self.prompts.len().to_string();
        let letters: String = number.bytes().map(|digit| char::from(digit - b'0' + b'a')).collect();
        let reply = reply.replace("{n}", &letters);
        let mut at = now + self.engines.first_token;
        for word in reply.split_inclusive(' ') {
            self.timeline.at(at, Happening::Outcome(id, Outcome::Token(word.to_owned())));
            at += self.engines.token;
        }
        let usage = Usage { cut: self.engines.cut, ..Usage::default() };
        self.timeline.at(at, Happening::Outcome(id, Outcome::Done(usage)));
    }
}

/// The parts of a speech, with the words that end in each.
fn parts_of(samples: &[i16], words: &[WordTime], length: Duration) -> Vec<SpokenPart> {
    let size = samples_in(length, 8000).max(1);
    let parts = samples.chunks(size).enumerate().map(|(i, samples)| {
        let from = duration_of(i * size, 8000);
        let until = from + duration_of(samples.len(), 8000);
        let ends_here = |word: &&WordTime| word.end > from && word.end <= until;
        SpokenPart { samples: samples.to_vec(), words: words.iter().filter(ends_here).cloned().collect() }
    });
    parts.collect()
}
