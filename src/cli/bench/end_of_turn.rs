//! `offhook bench end-of-turn`: sentences of callers, whole turns and turns that go on. For each, how likely
//! the language model takes the end of the turn to be, and the silence that would end it, by the rules and
//! with the model. Knows no audio: a caller who pauses in the middle of a sentence is judged by the words
//! alone.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use super::name;
use crate::app::engines::llm_options;
use crate::cli::output::outln;
use crate::config::Config;
use crate::dialogue::{Message, Role};
use crate::engine::llm::{LlmEngine, limit_threads, load};
use crate::language::ENGLISH;
use crate::stats::median;
use crate::turns::EndpointPolicy;
use crate::turns::turn_detection::completeness::{Context, judge};
use crate::turns::turn_detection::endpoint::Pace;
use crate::turns::turn_detection::expectation;

/// The sentences to judge if no file is given.
const SENTENCES: &str = include_str!("end_of_turn.tsv");

/// Arguments of `offhook bench end-of-turn`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A GGUF file; `llm.model` if none is given.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// A file of sentences, one per line with three fields separated by tabs: + (a whole turn) or - (the
    /// caller goes on), the agent's words before (empty for the greeting), and the caller's words.
    #[arg(long, value_name = "FILE")]
    sentences: Option<PathBuf>,
    /// Print one JSON object per row, and one for the summary.
    #[arg(long)]
    json: bool,
}

/// A sentence of a caller.
#[derive(Debug, PartialEq, Eq)]
struct Sentence {
    whole: bool,
    agent: String,
    caller: String,
}

/// The judgement of one sentence.
#[derive(Debug, serde::Serialize)]
struct Row {
    whole: bool,
    agent: String,
    caller: String,
    /// How complete the sentence is by the rules.
    rules: f32,
    /// The model's probability of an end; `None` if the model has no marker for the end of a turn.
    probability: Option<f32>,
    /// How complete the sentence is by the rules and the model.
    both: f32,
    /// The silence after the sentence that ends the turn.
    rules_wait_ms: f64,
    both_wait_ms: f64,
}

/// The summary of all sentences.
#[derive(Debug, serde::Serialize)]
struct Summary {
    model: String,
    threshold: f32,
    weight: f32,
    /// The share of pairs of a whole turn and one that goes on that are told apart: 1 for all, 0.5 by chance.
    rules_separate: f64,
    model_separates: f64,
    /// The threshold at which the model is wrong least often, and the number of its mistakes there.
    best_threshold: f32,
    wrong_at_best: usize,
    rules: Waits,
    both: Waits,
}

/// Mean silences, and callers who were cut short.
#[derive(Debug, serde::Serialize)]
struct Waits {
    whole_ms: f64,
    unfinished_ms: f64,
    /// Turns that go on, but whose silence is no longer than `endpoint.open_ms`.
    cut_short: usize,
    /// Whole turns whose silence is longer than `endpoint.open_ms`.
    kept_waiting: usize,
}

/// Measures and prints.
pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    let sentences = match &args.sentences {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
            parse(&text).with_context(|| path.display().to_string())?
        }
        None => parse(SENTENCES)?,
    };
    let options = llm_options(&config.llm, args.model.as_deref().unwrap_or(&config.llm.model));
    limit_threads(options.threads);
    let engine = load(&options)?;
    engine.check_conversations()?;
    engine.warm_up(&config.agent.prompt())?;
    let policy = config.endpoint.clone();
    let mut rows = Vec::new();
    if !args.json {
        outln!("whole  rules  model   both  wait by rules  with the model  what the caller says")?;
    }
    for sentence in sentences {
        let row = row(&engine, config, &policy, sentence)?;
        if args.json {
            outln!("{}", crate::cli::json::line(&row)?)?;
        } else {
            print(&row)?;
        }
        rows.push(row);
    }
    let summary = summary(&options.model, &policy, &rows);
    if args.json {
        outln!("{}", crate::cli::json::line(&summary)?)?;
    } else {
        print_summary(&summary, &rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn parse(text: &str) -> anyhow::Result<Vec<Sentence>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(number, line)| match line.split('\t').collect::<Vec<_>>()[..] {
            [kind @ ("+" | "-"), agent, caller] => {
                Ok(Sentence { whole: kind == "+", agent: agent.to_owned(), caller: caller.to_owned() })
            }
            _ => anyhow::bail!("line {}: expected + or -, a tab, the agent, a tab, the caller", number + 1),
        })
        .collect()
}

fn row(
    engine: &LlmEngine,
    config: &Config,
    policy: &EndpointPolicy,
    sentence: Sentence,
) -> anyhow::Result<Row> {
    let Sentence { whole, agent, caller } = sentence;
    let before = if agent.is_empty() { &config.agent.phrases.greeting } else { &agent };
    let prompt = config.agent.prompt();
    let lines = [(Role::System, &prompt), (Role::Assistant, before), (Role::User, &caller)];
    let said = lines.into_iter().filter(|(_, text)| !text.trim().is_empty());
    let messages: Vec<Message> = said.map(|(role, text)| Message { role, text: text.clone() }).collect();
    let probability = engine.end_of_turn(&messages)?;
    let context = Context {
        language: &ENGLISH,
        expected: expectation::after(before, &ENGLISH.questions),
        number_lengths: &policy.number_lengths,
    };
    let ruling = judge(&caller, context);
    let both = policy.score(ruling, probability);
    let wait = |score| policy.silence_after(score, &Pace::default()).as_secs_f64() * 1000.0;
    Ok(Row {
        whole,
        agent,
        rules: ruling.score,
        probability,
        both,
        rules_wait_ms: wait(ruling.score),
        both_wait_ms: wait(both),
        caller,
    })
}

