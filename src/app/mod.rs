//! Puts the application together: its state, the engines that the configuration names, certificates, and what
//! a running server reads again.

pub mod certificates;
pub mod config_file;
pub mod engines;
mod figures;
pub mod foreseeing;
pub(crate) mod login;
pub(crate) mod reload;
mod settings;
mod start_error;
mod state;
pub(crate) mod trials;
pub(crate) mod voices;
mod wards;

pub use state::App;
