//! The result of a load as one HTML page that needs nothing from elsewhere: the verdict in words, plots, all
//! figures. PURE: it makes the text of the file. Must not know how anything was measured, nor files.

use std::fmt::Write as _;

use super::measures::{Spread, StepResult};
use super::plot::{Lines, Series, ridges};
use super::table::{percent, sentences};
use super::verdict::capacity;
use crate::picture::svg::escaped;

/// What is shown where there is no figure.
const NONE: &str = "–";

/// The look of the page. The colours are Okabe and Ito's, which colour-blind people can tell apart, darker on
/// a light ground.
const STYLE: &str = include_str!("report.css");

/// What the page tells beside the steps.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The server and what was said to it, in a few words.
    pub what: &'a str,
    /// The machine, in a sentence or several lines.
    pub machine: &'a str,
    /// When it was measured.
    pub when: &'a str,
    /// The limit of the 95th percentile of `v2v_ms`, in milliseconds.
    pub p95_limit_ms: f64,
    /// A headline and some sentences, if the load was not to find out how many callers are held.
    pub verdict: Option<(&'a str, &'a str)>,
}

/// Makes the page.
pub fn html(about: &About<'_>, steps: &[StepResult]) -> String {
    let mut steps = steps.to_vec();
    steps.sort_by(|a, b| a.size().total_cmp(&b.size()));
    let capacity = capacity(&steps, about.p95_limit_ms);
    let mut out = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.push_str("<meta name=\"color-scheme\" content=\"light dark\">\n");
    let _ = writeln!(out, "<title>Load: {}</title>", escaped(about.what));
    let _ = write!(out, "<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<header>\n");
    let _ = writeln!(out, "<p class=\"kicker\">{}</p>", escaped(about.what));
    let held = capacity.held.and_then(|size| steps.iter().find(|step| step.size() == size));
    let headline = match held {
        Some(step) if step.calls_a_minute.is_some() => format!("{} are held", step.name()),
        Some(step) if step.callers == 1 => "1 caller at once is held".to_owned(),
        Some(step) => format!("{} at once are held", step.name()),
        None => "No load was held".to_owned(),
    };
    let held = (headline, sentences(&capacity, &steps).join(" "));
    let (headline, lead) = about.verdict.unwrap_or((&held.0, &held.1));
    let _ = writeln!(out, "<h1>{}</h1>", escaped(headline));
    let _ = writeln!(out, "<p class=\"lead\">{}</p>", escaped(lead));
    let _ = write!(out, "<p class=\"facts\">{}", escaped(about.when));
    for line in about.machine.lines().filter(|line| !line.trim().is_empty()) {
        let _ = write!(out, "<br>{}", escaped(line));
    }
    out.push_str("</p>\n</header>\n");
    plots(&mut out, &steps, about.p95_limit_ms);
    table(&mut out, &steps);
    remarks(&mut out, &steps);
    out.push_str(METHOD);
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// How it was measured, at the end of the page.
const METHOD: &str = "<section>\n<h2>How it was measured</h2>\n<p>Every figure but those of the server's \
processor and memory is measured at the caller, on the other side of a real connection. The response time \
runs from the last sound of the caller's speech to the first sound of the answer that is heard. A frame is 20 \
ms of the agent's audio; it is late if it had not arrived when it had to be played. Percentiles are exact, \
over all turns of a step. The callers of a step begin one after the other, so that they do not speak in \
unison; when its time is over, they hear the answer to their last line and hang up.</p>\n</section>\n";

fn figure(out: &mut String, heading: &str, caption: &str, plot: &str) {
    if !plot.is_empty() {
        let _ = write!(
            out,
            "<figure>\n<figcaption><h2>{}</h2><p>{}</p></figcaption>\n{plot}</figure>\n",
            escaped(heading),
            escaped(caption)
        );
    }
}

/// A line over the loads, of the steps that have its figure.
fn series(
    name: &str,
    class: &'static str,
    steps: &[StepResult],
    y: impl Fn(&StepResult) -> Option<f64>,
) -> Series {
    let points = steps.iter().filter_map(|step| Some((step.size(), y(step)?)));
    Series { name: name.to_owned(), class, points: points.collect() }
}

fn plots(out: &mut String, steps: &[StepResult], limit_ms: f64) {
    let random = steps.iter().any(|step| step.calls_a_minute.is_some());
    let loads = if random { "calls a minute" } else { "callers at once" };
    let spread = |of: fn(&Spread) -> f64| move |step: &StepResult| step.v2v_ms.as_ref().map(of);
    let slowest = steps.iter().filter_map(|step| Some(step.v2v_ms?.p99)).fold(0.0, f64::max);
    // A limit far above everything would press the lines together.
    let limit = Some(limit_ms).filter(|limit| *limit <= slowest * 2.0);
    let response = Lines {
        title: "Response time over the load",
        axes: (loads, "ms"),
        range: (0.0, slowest),
        decimals: 0,
        series: vec![
            series("median", "a", steps, spread(|v2v| v2v.p50)),
            series("p95", "b", steps, spread(|v2v| v2v.p95)),
            series("p99", "c", steps, spread(|v2v| v2v.p99)),
        ],
        limit,
    };
    figure(out, "Response time", "From the caller's last sound to the agent's first.", &response.draw());
    let rows: Vec<(String, &[f64])> =
        steps.iter().map(|step| (step.name(), step.v2v_percentiles_ms.as_slice())).collect();
    figure(
        out,
        "How the response times are spread",
        "One row for each load, with its median and the 95th percentile.",
        &ridges("The distribution of the response times", "ms", &rows, limit),
    );
    let worst = steps.iter().filter_map(|step| step.on_time).fold(0.999, f64::min) * 100.0;
    let on_time = Lines {
        title: "Frames on time over the load",
        axes: (loads, "%"),
        range: (lower(worst), 100.0),
        decimals: if worst >= 95.0 { 2 } else { 0 },
        series: vec![series("on time", "d", steps, |step| step.on_time.map(|share| share * 100.0))],
        limit: None,
    };
    figure(
        out,
        "Frames on time",
        "The share of the agent's speech that had arrived when it had to be played.",
        &on_time.draw(),
    );
    let cores = Lines {
        title: "Busy cores over the load",
        axes: (loads, "cores"),
        range: (0.0, 1.0),
        decimals: 1,
        series: vec![series("busy", "e", steps, |step| step.server.map(|server| server.cores))],
        limit: None,
    };
    figure(out, "Cores", "How many cores the server kept busy, on average.", &cores.draw());
}

/// A round percentage below this one.
fn lower(percent: f64) -> f64 {
    let missing = (100.0 - percent).max(0.1);
    let steps = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];
    100.0 - steps.into_iter().find(|step| *step >= missing - 1e-9).unwrap_or(100.0)
}