fn summary(model: &Path, policy: &EndpointPolicy, rows: &[Row]) -> Summary {
    let probability = |row: &Row| row.probability.unwrap_or_default();
    let (best_threshold, wrong_at_best) = best_threshold(rows, probability);
    Summary {
        model: name(model),
        threshold: policy.model_threshold,
        weight: policy.model_weight,
        rules_separate: separates(rows, |row| row.rules),
        model_separates: separates(rows, probability),
        best_threshold,
        wrong_at_best,
        rules: waits(rows, policy, |row| row.rules_wait_ms),
        both: waits(rows, policy, |row| row.both_wait_ms),
    }
}

/// The area under the curve of hits over false alarms (Mann and Whitney's statistic).
fn separates(rows: &[Row], score: impl Fn(&Row) -> f32) -> f64 {
    let (whole, open): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.whole);
    let mut right = 0.0;
    for a in &whole {
        for b in &open {
            right += match score(a).total_cmp(&score(b)) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
        }
    }
    right / (whole.len() * open.len()).max(1) as f64
}

/// The middle between two neighbouring scores with the fewest sentences on the wrong side, and their number.
fn best_threshold(rows: &[Row], score: impl Fn(&Row) -> f32) -> (f32, usize) {
    let mut scores: Vec<f32> = rows.iter().map(&score).collect();
    scores.sort_by(f32::total_cmp);
    let middles = scores.windows(2).map(|two| two.iter().sum::<f32>() / 2.0);
    let wrong = |threshold: f32| rows.iter().filter(|row| (score(row) > threshold) != row.whole).count();
    middles.map(|middle| (middle, wrong(middle))).min_by_key(|(_, wrong)| *wrong).unwrap_or_default()
}

fn waits(rows: &[Row], policy: &EndpointPolicy, wait: impl Fn(&Row) -> f64) -> Waits {
    let open = policy.open.as_secs_f64() * 1000.0 + 0.5;
    let of = |whole: bool| rows.iter().filter(move |row| row.whole == whole).map(&wait);
    let mean = |whole: bool| of(whole).sum::<f64>() / of(whole).count().max(1) as f64;
    Waits {
        whole_ms: mean(true),
        unfinished_ms: mean(false),
        cut_short: of(false).filter(|wait| *wait <= open).count(),
        kept_waiting: of(true).filter(|wait| *wait > open).count(),
    }
}

fn print(row: &Row) -> std::io::Result<()> {
    outln!(
        "{:>5}  {:>5.2}  {:>5}  {:>5.2}  {:>10.0} ms  {:>11.0} ms  {}{}",
        if row.whole { "yes" } else { "no" },
        row.rules,
        row.probability.map_or("-".to_owned(), |p| format!("{p:.3}")),
        row.both,
        row.rules_wait_ms,
        row.both_wait_ms,
        if row.agent.is_empty() { String::new() } else { format!("[{}] ", row.agent) },
        row.caller
    )
}

fn print_summary(summary: &Summary, rows: &[Row]) -> std::io::Result<()> {
    let middle = |whole| {
        let of = rows.iter().filter(|row| row.whole == whole);
        median(of.filter_map(|row| row.probability.map(f64::from))).unwrap_or_default()
    };
    outln!("\n{}: endpoint.model_threshold {}, weight {}", summary.model, summary.threshold, summary.weight)?;
    outln!(
        "  the model's probability, median: {:.3} of whole turns, {:.3} of those that go on",
        middle(true),
        middle(false)
    )?;
    outln!(
        "  pairs told apart: {:.1} % by the rules, {:.1} % by the model",
        summary.rules_separate * 100.0,
        summary.model_separates * 100.0
    )?;
    outln!(
        "  wrong least often at endpoint.model_threshold = {:.4}: {} of {}",
        summary.best_threshold,
        summary.wrong_at_best,
        rows.len()
    )?;
    outln!("                  wait, whole turns  wait, unfinished  cut short  kept waiting")?;
    for (name, waits) in [("by the rules", &summary.rules), ("with the model", &summary.both)] {
        outln!(
            "  {name:<14}  {:>14.0} ms  {:>13.0} ms  {:>9}  {:>12}",
            waits.whole_ms,
            waits.unfinished_ms,
            waits.cut_short,
            waits.kept_waiting
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentences_that_are_shipped_can_be_read_and_are_of_both_kinds() {
        let sentences = parse(SENTENCES).unwrap();
        let whole = sentences.iter().filter(|sentence| sentence.whole).count();
        assert!(whole >= 30 && sentences.len() - whole >= 30, "{whole} of {}", sentences.len());
    }

    #[test]
    fn a_line_that_is_no_sentence_is_named() {
        let error = parse("# who\n+\t\tHello.\nHello.").unwrap_err().to_string();
        assert!(error.starts_with("line 3: "), "{error}");
    }

    #[test]
    fn what_separates_all_pairs_is_wrong_nowhere() {
        let row = |whole, probability| Row {
            whole,
            agent: String::new(),
            caller: String::new(),
            rules: 0.5,
            probability: Some(probability),
            both: 0.5,
            rules_wait_ms: 0.0,
            both_wait_ms: 0.0,
        };
        let rows = [row(true, 0.9), row(false, 0.1), row(true, 0.3), row(false, 0.2)];
        let probability = |row: &Row| row.probability.unwrap_or_default();
        assert_eq!(separates(&rows, probability), 1.0);
        assert_eq!(separates(&rows, |row| row.rules), 0.5);
        assert_eq!(best_threshold(&rows, probability), (0.25, 0));
    }
}
