//! `offhook chat`: the language model on its own, text in and text out. Must not know audio or calls.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;

use crate::app::engines::llm_options;
use crate::cli::output::{note, noteln, out};
use crate::config::{Config, limits};
use crate::dialogue::{Message, Role, Usage};
use crate::engine::llm::{LlmEngine, Reply, limit_threads, load};
use crate::engine::{Generation as _, Generator as _, Sampling, Step, Task};
use crate::units::tenths;

/// Arguments of `offhook chat`.
#[derive(Debug, clap::Args)]
#[command(
    about = "Talk to the language model in text",
    long_about = "Talk to the language model in text. At a terminal, it prompts for a line and streams the \
    answer. From a pipe, every line is a turn of one conversation, and only the answers go to standard \
    output. Timings go to standard error."
)]
pub struct Args {
    /// A GGUF file instead of the configured model
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Continue the input as it stands, as one text without a chat template or a system prompt
    #[arg(long)]
    raw: bool,
    /// Maximum number of tokens in an answer
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(limits::signed(&limits::MAX_TOKENS)))]
    max_tokens: Option<u32>,
    /// System prompt instead of the configured one; empty for none
    #[arg(long, value_name = "TEXT", conflicts_with = "raw")]
    system: Option<String>,
    /// Sampling temperature; 0 always takes the likeliest token
    #[arg(long, value_name = "X", value_parser = temperature)]
    temperature: Option<f32>,
    /// Print one JSON object per turn: text, counts and timings
    #[arg(long)]
    json: bool,
}

fn temperature(text: &str) -> Result<f32, String> {
    limits::number(text, &limits::TEMPERATURE)
}

/// Runs the chat.
pub fn run(args: Args, config: &Config) -> anyhow::Result<ExitCode> {
    let options = llm_options(&config.llm, args.model.as_deref().unwrap_or(&config.llm.model));
    limit_threads(options.threads);
    let started = now();
    let engine = load(&options)?;
    if !args.raw {
        engine.check_conversations()?;
    }
    let mut sampling = config.llm.sampling.clone();
    if let Some(max_tokens) = args.max_tokens {
        sampling.max_tokens = usize::try_from(max_tokens)?;
    }
    if let Some(temperature) = args.temperature {
        sampling.temperature = temperature;
    }
    let prompt = config.agent.prompt();
    let system = if args.raw { "" } else { args.system.as_deref().unwrap_or(&prompt) };
    let loaded = now();
    engine.warm_up(system)?;
    noteln!(
        "{}: loaded in {} ms, warmed up in {} ms",
        options.model.display(),
        (loaded - started).as_millis(),
        loaded.elapsed().as_millis()
    );
    let mut chat = Chat { engine, sampling, system: system.to_owned(), json: args.json };
    if args.raw {
        chat.continue_input()?
    } else {
        chat.converse()?
    }
    Ok(ExitCode::SUCCESS)
}

/// The timing of an answer.
struct Timing {
    usage: Usage,
    first_text: Duration,
    whole: Duration,
}

struct Chat {
    engine: LlmEngine,
    sampling: Sampling,
    system: String,
    json: bool,
}

impl Chat {
    /// Holds one conversation until the input ends. Each line is a turn.
    fn converse(&mut self) -> anyhow::Result<()> {
        let mut messages = Vec::new();
        if !self.system.trim().is_empty() {
            messages.push(Message { role: Role::System, text: self.system.clone() });
        }
        let interactive = std::io::stdin().is_terminal();
        let mut lines = std::io::stdin().lock().lines();
        loop {
            if interactive {
                note!("> ");
            }
            let Some(line) = lines.next() else { break };
            let line = line.context("standard input")?;
            if line.trim().is_empty() {
                continue;
            }
            messages.push(Message { role: Role::User, text: line });
            let asked = now();
            let mut generation = self.engine.begin("chat", &messages, Task::Answer, &self.sampling)?;
            let text = self.answer(&mut generation, asked)?;
            messages.push(Message { role: Role::Assistant, text });
        }
        if interactive {
            noteln!();
        }
        self.engine.end_session("chat");
        Ok(())
    }

    /// Continues the whole input as one text.
    fn continue_input(&mut self) -> anyhow::Result<()> {
        let text = std::io::read_to_string(std::io::stdin()).context("standard input")?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let asked = now();
        let mut generation = self.engine.continuation(text, &self.sampling)?;
        if !self.json {
            out!("{text}")?;
        }
        self.answer(&mut generation, asked)?;
        Ok(())
    }

    /// Streams an answer to standard output and its timing to standard error.
    fn answer(&self, generation: &mut Reply, asked: Instant) -> anyhow::Result<String> {
        let mut out = crate::cli::output::stdout();
        let mut text = String::new();
        let mut first_text = None;
        loop {
            match generation.step()? {
                Step::Prefilled => {}
                Step::Text(piece) => {
                    if !piece.is_empty() {
                        first_text.get_or_insert_with(|| asked.elapsed());
                    }
                    text.push_str(&piece);
                    if !self.json {
                        write!(out, "{piece}")?;
                        out.flush()?;
                    }
                }
                Step::Done(_) => break,
            }
        }
        let whole = asked.elapsed();
        let timing = Timing { usage: generation.usage(), first_text: first_text.unwrap_or(whole), whole };
        if self.json {
            writeln!(out, "{}", timing.json(&text))?;
        } else {
            writeln!(out)?;
            noteln!("  [{}]", timing.line());
        }
        out.flush()?;
        Ok(text)
    }
}

impl Timing {
    /// Tokens per second after the first; `None` for fewer than two tokens.
    fn tokens_per_second(&self) -> Option<f64> {
        let after = self.usage.generated.checked_sub(1).filter(|&n| n > 0)?;
        let seconds = self.whole.saturating_sub(self.first_text).as_secs_f64();
        (seconds > 0.0).then(|| after as f64 / seconds)
    }

    fn line(&self) -> String {
        let Usage { prompt, reused, generated, .. } = self.usage;
        let pace = self.tokens_per_second().map_or(String::new(), |x| format!(" at {x:.0} a second"));
        format!(
            "prompt {prompt} tokens, {reused} reused; first text after {:.1} ms; {generated} tokens{pace}",
            self.first_text.as_secs_f64() * 1e3
        )
    }

    fn json(&self, text: &str) -> serde_json::Value {
        json!({
            "text": text,
            "prompt_tokens": self.usage.prompt,
            "reused_tokens": self.usage.reused,
            "generated_tokens": self.usage.generated,
            "first_text_ms": tenths(self.first_text.as_secs_f64() * 1e3),
            "total_ms": tenths(self.whole.as_secs_f64() * 1e3),
            "tokens_per_second": self.tokens_per_second(),
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "the command measures from outside the engine")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_counts_the_tokens_after_the_first() {
        let usage = Usage { prompt: 40, reused: 30, generated: 11, ..Usage::default() };
        let first_text = Duration::from_millis(5);
        let timing = Timing { usage, first_text, whole: Duration::from_millis(105) };
        assert_eq!(
            timing.line(),
            "prompt 40 tokens, 30 reused; first text after 5.0 ms; 11 tokens at 100 a second"
        );
    }

    #[test]
    fn an_answer_of_one_token_has_no_pace() {
        let usage = Usage { prompt: 4, reused: 0, generated: 1, ..Usage::default() };
        let timing = Timing { usage, first_text: Duration::from_millis(5), whole: Duration::from_millis(5) };
        assert!(timing.json("Yes")["tokens_per_second"].is_null());
    }
}
