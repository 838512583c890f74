//! The conversation as the language model sees it: only the words that the caller said or heard, and never
//! more tokens than the budget. Knows no audio.

use std::collections::VecDeque;

use super::event::Action;
use super::summary::Summary;
use crate::dialogue::{CountTokens, Message, Role, tools};
use crate::language::Memory;

/// Tokens that a chat template puts around a message; Phi-3's takes 4, Gemma's 6.
const AROUND_A_MESSAGE: usize = 8;

/// The summary may take the budget divided by this.
const SUMMARY_SHARE: usize = 6;

/// The lines of one call after its system prompt.
///
/// When the lines exceed the budget, the oldest go in one block, until half of it is free. The prompts of
/// the following turns then share one beginning, which the language model finds in its cache.
#[derive(Debug, Clone)]
pub struct History {
    system: String,
    summary: Summary,
    lines: VecDeque<Line>,
    /// Tokens of the lines.
    in_lines: usize,
    count: CountTokens,
    /// Tokens for everything, the system prompt included.
    prompt_tokens: usize,
    /// Tokens for the summary and the lines.
    budget: usize,
    /// Lines dropped since the call began.
    gone: usize,
}

/// A plan to drop the oldest lines, so that there is room again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trim {
    /// The number of oldest lines to drop.
    lines: usize,
    /// The summary of them and of the lines dropped before.
    summary: Summary,
    /// The number of lines already dropped when this was planned.
    after: usize,
}

#[derive(Debug, Clone)]
struct Line {
    message: Message,
    tokens: usize,
}

impl History {
    /// A history that begins with `system_prompt`. Prompts have at most `prompt_tokens`, with the system
    /// prompt.
    #[must_use]
    pub fn new(
        system_prompt: &str,
        prompt_tokens: usize,
        count: CountTokens,
        memory: &'static Memory,
    ) -> Self {
        let system = count.of(system_prompt) + AROUND_A_MESSAGE;
        Self {
            system: system_prompt.to_owned(),
            summary: Summary::new(memory),
            lines: VecDeque::new(),
            in_lines: 0,
            prompt_tokens,
            budget: prompt_tokens.saturating_sub(system),
            gone: 0,
            count,
        }
    }

    /// Begins with another system prompt from now on, and leaves `reserved` tokens to the answers.
    ///
    /// # Errors
    /// If it takes more than half of the tokens: too little would be left for the conversation.
    pub(super) fn instruct(&mut self, system_prompt: &str, reserved: usize) -> Result<(), Action> {
        let all = self.prompt_tokens.saturating_sub(reserved);
        let most = (all / 2).saturating_sub(AROUND_A_MESSAGE);
        let tokens = self.count.of(system_prompt);
        if tokens > most {
            return Err(Action::PromptTooLong { tokens, most });
        }
        system_prompt.clone_into(&mut self.system);
        self.budget = all.saturating_sub(tokens + AROUND_A_MESSAGE);
        let most = self.budget / SUMMARY_SHARE;
        self.summary.shorten(|text| self.count.of(text) <= most);
        // The last line may have to be cut again.
        if let Some(last) = self.lines.pop_back() {
            self.in_lines -= last.tokens;
            self.add(last.message.role, &last.message.text);
        }
        self.trim(self.budget);
        Ok(())
    }

    /// The caller said `text`. If the agent was not heard since the caller's last words, `text` continues
    /// them: a sentence with a long pause in it stays one line.
    pub fn caller_said(&mut self, text: &str) {
        self.add(Role::User, text);
    }

    /// The caller heard the agent say `text`.
    pub fn agent_was_heard(&mut self, text: &str) {
        self.add(Role::Assistant, text);
    }

    /// The agent called a tool, in these words of its reply.
    pub(super) fn agent_called(&mut self, written: &str) {
        self.add(Role::Assistant, written);
    }

    /// A tool has brought `output`.
    pub(super) fn tool_returned(&mut self, output: &str) {
        self.add(Role::Tool, output);
    }

