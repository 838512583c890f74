//! Whole calls on a simulated clock. Each test is a sentence about the agent's behaviour, and most answer a
//! complaint that people have about voice agents.

mod agents;
mod answering;
mod capturing;
mod dictating;
mod echoes;
mod ending_by_model;
mod ending_turns;
mod failing;
mod giving_up;
mod interrupting;
mod listening;
mod manners;
mod marks;
mod own_tools;
mod reading;
mod realtime;
mod rehearsing;
mod remembering;
mod requested;
mod speculating;
mod standing_in;
mod tools;
mod waiting;
mod whole_calls;
