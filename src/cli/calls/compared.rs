//! A call beside the same call under today's engines: which words are heard differently, and which answers
//! come sooner or later. PURE. Must not know where either comes from.

use std::fmt::Write as _;

use owo_colors::{OwoColorize as _, Stream, Style};
use serde::Serialize;

use super::times::length;
use super::words::{NOT_KEPT, plain};
use crate::scoring::Score;
use crate::stats::Distribution;

/// Two turns are the same one if the caller's speech ends at most so far apart, in milliseconds. The silence
/// before the next turn is usually longer.
const NEAR_MS: f64 = 1500.0;

/// A turn of a call.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub(super) struct Turn {
    /// Where the caller's speech ended, in milliseconds of the caller's audio.
    pub(super) end_ms: f64,
    /// What the caller said; `None` if words are not kept.
    pub(super) heard: Option<String>,
    /// What the caller heard of the agent; `None` if words are not kept.
    pub(super) reply: Option<String>,
    /// From the caller's last sound to the agent's first.
    pub(super) v2v_ms: Option<f64>,
    /// From the caller's last sound to the first sound of the answer itself.
    pub(super) answer_ms: Option<f64>,
    /// A language model answered: what was heard is no apology.
    pub(super) answered: bool,
}

/// A turn then and now, or a turn of only one of the calls.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Pair {
    then: Option<Turn>,
    now: Option<Turn>,
}

