//! The caller's half of the conversation: from a sound to the end of a turn. Must not know the answer, nor
//! how it is spoken.

use std::time::Duration;

use super::event::Awaited;
use super::reply::Reply;
use super::timers::Timer;
use super::turn_detection::completeness;
use super::utterance::{Kind, Utterance, Words};
use super::{Action, Conversation};
use crate::ids::UtteranceId;
use crate::units::CallTime;

/// How long a transcript is awaited once the turn is over. Whisper's base.en takes 1.2 s for the longest
/// utterance, with a full window on two cores.
const TRANSCRIPT_PATIENCE: Duration = Duration::from_secs(5);

/// Retry interval for cutting a piece: none is cut while the words of another are awaited.
const PIECE_PATIENCE: Duration = Duration::from_millis(500);

/// How long stalled audio is awaited at the end of a turn: the caller may have gone on meanwhile.
const STALL_PATIENCE: Duration = Duration::from_secs(2);

/// Timers that end with the utterance, or with the silence after it.
const OF_THE_UTTERANCE: [Timer; 7] = [
    Timer::WordsDue,
    Timer::EndOfTurn,
    Timer::StallOver,
    Timer::UtteranceCap,
    Timer::PartialDue,
    Timer::PieceCap,
    Timer::TranscriptDue,
];

/// Timers that end when the caller goes on.
const OF_THE_SILENCE: [Timer; 5] =
    [Timer::EndOfTurn, Timer::StallOver, Timer::TranscriptDue, Timer::FillerDue, Timer::IdleDue];

impl Conversation {
    // While the caller speaks.

    pub(super) fn speech_started(&mut self, now: CallTime, at: CallTime) {
        self.roll_back();
        self.learn_the_pace(at);
        self.listen_from(now, at);
    }

    /// Opens an utterance at `at`, or continues the open one: the caller's words from `at` on belong to it.
    pub(super) fn listen_from(&mut self, now: CallTime, at: CallTime) {
        if self.utterance.is_some() {
            self.commit_what_was_said(at);
        } else {
            let id = self.next_utterance;
            self.next_utterance = id.next();
            self.utterance = Some(Utterance::new(id, at));
            self.actions.push_back(Action::OpenUtterance { utterance: id, from: at });
        }
        if let Some(began) = self.utterance.as_ref().map(|utterance| utterance.began) {
            self.expect_words(began);
        }
        if let Some(utterance) = &self.utterance {
            let limits = self.settings.listening;
            self.timers.set(Timer::UtteranceCap, utterance.began + limits.max_utterance);
            self.timers.set(Timer::PieceCap, utterance.open_from + limits.max_piece);
        }
        self.timers.cancel_all(&OF_THE_SILENCE);
        if let Some(pace) = self.settings.listening.partial_pace {
            self.timers.set(Timer::PartialDue, at + pace);
        }
        self.do_not_begin_over_the_caller(now);
    }

    /// The caller went on after a pause, in which the turn may have been taken to be over. Only a pause
    /// between words says something about the caller's pace.
    fn learn_the_pace(&mut self, at: CallTime) {
        let spoke = |u: &Utterance| u.transcript.as_ref().is_some_and(|(text, _)| !text.is_empty());
        let unheard = self.reply.as_ref().filter(|reply| !reply.sounded);
        let pause = match (self.utterance.as_ref().filter(|u| spoke(u)), unheard) {
            (Some(utterance), _) => utterance.paused_at.map(|end| (at - end, utterance.score())),
            (None, Some(Reply { milestones, heard, .. })) => {
                let score =
                    milestones.end_of_turn.map_or_else(|| completeness::score(heard), |end| end.score);
                milestones.speech_end.map(|end| (at - end, score))
            }
            (None, None) => None,
        };
        // A caller who speaks after more than the longest wait is asking where the answer is.
        if let Some((pause, score)) = pause.filter(|(pause, _)| *pause <= self.settings.endpoint.longest) {
            self.pace.paused_for(pause, score);
        }
    }

