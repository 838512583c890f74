//! `offhook bench llm`: the speed of the language model in prefill and decode, for one call and for several,
//! its time to first token after a pinned system prompt, its memory, and its speeds against the machine's
//! limits. Knows no calls.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use super::machine::Machine;
use super::name;
use super::timing::{ms, now};
use crate::app::engines::llm_options;
use crate::cli::output::{outln, show_progress};
use crate::config::{Config, limits};
use crate::dialogue::{Message, Role};
use crate::engine::llm::{BenchSequence, LlmEngine, decode_together, limit_threads, load};
use crate::engine::{EngineError, Generation as _, Generator as _, KernelChoice, Sampling, Step, Task};
use crate::stats::median;

/// The number of tokens of the pinned system prompt, and of the question after it.
const SYSTEM: usize = 300;
const QUESTION: usize = 12;
/// The numbers of tokens of the prompts for prefill.
const PROMPTS: [usize; 2] = [128, 512];
/// Context before the tokens of `decode_tok_s`.
const SHORT: usize = 64;
/// The call that reads the system prompt.
const FIRST_CALL: &str = "first";
/// The context that the measurements need: the longest one, and the tokens generated after it.
const ROOM: usize = 1024;
/// The number of sequences in a batch, and the tokens of context of each.
const BATCHES: [(usize, usize); 6] = [(1, 64), (4, 64), (8, 64), (1, 600), (4, 600), (8, 600)];

/// Arguments of `offhook bench llm`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A GGUF file; `llm.model` if none is given.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Number of threads of one step; `llm.threads` if not given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(limits::signed(&limits::THREADS)))]
    threads: Option<u16>,
    /// Kernels for matrix products: auto, avx512-vnni, avx-vnni, avx2 or candle; `llm.kernels` if not given.
    #[arg(long, value_name = "NAME", value_parser = kernels)]
    kernels: Option<KernelChoice>,
    /// Number of rounds; all measurements take turns, and the medians count.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: u16,
    /// Number of tokens that each sequence generates in a round.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    tokens: u16,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

fn kernels(name: &str) -> Result<KernelChoice, String> {
    let names = KernelChoice::ALL.map(KernelChoice::name).join(", ");
    KernelChoice::named(name).ok_or_else(|| format!("expected one of {names}"))
}

/// The results.
#[derive(Debug, serde::Serialize)]
struct Report {
    model: String,
    threads: usize,
    /// The kernels of the matrix products.
    kernels: &'static str,
    /// The limits of the machine; `None` with candle, whose use of it is unknown. Shares of limits are
    /// reported only for models that are too large for the processor's caches.
    machine: Option<Machine>,
    prefill: Vec<Prefill>,
    decode_tok_s: f64,
    batch: Vec<Batch>,
    /// The memory of the whole process after the warm-up, before the first request.
    resident_bytes: u64,
    file_bytes: u64,
    load_ms: f64,
    /// From the start until an answer could begin, without the prefill of the system prompt.
    ready_ms: f64,
    /// The time to first token from the question, after a cached system prompt; `None` if the model has no
    /// chat template, or no markers that separate the system prompt from the rest.
    first_token_ms_pinned: Option<f64>,
    /// The part of the time to first token in which the template is applied, the text is cut into tokens and
    /// the cache is searched.
    first_token_layout_ms: Option<f64>,
    /// The number of tokens of that prompt that were not in the cache, those of the template included.
    first_token_read: Option<usize>,
    /// The prefill of as many tokens as the question has, with nothing before them.
    prefill_question_ms: f64,
    /// The time to first token as a multiple of `prefill_question_ms`.
    first_token_ratio: Option<f64>,
    /// The time to first token as a multiple of the prefill of `first_token_read` tokens with nothing before
    /// them.
    first_token_ratio_read: Option<f64>,
}

/// The prefill of a prompt.
#[derive(Debug, serde::Serialize)]
struct Prefill {
    tokens: usize,
    tok_s: f64,
    /// The share of the limit that arithmetic alone sets.
    of_limit: Option<f64>,
}

/// A batch of sequences that generate at once.
#[derive(Debug, serde::Serialize)]
struct Batch {
    sequences: usize,
    context: usize,
    /// Tokens per second of all sequences together; `None` if the model's context is too short.
    tok_s: Option<f64>,
    /// The share of the limit that memory and arithmetic set.
    of_limit: Option<f64>,
}

/// The sequences from which those of a batch are forked, by the length of their context.
type Origins = BTreeMap<usize, BenchSequence>;

