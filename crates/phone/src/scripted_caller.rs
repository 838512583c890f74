//! The scripted caller: waits for the greeting, says a line, waits until the agent has answered and has been
//! quiet for a while, or cuts in, and says the next line. PURE: it is asked for one frame after another. Must
//! not know sockets or servers.

use std::sync::Arc;
use std::time::Duration;

use super::interruption_latency::{PAUSE, old_reply_end};
use super::playout::Playout;
use super::response_latency::{ms_between, v2v_ms};
use super::script::Line;
use offhook_core::units::{FRAME_SAMPLES, PHONE_RATE, samples_in};

/// How long the caller waits for a greeting. An agent that has not spoken by then waits for the caller.
const GREETING_WAIT: usize = 3 * PHONE_RATE as usize;

/// The longest reply: the caller talks over an agent that speaks longer.
const LONGEST_REPLY: usize = 60 * PHONE_RATE as usize;

/// What the stopwatch looks at around a moment: an answer that begins this close to it may turn out to have
/// begun before it.
const UNSURE: Duration = Duration::from_millis(120);

/// One frame of phone audio.
pub(crate) type Frame = [i16; FRAME_SAMPLES];

/// One of the caller's lines on the timeline, and its measurements.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Where it begins.
    pub start: usize,
    /// Where its first sound begins.
    pub speech_start: usize,
    /// Where its last sound ends.
    pub speech_end: usize,
    /// The response time by the caller's stopwatch; `None` while there is no answer.
    pub v2v_ms: Option<f64>,
    /// From its first sound to the last sound of the reply that it cut; `None` if it cut none.
    pub silent_after_ms: Option<f64>,
}

impl Turn {
    /// Measures the turn on the timeline so far.
    fn measure(&mut self, agent: &Playout) {
        // The stopwatches count from the beginning of what the timeline remembers.
        let base = agent.base();
        let here = |position: usize| position.saturating_sub(base);
        let cuts: Vec<usize> = agent.cuts().iter().map(|&cut| here(cut)).collect();
        let (speech_start, speech_end) = (here(self.speech_start), here(self.speech_end));
        let old = old_reply_end(agent.heard(), &cuts, speech_start, speech_end);
        self.silent_after_ms = old.map(|end| ms_between(speech_start, end));
        // The reply that was cut is the answer to the line before.
        let from = old.unwrap_or(here(self.start));
        self.v2v_ms = v2v_ms(agent.heard(), &cuts, from, speech_end);
    }

    /// The position before which nothing matters to the measurements of this turn and of later ones.
    pub(crate) fn matters_from(&self) -> usize {
        self.start.saturating_sub(samples_in(PAUSE, PHONE_RATE))
    }
}

/// The caller's patience, in samples.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The silence of the agent after which the caller speaks.
    pub gap: usize,
    /// How long the caller waits for an answer before giving up on a turn.
    pub timeout: usize,
    /// How much of an answer the caller hears before cutting in; `None` if the caller hears it out.
    pub interrupt_after: Option<usize>,
}

/// The caller's side of the conversation.
#[derive(Debug)]
pub(crate) struct ScriptedCaller {
    lines: Arc<[Line]>,
    patience: Patience,
    /// From this position on, the caller begins no line.
    until: usize,
    phase: Phase,
    done: Vec<Turn>,
    /// As long as there are no more clears than this, the timeline is not measured again before this
    /// position: the result is known till then.
    look_again: (usize, usize),
    /// The timeline that was measured without finding an answer: its last sound, and its clears.
    in_vain: Option<(usize, usize)>,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Greeting,
    Speaking { line: usize, said: usize },
    Listening { line: usize },
    Over,
}

impl ScriptedCaller {
    /// A caller who will say `lines`.
    pub(crate) fn new(lines: impl Into<Arc<[Line]>>, patience: Patience) -> Self {
        Self {
            lines: lines.into(),
            patience,
            until: usize::MAX,
            phase: Phase::Greeting,
            done: Vec::new(),
            look_again: (0, 0),
            in_vain: None,
        }
    }

