//! The load generator: many scripted callers at once, and what they measured, step by step. Everything is
//! measured at the caller. Start reading at [`run::run`]: one step of a load.

pub mod arrivals;
mod caller;
#[cfg(test)]
mod cost;
pub mod measures;
mod plot;
pub mod report;
pub mod run;
pub mod table;
#[cfg(test)]
mod tests;
pub mod verdict;
