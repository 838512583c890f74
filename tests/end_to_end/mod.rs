//! The real program with the demo models, over real sockets and pipes. Slow by nature: calls take as
//! long as people speak. No test here asserts how fast anything was.

mod calls;
mod commands;
mod cutting_in;
mod gaps;
mod gateways;
mod simulated;
mod strangers;
