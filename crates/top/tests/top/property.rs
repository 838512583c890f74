//! Whatever a server answers: every state is drawn at every size, and no line is wider than its terminal.

use std::time::Duration;

use offhook_top::{Key, State, View, svg, text};
use proptest::prelude::*;
use ratatui::text::Span;
use serde_json::{Value, json};

use super::cells;

fn figure() -> impl Strategy<Value = Value> {
    let odd = [f64::MAX, f64::MIN, f64::MIN_POSITIVE, 0.0, -0.0, 1e9, -1.0];
    prop_oneof![
        Just(Value::Null),
        (0.0..2000.0).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(odd.to_vec()).prop_map(Value::from),
    ]
}

fn whole() -> impl Strategy<Value = Value> {
    prop_oneof![any::<u64>(), 0..20_u64, Just(u64::MAX)].prop_map(Value::from)
}

fn word() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<String>(),
        "[a-z ]{0,30}",
        "\\PC{0,80}",
        Just("v2v_ms".to_owned()),
        Just("stt_ms".to_owned())
    ]
    .prop_map(Value::from)
}

/// A list with as many elements as there are figures of each kind in it.
fn parts() -> impl Strategy<Value = (Vec<Value>, Vec<Value>, Vec<Value>)> {
    (0..9_usize).prop_flat_map(|n| {
        let each = |n| prop::collection::vec(figure(), n);
        (each(n), prop::collection::vec(whole(), n), prop::collection::vec(word(), n))
    })
}

fn state() -> impl Strategy<Value = Value> {
    let health = prop::sample::select(vec!["ok", "degraded", "open", "half_open", "?"]);
    let lists = (parts(), prop::collection::vec(figure(), 0..130), health, any::<u32>());
    (lists, prop::collection::vec(figure(), 8), prop::collection::vec(word(), 4)).prop_map(
        |((parts, samples, health, small), f, w)| {
            let each = |of: &dyn Fn(&Value, &Value, &Value) -> Value| -> Vec<Value> {
                let (figures, wholes, words) = &parts;
                figures.iter().zip(wholes).zip(words).map(|((f, n), w)| of(f, n, w)).collect()
            };
            let named = |of: &dyn Fn(&Value, &Value) -> Value| -> Value {
                let pairs = each(&|f, n, w| json!([w, of(f, n)]));
                let pairs = pairs.into_iter();
                pairs.map(|pair| (pair[0].as_str().unwrap().to_owned(), pair[1].clone())).collect()
            };
            let counts: Vec<Value> = each(&|_, n, _| n.clone());
            json!({
                "version": w[0], "uptime_s": small, "ready": small % 2 == 0, "not_ready": w[1],
                "max_calls": small,
                "calls": each(&|f, n, w| json!({
                    "id": w, "gateway": w, "since_s": f, "turns": n.as_u64().unwrap() as u32,
                    "v2v_ms": f, "v2v_p50_ms": f, "interruptions": small, "failures": small % 3, "cpu_s": f})),
                "latency": named(&|f, n| json!({"count": n, "p50": f, "p95": f, "p99": f, "max": f})),
                "latency_lately": named(&|f, n| json!({"count": n, "p95": f})),
                "model_in_use": w[2], "refused": named(&|_, n| n.clone()), "resident_mb": u64::from(small),
                "engines": each(&|f, n, w| json!({
                    "name": w, "health": health, "running": n, "waiting": n, "done": n, "failed": n,
                    "retry_in_s": f, "real_time_factor": f, "p95_ms": f, "note": w})),
                "quality": {"step": small, "of": small % 7, "measures": each(&|_, _, w| w.clone()),
                    "pressure": "high", "because": w[3]},
                "admission": {"cores_per_call": f[0], "predicted_p95_ms": f[1], "limit_ms": f[2], "room": small},
                "advice": each(&|_, _, w| json!({"key": w, "because": w, "change": w})),
                "history": {"every_s": f[3], "cpu": samples, "memory_mb": samples, "calls": counts,
                    "v2v_p95_ms": samples},
                "faults": each(&|_, _, w| w.clone()),
                "thrift": {"prompt_tokens": small, "reused_tokens": u64::MAX, "pages_made": u64::MAX,
                    "pages_reused": u64::MAX, "phrase_hits": 1},
            })
        },
    )
}

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        prop::sample::select(vec![Key::Up, Key::Down, Key::Escape, Key::CtrlC]),
        prop::sample::select(vec!['s', 'h', 'j', 'k', '?', 'x']).prop_map(Key::Char),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn any_state_is_drawn_at_any_size(
        first in state(),
        second in state(),
        keys in prop::collection::vec(key(), 0..12),
        sizes in prop::collection::vec((1..250_u16, 1..80_u16), 1..4),
        colour in any::<bool>(),
        problem in any::<String>(),
    ) {
        let (first, second): (State, State) =
            (serde_json::from_value(first).unwrap(), serde_json::from_value(second).unwrap());
        let mut view = View::new(colour);
        view.told(Ok(first), Duration::ZERO);
        for (i, key) in keys.into_iter().enumerate() {
            let _ = view.key(key);
            if i == 5 {
                view.told(Ok(second.clone()), Duration::from_secs(1));
            }
            let (width, height) = sizes[i % sizes.len()];
            cells(&view, width, height);
        }
        view.told(Err(problem), Duration::from_secs(7));
        for (width, height) in sizes {
            cells(&view, width, height);
        }
        let plain = text(&second, 80);
        let narrow = |line: &str| Span::raw(line.to_owned()).width() <= 80;
        prop_assert!(plain.lines().all(|line| narrow(line) && !line.contains(|c: char| c.is_control())));
        prop_assert!(svg(&second, 90, 30).ends_with("</svg>\n"));
    }

    #[test]
    fn figures_without_end_are_drawn_too(
        figure in prop::num::f64::ANY,
        width in 1..250_u16,
        height in 1..80_u16,
    ) {
        let mut state = super::realistic();
        (state.history.cpu[3], state.admission.limit_ms, state.calls[0].since_s) = (figure, figure, figure);
        (state.calls[1].v2v_ms, state.history.v2v_p95_ms[7]) = (Some(figure), Some(figure));
        state.latency_lately.values_mut().for_each(|of| (of.p50, of.p95) = (figure, figure));
        state.engines[0].retry_in_s = Some(figure);
        cells(&super::view(state), width, height);
    }
}
