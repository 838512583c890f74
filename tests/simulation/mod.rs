//! Whole calls on a simulated clock, each test a sentence about how the agent behaves. Most answer a
//! complaint that people make of voice agents.

mod answering;
mod ending_turns;
mod failing;
mod interrupting;
mod listening;
mod manners;
mod marks;
mod remembering;
mod speculating;
