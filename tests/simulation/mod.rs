//! Whole calls on a simulated clock, each test a sentence about how the agent behaves. Most answer a
//! complaint that people make of voice agents.

mod answering;
mod failing;
mod interrupting;
mod listening;
