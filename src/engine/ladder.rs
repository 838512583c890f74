//! The language models by name: which one is in use, and which stands in when it fails or is too slow. Must
//! not know when that is the case.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;

use super::generating::Job;
use super::results::{QueueFull, send};

/// A name that no model has.
#[derive(Debug, thiserror::Error)]
#[error("there is no language model {name:?}; there are: {known}")]
pub struct UnknownModel {
    name: String,
    known: String,
}

/// All models. A call asks the first of them, which is the one in use, and then the others in the order of
/// the configuration.
#[derive(Clone)]
pub struct Ladder {
    models: Arc<[(String, SyncSender<Job>)]>,
    in_use: Arc<AtomicUsize>,
    switches: Arc<AtomicUsize>,
}

impl Ladder {
    pub(super) fn new(models: Vec<(String, SyncSender<Job>)>) -> Self {
        Self { models: models.into(), in_use: Arc::default(), switches: Arc::default() }
    }

    /// The names of all, as configured.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.models.iter().map(|(name, _)| name.as_str())
    }

    /// The name of the one in use.
    #[must_use]
    pub fn in_use(&self) -> &str {
        self.name_of(0)
    }

    /// From the next turn on all calls use this one.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn switch_to(&self, name: &str) -> Result<(), UnknownModel> {
        let Some(index) = self.names().position(|known| known == name) else {
            let known = self.names().collect::<Vec<_>>().join(", ");
            return Err(UnknownModel { name: name.to_owned(), known });
        };
        if self.in_use.swap(index, Ordering::Relaxed) != index {
            self.switches.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// How often another one was taken into use.
    #[must_use]
    pub fn switches(&self) -> usize {
        self.switches.load(Ordering::Relaxed)
    }

    /// Which model stands on a rung; 0 is the one in use.
    fn on(&self, rung: usize) -> Option<&(String, SyncSender<Job>)> {
        let first = self.in_use.load(Ordering::Relaxed);
        let others = (0..self.models.len()).filter(|&index| index != first);
        std::iter::once(first).chain(others).nth(rung).and_then(|index| self.models.get(index))
    }

    /// The name of the model on a rung; 0 is the one in use.
    #[must_use]
    pub fn name_of(&self, rung: usize) -> &str {
        self.on(rung).map_or("", |(name, _)| name)
    }

    /// Gives a job to the model on a rung, and says whose it is.
    pub(super) fn send(&self, rung: usize, job: Job) -> Result<&str, QueueFull> {
        let (name, queue) = self.on(rung).ok_or_else(QueueFull::no_model)?;
        send(queue, job, "language model").map(|()| name.as_str())
    }

    /// Tells every model. One whose queue is full misses it.
    pub(super) fn tell_all(&self, job: impl Fn() -> Job) {
        for (_, queue) in self.models.iter() {
            let _ = queue.try_send(job());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, sync_channel};

    use super::*;
    use crate::ids::CallId;

    fn ladder() -> (Ladder, Vec<Receiver<Job>>) {
        let (models, queues) = ["fast", "smart", "spare"]
            .map(|name| {
                let (jobs, queue) = sync_channel(1);
                ((name.to_owned(), jobs), queue)
            })
            .into_iter()
            .unzip();
        (Ladder::new(models), queues)
    }

    fn job() -> Job {
        Job::End(CallId::new("a"))
    }

    #[test]
    fn the_model_in_use_is_asked_first_and_then_the_others_in_order() {
        let (ladder, queues) = ladder();
        ladder.switch_to("smart").unwrap();
        assert_eq!((ladder.in_use(), ladder.switches()), ("smart", 1));
        for model in [1, 0, 2] {
            let rung = [1, 0, 2].iter().position(|&m| m == model).unwrap();
            ladder.send(rung, job()).unwrap();
            assert!(queues[model].try_recv().is_ok(), "rung {rung}");
        }
        assert!(ladder.send(3, job()).is_err());
    }

    #[test]
    fn an_unknown_name_is_told_with_those_that_there_are() {
        let (ladder, _queues) = ladder();
        let error = ladder.switch_to("slow").unwrap_err().to_string();
        assert_eq!(error, "there is no language model \"slow\"; there are: fast, smart, spare");
        assert_eq!(ladder.in_use(), "fast");
    }
}