/// The times of every round, in ms.
#[derive(Default)]
struct Times {
    prefill: [Vec<f64>; PROMPTS.len()],
    question: Vec<f64>,
    decode: Vec<f64>,
    batches: [Vec<f64>; BATCHES.len()],
    first: Vec<f64>,
    layout: Vec<f64>,
    as_many: Vec<f64>,
}

/// Measures and prints.
pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    let mut options = llm_options(&config.llm, args.model.as_deref().unwrap_or(&config.llm.model));
    options.threads = args.threads.map_or(options.threads, usize::from);
    options.kernels = args.kernels.unwrap_or(options.kernels);
    options.context_tokens = options.context_tokens.max(ROOM);
    limit_threads(options.threads);
    let started = now();
    let mut engine = load(&options)?;
    let load_ms = ms(started);
    progress(args, "warming up");
    let conversation = [Role::System, Role::User]
        .into_iter()
        .zip([SYSTEM, QUESTION])
        .map(|(role, tokens)| Message { role, text: words(&engine, tokens) })
        .collect::<Vec<_>>();
    engine.warm_up("")?;
    let (ready_ms, resident_bytes) = (ms(started), resident());
    progress(args, "measuring the machine");
    let machine = Machine::measure(&engine);
    let mut origins = Origins::new();
    for (_, context) in BATCHES {
        if context + usize::from(args.tokens) <= engine.context_tokens() && !origins.contains_key(&context) {
            origins.insert(context, engine.bench_sequence(context)?);
        }
    }
    let mut times = Times::default();
    let mut read = None;
    for round in 1..=args.rounds {
        progress(args, &format!("round {round} of {}", args.rounds));
        measure(&engine, &origins, usize::from(args.tokens), &mut times)?;
        if let Some(first) = first_token(&mut engine, &conversation, round)? {
            times.first.push(first.took);
            times.layout.push(first.layout);
            read = Some(first.read);
            let start = now();
            engine.bench_sequence(first.read)?;
            times.as_many.push(ms(start));
        }
    }
    progress(args, "");
    let rate = |tokens: usize, ms: f64| tokens as f64 * 1000.0 / ms;
    let tokens = usize::from(args.tokens);
    let question_ms = median(times.question).unwrap_or_default();
    let first = median(times.first);
    let limits = machine.and_then(Machine::of);
    let prefill = PROMPTS.into_iter().zip(times.prefill).filter_map(|(tokens, times)| {
        let tok_s = rate(tokens, median(times)?);
        Some(Prefill { tokens, tok_s, of_limit: limits.map(|m| tok_s / m.prefill_limit(tokens)) })
    });
    let batch = BATCHES.into_iter().zip(times.batches).map(|((sequences, context), times)| {
        let tok_s = median(times).map(|ms| rate(sequences * tokens, ms));
        // On average, half of the generated tokens come before a token.
        let cache = engine.cache_read(context + tokens / 2);
        let limit = limits.map(|machine| machine.decode_limit(sequences, cache));
        Batch { sequences, context, tok_s, of_limit: tok_s.zip(limit).map(|(tok_s, limit)| tok_s / limit) }
    });
    let report = Report {
        model: name(&options.model),
        threads: options.threads,
        kernels: engine.kernels().name(),
        machine,
        prefill: prefill.collect(),
        decode_tok_s: median(times.decode).map_or(0.0, |ms| rate(tokens, ms)),
        batch: batch.collect(),
        resident_bytes,
        file_bytes: std::fs::metadata(&options.model)?.len(),
        load_ms,
        ready_ms,
        first_token_ms_pinned: first,
        first_token_layout_ms: median(times.layout),
        first_token_read: read,
        prefill_question_ms: question_ms,
        first_token_ratio: first.map(|first| first / question_ms),
        first_token_ratio_read: first.zip(median(times.as_many)).map(|(first, as_many)| first / as_many),
    };
    if args.json {
        outln!("{}", crate::cli::json::line(&report)?)?;
    } else {
        print(&report)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Measures one round of everything but the first token.
fn measure(engine: &LlmEngine, origins: &Origins, tokens: usize, times: &mut Times) -> anyhow::Result<()> {
    for (tokens, times) in PROMPTS.into_iter().zip(&mut times.prefill) {
        let start = now();
        engine.bench_sequence(tokens)?;
        times.push(ms(start));
    }
    let start = now();
    engine.bench_sequence(QUESTION)?;
    times.question.push(ms(start));
    let mut alone =
        origins.get(&SHORT).map_or_else(|| engine.bench_sequence(SHORT), |o| Ok(o.fork(engine)))?;
    let start = now();
    for _ in 0..tokens {
        decode_together(engine, std::slice::from_mut(&mut alone))?;
    }
    times.decode.push(ms(start));
    for ((sequences, context), times) in BATCHES.into_iter().zip(&mut times.batches) {
        let Some(origin) = origins.get(&context) else { continue };
        let mut pieces: Vec<_> = (0..sequences).map(|_| origin.fork(engine)).collect();
        let start = now();
        for _ in 0..tokens {
            decode_together(engine, &mut pieces)?;
        }
        times.push(ms(start));
    }
    Ok(())
}

/// The times to a first token, in ms from the question, and the number of tokens that were not in the cache.
struct First {
    layout: f64,
    took: f64,
    read: usize,
}

/// Asks a question in a new call. The very first call prefills the system prompt, which is pinned then.
fn first_token(
    engine: &mut LlmEngine,
    conversation: &[Message],
    round: u16,
) -> anyhow::Result<Option<First>> {
    let sampling = Sampling { max_tokens: 1, ..Sampling::default() };
    if round == 1 && ask(engine, FIRST_CALL, conversation, &sampling)?.is_none() {
        return Ok(None);
    }
    Ok(ask(engine, &format!("call {round}"), conversation, &sampling)?)
}

fn ask(
    engine: &mut LlmEngine,
    call: &str,
    conversation: &[Message],
    sampling: &Sampling,
) -> Result<Option<First>, EngineError> {
    let start = now();
    let mut reply = match engine.begin(call, conversation, Task::Answer, sampling) {
        Ok(reply) => reply,
        // No template, or no room.
        Err(EngineError::BadInput(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let layout = ms(start);
    while reply.step()? == Step::Prefilled {}
    let took = ms(start);
    let usage = reply.usage();
    drop(reply);
    engine.end_session(call);
    if call != FIRST_CALL && usage.reused == 0 {
        return Ok(None);
    }
    Ok(Some(First { layout, took, read: usage.prompt - usage.reused }))
}

/// A text of about `tokens` tokens.
fn words(engine: &LlmEngine, tokens: usize) -> String {
    let all = ["when", "do", "you", "open", "on", "a", "Monday", "and", "what", "is", "the", "price"];
    let mut text = String::new();
    for word in all.iter().cycle() {
        let longer = format!("{text} {word}");
        if engine.count_tokens(longer.trim()) > tokens {
            break;
        }
        text = longer;
    }
    text.trim().to_owned()
}

/// Resident memory of this process, in bytes; 0 if the system does not report it.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

/// Shows the current step at a terminal; an empty text clears it.
fn progress(args: &Args, doing: &str) {
    if !args.json {
        show_progress(doing);
    }
}

fn print(report: &Report) -> std::io::Result<()> {
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let or = |value: Option<f64>, unit: &str| value.map_or("-".to_owned(), |v| format!("{v:.1}{unit}"));
    let share = |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{:.0} %", share * 100.0));
    outln!("{}, {} threads a step, {}", report.model, report.threads, report.kernels)?;
    if let Some(machine) = report.machine {
        outln!("  this machine            {}", machine.told())?;
    }
    outln!("  file                    {:>9.1} MiB", mib(report.file_bytes))?;
    outln!("  resident, warmed up     {:>9.1} MiB", mib(report.resident_bytes))?;
    outln!("  load                    {:>9.1} ms", report.load_ms)?;
    outln!("  ready                   {:>9.1} ms", report.ready_ms)?;
    for Prefill { tokens, tok_s, of_limit } in &report.prefill {
        outln!("  prefill, {tokens} tokens     {tok_s:>9.1} tokens/s  {:>6} of its limit", share(*of_limit))?;
    }
    outln!("  decode, one sequence    {:>9.1} tokens/s", report.decode_tok_s)?;
    outln!(
        "  first token, pinned     {:>12} ({} of it layout; {} times the prefill of {QUESTION} tokens, {:.1} ms)",
        or(report.first_token_ms_pinned, " ms"),
        or(report.first_token_layout_ms, " ms"),
        or(report.first_token_ratio, ""),
        report.prefill_question_ms
    )?;
    if let Some(read) = report.first_token_read {
        let ratio = or(report.first_token_ratio_read, "");
        outln!(
            "    tokens read for it    {read:>9}    ({ratio} times the prefill of as many without context)"
        )?;
    }
    outln!("  sequences  context  tokens/s of all  of its limit")?;
    for row in &report.batch {
        let (tok_s, of_limit) = (or(row.tok_s, ""), share(row.of_limit));
        outln!("  {:>9}  {:>7}  {tok_s:>15}  {of_limit:>12}", row.sequences, row.context)?;
    }
    Ok(())
}
