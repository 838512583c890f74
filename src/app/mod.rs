//! Where all is put together: the engines that the configuration names, and what they may use.

pub mod engines;
