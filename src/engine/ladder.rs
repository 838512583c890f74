//! The language models by name: the one in use, and those that stand in when it fails or is too slow. Must
//! not know when that is the case.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::ports::Think;
use super::queue::QueueFull;

/// A name that no model has.
#[derive(Debug, thiserror::Error)]
#[error("there is no language model {name:?}; there are: {known}")]
pub struct UnknownModel {
    name: String,
    known: String,
}

/// No model.
const NONE: usize = usize::MAX;

/// All models. A call asks the one in use first, and then the others in the order of the configuration.
#[derive(Clone)]
pub struct Ladder {
    models: Arc<[(String, Arc<dyn Think>)]>,
    chosen: Arc<AtomicUsize>,
    /// The model that an agent asks first, instead of the chosen one; of this handle alone.
    preferred: Option<usize>,
    /// The model that answers instead of the chosen one while the machine is pressed; [`NONE`] if none does.
    relief: Arc<AtomicUsize>,
    switches: Arc<AtomicUsize>,
}

impl Ladder {
    /// Makes a ladder of models, the preferred one first; each has the name that reports show.
    #[must_use]
    pub fn new(models: Vec<(String, Arc<dyn Think>)>) -> Self {
        let relief = Arc::new(AtomicUsize::new(NONE));
        Self {
            models: models.into(),
            chosen: Arc::default(),
            preferred: None,
            relief,
            switches: Arc::default(),
        }
    }

    /// The same ladder, with another model around each.
    #[must_use]
    pub fn wrapped(self, wrap: impl Fn(&str, Arc<dyn Think>) -> Arc<dyn Think>) -> Self {
        let wrapped = |(name, model): &(String, Arc<dyn Think>)| (name.clone(), wrap(name, model.clone()));
        let models = self.models.iter().map(wrapped).collect();
        Self { models, ..self }
    }

    /// The same models, of which the one of this name is asked first, whichever is in use; without a name, or
    /// with one that no model has, the one in use.
    #[must_use]
    pub fn beginning_with(&self, name: Option<&str>) -> Self {
        let preferred = name.and_then(|name| self.names().position(|known| known == name));
        Self { preferred, ..self.clone() }
    }

