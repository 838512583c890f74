//! What the figures of turns advise: which stage is slow and what makes it quicker, and where callers and the
//! agent get into each other's way. Must not know the load of the server, but for whether cores are free.

use super::figures::Figures;
use super::load::has_free_cores;
use super::told::Advice;
use crate::numbers::{counted, percent, whole};

/// The silences that end a turn, with the values that ship, in milliseconds.
const SHIPPED_COMPLETE_MS: u64 = 250;
const SHIPPED_OPEN_MS: u64 = 500;
const SHIPPED_UNFINISHED_MS: u64 = 1500;

/// A turn ends at most this much later than its silence asks for.
const TICK_MS: f64 = 50.0;

/// A history that is shortened so often that most of each prompt is read again. A server whose prompts are
/// short compared with the limit shortens nothing: there, more room cannot help.
pub(super) fn rereading(figures: &Figures) -> Option<Advice> {
    let limit = figures.set.context_tokens? as f64;
    let (prompt, reused) = (figures.prompt_tokens as f64, figures.reused_tokens as f64);
    let each = prompt / figures.turns as f64;
    let slow = figures.p95.llm_first_token_ms >= 300.0;
    (slow && each >= limit / 2.0 && reused < prompt / 2.0).then(|| Advice {
        key: "llm.context_tokens",
        id: "rereading",
        because: format!(
            "only {} of the tokens of prompts were known from the turn before, at {} tokens each",
            percent(reused / prompt),
            whole(each)
        ),
        change: "let conversations be longer before they are shortened, if the model was trained for it"
            .to_owned(),
    })
}

/// A language model that is slow to its first word.
pub(super) fn model(figures: &Figures) -> Option<Advice> {
    let p95 = figures.p95;
    let first = p95.llm_first_token_ms;
    // Behind a filler it is the slowest stage that was waited for.
    let slowest = first > 0.0 && first >= p95.stt_ms && first >= p95.tts_first_audio_ms;
    let because = if first >= 500.0 {
        format!("in 5 of 100 turns, the first word took the model more than {} ms", whole(first))
    } else if figures.fillers >= 0.25 && slowest {
        format!("in {} of all turns, a filler had to be spoken before the answer", percent(figures.fillers))
    } else {
        return None;
    };
    let free = has_free_cores(figures);
    let threads = figures.set.llm_threads.filter(|&threads| free && threads < figures.cores);
    Some(match threads {
        Some(threads) => Advice {
            key: "llm.threads",
            id: "model",
            because: format!("{because}, with {} of the cores in use", percent(figures.busy)),
            change: format!("give a step more threads than {threads}, at most {}", figures.cores),
        },
        None => Advice {
            key: "llm.model",
            id: "model",
            because,
            change: "take a smaller model, or one with fewer bits a weight".to_owned(),
        },
    })
}

/// A voice that is slow because it is hard to compute. (If it is not, it waits for the language model's first
/// clause, and another voice does not help.)
pub(super) fn voice(figures: &Figures) -> Option<Advice> {
    let (first, each) = (figures.p95.tts_first_audio_ms, figures.tts_real_time);
    (first >= 300.0 && each >= 0.5).then(|| Advice {
        key: "tts.voice",
        id: "voice",
        because: format!(
            "in 5 of 100 turns, the voice took more than {} ms, and a second of speech takes it {each:.2} s",
            whole(first)
        ),
        change: "take a lighter voice; the built-in one costs next to nothing".to_owned(),
    })
}

/// A recogniser that is slow because it is hard to compute.
pub(super) fn recogniser(figures: &Figures) -> Option<Advice> {
    let (late, each) = (figures.p95.stt_ms, figures.stt_real_time);
    let is_slow = late >= 150.0 && each >= 0.3;
    if !is_slow {
        return None;
    }
    let because = format!(
        "in 5 of 100 turns, the transcript came more than {} ms late, and a second of audio takes \
         {each:.2} s",
        whole(late)
    );
    let free = has_free_cores(figures);
    let threads = figures.set.stt_threads.filter(|&threads| free && threads < figures.cores);
    let (key, change) = match threads {
        Some(threads) => (
            "stt.threads",
            format!("give a transcription more threads than {threads}, at most {}", figures.cores),
        ),
        None => ("stt.model", "take a smaller model, or one that was tuned for short windows".to_owned()),
    };
    Some(Advice { key, id: "recogniser", because, change })
}

