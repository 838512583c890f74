//! The core of offhook: a whole phone call without input and output. It knows no engine, no configuration,
//! no socket, no clock and no thread, and builds and tests with plain cargo. Start reading at [`call`], then
//! [`turns`].

pub mod access;
pub mod after_call;
pub mod audio;
pub mod call;
pub mod dialogue;
pub mod ids;
pub mod language;
pub mod media;
pub mod report;
pub mod scoring;
pub mod speakable;
pub mod stats;
pub mod streams;
pub mod timeline;
pub mod turns;
pub mod units;
pub mod vad;
