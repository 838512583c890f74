//! The figures from which advice is given, put together. Must not know what is advised.

use std::time::Duration;

use super::state::{Seen, State};
use crate::config::Config;
use crate::quality::advice::{Figures, Latency, Losses, Set, Work};
use crate::report::CoreUse;

/// All of them.
pub(super) fn figures(config: &Config, state: &State, seen: &Seen, now: Duration) -> Figures {
    let p95 = |name: &str| seen.p95.get(name).copied().unwrap_or(0.0);
    let (stt, tts) = state.real_time;
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let work = |(name, used): (&&'static str, &CoreUse)| {
        let CoreUse { jobs, dropped, waited, held, .. } = *used;
        ((*name).to_owned(), Work { jobs, waited_ms: ms(waited), held_ms: ms(held), dropped })
    };
    let millis = |time: Duration| u64::try_from(time.as_millis()).ok();
    Figures {
        uptime_s: now.as_secs_f64(),
        most_calls: state.most_calls,
        p95: Latency {
            v2v_ms: p95("v2v_ms"),
            endpoint_ms: p95("endpoint_ms"),
            stt_ms: p95("stt_ms"),
            llm_first_token_ms: p95("llm_first_token_ms"),
            tts_first_audio_ms: p95("tts_first_audio_ms"),
            first_frame_ms: p95("first_frame_ms"),
        },
        cores: state.cores,
        busy: state.busy_share_with_calls(),
        work: seen.work.iter().map(work).collect(),
        stt_real_time: stt.unwrap_or(0.0),
        tts_real_time: tts.unwrap_or(0.0),
        free_memory: seen.free_memory.unwrap_or(u64::MAX),
        resident: seen.resident,
        losses: Losses {
            records_dropped: seen.records_dropped,
            records_lost: seen.records_lost,
            log_lines: seen.log_lines,
            refused_full: state.refused_full,
            refused_memory: state.refused_memory,
        },
        set: Set {
            stt_threads: Some(config.stt.threads),
            llm_threads: Some(config.llm.threads),
            context_tokens: Some(config.llm.context_tokens as u64),
            echo_guard: Some(config.audio.echo_guard),
            complete_ms: millis(config.endpoint.complete),
            open_ms: millis(config.endpoint.open),
            unfinished_ms: millis(config.endpoint.unfinished),
            max_tries: Some(config.speculation.max_tries),
        },
        ..state.turns.figures()
    }
}
