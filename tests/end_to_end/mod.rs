//! The real program with the shipped models, over real sockets and pipes. Slow by nature, because calls run
//! at the pace of speech. No test here asserts a speed.

mod agent;
mod calls;
mod chaos;
mod commands;
mod control;
mod credentials;
mod cutting_in;
mod described;
mod fetching;
mod gaps;
mod gateways;
mod handshakes;
mod hanging_up;
mod knowing;
mod logins;
mod models;
mod outputs;
mod own_agent;
mod own_ears;
mod parting;
mod people;
mod programs;
mod prompt;
mod real_weights;
mod replaying;
mod siege;
mod simulated;
mod strangers;
mod tls;
mod tools;
mod transcripts;
mod voice_sessions;
mod watching;
mod webhooks;
mod websockets;
