//! The scripted language model of a simulated call: its answers, its prefills, its end-of-turn scores, and
//! its faults. Must not know the caller or the gateway.

use std::time::Duration;

use offhook_core::dialogue::{Message, Usage};
use offhook_core::ids::{Asked, ReadingId, TurnId};
use offhook_core::turns::Event;

use super::simulation::{Broken, Fault, Simulation};

/// How the model in use differs from its stand-ins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FirstModel {
    /// No difference.
    #[default]
    Same,
    /// Its first token comes later by this.
    Slow(Duration),
    Silent,
    Fails,
}

/// The behaviour of the model, apart from its answers.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// Texts, with the model's probability that a turn ends with exactly these words.
    pub scores: Vec<(&'static str, f32)>,
    pub first: FirstModel,
    /// The number of rebuilds that fail.
    pub rebuilds_that_fail: u32,
}

fn last(messages: &[Message]) -> String {
    messages.last().map(|m| m.text.clone()).unwrap_or_default()
}

impl Simulation {
    /// Answers every turn with two sentences that count the words heard.
    pub(super) fn generate(&mut self, turn: TurnId, messages: Vec<Message>, rung: usize) {
        let heard = last(&messages);
        let prompt = messages.iter().map(|m| m.text.split_whitespace().count()).sum();
        self.prompts.push(messages);
        self.score(Asked::Turn(turn), &heard);
        let first = if rung == 0 { self.script.first } else { FirstModel::Same };
        let late = match first {
            FirstModel::Same | FirstModel::Fails => Duration::ZERO,
            FirstModel::Slow(by) => by,
            FirstModel::Silent => return,
        };
        let mut at = self.now() + self.delays.first_token + late;
        match self.fault_of_the_model() {
            Fault::Hangs => return,
            Fault::None if first != FirstModel::Fails => {}
            Fault::Fails | Fault::None => return self.at(at, Event::GenerationFailed { turn }),
        }
        let count = heard.split_whitespace().count();
        let reply = format!("You said {count} words. Is there anything else?");
        let reply = self.answers.pop_front().or_else(|| self.answer.clone()).unwrap_or(reply);
        if self.broken == Some(Broken::EmptyGenerator) {
            return self.at(at, Event::GenerationDone { turn, usage: None });
        }
        for (i, word) in reply.split_inclusive(' ').enumerate() {
            if i == 2 && self.breaks(Broken::GeneratorMidway, Broken::GeneratorMidway) {
                return self.at(at, Event::GenerationFailed { turn });
            }
            if i == 2 && self.breaks(Broken::GeneratorStops, Broken::GeneratorStops) {
                return;
            }
            self.at(at, Event::Token { turn, text: word.to_owned() });
            at += self.delays.token;
        }
        let usage = Some(Usage { prompt, generated: reply.split_whitespace().count(), ..Usage::default() });
        self.at(at, Event::GenerationDone { turn, usage });
    }

    /// Prefills the words of a caller who still speaks.
    pub(super) fn listen(&mut self, reading: ReadingId, messages: &[Message]) {
        self.score(Asked::Reading(reading), &last(messages));
        self.at(self.now() + self.delays.score, Event::ReadAhead { reading, done: true });
    }

    pub(super) fn rebuild(&mut self, reading: ReadingId) {
        let done = self.script.rebuilds_that_fail == 0;
        self.script.rebuilds_that_fail = self.script.rebuilds_that_fail.saturating_sub(1);
        self.at(self.now() + self.delays.rebuild, Event::ReadAhead { reading, done });
    }

    fn score(&mut self, asked: Asked, heard: &str) {
        let known = self.script.scores.iter().find(|(words, _)| *words == heard);
        if let Some(&(_, probability)) = known {
            self.at(self.now() + self.delays.score, Event::EndOfTurnScore { asked, probability });
        }
    }
}
