//! Makes the grammars that replies of one model are held to: JSON of a schema, or calls of tools. The model's
//! vocabulary is read for this once, when it is first wanted. Slow (milliseconds), so never on a model's own
//! thread. Must not know replies.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use llguidance::api::TopLevelGrammar;
use llguidance::earley::SlicedBiasComputer;
use llguidance::toktrie::{ApproximateTokEnv, InferenceCapabilities, TokEnv, TokRxInfo, TokTrie};
use llguidance::{Matcher, ParserFactory};
use lru::LruCache;
use serde_json::{Value, json};

use super::guide::{Guide, Guided, Tokens, first_line};
use super::model::Shared;
use super::schema::guided;
use super::thoughts::is_mark;
use super::tools::{ToolUse, grammar};
use super::vocabulary::Vocabulary;
use crate::dialogue::tools::schemas::{MOST_BYTES_OF_TOOLS, checked};
use crate::dialogue::tools::{OPEN, Tool, is_name};
use crate::{EngineError, Sampling};

/// Grammars that are kept for later replies, and as many forms of which there is none.
const MOST_KEPT: NonZeroUsize = NonZeroUsize::new(16).expect("it is not 0");

/// What is said if the system gives no thread: the form is not at fault.
const NO_THREAD: &str = "there is no thread to make the grammar on";

/// The stack of the thread that makes a grammar.
const STACK: usize = 64 << 20;

/// What a reply is held to.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    /// Any JSON object.
    Object,
    /// JSON that fits this schema.
    Schema(Value),
    /// Calls of tools, in the form of [`offhook_core::dialogue::tools`].
    Tools(Vec<Tool>, ToolUse),
}

/// Why a reply cannot be held to something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct FormError {
    /// The tool whose parameters are at fault.
    pub tool: Option<usize>,
    /// What is wrong, in words.
    pub problem: String,
}

impl Form {
    /// What tells forms apart, with their fields in order.
    fn key(&self) -> String {
        match self {
            Self::Object => String::new(),
            Self::Schema(schema) => schema.to_string(),
            Self::Tools(tools, ToolUse { required, parallel }) => {
                let tools = tools.iter().map(|tool| json!([tool.name, tool.parameters]));
                json!([required, parallel, tools.collect::<Vec<_>>()]).to_string()
            }
        }
    }
}

/// Checks without a model whether replies can be held to a form. It takes milliseconds.
///
/// # Errors
/// As for [`Guides::make`].
pub fn check(form: &Form) -> Result<(), FormError> {
    let environment = ApproximateTokEnv::single_byte_env();
    let tokens = Tokens { end: environment.eos_token(), endings: Vec::new(), markup: Vec::new() };
    let maker = Maker::of(&environment, tokens).map_err(|problem| FormError { tool: None, problem })?;
    maker.make(form).map(drop)
}

/// The grammars of one model. Cheap to clone.
#[derive(Clone)]
pub struct Guides(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    maker: OnceLock<Result<Maker, String>>,
    made: Mutex<LruCache<String, Guide>>,
    /// What is wrong with forms of which there is no grammar: finding that out can take longest of all.
    refused: Mutex<LruCache<String, FormError>>,
}

impl Guides {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let (made, refused) = (LruCache::new(MOST_KEPT), LruCache::new(MOST_KEPT));
        let (made, refused) = (Mutex::new(made), Mutex::new(refused));
        Self(Arc::new(Inner { shared, maker: OnceLock::new(), made, refused }))
    }

    /// Makes a grammar, or finds it among those that were made or refused last. It takes milliseconds, and
    /// the first one of a model longer.
    ///
    /// # Errors
    /// If a schema has something that replies cannot be held to, or is too large.
    pub fn make(&self, form: &Form) -> Result<Guide, FormError> {
        let Inner { shared, maker, made, refused } = &*self.0;
        let maker = maker.get_or_init(|| Maker::new(&shared.vocabulary, &shared.markup));
        let maker = maker.as_ref().map_err(|problem| FormError { tool: None, problem: problem.clone() })?;
        maker.check(form)?;
        let key = form.key();
        // Others need not wait while a grammar is made.
        let kept = made.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(guide) = kept {
            return Ok(guide);
        }
        let known = refused.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(error) = known {
            return Err(error);
        }
        let outcome = maker.make(form);
        match &outcome {
            Ok(guide) => {
                made.lock().unwrap_or_else(PoisonError::into_inner).put(key, guide.clone());
            }
            Err(error) if error.problem == NO_THREAD => {}
            Err(error) => {
                refused.lock().unwrap_or_else(PoisonError::into_inner).put(key, error.clone());
            }
        }
        outcome
    }

    #[cfg(test)]
    pub(super) fn knows_as_refused(&self, form: &Form) -> bool {
        self.0.refused.lock().unwrap_or_else(PoisonError::into_inner).contains(&form.key())
    }

    /// The beginning of a reply that is sampled so.
    pub(super) fn begin(&self, sampling: &Sampling) -> Result<Option<Guided>, EngineError> {
        let Some(guide) = &sampling.guide else { return Ok(None) };
        match self.0.maker.get() {
            Some(Ok(maker)) if guide.is_of(&maker.tokens) => Ok(Some(guide.begin(sampling.speakable))),
            Some(_) | None => Err(EngineError::BadInput(
                "the grammar of the reply was made for another model; make it with this one's guides"
                    .to_owned(),
            )),
        }
    }
}

/// A vocabulary, as grammars see it.
pub(super) struct Maker {
    factory: ParserFactory,
    tokens: Arc<Tokens>,
}

