//! The language model as the rest of the program sees it: loaded once and shared by all calls, it begins
//! their replies. Must not know gateways, audio or the course of a call.

use std::path::PathBuf;
use std::sync::{Arc, MutexGuard, PoisonError};

use super::detokenizer::Detokenizer;
use super::guides::Guides;
use super::model::{Shared, calls_in, room_tokens};
use super::options::no_template;
use super::pool::CacheFull;
use super::prompt::{Prompt, PromptWriter};
use super::reply::{Reply, Score, Start, step_together};
use super::sequence::Sequence;
use super::sessions::{SessionKey, Sessions, Wanted};
use crate::dialogue::{Message, Role};
use crate::generator::Share;
use crate::{EngineError, Generation as _, Generator, LoadError, NoRoom, Room, Rooms, Sampling, Step, Task};

/// A loaded model. A clone is another handle to the same model.
#[derive(Clone)]
pub struct LlmEngine {
    shared: Arc<Shared>,
    guides: Guides,
    path: PathBuf,
}

/// Runs a reply to its end, for what it computes on the way.
fn run_to_its_end(reply: &mut Reply) -> Result<(), EngineError> {
    while !matches!(reply.step()?, Step::Done(_)) {}
    Ok(())
}

impl LlmEngine {
    /// An engine made of the parts that were read from the file at `path`.
    pub(super) fn new(shared: Shared, path: PathBuf) -> Self {
        let shared = Arc::new(shared);
        Self { guides: Guides::new(Arc::clone(&shared)), shared, path }
    }

    /// Checks that the model can hold a conversation. A model without a chat template cannot.
    ///
    /// # Errors
    /// If it cannot; the error says what to do.
    pub fn check_conversations(&self) -> Result<(), LoadError> {
        let template = self.shared.template.as_ref();
        template.map(drop).ok_or_else(|| no_template().at(&self.path))
    }

    /// Computes and keeps the beginning that all calls with this system prompt share, and converts the
    /// weights that candle multiplies to the form that candle needs. An empty prompt only does the latter.
    pub fn warm_up(&self, system_prompt: &str) -> Result<(), EngineError> {
        let mut messages = vec![Message { role: Role::User, text: "Hello.".to_owned() }];
        if !system_prompt.trim().is_empty() {
            messages.insert(0, Message { role: Role::System, text: system_prompt.to_owned() });
        }
        let sampling = Sampling { max_tokens: 2, ..Sampling::default() };
        let mut reply = match self.shared.template {
            Some(_) => self.reply(None, &messages, Task::Answer, &sampling)?,
            None => self.continuation("Hello.", &sampling)?,
        };
        run_to_its_end(&mut reply)?;
        Ok(())
    }

    /// The probability, 0 to 1, that the caller's turn ends with the last of these messages. `None` if the
    /// model has no marker for the end of a turn.
    ///
    /// # Errors
    /// If the messages cannot be laid out, or do not fit the context.
    pub fn end_of_turn(&self, messages: &[Message]) -> Result<Option<f32>, EngineError> {
        let mut reading = self.reply(None, messages, Task::Listen, &Sampling::default())?;
        run_to_its_end(&mut reading)?;
        Ok(reading.end_of_turn())
    }

    /// The maximum number of tokens in a conversation, reply included: the configured number, or the model's
    /// own limit if that is lower.
    #[must_use]
    pub fn context_tokens(&self) -> usize {
        self.shared.weights.positions()
    }

    /// Continues a text as it stands, with no template and no session.
    ///
    /// # Errors
    /// If the text is empty or too long.
    pub fn continuation(&self, text: &str, sampling: &Sampling) -> Result<Reply, EngineError> {
        let vocabulary = &self.shared.vocabulary;
        let mut prompt: Vec<u32> = vocabulary.begin.filter(|_| vocabulary.add_begin).into_iter().collect();
        prompt.extend(vocabulary.encode(text));
        let budget = self.budget(sampling)?;
        if prompt.is_empty() || prompt.len() > budget {
            return Err(EngineError::BadInput(format!(
                "the text has {} tokens; 1 to {budget} are allowed",
                prompt.len()
            )));
        }
        let sequence = Sequence::new(Arc::clone(&self.shared.weights));
        let start = Start {
            session: None,
            sequence,
            prompt,
            shared: 0,
            score: Score::None,
            task: Task::Answer,
            decoder: Detokenizer::continuing(),
            thought: None,
            read_ahead: 0,
            read_in_vain: 0,
            guided: self.guides.begin(sampling)?,
        };
        Ok(Reply::new(Arc::clone(&self.shared), start, sampling))
    }

