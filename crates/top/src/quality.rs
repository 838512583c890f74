//! Two sentences: what the server does to stay fast, and for how many more calls there is room. Must not know
//! how either is decided.

use crate::figures::{counted, maybe_ms, ms, small};
use crate::head::{INDENT, named};
use crate::line::{Ink, Line};
use crate::state::{Pressure, State};

/// The step on the ladder of measures, why, and the measures; nothing if the server has no ladder.
pub(crate) fn lines(state: &State, width: usize) -> Vec<Line> {
    let quality = &state.quality;
    if quality.of == 0 && quality.step == 0 && quality.pressure == Pressure::Unknown {
        return Vec::new();
    }
    let line = named("QUALITY");
    let line = match quality.step {
        0 => line.with("full,", Ink::Good),
        step => line.with(format!("step {step} of {},", quality.of), Ink::Warning),
    };
    let (pressure, ink) = match quality.pressure {
        Pressure::Low => ("low", Ink::Plain),
        Pressure::Between => ("between", Ink::Plain),
        Pressure::High => ("high", Ink::Warning),
        Pressure::Unknown => ("?", Ink::Quiet),
    };
    let mut line = line.with(" pressure ", Ink::Plain).with(pressure, ink);
    if !quality.because.is_empty() {
        line = line.with(format!(" ({})", quality.because), Ink::Quiet);
    }
    if !quality.measures.is_empty() {
        line = line.with(" - ", Ink::Quiet).with(quality.measures.join("; "), Ink::Plain);
    }
    line.wrap(width, INDENT)
}

/// For how many more calls there is room, and why; nothing if the server does not say.
pub(crate) fn room(state: &State, width: usize) -> Vec<Line> {
    let admission = &state.admission;
    if admission.cores_per_call <= 0.0 && admission.limit_ms <= 0.0 {
        return Vec::new();
    }
    let ink = if admission.room == 0 { Ink::Warning } else { Ink::Strong };
    let line = named("ROOM").with(format!("for {},", counted(admission.room, "call", "calls")), ink);
    let cores = format!(" each takes {} cores;", small(admission.cores_per_call, 2));
    let predicted = maybe_ms(admission.predicted_p95_ms);
    let latency = format!(" p95 with one more {predicted} ms, at most {} ms", ms(admission.limit_ms));
    vec![line.with(cores, Ink::Quiet).with(latency, Ink::Quiet).fit(width)]
}
