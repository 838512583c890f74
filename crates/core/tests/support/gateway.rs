//! A scripted gateway: plays the audio it receives, sends marks back in its own way, and knows every word
//! that sounded.

use std::time::Duration;

use offhook_core::ids::{ChunkId, MarkId};
use offhook_core::turns::Event;
use offhook_core::units::CallTime;

use super::simulation::{Happening, MS, Simulation};

/// How a gateway handles marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marks {
    /// Sends each mark back when its audio was played, and the marks of cleared audio at once.
    Right,
    /// Sends each mark back later by this.
    Late(Duration),
    /// Sends no marks.
    None,
    /// Sends each mark twice.
    Twice,
    /// Swaps marks in pairs: sends the second one, and then the first.
    OutOfOrder,
}

impl Simulation {
    /// The words that sounded in the caller's ear until `at`, each as often as it was spoken to its end.
    pub fn sounded(&self, at: CallTime) -> String {
        let mut heard = Vec::new();
        for (from, until, chunk, offset) in &self.sounds {
            let played = (*until).min(at) - *from;
            let mut end = Duration::ZERO;
            for word in self.texts[chunk].1.split(' ') {
                let begin = end;
                end += self.delays.per_character * u32::try_from(word.chars().count() + 1).unwrap();
                if begin >= *offset && end <= *offset + played {
                    heard.push(word);
                }
            }
        }
        heard.join(" ")
    }

    /// When the caller heard the agent: start and end of each sound.
    pub fn sounds(&self) -> Vec<(CallTime, CallTime)> {
        self.sounds.iter().map(|(from, until, ..)| (*from, *until)).collect()
    }

    /// Drops the audio in the gateway, which sends the marks of that audio back at once, as Twilio does.
    pub(super) fn clear(&mut self) {
        let now = self.now();
        self.clears += 1;
        self.playing_until = now;
        for (_, until, ..) in &mut self.sounds {
            *until = (*until).min(now);
        }
        self.sounds.retain(|(from, until, ..)| from < until);
        let thrown: Vec<MarkId> =
            self.buffered.drain(..).filter(|(at, _)| *at > now).map(|(_, m)| m).collect();
        for mark in thrown {
            self.at(now + MS(30), Event::MarkPlayed { mark });
        }
    }

    /// The mark behind the first 20 ms of a reply.
    pub(super) fn send_first(&mut self, first: Option<MarkId>, silence: Duration) {
        let Some(mark) = first else { return };
        let start = self.playing_until.max(self.now()) + silence;
        let (sent, due) = (start.back(MS(160)).max(self.now()), start + MS(20));
        self.buffered.push((due, mark));
        self.push(sent, Happening::Played(self.clears, Event::MarkSent { mark, due }));
        let back = |mark| Happening::Played(self.clears, Event::MarkPlayed { mark });
        let (back, again) = (back(mark), back(mark));
        match self.delays.marks {
            Marks::None => {}
            Marks::Right | Marks::OutOfOrder => self.push(due, back),
            Marks::Late(by) => self.push(due + by, back),
            Marks::Twice => {
                self.push(due, back);
                self.push(due + MS(5), again);
            }
        }
    }

    /// Plays the audio at once, or when the audio before it is over.
    pub(super) fn send(&mut self, chunk: ChunkId, mark: MarkId, silence: Duration, from: Duration) {
        let start = self.playing_until.max(self.now()) + silence;
        let lead = start.back(MS(160)).max(self.now());
        self.playing_until = start + self.durations[&chunk].saturating_sub(from);
        self.sounds.push((start, self.playing_until, chunk, from));
        self.buffered.push((self.playing_until, mark));
        self.push(lead, Happening::Played(self.clears, Event::ChunkStarted { chunk, plays_at: start }));
        let (clears, over) = (self.clears, self.playing_until);
        let back = |mark| Happening::Played(clears, Event::MarkPlayed { mark });
        match self.delays.marks {
            Marks::None => {}
            Marks::Right => self.push(over, back(mark)),
            Marks::Late(by) => self.push(over + by, back(mark)),
            Marks::Twice => {
                self.push(over, back(mark));
                self.push(over + MS(5), back(mark));
            }
            Marks::OutOfOrder => match self.swapped.take() {
                None => self.swapped = Some(mark),
                Some(first) => {
                    self.push(over, back(mark));
                    self.push(over + MS(5), back(first));
                }
            },
        }
    }
}
