//! Words as texts hold them, whoever wrote them. Pure data and rules.

pub mod words;
