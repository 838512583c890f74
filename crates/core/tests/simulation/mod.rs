//! Whole calls on a simulated clock, each test a sentence about how the agent behaves. Most answer a
//! complaint that people make of voice agents.

mod answering;
mod dictating;
mod ending_by_model;
mod ending_turns;
mod failing;
mod interrupting;
mod listening;
mod manners;
mod marks;
mod reading;
mod rehearsing;
mod remembering;
mod speculating;
mod standing_in;
mod whole_calls;