/// How long callers waited.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Waits {
    answers: usize,
    p50: f64,
    max: f64,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Comparison {
    turns: Vec<Pair>,
    /// The caller's words then, and how many of them are heard differently now; `None` if words are not kept.
    words: Option<usize>,
    differ: Option<usize>,
    v2v_ms: Both,
    /// Turns that a language model answered.
    answered: Answered,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Answered {
    then: usize,
    now: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Both {
    then: Option<Waits>,
    now: Option<Waits>,
}

/// Compares two calls in which the caller said the same. Turns in the order of their ends.
pub(super) fn compare(then: Vec<Turn>, now: Vec<Turn>) -> Comparison {
    let kept = then.iter().all(|turn| turn.heard.is_some());
    let said =
        |turns: &[Turn]| turns.iter().filter_map(|turn| turn.heard.clone()).collect::<Vec<_>>().join(" ");
    let mut score = Score::default();
    score.add(&said(&then), &said(&now));
    let v2v_ms = Both { then: waits(&then), now: waits(&now) };
    let answered = |turns: &[Turn]| turns.iter().filter(|turn| turn.answered).count();
    let answered = Answered { then: answered(&then), now: answered(&now) };
    let (words, differ) = (kept.then_some(score.words), kept.then_some(score.wrong));
    Comparison { turns: pairs(then, now), words, differ, v2v_ms, answered }
}

fn waits(turns: &[Turn]) -> Option<Waits> {
    let waits: Distribution = turns.iter().filter_map(|turn| turn.v2v_ms).collect();
    Some(Waits { answers: waits.count(), p50: waits.median()?, max: waits.longest()? })
}

/// Turns that end at about the same time belong together.
fn pairs(then: Vec<Turn>, now: Vec<Turn>) -> Vec<Pair> {
    let (mut then, mut now) = (then.into_iter().peekable(), now.into_iter().peekable());
    let mut pairs = Vec::new();
    loop {
        let apart = match (then.peek(), now.peek()) {
            (None, None) => return pairs,
            (Some(_), None) => f64::NEG_INFINITY,
            (None, Some(_)) => f64::INFINITY,
            (Some(then), Some(now)) => then.end_ms - now.end_ms,
        };
        let (is_then, is_now) = (apart <= NEAR_MS, apart >= -NEAR_MS);
        pairs.push(Pair { then: then.next_if(|_| is_then), now: now.next_if(|_| is_now) });
    }
}

impl Comparison {
    /// True if no turn of today's call was answered although one was then.
    pub(super) fn is_mute(&self) -> bool {
        self.answered.then > 0 && self.answered.now == 0
    }

    /// The comparison for people.
    pub(super) fn draw(&self) -> String {
        let mut out = String::new();
        for Pair { then, now } in &self.turns {
            let end = then.as_ref().or(now.as_ref()).map_or(0.0, |turn| turn.end_ms);
            let same = then
                .as_ref()
                .zip(now.as_ref())
                .is_some_and(|(then, now)| (&then.heard, &then.reply) == (&now.heard, &now.reply));
            let when = length(end);
            if same {
                let waited = format!("{} then, {} now", wait(then.as_ref()), wait(now.as_ref()));
                out.push_str(&lines(&when, "same", now.as_ref(), &waited, Style::new().green()));
            } else {
                out.push_str(&lines(
                    &when,
                    "then",
                    then.as_ref(),
                    &wait(then.as_ref()),
                    Style::new().dimmed(),
                ));
                out.push_str(&lines("", "now", now.as_ref(), &wait(now.as_ref()), Style::new().yellow()));
            }
        }
        out.push('\n');
        if let (Some(words), Some(differ)) = (self.words, self.differ) {
            let percent = 100.0 * differ as f64 / words.max(1) as f64;
            let _ = writeln!(
                out,
                "{differ} of the caller's {words} words are heard differently ({percent:.1} %)"
            );
        } else {
            out.push_str("the words of the call are not kept, so only times are compared\n");
        }
        let told = |waits: Option<Waits>| {
            waits.map_or_else(
                || "no answer".to_owned(),
                |w| format!("{:.0} ms (median of {}), {:.0} ms at most", w.p50, w.answers, w.max),
            )
        };
        let _ = writeln!(out, "from the last sound to the first:");
        let _ = writeln!(out, "  then  {}", told(self.v2v_ms.then));
        let _ = writeln!(out, "  now   {}", told(self.v2v_ms.now));
        out
    }
}

/// How long the caller waited for a sound.
fn wait(turn: Option<&Turn>) -> String {
    turn.and_then(|turn| turn.v2v_ms).map_or_else(|| "-".to_owned(), |ms| format!("{ms:.0} ms"))
}

/// The words of a turn in two lines.
fn lines(when: &str, which: &str, turn: Option<&Turn>, waited: &str, style: Style) -> String {
    let which = format!("{which:<4}").if_supports_color(Stream::Stdout, |text| text.style(style)).to_string();
    let Some(turn) = turn else { return format!("{when:>7}  {which}  no such turn\n") };
    let words = |words: &Option<String>| words.as_deref().map_or_else(|| NOT_KEPT.to_owned(), plain);
    let (heard, reply) = (words(&turn.heard), words(&turn.reply));
    format!("{when:>7}  {which}  caller  {heard}\n{:>13}  agent   {reply}  [{waited}]\n", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(end_ms: f64, heard: &str, v2v_ms: f64) -> Turn {
        let reply = Some(format!("You said {heard}"));
        Turn {
            end_ms,
            heard: Some(heard.to_owned()),
            reply,
            v2v_ms: Some(v2v_ms),
            answer_ms: None,
            answered: true,
        }
    }

    #[test]
    fn turns_that_end_together_are_compared_and_the_others_stand_alone() {
        let then = vec![turn(4000.0, "when do you open", 300.0), turn(9000.0, "and on friday", 400.0)];
        let now = vec![turn(3900.0, "when do you open", 310.0), turn(14_000.0, "thank you", 350.0)];
        let compared = compare(then.clone(), now.clone());
        let expected = [
            Pair { then: Some(then[0].clone()), now: Some(now[0].clone()) },
            Pair { then: Some(then[1].clone()), now: None },
            Pair { then: None, now: Some(now[1].clone()) },
        ];
        assert_eq!(compared.turns, expected);
        // "and on friday" is lost, and two words come instead.
        assert_eq!((compared.words, compared.differ), (Some(7), Some(3)));
        let drawn = compared.draw();
        assert!(
            drawn.contains("same") && drawn.contains("no such turn") && drawn.contains("42.9 %"),
            "{drawn}"
        );
    }

    #[test]
    fn without_words_only_times_are_compared() {
        let then = vec![Turn { heard: None, reply: None, ..turn(4000.0, "", 300.0) }];
        let compared = compare(then, vec![turn(4000.0, "hello", 500.0)]);
        assert_eq!((compared.words, compared.differ), (None, None));
        assert!(compared.draw().contains("only times"), "{}", compared.draw());
        assert!(!compared.is_mute());
    }

    #[test]
    fn a_call_that_is_not_answered_any_more_is_told() {
        // An apology has a sound, too.
        let apology = Turn { answered: false, ..turn(4000.0, "hello", 900.0) };
        assert!(compare(vec![turn(4000.0, "hello", 300.0)], vec![apology]).is_mute());
    }
}
