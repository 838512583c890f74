//! What an agent knows from a folder: how texts are cut, which passages a question finds, what is put into a
//! conversation.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod businesses;
mod conversations;
mod cutting;
mod finding;
mod folders;
mod properties;

use offhook_knowledge::{Document, Knowledge};

fn knowledge(documents: &[(&str, &str)]) -> Knowledge {
    let document =
        |(name, text): &(&str, &str)| Document { name: (*name).to_owned(), text: (*text).to_owned() };
    Knowledge::new(&documents.iter().map(document).collect::<Vec<_>>()).unwrap()
}