    /// Lets the caller begin no line from this position on: they hear the answer to their last one, and hang
    /// up.
    pub(crate) fn say_nothing_after(&mut self, until: usize) {
        self.until = until;
    }

    /// Lets the caller say their first line from the first frame on, over the greeting: as recorded.
    pub(crate) fn wait_for_no_greeting(&mut self) {
        self.speak(0, 0);
    }

    /// The next frame of the caller, at position `now`; `None` when the caller hangs up.
    pub(crate) fn frame(&mut self, now: usize, agent: &Playout) -> Option<Frame> {
        let next = match self.phase {
            Phase::Greeting => self.greeted(now, agent).then_some(0),
            Phase::Listening { line } => self.answered(now, agent).then_some(line + 1),
            Phase::Speaking { .. } | Phase::Over => None,
        };
        if let Some(line) = next {
            self.speak(line, now);
        }
        let mut frame = [0; FRAME_SAMPLES];
        match self.phase {
            Phase::Greeting | Phase::Listening { .. } => Some(frame),
            Phase::Over => None,
            Phase::Speaking { line, said } => {
                let samples = &self.lines[line].samples;
                let end = samples.len().min(said + FRAME_SAMPLES);
                frame[..end - said].copy_from_slice(&samples[said..end]);
                self.phase = if end == samples.len() {
                    Phase::Listening { line }
                } else {
                    Phase::Speaking { line, said: end }
                };
                Some(frame)
            }
        }
    }

    /// The turns that were begun.
    pub(crate) fn begun(&self) -> &[Turn] {
        &self.done
    }

    /// The number of lines that the caller was going to say.
    pub(crate) fn wanted(&self) -> usize {
        self.lines.len()
    }

    /// The call has ended, perhaps early: measures the last turn if that was not done yet.
    pub(crate) fn end(&mut self, agent: &Playout) {
        if let Some(turn) = self.done.last_mut().filter(|turn| turn.v2v_ms.is_none()) {
            turn.measure(agent);
        }
        self.phase = Phase::Over;
    }

    fn speak(&mut self, line: usize, now: usize) {
        let Some(next) = self.lines.get(line).filter(|_| now < self.until) else {
            self.phase = Phase::Over;
            return;
        };
        self.done.push(Turn {
            start: now,
            speech_start: now + next.speech_start,
            speech_end: now + next.speech_end,
            v2v_ms: None,
            silent_after_ms: None,
        });
        self.phase = Phase::Speaking { line, said: 0 };
        (self.look_again, self.in_vain) = ((0, 0), None);
    }

    fn greeted(&self, now: usize, agent: &Playout) -> bool {
        now >= self.until || agent.audible_end().map_or(now >= GREETING_WAIT, |end| self.quiet(now, end))
    }

    fn quiet(&self, now: usize, audible_end: usize) -> bool {
        now >= audible_end + self.patience.gap
    }

    /// Whether the caller goes on: the agent has answered and is quiet, or has spoken long enough for a
    /// caller who cuts in, or the caller's patience is exhausted.
    fn answered(&mut self, now: usize, agent: &Playout) -> bool {
        // The last line is not cut: there is nothing more to say.
        let cut_after = self.patience.interrupt_after.filter(|_| self.done.len() < self.lines.len());
        let Some(turn) = self.done.last_mut() else { return true };
        let speech_end = turn.speech_end;
        let waited = now.saturating_sub(speech_end);
        let sound = agent.audible_end().filter(|&end| end > speech_end);
        let Some(end) = sound else { return waited >= self.patience.timeout };
        let cuts_in = cut_after.filter(|_| now < end).is_some_and(|after| self.heard(agent, now, after));
        if !cuts_in && now < end + self.patience.gap && waited < LONGEST_REPLY {
            return false;
        }
        // Measuring takes long, and more silence changes nothing.
        let timeline = (end, agent.clears());
        if self.in_vain != Some(timeline) {
            let Some(turn) = self.done.last_mut() else { return true };
            turn.measure(agent);
            self.in_vain = turn.v2v_ms.is_none().then_some(timeline);
        }
        // A reply that was cut is not an answer: the next reply may take as long as a first one.
        self.in_vain.is_none() || now.saturating_sub(end) >= self.patience.timeout || waited >= LONGEST_REPLY
    }

