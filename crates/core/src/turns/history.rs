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

    /// Begins with another system prompt from now on.
    ///
    /// # Errors
    /// If it takes more than half of the tokens: too little would be left for the conversation.
    pub(super) fn instruct(&mut self, system_prompt: &str) -> Result<(), Action> {
        let most = (self.prompt_tokens / 2).saturating_sub(AROUND_A_MESSAGE);
        let tokens = self.count.of(system_prompt);
        if tokens > most {
            return Err(Action::PromptTooLong { tokens, most });
        }
        system_prompt.clone_into(&mut self.system);
        self.budget = self.prompt_tokens.saturating_sub(tokens + AROUND_A_MESSAGE);
        let most = self.budget / SUMMARY_SHARE;
        self.summary.shorten(|text| self.count.of(text) <= most);
        // The last line may have to be cut again.
        if let Some(last) = self.lines.pop_back() {
            self.in_lines -= last.tokens;
            self.add(last.message.role, &last.message.text);
        }
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
        last.split(tools::OPEN).next().unwrap_or_default().trim_end()
    }

    /// The caller's words since the agent was last heard.
    #[must_use]
    pub fn pending_caller_text(&self) -> &str {
        self.lines().next_back().filter(|line| line.role == Role::User).map_or("", |line| &line.text)
    }

    /// True if somebody or something spoke last to whom the agent owes an answer.
    #[must_use]
    pub(super) fn awaits_an_answer(&self) -> bool {
        self.lines().next_back().is_some_and(|line| matches!(line.role, Role::User | Role::Tool))
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
        let message = Message { role, text };
        let tokens = self.count.of(&message.as_read()) + AROUND_A_MESSAGE;
        self.in_lines += tokens;
        self.lines.push_back(Line { message, tokens });
        self.trim(self.budget);
    }

    /// The end of `text` that fits in half of the budget: a caller who talks for minutes is answered on
    /// their last words. A result keeps its beginning.
    fn cut(&self, role: Role, text: &str) -> String {
        let most = (self.budget / 2).saturating_sub(AROUND_A_MESSAGE);
        let mut rest = text;
        while self.count.of(rest) > most {
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

    fn tokens(&self) -> usize {
        let summary = self.summary.text();
        let summary = if summary.is_empty() { 0 } else { self.count.of(&summary) + 1 };
        summary + self.in_lines
    }

    /// If there are more tokens than `limit`, drops the oldest lines until half the budget is free. The
    /// last line, which is to be answered, stays; the answer before it goes with its question.
    fn trim(&mut self, limit: usize) {
        if self.tokens() <= limit {
            return;
        }
        while self.tokens() > self.budget / 2
            && self.lines.len() > 1
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
        while self.lines.len() > 1
            && let Some(answer) = self.lines.pop_front_if(|line| line.message.role != Role::User)
        {
            self.in_lines -= answer.tokens;
            self.gone += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(system: &str, tokens: usize) -> History {
        History::new(
            system,
            tokens,
            CountTokens::new(|text| text.split_whitespace().count()),
            &crate::language::ENGLISH.memory,
        )
    }

    fn size(history: &History) -> usize {
        let words = |m: &Message| m.text.split_whitespace().count() + AROUND_A_MESSAGE;
        history.messages().iter().map(words).sum()
    }

    #[test]
    fn what_the_caller_adds_before_hearing_anything_joins_the_line() {
        let mut history = history("You help.", 1000);
        history.caller_said("I would like to book");
        history.agent_was_heard("");
        history.caller_said("on Tuesday.");
        assert_eq!(history.pending_caller_text(), "I would like to book on Tuesday.");
        history.agent_was_heard("Sure.");
        assert_eq!(history.pending_caller_text(), "");
        assert_eq!(history.messages().len(), 3);
    }

    #[test]
    fn the_budget_is_never_exceeded_and_the_oldest_go_in_one_block() {
        let mut history = history("You help.", 300);
        let mut blocks = Vec::new();
        for turn in 0..200 {
            let before = history.lines.len();
            history.caller_said("what does a cleaning cost on a Tuesday");
            assert!(size(&history) <= 300, "turn {turn}: {}", size(&history));
            history.agent_was_heard("It is ninety dollars.");
            if let Some((trim, messages)) = history.plan_compaction("") {
                assert!(history.compact(trim));
                assert_eq!(history.messages(), messages);
                blocks.push(before + 2 - history.lines.len());
            }
            assert!(size(&history) <= 300);
            assert_eq!(history.in_lines, history.lines.iter().map(|line| line.tokens).sum::<usize>());
        }
        assert!(blocks.len() > 5 && blocks.iter().all(|&lines| lines >= 4), "{blocks:?}");
    }

    #[test]
    fn facts_of_what_went_live_on_in_the_summary() {
        let mut history = history("You help.", 300);
        history.caller_said("Hi. My name is Laura Miller.");
        history.agent_was_heard("Hello Laura.");
        for _ in 0..100 {
            history.caller_said("and what else is there");
            history.agent_was_heard("Nothing else.");
            let trim = history.plan_compaction("").map(|(trim, _)| trim);
            trim.map(|trim| history.compact(trim));
        }
        let system = &history.messages()[0].text;
        assert!(system.starts_with("You help.\n") && system.contains("My name is Laura Miller."), "{system}");
    }

    #[test]
    fn whoever_talks_for_minutes_is_answered_to_what_they_said_last() {
        let mut history = history("", 100);
        let talk: Vec<String> = (0..5000).map(|n| format!("word{n}")).collect();
        history.caller_said(&talk.join(" "));
        assert!(history.pending_caller_text().ends_with("word4999"));
        assert!(size(&history) <= 100);
        assert!(history.pending_caller_text().split(' ').count() > 20);
    }

    #[test]
    fn imagining_an_answer_leaves_no_trace() {
        let mut history = history("You help.", 1000);
        history.caller_said("Hello.");
        assert_eq!(history.messages_with("Are you there?")[1].text, "Hello. Are you there?");
        assert_eq!(history.pending_caller_text(), "Hello.");
    }

    /// A history that is nearly too long, with an unanswered question.
    fn long() -> History {
        let mut history = history("You help.", 300);
        while history.plan_compaction("It is ninety dollars.").is_none() {
            history.agent_was_heard("It is ninety dollars.");
            history.caller_said("what does a cleaning cost on a Tuesday");
        }
        history
    }

    #[test]
    fn room_that_was_planned_with_the_whole_reply_begins_the_same_with_half_of_it() {
        let mut history = long();
        let (trim, whole) = history.plan_compaction("It is ninety dollars.").expect("long");
        history.agent_was_heard("It is");
        assert!(history.compact(trim));
        let half = history.messages();
        assert_eq!(half[..half.len() - 1], whole[..whole.len() - 1]);
        assert_eq!(half[half.len() - 1].text, "It is");
    }

    #[test]
    fn room_that_the_budget_forced_meanwhile_is_not_made_twice() {
        let mut history = long();
        let (trim, _) = history.plan_compaction("It is ninety dollars.").expect("long");
        while history.has_not_changed_since(&trim) {
            history.agent_was_heard("It is ninety dollars.");
            history.caller_said("what does a cleaning cost on a Tuesday");
        }
        let lines = history.lines.len();
        assert!(!history.compact(trim));
        assert_eq!(history.lines.len(), lines);
    }

    #[test]
    fn a_budget_without_room_does_no_harm() {
        let mut history = history("one two three", 2);
        history.caller_said("Hello there.");
        history.agent_was_heard("Yes.");
        assert_eq!(history.pending_caller_text(), "");
    }
}