    /// System prompt, summary and lines, for the language model.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        let summary = self.summary.text();
        let parts = [self.system.as_str(), &summary];
        let head = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
        let system = Some(Message { role: Role::System, text: head }).filter(|m| !m.text.is_empty());
        system.into_iter().chain(self.lines().cloned()).collect()
    }

    /// The messages as if the caller had said `text`. This history does not change.
    #[must_use]
    pub fn messages_with(&self, text: &str) -> Vec<Message> {
        let mut imagined = self.clone();
        imagined.caller_said(text);
        imagined.messages()
    }

    /// The lines without the system prompt.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.lines.iter().map(|line| &line.message)
    }

    /// The last line that the agent was heard to say.
    #[must_use]
    pub fn last_of_agent(&self) -> &str {
        let last = self.lines().rev().find(|line| line.role == Role::Assistant).map_or("", |line| &line.text);
        // What it said behind its calls, or else before them.
        match last.rsplit_once(tools::CLOSE) {
            Some((_, after)) if !after.trim().is_empty() => after.trim(),
            Some(_) | None => last.split(tools::OPEN).next().unwrap_or_default().trim_end(),
        }
    }

    /// The caller's words since the agent was last heard.
    #[must_use]
    pub fn pending_caller_text(&self) -> &str {
        self.lines().next_back().filter(|line| line.role == Role::User).map_or("", |line| &line.text)
    }

    /// If more than three quarters of the budget are used once `reply` is heard: the lines to drop, and the
    /// messages that are then left. Nothing is dropped yet.
    #[must_use]
    pub fn plan_compaction(&self, reply: &str) -> Option<(Trim, Vec<Message>)> {
        let mut imagined = self.clone();
        imagined.agent_was_heard(reply);
        imagined.trim(self.budget * 3 / 4);
        let lines = imagined.gone - self.gone;
        let asks = imagined.lines().any(|line| line.role == Role::User);
        let messages = imagined.messages();
        let trim = Trim { lines, summary: imagined.summary, after: self.gone };
        (lines > 0 && asks).then_some((trim, messages))
    }

    /// True if `trim` is still valid: lines may have been added since, but none dropped.
    #[must_use]
    pub fn has_not_changed_since(&self, trim: &Trim) -> bool {
        self.gone == trim.after && trim.lines < self.lines.len()
    }

    /// Drops the lines of `trim`. False if the budget has forced lines out meanwhile.
    pub fn compact(&mut self, trim: Trim) -> bool {
        let still = self.has_not_changed_since(&trim);
        if still {
            self.in_lines -= self.lines.drain(..trim.lines).map(|line| line.tokens).sum::<usize>();
            self.gone += trim.lines;
            self.summary = trim.summary;
        }
        still
    }

    fn add(&mut self, role: Role, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let mut text = self.cut(role, text);
        // Two results are of two calls.
        let goes_on = |line: &mut Line| line.message.role == role && role != Role::Tool;
        if let Some(last) = self.lines.pop_back_if(goes_on) {
            self.in_lines -= last.tokens;
            let between = if text.starts_with(tools::OPEN) { "\n" } else { " " };
            text = self.cut(role, &[last.message.text.as_str(), &text].join(between));
        }
        let tokens = self.tokens_of(role, &text) + AROUND_A_MESSAGE;
        self.in_lines += tokens;
        self.lines.push_back(Line { message: Message { role, text }, tokens });
        self.trim(self.budget);
    }

    /// The end of `text` that fits in half of the budget: a caller who talks for minutes is answered on
    /// their last words. A result keeps its beginning, in a quarter: its question and its call stay with it.
    fn cut(&self, role: Role, text: &str) -> String {
        let share = if role == Role::Tool { 4 } else { 2 };
        let most = (self.budget / share).saturating_sub(AROUND_A_MESSAGE);
        let mut rest = text;
        while !rest.is_empty() && self.tokens_of(role, rest) > most {
            let share = rest.len() / 8;
            if role == Role::Tool {
                rest = &rest[..rest.floor_char_boundary(rest.len() - share.max(1))];
                continue;
            }
            let space = rest.match_indices(' ').find(|(at, _)| *at >= share);
            rest = match space {
                Some((at, _)) => &rest[at + 1..],
                // Not all scripts have spaces.
                None => &rest[rest.ceil_char_boundary(share.max(1))..],
            };
        }
        rest.to_owned()
    }

    fn tokens_of(&self, role: Role, text: &str) -> usize {
        self.count.of(&role.as_read(text))
    }

    fn tokens(&self) -> usize {
        let summary = self.summary.text();
        let summary = if summary.is_empty() { 0 } else { self.count.of(&summary) + 1 };
        summary + self.in_lines
    }

    /// The last line and, if that is a result, the lines from its question on.
    fn to_answer(&self) -> usize {
        let is_result = self.lines().next_back().is_some_and(|line| line.role == Role::Tool);
        let question = self.lines().rev().position(|line| line.role == Role::User).filter(|_| is_result);
        question.unwrap_or_default() + 1
    }

    /// If there are more tokens than `limit`, drops the oldest lines until half the budget is free. What is
    /// to be answered stays, if there is room for it; the answer before it goes with its question.
    fn trim(&mut self, limit: usize) {
        if self.tokens() > limit {
            self.drop_until(self.budget / 2, self.to_answer());
        }
        if self.tokens() > self.budget {
            self.drop_until(self.budget, 1);
        }
    }

    fn drop_until(&mut self, most: usize, kept: usize) {
        while self.tokens() > most
            && self.lines.len() > kept
            && let Some(line) = self.lines.pop_front()
        {
            self.in_lines -= line.tokens;
            if line.message.role == Role::User {
                self.summary.keep(&line.message.text);
            }
            self.summary.shorten(|text| self.count.of(text) <= self.budget / SUMMARY_SHARE);
            self.gone += 1;
        }
        // The lines begin with the caller: an answer without its question says nothing.
        while self.lines.len() > kept
            && let Some(answer) = self.lines.pop_front_if(|line| line.message.role != Role::User)
        {
            self.in_lines -= answer.tokens;
            self.gone += 1;
        }
    }
}

#[cfg(test)]
mod tests;