/// The rows of the table of all figures: a name with its unit, and the figure of a step.
type Row = (&'static str, fn(&StepResult) -> String);

fn whole(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.to_owned(), |value| format!("{value:.0}"))
}

const ROWS: [Row; 34] = [
    ("calls", |step| step.calls.begun.to_string()),
    ("completed", |step| step.calls.completed.to_string()),
    ("refused", |step| step.calls.refused.to_string()),
    ("refused after, median ms", |step| whole(step.refused_after_ms.map(|after| after.p50))),
    ("failed", |step| step.calls.failed.to_string()),
    ("stopped with the load", |step| step.calls.stopped.to_string()),
    ("turned away", |step| step.calls.turned_away.to_string()),
    ("calls at once, mean", |step| format!("{:.1}", step.mean_at_once)),
    ("length, s", |step| format!("{:.0}", step.seconds)),
    ("turns", |step| step.turns.to_string()),
    ("without an answer", |step| step.unanswered.to_string()),
    ("response median, ms", |step| whole(step.v2v_ms.map(|v2v| v2v.p50))),
    ("response p95, ms", |step| whole(step.v2v_ms.map(|v2v| v2v.p95))),
    ("response p99, ms", |step| whole(step.v2v_ms.map(|v2v| v2v.p99))),
    ("response longest, ms", |step| whole(step.v2v_ms.map(|v2v| v2v.max))),
    ("server's own median, ms", |step| {
        let reported = step.reported_v2v_ms.map(|v2v| v2v.p50);
        whole(reported.or_else(|| step.server?.reported_v2v_p50_ms))
    }),
    ("server's own p95, ms", |step| {
        let reported = step.reported_v2v_ms.map(|v2v| v2v.p95);
        whole(reported.or_else(|| step.server?.reported_v2v_p95_ms))
    }),
    ("answer itself, median ms", |step| whole(step.answer_ms.map(|answer| answer.p50))),
    ("reported − measured, median ms", |step| {
        whole(step.reported_minus_measured_ms.map(|deviation| deviation.median))
    }),
    ("reported − measured, p95 of size, ms", |step| {
        whole(step.reported_minus_measured_ms.map(|deviation| deviation.p95_of_absolute))
    }),
    ("endpoint, median ms", |step| whole(step.stages_ms.endpoint_ms)),
    ("transcript, median ms", |step| whole(step.stages_ms.stt_ms)),
    ("first token, median ms", |step| whole(step.stages_ms.llm_first_token_ms)),
    ("first audio, median ms", |step| whole(step.stages_ms.tts_first_audio_ms)),
    ("frames of 20 ms", |step| step.frames.to_string()),
    ("late frames", |step| step.late_frames.to_string()),
    ("on time, %", |step| step.on_time.map_or_else(|| NONE.to_owned(), percent)),
    ("holes in the speech", |step| step.underruns.to_string()),
    ("left to play, p01 ms", |step| whole(step.slack_ms.map(|slack| slack.p01))),
    ("silent after a cut, median ms", |step| whole(step.silent_after_ms.map(|silent| silent.p50))),
    ("callers' own lateness, ms", |step| format!("{:.0}", step.caller_late_ms)),
    ("cores busy", |step| {
        step.server.map_or_else(|| NONE.to_owned(), |server| format!("{:.2}", server.cores))
    }),
    ("peak memory, MB", |step| whole(step.server.map(|server| server.peak_rss_mb))),
    ("memory of each call, MB", |step| {
        let per_call = step.server.and_then(|server| server.rss_mb_per_call);
        per_call.map_or_else(|| NONE.to_owned(), |mb| format!("{mb:.1}"))
    }),
];

