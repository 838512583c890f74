//! Answers of language models that are given again, counted. Must not know what is asked.

use std::num::NonZeroUsize;
use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::answers::Patterns;
use crate::dialogue::CachedBy;
use crate::engine::answer_cache::AnswerCache;
use crate::engine::ports::Think;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfModel {
    model: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Cached {
    model: String,
    by: &'static str,
}

/// How often answers were looked for and found.
#[derive(Debug, Clone)]
pub struct CachedAnswers {
    looked_up: Family<OfModel, Counter>,
    found: Family<Cached, Counter>,
}

impl CachedAnswers {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let (looked_up, found) = (Family::default(), Family::default());
        let counted = Self { looked_up, found };
        let (looked_up, found) = (counted.looked_up.clone(), counted.found.clone());
        registry.register(
            "llm_cache_lookups",
            "Questions that stand alone, looked up among the answers that were given before",
            looked_up,
        );
        registry.register(
            "llm_cached_answers",
            "Answers that were given before, and were given again",
            found,
        );
        counted
    }

    /// `inner`, which is called `name`, with at most so many of its answers kept, and those that are given
    /// again counted.
    #[must_use]
    pub fn around(
        &self,
        name: &str,
        inner: Arc<dyn Think>,
        patterns: Arc<Patterns>,
        most: NonZeroUsize,
    ) -> Arc<AnswerCache> {
        let looked_up = self.looked_up.get_or_create_owned(&OfModel { model: name.to_owned() });
        let found =
            |by: CachedBy| self.found.get_or_create_owned(&Cached { model: name.to_owned(), by: by.name() });
        let (exact, pattern) = (found(CachedBy::Exact), found(CachedBy::Pattern));
        Arc::new(AnswerCache::new(inner, patterns, most, move |by| {
            looked_up.inc();
            match by {
                None => 0,
                Some(CachedBy::Exact) => exact.inc(),
                Some(CachedBy::Pattern) => pattern.inc(),
            };
        }))
    }
}
