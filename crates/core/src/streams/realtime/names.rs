//! Names of events, items and responses: each once in a session. Must not know what is named.

/// Names that were given so far.
#[derive(Debug, Default)]
pub(super) struct Names(u64);

impl Names {
    /// A name that nothing else in this session has.
    pub(super) fn of(&mut self, kind: &str) -> String {
        self.0 += 1;
        format!("{kind}_{:06}", self.0)
    }
}
