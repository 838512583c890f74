//! Where all is put together: the state of the application, engines as the configuration names them, certificates,
//! and what a running server reads again.

pub mod certificates;
pub mod engines;
pub mod reload;
mod state;

pub use state::App;