    /// Whether the caller has heard at least `samples` of the answer at `now`.
    fn heard(&mut self, agent: &Playout, now: usize, samples: usize) -> bool {
        let (clears, look_again) = self.look_again;
        if clears == agent.clears() && now < look_again {
            return false;
        }
        let Some(turn) = self.done.last() else { return false };
        let mut so_far = turn.clone();
        so_far.measure(agent);
        let Some(ms) = so_far.v2v_ms else {
            // An answer will not begin before the end of what was searched. Only in the moment after the
            // caller's last sound can it turn out to have begun earlier.
            // Audio that has not been played may still be cleared and make room.
            let unsure = samples_in(UNSURE, PHONE_RATE);
            let searched = agent.end_of_audio().min(now).saturating_sub(unsure);
            if searched > turn.speech_end + unsure {
                self.look_again = (agent.clears(), searched + samples);
            }
            return false;
        };
        let heard = ms_between(turn.speech_end, now) - ms;
        let missing = ms_between(0, samples) - heard;
        // Where the answer begins is known: it can only turn out to begin later.
        let missing_samples = (missing.max(0.0) * f64::from(PHONE_RATE) / 1000.0) as usize;
        self.look_again = (agent.clears(), now + missing_samples);
        missing <= 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { gap: 5600, timeout: 80_000, interrupt_after: None };

    fn tone(ms: usize) -> Vec<i16> {
        (0..ms * 8).map(|n| if n % 8 < 4 { 8000 } else { -8000 }).collect()
    }

    fn line(ms: usize) -> Line {
        Line::new("line", &tone(ms)).unwrap()
    }

    /// Runs the call in frames; the agent speaks for 400 ms at each of these times (in ms).
    fn run(lines: Vec<Line>, agent: &[usize]) -> Vec<Turn> {
        let agent: Vec<(usize, usize)> = agent.iter().map(|&at| (at, 400)).collect();
        run_with(PATIENCE, lines, &agent, &[])
    }

    /// As `run`, with tones of any length, and with clears.
    fn run_with(
        patience: Patience,
        lines: Vec<Line>,
        agent: &[(usize, usize)],
        clears: &[usize],
    ) -> Vec<Turn> {
        let mut turns = ScriptedCaller::new(lines, patience);
        let mut playout = Playout::default();
        for frame in 0..10_000 {
            let now = frame * FRAME_SAMPLES;
            for _ in clears.iter().filter(|ms| **ms * 8 == now) {
                playout.clear(now);
            }
            for (_, ms) in agent.iter().filter(|(at, _)| *at * 8 == now) {
                playout.play(now, &tone(*ms));
            }
            if turns.frame(now, &playout).is_none() {
                return turns.begun().to_vec();
            }
        }
        panic!("the caller never hangs up");
    }

    #[test]
    fn the_caller_waits_for_the_greeting_and_for_each_answer() {
        let turns = run(vec![line(1000), line(1000)], &[200, 3000, 6000]);
        // The greeting ends at 600, a gap of 700 later the caller speaks until 2300.
        assert_eq!(turns[0].start, 1300 * 8);
        assert_eq!(turns[0].speech_end, 2300 * 8);
        assert_eq!(turns[0].v2v_ms, Some(700.0));
        assert_eq!(turns[1].start, 4100 * 8);
        assert_eq!(turns[1].v2v_ms, Some(900.0));
    }

    #[test]
    fn an_agent_without_a_greeting_is_spoken_to() {
        assert_eq!(run(vec![line(1000)], &[5000])[0].start, GREETING_WAIT);
    }

    #[test]
    fn a_turn_without_an_answer_is_given_up() {
        let turns = run(vec![line(1000), line(1000)], &[200]);
        assert_eq!(turns[0].v2v_ms, None);
        assert_eq!(turns[1].start, turns[0].speech_end + PATIENCE.timeout);
    }

    #[test]
    fn the_caller_speaks_on_when_the_agent_begins() {
        let turns = run(vec![line(2000)], &[200, 1600, 4000]);
        assert_eq!(turns.len(), 1);
        assert_eq!(turns[0].v2v_ms, Some(700.0));
    }

    /// A caller who cuts in after a second.
    const HASTY: Patience = Patience { interrupt_after: Some(8000), ..PATIENCE };

    #[test]
    fn a_hasty_caller_cuts_into_each_answer_but_the_last() {
        let agent = [(200, 400), (3000, 3000), (5800, 2000)];
        let turns = run_with(HASTY, vec![line(1000), line(1000)], &agent, &[4240]);
        assert_eq!((turns[0].start, turns[0].silent_after_ms), (1300 * 8, None), "the greeting is not cut");
        assert_eq!(turns[0].v2v_ms, Some(700.0));
        assert_eq!(turns[1].start, 4000 * 8);
        assert_eq!(turns[1].silent_after_ms, Some(240.0));
        assert_eq!(turns[1].v2v_ms, Some(800.0));
        assert_eq!(turns.len(), 2);
    }

    #[test]
    fn an_answer_that_is_over_sooner_is_not_cut() {
        let turns =
            run_with(HASTY, vec![line(1000), line(1000)], &[(200, 400), (3000, 900), (6000, 400)], &[]);
        assert_eq!(turns[1].start, 4600 * 8);
        assert_eq!(turns[1].silent_after_ms, None);
    }

    #[test]
    fn the_rest_of_a_cut_reply_is_no_answer_to_be_cut_again() {
        // A line of 200 ms, over which the agent talks on for 1100 more before it answers.
        let agent = [(200, 400), (3000, 3000), (5800, 2000)];
        let turns = run_with(HASTY, vec![line(1000), line(200), line(1000)], &agent, &[5300]);
        assert_eq!(turns[1].start, 4000 * 8);
        assert_eq!(turns[1].silent_after_ms, Some(1300.0));
        assert_eq!(turns[1].v2v_ms, Some(1600.0));
        assert_eq!(turns[2].start, 6800 * 8);
    }

    /// The moment from which on a caller has heard `samples` of the answer, measured anew in each frame.
    fn heard_at_once(turn: &Turn, agent: &Playout, now: usize, samples: usize) -> bool {
        let mut so_far = turn.clone();
        so_far.measure(agent);
        so_far.v2v_ms.is_some_and(|ms| ms_between(turn.speech_end, now) - ms >= ms_between(0, samples))
    }

    #[test]
    fn a_caller_who_does_not_measure_in_each_frame_cuts_in_at_the_same_moment() {
        let mut cuts_in = 0;
        for case in 0..60 {
            let mut caller = ScriptedCaller::new(vec![line(600), line(600)], HASTY);
            let mut agent = Playout::default();
            // The agent speaks before, during and soon after the caller's line, in pieces, with clears.
            let starts =
                [(0, 300), (1000 + case * 37, 700), (1900 + case * 23, 40 * (case % 9)), (2500, 3000)];
            for frame in 0..400 {
                let now = frame * FRAME_SAMPLES;
                if case % 4 == 1 && now == (1500 + case * 29) / 20 * 160 {
                    agent.clear(now);
                }
                for (_, ms) in starts.iter().filter(|(at, _)| at / 20 * 160 == now) {
                    agent.play(now, &tone(*ms));
                }
                if let (Phase::Listening { .. }, Some(turn)) = (caller.phase, caller.done.last().cloned())
                    && agent.audible_end().is_some_and(|end| end > turn.speech_end && now < end)
                {
                    let expected = heard_at_once(&turn, &agent, now, 8000);
                    assert_eq!(caller.heard(&agent, now, 8000), expected, "case {case} at {now}");
                    cuts_in += usize::from(expected);
                }
                if caller.frame(now, &agent).is_none() {
                    break;
                }
            }
        }
        assert!(cuts_in > 20, "{cuts_in}");
    }
}