    fn reply(
        &self,
        session: Option<&str>,
        messages: &[Message],
        task: Task,
        sampling: &Sampling,
    ) -> Result<Reply, EngineError> {
        let budget = self.budget(sampling)?;
        let template = self.shared.template.as_ref();
        let template =
            template.ok_or_else(|| EngineError::BadInput("the model has no chat template".to_owned()))?;
        let guided = match task {
            Task::Answer => self.guides.begin(sampling)?,
            Task::Rebuild | Task::Listen => None,
        };
        let mut sessions = self.sessions();
        let mut key: Option<SessionKey> = None;
        let mut none = super::sessions::Session::default();
        let kept = match session {
            Some(name) => {
                let (opened, kept) = sessions.open(name);
                key = Some(opened);
                kept
            }
            None => &mut none,
        };
        let talk = match messages {
            [Message { role: Role::System, .. }, talk @ ..] => talk,
            talk => talk,
        };
        let text = |index: usize| talk.get(index).map(|message| &message.text);
        // Messages that were left out before stay out, as long as the conversation is the same.
        let same = kept.first_kept.as_ref() == text(kept.skipped);
        let skip = if same { kept.skipped } else { 0 };
        let writer = PromptWriter { vocabulary: &self.shared.vocabulary, template, replies: &kept.replies };
        let mut prompt = writer.fitted(messages, skip, budget)?;
        match task {
            Task::Rebuild | Task::Listen => {}
            Task::Answer => {
                kept.skipped = prompt.skipped;
                kept.first_kept = text(prompt.skipped).cloned();
            }
        }
        // A caller who still speaks may go on, so the prompt ends before the marker of the turn's end.
        let speaks = task == Task::Listen && messages.last().is_some_and(|m| m.role == Role::User);
        if let Some(turn) = prompt.turn.filter(|_| speaks) {
            prompt.tokens.truncate(turn.at);
        }
        let score = match task {
            Task::Rebuild => Score::None,
            Task::Answer | Task::Listen => self.score(kept.scored.as_ref(), &prompt),
        };
        // A token whose logits are needed has to be read, even if it is in the cache.
        let asked = match score {
            Score::None | Score::Known(_) => prompt.tokens.len(),
            Score::Behind { words, .. } => words,
        };
        let wanted =
            Wanted { tokens: &prompt.tokens, most: asked.saturating_sub(1), task, messages: messages.len() };
        let found = sessions.find(key.as_ref(), wanted);
        drop(sessions);
        let sequence = found.sequence.unwrap_or_else(|| Sequence::new(Arc::clone(&self.shared.weights)));
        let start = Start {
            session: key,
            sequence,
            prompt: prompt.tokens,
            shared: prompt.shared,
            score,
            task,
            decoder: Detokenizer::new(&self.shared.vocabulary),
            thought: prompt.thought,
            read_ahead: found.read_ahead,
            read_in_vain: found.read_in_vain,
            guided,
        };
        Ok(Reply::new(Arc::clone(&self.shared), start, sampling))
    }

    /// How the end of the caller's turn in `prompt` is scored. `known` is the last score, with its tokens.
    fn score(&self, known: Option<&(Vec<u32>, f32)>, prompt: &Prompt) -> Score {
        let Some(turn) = prompt.turn else { return Score::None };
        let words = self.shared.marks.last_word(&prompt.tokens, turn);
        match known {
            Some((tokens, probability)) if prompt.tokens.get(..words) == Some(tokens) => {
                Score::Known(*probability)
            }
            Some(_) | None => Score::Behind { words, marker: turn.marker },
        }
    }

    /// What makes the grammars that replies can be held to.
    #[must_use]
    pub fn guides(&self) -> &Guides {
        &self.guides
    }

    /// The number of calls that the cache holds at once, and the bytes that each may take.
    #[must_use]
    pub fn capacity(&self) -> (usize, usize) {
        let (weights, pool) = (&self.shared.weights, self.shared.weights.pool());
        (calls_in(weights), pool.pages_for(room_tokens(weights.positions())) * pool.page_bytes())
    }

    /// The maximum number of tokens in the prompt.
    fn budget(&self, sampling: &Sampling) -> Result<usize, EngineError> {
        let context = self.context_tokens();
        match context.checked_sub(sampling.max_tokens) {
            Some(budget) if budget > 0 => Ok(budget),
            _ => Err(EngineError::BadInput(format!(
                "max_tokens is {}, which leaves no room for a prompt in a context of {context} tokens",
                sampling.max_tokens
            ))),
        }
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.shared.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Generator for LlmEngine {
    type Generation = Reply;

    fn begin(
        &mut self,
        session: &str,
        messages: &[Message],
        task: Task,
        sampling: &Sampling,
    ) -> Result<Reply, EngineError> {
        self.reply(Some(session), messages, task, sampling)
    }

    fn step(&mut self, batch: &mut [Share<'_, Reply>]) -> Vec<Result<Step, EngineError>> {
        step_together(batch)
    }

    fn rooms(&self) -> Rooms {
        let (pool, tokens) =
            (Arc::clone(self.shared.weights.pool()), room_tokens(self.shared.weights.positions()));
        let (looked_at, counted) = (Arc::clone(&pool), Arc::clone(&pool));
        let full = |full: CacheFull| NoRoom(full.to_string());
        let admit = move || pool.admit(tokens).map(Room::new).map_err(full);
        Rooms::new(admit, move || looked_at.has_room(tokens)).of_pages(move || counted.used())
    }

    fn end_session(&mut self, session: &str) {
        self.sessions().close(session);
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.shared.vocabulary.encode(text).len()
    }
}
