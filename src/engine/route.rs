//! Which language model is asked first: hard questions go to a larger one. Must not know what makes a
//! question hard.

use super::ladder::Ladder;
use crate::answers::{Hard, Patterns};
use crate::dialogue::{Message, Role};

/// The way of hard questions.
#[derive(Debug)]
pub struct Route {
    /// The name of the model for them.
    smart: String,
    patterns: Patterns,
}

impl Route {
    /// Sends hard questions to the model of this name.
    #[must_use]
    pub fn to(smart: String, patterns: Patterns) -> Self {
        Self { smart, patterns }
    }

    /// The models for this conversation, the one first that is to be asked. If it is late, the others are
    /// asked in their order. While the machine is pressed, the model that relieves it answers all.
    #[must_use]
    pub fn of(&self, models: &Ladder, messages: &[Message]) -> Ladder {
        let last = messages.iter().rfind(|message| message.role == Role::User);
        match last.and_then(|message| Hard::of(&message.text, &self.patterns)) {
            None => models.clone(),
            Some(hard) => {
                tracing::debug!(hard = hard.name(), model = self.smart, "a hard question");
                models.beginning_with(Some(&self.smart))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::ports::Think;
    use crate::engine::scripted::ScriptedThink;

    fn asked(text: &str, relief: Option<&str>) -> String {
        let model = || -> Arc<dyn Think> { Arc::new(ScriptedThink::new(None)) };
        let names = ["quick", "smart", "small"];
        let models = Ladder::new(names.map(|name| (name.to_owned(), model())).into());
        models.relieve(relief).expect("it is there");
        let route = Route::to("smart".to_owned(), Patterns::english().expect("patterns"));
        let message = Message { role: Role::User, text: text.to_owned() };
        route.of(&models, &[message]).in_use().to_owned()
    }

    #[test]
    fn hard_questions_go_to_the_smart_model_unless_the_machine_is_pressed() {
        assert_eq!(asked("When are you open on Monday?", None), "quick");
        assert_eq!(asked("Why is a crown so expensive?", None), "smart");
        assert_eq!(asked("Why is a crown so expensive?", Some("small")), "small");
    }
}
