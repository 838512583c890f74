//! From a conversation to the tokens of a prompt: laid out by the template, cut to the context, with the
//! tokens of earlier replies put back as they were generated. Must not know weights or caches.

use super::end_of_turn_score::TurnEnd;
use super::template::{ChatTemplate, Part, parts};
use super::thoughts::left_open;
use super::tokenizer::Fragment;
use super::vocabulary::Vocabulary;
use crate::EngineError;
use crate::dialogue::{Message, Role};

/// A reply as it was generated.
#[derive(Debug, Clone, Default)]
pub(super) struct SpokenReply {
    pub(super) tokens: Vec<u32>,
    /// The text, and for every token the length of the text up to and with this token, in bytes.
    pub(super) text: String,
    pub(super) ends: Vec<usize>,
}

impl SpokenReply {
    /// The tokens of the beginning whose text is `text`, if the reply has such a beginning.
    fn beginning(&self, text: &str) -> Option<&[u32]> {
        let whole = |&end: &usize| self.text.get(..end).is_some_and(|beginning| beginning.trim() == text);
        let at = self.ends.iter().position(whole)?;
        self.tokens.get(..=at)
    }
}

/// A prompt, ready to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prompt {
    pub(super) tokens: Vec<u32>,
    /// The number of tokens at the start that depend on the system message alone.
    pub(super) shared: usize,
    /// Where the caller's last words end.
    pub(super) turn: Option<TurnEnd>,
    /// The mark that ends the thought in which the reply begins.
    pub(super) thought: Option<&'static str>,
    /// The number of messages after the system message that were left out.
    pub(super) skipped: usize,
}

/// A prompt as it comes from the template.
struct Laid {
    tokens: Vec<u32>,
    shared: usize,
    turn: Option<TurnEnd>,
    thought: Option<&'static str>,
}

/// Turns messages into tokens.
pub(super) struct PromptWriter<'a> {
    pub(super) vocabulary: &'a Vocabulary,
    pub(super) template: &'a ChatTemplate,
    /// Earlier replies of this conversation.
    pub(super) replies: &'a [SpokenReply],
}

impl PromptWriter<'_> {
    /// The tokens of a conversation, at most `budget`. `skip` messages after the system message are left out
    /// from the start. If the rest is too long, the oldest exchanges are dropped until half the budget is
    /// free: in one block, so that the next turns find their beginning in the cache again. The system message
    /// and everything from the last user message on always stay.
    pub(super) fn fitted(
        &self,
        messages: &[Message],
        skip: usize,
        budget: usize,
    ) -> Result<Prompt, EngineError> {
        let system = usize::from(messages.first().is_some_and(|m| m.role == Role::System));
        let (head, talk) = messages.split_at(system);
        let last = |role| talk.iter().rposition(|m: &Message| m.role == role);
        let last_user = last(Role::User).or_else(|| last(Role::Tool));
        let last_user =
            last_user.ok_or_else(|| EngineError::BadInput("there is no user message to answer".into()))?;
        let mut skipped = skip.min(last_user);
        let mut limit = budget;
        loop {
            let kept: Vec<Message> = head.iter().chain(&talk[skipped..]).cloned().collect();
            let Laid { tokens, shared, turn, thought } = self.laid(&kept)?;
            if tokens.len() <= limit || (skipped == last_user && tokens.len() <= budget) {
                return Ok(Prompt { tokens, shared, turn, thought, skipped });
            }
            if skipped == last_user {
                return Err(EngineError::BadInput(format!(
                    "the system prompt and the last message have {} tokens, the context leaves {budget}",
                    tokens.len()
                )));
            }
            limit = budget / 2;
            let next = talk[skipped + 1..].iter().position(|m| m.role == Role::User);
            skipped = next.map_or(last_user, |next| skipped + 1 + next).min(last_user);
        }
    }

    /// All tokens of a conversation.
    fn laid(&self, messages: &[Message]) -> Result<Laid, EngineError> {
        let text = self
            .template
            .render(messages)
            .map_err(|problem| EngineError::Failed(format!("the model's chat template failed: {problem}")))?;
        let mut out = Output {
            writer: self,
            messages,
            run: Vec::new(),
            laid: Laid { tokens: Vec::new(), shared: 0, turn: None, thought: left_open(&text) },
        };
        for part in parts(&text, messages.len()) {
            match part {
                Part::Content(index) => out.run.push(Piece::Content(index)),
                Part::Literal(text) => {
                    for fragment in self.vocabulary.split_markers(text) {
                        match fragment {
                            Fragment::Marker(id) => out.marker(id),
                            Fragment::Text(text) => out.run.push(Piece::Literal(text)),
                        }
                    }
                }
            }
        }
        out.end_run();
        let mut laid = out.laid;
        // Some templates write the begin token themselves.
        if let Some(begin) = self.vocabulary.begin
            && self.vocabulary.add_begin
            && laid.tokens.first() != Some(&begin)
        {
            laid.tokens.insert(0, begin);
            laid.shared += usize::from(laid.shared > 0);
            laid.turn.iter_mut().for_each(|turn| turn.at += 1);
        }
        Ok(laid)
    }
}

