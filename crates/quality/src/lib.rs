//! What a server knows of its own health and load, and what follows from it. PURE: no clock, no thread, no
//! socket, no file; must not know calls, engines or the configuration. Time is passed in, as the time since
//! any fixed moment. Each of the four can be used alone:
//!
//! - [`breaker`]: may an engine be asked? An engine that fails again and again is left alone for a while,
//!   then tried with one job at a time. Start at [`Breaker`](breaker::Breaker).
//! - [`ladder`]: what is left out under load? [`pressure`] judges measured figures, and the
//!   [`Ladder`](ladder::Ladder) takes one measure after the other, the least harmful first, soon enough to
//!   help and withdrawn late enough not to flap.
//! - [`admission`]: is a further call taken? What a call costs is learned, how long answers would then take
//!   is predicted, and [`decide`](admission::decide) compares it with the limits.
//! - [`advice`]: what should the operator change? [`advise`](advice::advise) names keys of the configuration,
//!   each with the measured figure that speaks for it.

pub mod admission;
pub mod advice;
pub mod breaker;
pub mod ladder;
mod numbers;
pub mod pressure;
