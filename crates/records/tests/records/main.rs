//! What the records of calls promise, each a sentence. The unhappy paths come first.
#![allow(clippy::unwrap_used)]

mod after_calls;
mod backups;
mod clocks;
mod costs;
mod killed;
mod model;
mod reading;
mod recordings;
mod support;
mod trouble;
mod writing;