#[derive(Clone, Copy)]
enum Piece<'a> {
    Literal(&'a str),
    Content(usize),
}

/// Collects tokens. A run of text is collected until a marker ends it.
struct Output<'a> {
    writer: &'a PromptWriter<'a>,
    messages: &'a [Message],
    run: Vec<Piece<'a>>,
    laid: Laid,
}

impl Output<'_> {
    fn marker(&mut self, id: u32) {
        let system_only = match self.run.iter().filter(|piece| matches!(piece, Piece::Content(_))).count() {
            1 => self.run.iter().any(|piece| self.begins(*piece)),
            _ => false,
        };
        let caller = self.run.last().is_some_and(|piece| self.role(*piece) == Some(Role::User));
        self.end_run();
        if caller {
            self.laid.turn = Some(TurnEnd { at: self.laid.tokens.len(), marker: id });
        }
        self.laid.tokens.push(id);
        if system_only {
            self.laid.shared = self.laid.tokens.len();
        }
    }

    fn end_run(&mut self) {
        let vocabulary = self.writer.vocabulary;
        let mut run = std::mem::take(&mut self.run);
        let swallow = self.laid.tokens.last().is_some_and(|&id| vocabulary.swallows_space(id));
        if let (true, Some(Piece::Literal(text))) = (swallow, run.first_mut()) {
            *text = text.trim_start();
        }
        let said = match run.last() {
            Some(Piece::Content(index)) => self.said(*index),
            Some(Piece::Literal(_)) | None => None,
        };
        if said.is_some() {
            run.pop();
        }
        let mut text = String::new();
        let mut system_ends = None;
        for piece in run {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Content(index) => {
                    if let Some(message) = self.messages.get(index) {
                        text.push_str(message.as_read().trim());
                    }
                }
            }
            if self.begins(piece) {
                system_ends = Some(text.len());
            }
        }
        if !text.is_empty() {
            let tokens = vocabulary.encode(&text);
            // Where the system message shares a turn with the user's (Gemma), the shared part ends inside the
            // run: with the last token that is the same without the text after it.
            if let Some(system) = system_ends.and_then(|end| text.get(..end)) {
                let alone = vocabulary.encode(system);
                self.laid.shared =
                    self.laid.tokens.len() + alone.iter().zip(&tokens).take_while(|(a, b)| a == b).count();
            }
            self.laid.tokens.extend(tokens);
        }
        self.laid.tokens.extend(said.unwrap_or_default());
    }

    /// The tokens of an assistant message, if it is a reply that was generated, or the beginning of one.
    fn said(&self, index: usize) -> Option<Vec<u32>> {
        let message = self.messages.get(index).filter(|m| m.role == Role::Assistant)?;
        let replies = self.writer.replies.iter().rev();
        replies.filter_map(|reply| reply.beginning(message.text.trim())).map(<[u32]>::to_vec).next()
    }

    /// Whether this is the system message with which all conversations of an agent begin. Others, such as
    /// what was looked up for a question, stand further on and are not shared.
    fn begins(&self, piece: Piece<'_>) -> bool {
        matches!(piece, Piece::Content(0)) && self.role(piece) == Some(Role::System)
    }

    fn role(&self, piece: Piece<'_>) -> Option<Role> {
        match piece {
            Piece::Literal(_) => None,
            Piece::Content(index) => self.messages.get(index).map(|m| m.role),
        }
    }
}
