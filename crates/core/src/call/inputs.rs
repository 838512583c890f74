//! The inputs of a call.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::job::{JobId, Outcome};
use crate::report::CoreUse;
use crate::speakable::Dictionary;
use crate::streams::Wire;
use crate::turns::Settings;
use crate::vad::HysteresisSettings;

/// An input of a call.
#[derive(Debug)]
pub enum Input<'a> {
    /// A message from the socket.
    Message(Wire<'a>),
    /// A ping or pong of the WebSocket itself.
    SignOfLife,
    /// The socket was closed cleanly.
    Closed,
    /// An outcome of a job.
    Outcome(JobId, Outcome),
    /// The answer to `Output::Measure`.
    Measured {
        /// The id of the client's ping.
        ping: String,
        /// The entries waiting in each of the driver's queues.
        queues: BTreeMap<String, u64>,
        /// How long each kind of work waited for cores and held them.
        cores: BTreeMap<String, CoreUse>,
        /// What the server's operator should change, in sentences.
        advice: Vec<String>,
    },
    /// An operator ends the call.
    HangUp,
    /// An operator wants the agent to say this as soon as nobody speaks.
    Say(String),
    /// An operator tells the agent something that belongs behind its system prompt.
    Inform(String),
    /// The provider has taken the call to another party, or is told so by the call: then nothing must hang
    /// up.
    Transferred {
        /// A number in E.164 or a SIP address.
        to: String,
        /// What the new party is to hear first, for a client that carries the transfer out itself.
        briefing: Option<String>,
    },
    /// Another agent goes on with the call.
    Agent(Box<Successor>),
    /// Another language model is now in use.
    ModelsSwitched,
    /// Replies end with the sentence that reaches this number of words, from the next one on.
    ReplyWords(usize),
    /// The time that `Call::poll_timeout` named has come.
    Timeout,
}

/// An agent that goes on with a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Successor {
    /// Its name.
    pub name: String,
    /// The settings of the conversation from now on.
    pub settings: Settings,
    /// How long speech and silence must last.
    pub hysteresis: HysteresisSettings,
    /// How names and words are said that its voice would get wrong.
    pub dictionary: Dictionary,
}