/// All figures, a column for each step. Figures that no step has are left out.
fn table(out: &mut String, steps: &[StepResult]) {
    if steps.is_empty() {
        return;
    }
    out.push_str("<section>\n<h2>All figures</h2>\n<div class=\"wide\"><table>\n<thead><tr><th></th>");
    for step in steps {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(&step.name()));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for (name, of) in ROWS {
        let cells: Vec<String> = steps.iter().map(of).collect();
        if cells.iter().all(|cell| cell == NONE) {
            continue;
        }
        let _ = write!(out, "<tr><th scope=\"row\">{}</th>", escaped(name));
        for cell in cells {
            let _ = write!(out, "<td>{}</td>", escaped(&cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n</section>\n");
}

/// What went wrong, in sentences.
fn remarks(out: &mut String, steps: &[StepResult]) {
    let notes = |step: &StepResult| {
        super::table::notes(step).lines().map(|l| l.trim().to_owned()).collect::<Vec<_>>()
    };
    if steps.iter().all(|step| notes(step).is_empty()) {
        return;
    }
    out.push_str("<section>\n<h2>Remarks</h2>\n<ul>\n");
    for step in steps {
        for note in notes(step) {
            let _ = writeln!(out, "<li>{}: {}</li>", escaped(&step.name()), escaped(&note));
        }
    }
    out.push_str("</ul>\n</section>\n");
}

#[cfg(test)]
mod tests;