/// A silence that is longer than it has to be, is most of the wait, and was set by the operator.
pub(super) fn endpoint(figures: &Figures) -> Option<Advice> {
    let (waited, set) = (figures.p95.endpoint_ms, figures.set);
    let is_most_of_it = waited * 2.0 >= figures.p95.v2v_ms;
    if !is_most_of_it {
        return None;
    }
    let silences = [
        ("endpoint.complete_ms", set.complete_ms?, SHIPPED_COMPLETE_MS),
        ("endpoint.open_ms", set.open_ms?, SHIPPED_OPEN_MS),
        ("endpoint.unfinished_ms", set.unfinished_ms?, SHIPPED_UNFINISHED_MS),
    ];
    // The first that is long enough is the one that was waited for.
    let (key, ms, shipped) = silences.into_iter().find(|(_, ms, _)| waited <= *ms as f64 + TICK_MS)?;
    (ms > shipped && waited > shipped as f64).then(|| Advice {
        key,
        id: "endpoint",
        because: format!(
            "in 5 of 100 turns, more than {} ms of silence had to pass before the answer, of {} in all",
            whole(waited),
            whole(figures.p95.v2v_ms)
        ),
        change: format!("lower it from {ms} towards {shipped}, as far as nobody is cut off"),
    })
}

/// Sounds that make the agent pause for nothing.
pub(super) fn false_interruptions(figures: &Figures) -> Option<Advice> {
    if figures.false_interruptions < figures.turns.div_ceil(10) {
        return None;
    }
    let because = format!(
        "the agent paused {} for nothing in {} turns",
        counted(figures.false_interruptions, "time"),
        whole(figures.turns as f64)
    );
    let (key, change) = if figures.set.echo_guard == Some(false) {
        ("audio.echo_guard", "switch the echo guard on: it may have heard itself".to_owned())
    } else {
        ("barge_in.min_speech_ms", "let only longer sounds make it pause".to_owned())
    };
    Some(Advice { key, id: "false_interruptions", because, change })
}

/// Callers who do not want to hear all of it.
pub(super) fn interruptions(figures: &Figures) -> Option<Advice> {
    (figures.interruptions >= 0.3).then(|| Advice {
        key: "agent.max_reply_words",
        id: "interruptions",
        because: format!("callers cut the agent off in {} of all turns", percent(figures.interruptions)),
        change: "let replies be shorter".to_owned(),
    })
}

/// Drafts that take cores for nothing, or none where they would cost nothing.
pub(super) fn drafts(figures: &Figures) -> Option<Advice> {
    let drafts = figures.drafts_used.saturating_add(figures.drafts_wasted);
    if drafts == 0 {
        let hideable = figures.p95.llm_first_token_ms + figures.p95.tts_first_audio_ms;
        let off = figures.set.max_tries == Some(0);
        return (off && hideable >= 200.0 && has_free_cores(figures)).then(|| Advice {
            key: "speculation.max_tries",
            id: "no_drafts",
            because: format!(
                "in 5 of 100 turns, callers waited for more than {} ms of work that a draft does beforehand, \
                 with {} of the cores in use",
                whole(hideable),
                percent(figures.busy)
            ),
            change: "draft answers, at most 2 in a turn".to_owned(),
        });
    }
    let mostly_wasted = drafts >= 20 && figures.drafts_wasted >= figures.drafts_used;
    (mostly_wasted && figures.busy >= 0.7).then(|| Advice {
        key: "speculation.max_tries",
        id: "drafts",
        because: format!(
            "{} of {} drafts were thrown away, with {} of the cores in use",
            whole(figures.drafts_wasted as f64),
            whole(drafts as f64),
            percent(figures.busy)
        ),
        change: "draft less often".to_owned(),
    })
}