    /// The caller goes on after a pause. If enough was said before it and the words are known, they are
    /// committed: later transcriptions cover only new audio.
    fn commit_what_was_said(&mut self, at: CallTime) {
        let Some(utterance) = &mut self.utterance else { return };
        let known = utterance.transcript.take().filter(|(text, _)| !text.is_empty());
        if let (Some(until), Some((text, _))) = (utterance.paused_at, known)
            && until - utterance.open_from >= self.settings.listening.commit_after
            && !utterance.awaits_piece()
        {
            utterance.commit(&text, Some(at));
            self.actions.push_back(Action::CommitUtterance { utterance: utterance.id, until, from: at });
        }
        utterance.goes_on();
    }

    /// Schedules the next partial: at the configured pace, but with gaps three times as long as a partial
    /// takes, because a recogniser cannot be stopped at once when it is needed for something else. While
    /// the agent pauses until the words are known, nothing is more urgent.
    fn look_again(&mut self, asked: CallTime, now: CallTime) {
        if let Some(pace) = self.look_sooner() {
            self.timers.set(Timer::PartialDue, now.max(asked + pace));
        } else if let Some(pace) = self.settings.listening.partial_pace {
            let looked = now - asked;
            self.timers.set(Timer::PartialDue, (asked + pace).max(now + looked * 3));
        }
    }

    pub(super) fn look_at_the_words(&mut self, now: CallTime) {
        let Some(utterance) = &mut self.utterance else { return };
        if let Some(pass) = utterance.ask_for_partial(now) {
            self.actions.push_back(Action::Transcribe { utterance: utterance.id, pass, partial: true });
        }
    }

    /// Cuts off a piece of speech without pauses before it grows too long for a recogniser.
    pub(super) fn cut_a_piece(&mut self, now: CallTime) {
        let Some(utterance) = self.utterance.as_mut().filter(|u| u.paused_at.is_none()) else { return };
        let next = if let Some(pass) = utterance.ask_for_piece() {
            utterance.open_from = now;
            self.actions.push_back(Action::TranscribePiece { utterance: utterance.id, pass });
            self.settings.listening.max_piece
        } else {
            PIECE_PATIENCE
        };
        self.timers.set(Timer::PieceCap, now + next);
        self.look_again(now, now);
    }

    // When the caller pauses.

    pub(super) fn speech_ended(&mut self, now: CallTime, at: CallTime) {
        let Some(utterance) = &mut self.utterance else { return };
        utterance.paused_at = Some(at);
        self.timers.cancel(Timer::PartialDue);
        self.timers.set(Timer::EndOfTurn, at + self.settings.endpoint.complete);
        utterance.last_asked = None;
        if let Some(text) = utterance.already_heard(at) {
            return self.words_are_known(now, text, false);
        }
        let pass = utterance.ask_for_last(now);
        self.actions.push_back(Action::Transcribe { utterance: utterance.id, pass, partial: false });
    }

    pub(super) fn transcribed(&mut self, now: CallTime, id: UtteranceId, pass: u32, words: Option<Words>) {
        let Some(utterance) = self.utterance.as_mut().filter(|u| u.id == id) else { return };
        match (utterance.arrived(pass), words) {
            // The result of an older request is of no use: the caller has gone on since.
            (Kind::Stale, _) => {}
            (Kind::Partial(asked), words) => {
                if let Some(words) = words {
                    let said = utterance.words(&words.text);
                    let sure = !words.doubtful;
                    utterance.hear(words);
                    if let Some((stable, unstable)) = utterance.hearing() {
                        self.actions.push_back(Action::Hearing { utterance: id, stable, unstable });
                    }
                    if sure && !said.is_empty() {
                        self.somebody_speaks();
                    }
                    if sure {
                        self.weigh(now, &said, false);
                        self.read_what_was_heard();
                    }
                }
                self.look_again(asked, now);
            }
            (Kind::Piece(heard), words) => {
                // If a piece failed, the words that partials heard in it still stand.
                utterance.commit(&words.map_or(heard, |words| words.text), None);
                if let Some((_, known_at)) = &mut utterance.transcript {
                    *known_at = now;
                }
                self.end_if_all_is_known(now);
            }
            (Kind::Last, Some(words)) => self.words_are_known(now, words.text, words.doubtful),
            (Kind::Last, None) => {
                if let Some(pass) = utterance.ask_again(now) {
                    self.actions.push_back(Action::Transcribe { utterance: id, pass, partial: false });
                    return;
                }
                // The caller may yet go on, and the next transcription may work. Unknown words cannot be
                // judged complete, so the wait is the one for open words.
                utterance.failed = true;
                let paused_at = utterance.paused_at.unwrap_or(now);
                self.timers.set(Timer::EndOfTurn, now.max(paused_at + self.settings.endpoint.open));
            }
        }
    }