    /// All names, in the order of the configuration.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.models.iter().map(|(name, _)| name.as_str())
    }

    /// The name of the model in use.
    #[must_use]
    pub fn in_use(&self) -> &str {
        self.name_of(0)
    }

    /// Switches to another model: all calls use it from their next turn on. Tells whether it is another one
    /// than was chosen before.
    ///
    /// # Errors
    /// If there is no model of this name.
    pub fn switch_to(&self, name: &str) -> Result<bool, UnknownModel> {
        let index = self.index_of(name)?;
        let mut is_another = false;
        self.changed(|| is_another = self.chosen.swap(index, Ordering::Relaxed) != index);
        Ok(is_another)
    }

    /// Lets the model of this name answer instead of the chosen one, or the chosen one again.
    ///
    /// # Errors
    /// If there is no model of this name.
    pub fn relieve(&self, name: Option<&str>) -> Result<(), UnknownModel> {
        let index = name.map_or(Ok(NONE), |name| self.index_of(name))?;
        self.changed(|| self.relief.store(index, Ordering::Relaxed));
        Ok(())
    }

    /// Counts a change if another model is in use after it.
    fn changed(&self, change: impl FnOnce()) {
        let before = self.first();
        change();
        if self.first() != before {
            self.switches.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn index_of(&self, name: &str) -> Result<usize, UnknownModel> {
        self.names().position(|known| known == name).ok_or_else(|| self.unknown(name))
    }

    fn unknown(&self, name: &str) -> UnknownModel {
        let known = self.names().collect::<Vec<_>>().join(", ");
        UnknownModel { name: name.to_owned(), known }
    }

    /// The index of the model in use.
    fn first(&self) -> usize {
        let relief = self.relief.load(Ordering::Relaxed);
        if relief != NONE {
            return relief;
        }
        self.preferred.unwrap_or_else(|| self.chosen.load(Ordering::Relaxed))
    }

    /// The number of switches to another model.
    #[must_use]
    pub fn switches(&self) -> usize {
        self.switches.load(Ordering::Relaxed)
    }

    /// The model on a rung; 0 is the one in use.
    fn on(&self, rung: usize) -> Option<&(String, Arc<dyn Think>)> {
        let first = self.first();
        let others = (0..self.models.len()).filter(|&index| index != first);
        std::iter::once(first).chain(others).nth(rung).and_then(|index| self.models.get(index))
    }

    /// The name of the model on a rung; 0 is the one in use.
    #[must_use]
    pub fn name_of(&self, rung: usize) -> &str {
        self.on(rung).map_or("", |(name, _)| name)
    }

    /// The model on a rung, with its name.
    ///
    /// # Errors
    /// If there is no such rung.
    pub fn get(&self, rung: usize) -> Result<(&str, &dyn Think), QueueFull> {
        let (name, model) = self.on(rung).ok_or_else(QueueFull::no_model)?;
        Ok((name, model.as_ref()))
    }

    /// The model of this name.
    ///
    /// # Errors
    /// If there is no model of this name.
    pub fn named(&self, name: &str) -> Result<&dyn Think, UnknownModel> {
        self.find(name).map(|(_, model)| model).ok_or_else(|| self.unknown(name))
    }

    /// The model of this name, if there is one, with its name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<(&str, &dyn Think)> {
        let (name, model) = self.models.iter().find(|(known, _)| known == name)?;
        Some((name, model.as_ref()))
    }

    /// All models.
    pub fn all(&self) -> impl Iterator<Item = &dyn Think> {
        self.models.iter().map(|(_, model)| model.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::engine::ports::{ThinkRequest, ThinkSink};
    use crate::engine::{Room, Rooms};

    /// Remembers the sessions that it had to forget.
    struct Remembers(Mutex<Vec<String>>, Rooms);

    impl Think for Remembers {
        fn begin(&self, _: ThinkRequest, _: Box<dyn ThinkSink>) -> Result<(), QueueFull> {
            Err(QueueFull("test"))
        }

        fn end_session(&self, session: &str) {
            self.0.lock().expect("no panic").push(session.to_owned());
        }

        fn rooms(&self) -> &Rooms {
            &self.1
        }
    }

    fn ladder() -> (Ladder, [Arc<Remembers>; 3]) {
        let models = [(); 3]
            .map(|()| Arc::new(Remembers(Mutex::default(), Rooms::new(|| Ok(Room::new(())), || true))));
        let named = ["fast", "smart", "spare"].into_iter().zip(&models);
        let named = named.map(|(name, model)| (name.to_owned(), Arc::clone(model) as Arc<dyn Think>));
        (Ladder::new(named.collect()), models)
    }

    #[test]
    fn the_model_in_use_is_asked_first_and_then_the_others_in_order() {
        let (ladder, models) = ladder();
        ladder.switch_to("smart").unwrap();
        assert_eq!((ladder.in_use(), ladder.switches()), ("smart", 1));
        for (rung, model) in [1, 0, 2].into_iter().enumerate() {
            ladder.get(rung).unwrap().1.end_session("a");
            assert_eq!(models[model].0.lock().unwrap().len(), 1, "rung {rung}");
        }
        assert!(ladder.get(3).is_err());
    }

    #[test]
    fn an_agent_asks_its_own_model_first_and_the_others_do_not_notice() {
        let (ladder, _) = ladder();
        let agents = ladder.beginning_with(Some("spare"));
        ladder.switch_to("smart").unwrap();
        assert_eq!((agents.name_of(0), agents.name_of(1), ladder.in_use()), ("spare", "fast", "smart"));
        assert_eq!(agents.beginning_with(None).name_of(0), "smart");
        assert_eq!(agents.beginning_with(Some("gone")).name_of(0), "smart");
        ladder.relieve(Some("fast")).unwrap();
        assert_eq!(agents.name_of(0), "fast");
    }

    #[test]
    fn a_model_that_relieves_another_answers_until_that_is_over_whatever_is_chosen_meanwhile() {
        let (ladder, _) = ladder();
        ladder.relieve(Some("spare")).unwrap();
        ladder.switch_to("smart").unwrap();
        assert_eq!((ladder.in_use(), ladder.switches()), ("spare", 1));
        ladder.relieve(None).unwrap();
        assert_eq!((ladder.in_use(), ladder.switches()), ("smart", 2));
        assert!(ladder.relieve(Some("slow")).is_err());
    }

    #[test]
    fn an_unknown_name_is_told_with_those_that_there_are() {
        let (ladder, _) = ladder();
        let error = ladder.switch_to("slow").unwrap_err().to_string();
        assert_eq!(error, "there is no language model \"slow\"; there are: fast, smart, spare");
        assert_eq!(ladder.in_use(), "fast");
    }
}
