//! Watches for ERROR in the log of one thread. A test that logs an error has failed, unless it expects
//! errors.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

/// The errors logged on this thread since the watch began.
pub struct Errors {
    seen: Arc<Mutex<Vec<String>>>,
    _watching: tracing::subscriber::DefaultGuard,
}

impl Errors {
    pub fn watch() -> Self {
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let watching = tracing::subscriber::set_default(Watcher(seen.clone()));
        Self { seen, _watching: watching }
    }

    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

struct Watcher(Arc<Mutex<Vec<String>>>);

impl Subscriber for Watcher {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::ERROR
    }

    fn event(&self, event: &Event<'_>) {
        struct Text(String);
        impl Visit for Text {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                let _ = write!(self.0, "{field}={value:?} ");
            }
        }
        let mut text = Text(String::new());
        event.record(&mut text);
        self.0.lock().unwrap().push(text.0);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}