    /// All words before a pause are known: they decide how long the silence after them must be.
    fn words_are_known(&mut self, now: CallTime, text: String, doubtful: bool) {
        let Some(utterance) = &mut self.utterance else { return };
        if utterance.paused_at.is_none() {
            return;
        }
        let said = utterance.words(&text);
        utterance.transcript = Some((text, now));
        utterance.doubtful = doubtful;
        let Some(due) = self.judge_the_end(now, &said) else { return };
        let Some(utterance) = &mut self.utterance else { return };
        let over = utterance.capped || due <= now;
        if utterance.decided_at.is_some() && over {
            return self.end_if_all_is_known(now);
        }
        utterance.decided_at = None;
        self.timers.cancel_all(&[Timer::TranscriptDue, Timer::StallOver, Timer::FillerDue]);
        self.timers.set(Timer::EndOfTurn, if over { now } else { due });
        self.weigh(now, if doubtful { "" } else { &said }, true);
        if !over {
            self.speculate(now, &said);
            self.read_what_was_said(&said);
        }
    }

    // When the turn is over.

    /// The silence lasted long enough by the clock, but the caller's audio did not arrive: the caller may
    /// be speaking.
    pub(super) fn wait_for_the_line(&mut self, now: CallTime) {
        self.timers.set(Timer::StallOver, now + STALL_PATIENCE);
    }

    /// The late audio has arrived. It holds no speech, which would have cancelled `StallOver`.
    pub(super) fn caught_up(&mut self, now: CallTime) {
        self.stalled = false;
        if self.timers.cancel(Timer::StallOver) {
            self.end_of_silence(now);
        }
    }

    pub(super) fn end_of_silence(&mut self, now: CallTime) {
        let Some(utterance) = &mut self.utterance else { return };
        utterance.decided_at = Some(now);
        if utterance.failed {
            return self.answer_with_fallback(now);
        }
        self.timers.set(Timer::TranscriptDue, now + TRANSCRIPT_PATIENCE);
        self.timers.cancel(Timer::FillerDue);
        self.expect_filler(now);
        self.end_if_all_is_known(now);
    }

    /// An utterance of the longest length is answered in the end: the words until now are the turn.
    pub(super) fn cap_utterance(&mut self, now: CallTime) {
        let Some(utterance) = &mut self.utterance else { return };
        utterance.capped = true;
        if utterance.paused_at.is_none() {
            self.speech_ended(now, now);
            self.timers.set(Timer::EndOfTurn, now);
        }
    }

    pub(super) fn transcript_overdue(&mut self, now: CallTime) {
        self.actions.push_back(Action::TimedOut { on: Awaited::Transcript });
        self.answer_with_fallback(now);
    }

    fn end_if_all_is_known(&mut self, now: CallTime) {
        let known = |u: &mut Utterance| u.decided_at.is_some() && u.transcript.is_some() && !u.awaits_piece();
        if let Some(utterance) = self.utterance.take_if(known) {
            self.end_turn(now, utterance);
        }
    }

    pub(super) fn close(&mut self, utterance: &Utterance) {
        self.actions.push_back(Action::CloseUtterance { utterance: utterance.id });
        self.timers.cancel_all(&OF_THE_UTTERANCE);
        self.prefills.clear();
    }
}
