//! The scripted engines of a whole call, with set delays and failures.

use std::collections::BTreeSet;
use std::time::Duration;

use offhook_core::call::{Input, Job, JobId, Outcome};
use offhook_core::dialogue::{Message, Usage};
use offhook_core::units::CallTime;

use super::{Happening, WholeCall};
use crate::support::simulation::MS;

/// How long the scripted engines take, and how they fail.
#[derive(Debug, Clone)]
pub struct Engines {
    pub transcript: Duration,
    pub first_token: Duration,
    pub token: Duration,
    pub synthesis: Duration,
    /// The number of answers for which the model in use sends no token.
    pub silent_answers: u32,
    /// The jobs that fail, numbered in the order in which they begin.
    pub fails: BTreeSet<u32>,
    /// The language model's answer; `None` for one that counts the words it was given. `{n}` is the number of
    /// answers asked for so far, in letters: a word with digits would be spoken as several words.
    pub answer: Option<String>,
}

impl Default for Engines {
    fn default() -> Self {
        Self {
            transcript: MS(40),
            first_token: MS(20),
            token: MS(4),
            synthesis: MS(15),
            silent_answers: 0,
            fails: BTreeSet::new(),
            answer: None,
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
            Job::Answer { messages, rung, wanted: _ } => self.answer(now, id, messages, rung),
            Job::ReadAhead { .. } => {
                let outcome = Outcome::Done(Usage::default());
                self.timeline.at(now + MS(30), Happening::Outcome(id, outcome));
            }
            Job::Speak { text, .. } => {
                let (samples, words) = self.tongue.say(&text, 8000);
                let outcome = Outcome::Spoken { samples, words };
                self.timeline.at(now + self.engines.synthesis, Happening::Outcome(id, outcome));
            }
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
        let reply = self.engines.answer.clone().unwrap_or(counted);
        let number = self.prompts.len().to_string();
        let letters: String = number.bytes().map(|digit| char::from(digit - b'0' + b'a')).collect();
        let reply = reply.replace("{n}", &letters);
        let mut at = now + self.engines.first_token;
        for word in reply.split_inclusive(' ') {
            self.timeline.at(at, Happening::Outcome(id, Outcome::Token(word.to_owned())));
            at += self.engines.token;
        }
        self.timeline.at(at, Happening::Outcome(id, Outcome::Done(Usage::default())));
    }
}
