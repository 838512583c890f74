//! Whether the folders that agents know can be read.

use super::Findings;
use crate::config::Config;
use crate::runtime::library::Library;

impl Findings {
    /// The folders of all agents.
    pub(super) fn knowledge(&mut self, config: &Config) {
        match Library::open(config) {
            Ok(library) => {
                self.notes.extend(library.notes());
                self.opened.library = library;
            }
            Err(problems) => self.problems.extend(problems),
        }
    }
}