impl Maker {
    /// `markup` are biases against what no voice can speak.
    pub(super) fn new(vocabulary: &Vocabulary, markup: &[(u32, f32)]) -> Result<Self, String> {
        let all = 0..u32::try_from(vocabulary.len()).unwrap_or(u32::MAX);
        let endings: Vec<u32> = all.clone().filter(|&id| vocabulary.ends_reply(id)).collect();
        let end = vocabulary.end.or_else(|| endings.first().copied());
        let end = end.ok_or("the model has no token that ends a reply")?;
        // Marks of thoughts and tokens that end a reply are no text. Text never has the byte 0xFF.
        let is_text = |id, bytes: &[u8]| {
            let mark = vocabulary.piece(id).is_some_and(|piece| is_mark(&piece.text));
            !mark && !vocabulary.ends_reply(id) && !bytes.contains(&TokTrie::SPECIAL_TOKEN_MARKER)
        };
        let text = |id| Some(vocabulary.bytes_of(id)).filter(|bytes| is_text(id, bytes)).unwrap_or_default();
        let mut words: Vec<Vec<u8>> = all.map(text).collect();
        if let Some(word) = words.get_mut(end as usize) {
            *word = [&[TokTrie::SPECIAL_TOKEN_MARKER][..], b"<end>"].concat();
        }
        let info = TokRxInfo::new(u32::try_from(words.len()).unwrap_or(u32::MAX), end);
        let environment: TokEnv = Arc::new(ApproximateTokEnv::new(TokTrie::from(&info, &words)));
        let begins_call = |id| OPEN.as_bytes().starts_with(&vocabulary.bytes_of(id));
        let markup = markup.iter().filter(|(id, _)| !begins_call(*id)).copied().collect();
        Self::of(&environment, Tokens { end, endings, markup })
    }

    fn of(environment: &TokEnv, tokens: Tokens) -> Result<Self, String> {
        let slices = SlicedBiasComputer::json_slices();
        let mut factory = ParserFactory::new(environment, InferenceCapabilities::default(), &slices)
            .map_err(|error| first_line(&error.to_string()))?;
        factory.quiet();
        let limits = factory.limits_mut();
        // By the speeds that the library states: some 5 ms of a mask, some 20 ms of a grammar, and some 30 MB
        // of its states at most.
        limits.step_lexer_fuel = 50_000;
        limits.step_max_items = 30_000;
        limits.initial_lexer_fuel = 1_000_000;
        limits.max_lexer_states = 20_000;
        limits.max_grammar_size = 100_000;
        limits.verbose_errors = false;
        Ok(Self { factory, tokens: Arc::new(tokens) })
    }

    /// Refuses a form that is too large.
    fn check(&self, form: &Form) -> Result<(), FormError> {
        match form {
            Form::Object => Ok(()),
            Form::Schema(schema) => {
                checked(schema).map(drop).map_err(|problem| FormError { tool: None, problem })
            }
            Form::Tools(tools, _) => {
                let mut bytes = 0;
                for (index, tool) in tools.iter().enumerate() {
                    let of_tool = |problem| FormError { tool: Some(index), problem };
                    if !is_name(&tool.name) {
                        let problem = "the name must have 1 to 64 letters, digits, '_' or '-'";
                        return Err(of_tool(problem.to_owned()));
                    }
                    bytes += checked(&tool.parameters).map_err(of_tool)?;
                    if bytes > MOST_BYTES_OF_TOOLS {
                        return Err(of_tool(format!(
                            "with it, the schemas have more than {MOST_BYTES_OF_TOOLS} bytes in all"
                        )));
                    }
                }
                Ok(())
            }
        }
    }

    pub(super) fn make(&self, form: &Form) -> Result<Guide, FormError> {
        self.check(form)?;
        let of_schema = |problem| FormError { tool: None, problem };
        match form {
            Form::Object => self.schema(&json!({"type": "object"})).map_err(of_schema),
            Form::Schema(schema) => self.schema(schema).map_err(of_schema),
            Form::Tools(tools, wanted) => self.tools(tools, wanted),
        }
    }

    fn schema(&self, schema: &Value) -> Result<Guide, String> {
        self.compile(TopLevelGrammar::from_json_schema(guided(schema)), false)
    }

    fn tools(&self, tools: &[Tool], wanted: &ToolUse) -> Result<Guide, FormError> {
        let whole = self.compile(TopLevelGrammar::from_lark(grammar(tools, wanted)), !wanted.required);
        whole.map_err(|problem| {
            // Each alone, so that the tool at fault can be named.
            let alone = |(index, tool): (usize, &Tool)| Some((index, self.schema(&tool.parameters).err()?));
            match tools.iter().enumerate().find_map(alone) {
                Some((index, problem)) => FormError { tool: Some(index), problem },
                None => FormError { tool: None, problem },
            }
        })
    }

    /// The library follows `$ref` by recursion: a chain of all that a schema may have needs some megabytes.
    fn compile(&self, grammar: TopLevelGrammar, words: bool) -> Result<Guide, String> {
        let failed = |_| NO_THREAD.to_owned();
        std::thread::scope(|scope| {
            let maker = std::thread::Builder::new().name("grammar".to_owned()).stack_size(STACK);
            let made = maker.spawn_scoped(scope, || self.compile_here(grammar, words)).map_err(failed)?;
            made.join().unwrap_or_else(|_| Err("the grammar could not be made".to_owned()))
        })
    }

    fn compile_here(&self, grammar: TopLevelGrammar, words: bool) -> Result<Guide, String> {
        let mut matcher = Matcher::new(self.factory.create_parser(grammar));
        // A grammar that nothing fits, and one whose first step is too large, is found here.
        match matcher.compute_mask() {
            Ok(_) => Ok(Guide::new(matcher, words, Arc::clone(&self.tokens))),
            Err(error) => Err(first_line(&error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests;
