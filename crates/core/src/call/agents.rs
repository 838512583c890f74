//! Which agent speaks in a call, and how another one goes on. Must not know who wants it.

use std::sync::Arc;

use super::inputs::Successor;
use super::{Call, Flow};
use crate::report::Happened;
use crate::turns::Event;
use crate::units::CallTime;

impl Call {
    /// The agent that speaks, where there are several.
    #[must_use]
    pub fn agent(&self) -> Option<&str> {
        self.agent.as_deref()
    }

    /// True if nothing is being said, nor to be done behind what was said: another agent may go on.
    #[must_use]
    pub fn is_between_replies(&self) -> bool {
        self.conversation.is_between_replies()
    }

    /// Another agent goes on.
    pub(super) fn succeed(&mut self, now: CallTime, successor: Successor) -> Flow {
        let Successor { name, settings, hysteresis, dictionary } = successor;
        let prompt = settings.system_prompt.clone();
        self.tell(now, Event::AgentChanged { settings: Box::new(settings) })?;
        // One whose instructions leave no room to talk does not go on.
        if self.conversation.system_prompt() == prompt {
            self.listener.retune(hysteresis);
            self.dictionary = Arc::new(dictionary);
            self.agent = Some(name.clone());
            self.happened(Happened::Agent { name, first: false });
        }
        Ok(())
    }
}
