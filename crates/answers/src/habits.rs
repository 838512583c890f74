//! What callers of an agent ask, how often, and what they ask next. Must not know answers.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use lru::LruCache;

use crate::asked::Asked;

/// The most questions that are remembered to follow one.
const MOST_NEXT: usize = 32;

/// A question that may come, by what it means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(String);

impl Topic {
    /// What a question asks for: its meaning, or else its words.
    #[must_use]
    pub fn of(asked: &Asked) -> Self {
        Self(asked.meaning.as_ref().map_or_else(|| asked.question.clone(), |meaning| format!("= {meaning}")))
    }
}

/// The questions of the callers of one agent.
#[derive(Debug)]
pub struct Habits {
    topics: LruCache<Topic, Known>,
}

/// What is known of a question.
#[derive(Debug, Default)]
struct Known {
    /// Its words, as they were said last.
    words: String,
    times: u32,
    /// How often another one followed.
    next: BTreeMap<Topic, u32>,
}

impl Habits {
    /// Remembers at most so many questions; of more, those are forgotten that were not asked for the longest
    /// time.
    #[must_use]
    pub fn new(most: NonZeroUsize) -> Self {
        Self { topics: LruCache::new(most) }
    }

    /// A caller asks a question, behind another one of the same call.
    pub fn ask(&mut self, asked: &Asked, after: Option<&Topic>) -> Topic {
        let topic = Topic::of(asked);
        let known = self.topics.get_or_insert_mut(topic.clone(), Known::default);
        known.words.clone_from(&asked.question);
        known.times = known.times.saturating_add(1);
        if let Some(before) =
            after.filter(|before| **before != topic).and_then(|before| self.topics.peek_mut(before))
            && (before.next.len() < MOST_NEXT || before.next.contains_key(&topic))
        {
            *before.next.entry(topic.clone()).or_default() += 1;
        }
        topic
    }

    /// The words of the questions that are likely to come: those first that came behind this one, and then
    /// those that are asked most often.
    #[must_use]
    pub fn likely(&self, after: Option<&Topic>) -> Vec<String> {
        let next = after.and_then(|after| self.topics.peek(after)).map(|known| &known.next);
        let mut all: Vec<_> = self
            .topics
            .iter()
            .filter(|(topic, _)| Some(*topic) != after)
            .map(|(topic, known)| {
                let follows = next.and_then(|next| next.get(topic)).copied().unwrap_or_default();
                (std::cmp::Reverse((follows, known.times)), topic, &known.words)
            })
            .collect();
        all.sort();
        all.into_iter().map(|(_, _, words)| words.clone()).collect()
    }
}
