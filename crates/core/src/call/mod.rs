//! A whole call as a state machine, from the socket's messages to the messages for the socket. It owns the
//! conversation, the listener, the pacer, and everything between them. PURE: it reads no clock, opens no
//! socket and starts no thread. It requests jobs from the engines and receives their outcomes.
//!
//! Use: after [`Call::new`], each [`Call::handle`] and [`Call::end`], take all outputs from
//! [`Call::poll_output`]. Then wait for an input, but not beyond [`Call::poll_timeout`]. The server's driver
//! is `runtime/task.rs`; simulations are driven by a [`crate::timeline`].

mod actions;
pub mod again;
mod agents;
mod base64_bytes;
mod base64_samples;
pub mod capture;
mod ending;
mod inbound;
mod inputs;
mod job;
mod jobs;
pub mod line;
pub mod log;
pub mod opening;
mod outcomes;
mod own_marks;
mod reports;
mod running_tools;
pub mod tap;
mod timeouts;
pub mod tolerance;
mod tools;
mod traced;
mod voice;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

pub use ending::{Closing, Ending};
pub use inputs::{Input, Successor};
pub use job::{Job, JobId, Outcome, SpokenPart};
pub use traced::TraceSink;

use self::capture::{CaptureSink, Capturing};
use self::jobs::Jobs;
use self::line::Line;
use self::log::CallLog;
use self::own_marks::OwnMarks;
use self::running_tools::RunningTools;
use self::tap::{AudioTap, ReportTap, Tap};
use self::tolerance::Tolerance;
use self::traced::Traced;
use self::voice::Voice;
use crate::dialogue::CountTokens;
use crate::ids::{CallId, TurnId};
use crate::language::Language;
use crate::media::ear::{Ear, EarSettings};
use crate::media::echo::EchoLimit;
use crate::media::keepalive::KeepAlive;
use crate::media::listener::Listener;
use crate::media::pacer::Pacer;
use crate::report::{Beginning, Happened};
use crate::speakable::Dictionary;
use crate::streams::{Inbound, Media, Start, WireOut};
use crate::turns::{Event, Settings, Timer};
use crate::units::CallTime;

/// Something that a call wants done. Outputs are carried out in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Send a message.
    Wire(WireOut),
    /// Ask the peer for a sign of life, with a WebSocket ping.
    Ping,
    /// Give a job to an engine.
    Begin(JobId, Job),
    /// A speculative job is now certainly wanted.
    Want(JobId),
    /// Cancel a job: its outcome is of no use.
    Cancel(JobId),
    /// Answer with [`Input::Measured`].
    Measure {
        /// The id of the client's ping.
        ping: String,
    },
    /// Notify the followers of calls.
    Happened(Box<Happened>),
    /// The call is over: [`Call::end`] it.
    Ended(Ending),
}

/// The reason for a timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A deadline of the conversation.
    Turn(Timer),
    /// The next frame of the agent's voice is due, or the wait for room in the gateway's buffer times out.
    Playback,
    /// From this time on, the caller's audio is late.
    AudioLate,
    /// A ping to the peer is due.
    Ping,
    /// The peer counts as gone.
    Idle,
}

/// The setup of a new call.
pub struct Setup {
    /// The server's id of the call.
    pub id: CallId,
    /// The settings of the conversation.
    pub settings: Settings,
    /// Counts tokens as the language model does.
    pub count: CountTokens,
    /// Hears the caller.
    pub listener: Listener,
    /// What the caller's audio goes through before the listener.
    pub ear: EarSettings,
    /// The most audio in the gateway's playback buffer.
    pub lead: Duration,
    /// How much quieter the agent's voice comes back, in dB; `None` if the connection does not echo.
    pub echo_loss_db: Option<f32>,
    /// A peer that gives no sign of life for this long counts as gone.
    pub idle_timeout: Duration,
    /// A gateway that reports a full buffer for longer than this is not believed.
    pub send_timeout: Duration,
    /// The language model for which `endpoint.model_threshold` is set. It is not known what another model
    /// means by a probability.
    pub judge: String,
    /// How names and words are said that the voice would get wrong.
    pub dictionary: Arc<Dictionary>,
    /// The name of the agent, where there are several.
    pub agent: Option<String>,
    /// Takes the trace.
    pub trace: Option<TraceSink>,
    /// Takes every input and what is sent.
    pub capture: Option<CaptureSink>,
    /// Takes the audio of both sides.
    pub tap: Option<AudioTap>,
    /// Takes the reports to the peer, whether its protocol has messages for them or not.
    pub watch: Option<ReportTap>,
}

/// The reply that engines work on.
#[derive(Debug, Clone, Copy)]
struct Reply {
    turn: TurnId,
    /// The caller waits for the reply: it is not speculative.
    wanted: bool,
    /// A chunk of the reply went to the voice.
    spoke: bool,
}

/// One call.
pub struct Call {
    id: CallId,
    line: Line,
    tolerance: Tolerance,
    conversation: Traced,
    ear: Ear,
    listener: Listener,
    echo: EchoLimit,
    pacer: Pacer,
    own_marks: OwnMarks,
    keep_alive: KeepAlive,
    jobs: Jobs,
    voice: Voice,
    tap: Tap,
    watch: Option<ReportTap>,
    capturing: Capturing,
    /// What is still to be disclosed; empty for nothing.
    disclosure: String,
    /// The agent that speaks, where there are several.
    agent: Option<String>,
    /// The caller's words that are being answered, until the peer was told, and the last turn of which it
    /// was.
    answered: Option<(TurnId, String)>,
    told: Option<TurnId>,
    language: &'static Language,
    dictionary: Arc<Dictionary>,
    reply: Option<Reply>,
    /// The most tokens of an answer, if the client limits them.
    most_tokens: Option<usize>,
    tools: RunningTools,
    log: CallLog,
    /// The language models that answer the turns not reported yet.
    models: BTreeMap<TurnId, String>,
    judge: String,
    send_timeout: Duration,
    /// When the voice breaks off if no more audio comes; `None` before the reply is played.
    voice_lasts_until: Option<CallTime>,
    /// The conversation knows that the caller's audio is late.
    stalled: bool,
    over: bool,
    outputs: VecDeque<Output>,
}

/// The call goes on, or is over for this reason.
type Flow = Result<(), Ending>;

impl Call {
    /// A call that begins on `line` at `now`, with the parameters in `start`. `early` arrived in the message
    /// of the start; `tolerance` is how much the peer has left of its limits.
    #[must_use]
    pub fn new(
        now: CallTime,
        setup: Setup,
        line: Line,
        start: &Start,
        early: Vec<Inbound>,
        tolerance: Tolerance,
    ) -> Self {
        let Setup {
            id,
            settings,
            count,
            listener,
            ear,
            lead,
            echo_loss_db,
            idle_timeout,
            send_timeout,
            judge,
            dictionary,
            agent,
            trace,
            capture,
            tap,
            watch,
        } = setup;
        let listener = if line.has_gaps() { listener.on_a_line_with_gaps(now) } else { listener };
        let mut call = Self {
            language: settings.language,
            disclosure: settings.phrases.disclosure.trim().to_owned(),
            dictionary,
            conversation: Traced::new(settings, count, &id, trace),
            id,
            ear: Ear::new(ear, line.has_gaps()),
            line,
            tolerance,
            listener,
            echo: EchoLimit::new(echo_loss_db),
            pacer: Pacer::new(lead),
            own_marks: OwnMarks::default(),
            keep_alive: KeepAlive::new(idle_timeout, now),
            jobs: Jobs::default(),
            voice: Voice::default(),
            tap: Tap::new(tap),
            watch,
            capturing: Capturing::new(capture, now),
            reply: None,
            most_tokens: None,
            tools: RunningTools::default(),
            agent: agent.clone(),
            answered: None,
            told: None,
            log: CallLog::new(start.client_id.clone(), start.custom.clone()),
            models: BTreeMap::new(),
            judge,
            send_timeout,
            voice_lasts_until: None,
            stalled: false,
            over: false,
            outputs: VecDeque::new(),
        };
        let flow = call.begin(now, start, agent, early);
        call.go_on(now, flow);
        call
    }

    fn begin(&mut self, now: CallTime, start: &Start, agent: Option<String>, early: Vec<Inbound>) -> Flow {
        let (id, client_id) = (self.id.clone(), start.client_id.as_deref());
        self.send(&Media::Started { call_id: id.as_str(), client_id });
        self.send_replies();
        self.happened(Happened::Started(Beginning {
            gateway: self.line.protocol().to_owned(),
            rate: start.format.rate,
            client_id: start.client_id.clone(),
            from: start.from.clone(),
            to: start.to.clone(),
            data: start.custom.clone(),
        }));
        if let Some(name) = agent {
            self.happened(Happened::Agent { name, first: true });
        }
        if let Some(prompt) = &start.agent.system_prompt {
            self.read_own_prompt(prompt);
        }
        self.tell(now, Event::CallStarted)?;
        early.into_iter().try_for_each(|inbound| self.inbound(now, inbound))
    }

    /// Handles an input that arrived at `now`.
    pub fn handle(&mut self, now: CallTime, input: Input<'_>) {
        if self.over {
            return;
        }
        self.capturing.received(now, &input);
        let flow = match input {
            Input::Message(wire) => self.message(now, wire),
            Input::SignOfLife => {
                self.keep_alive.heard(now);
                Ok(())
            }
            Input::Closed => Err(Ending::HungUp),
            Input::HangUp => {
                self.send(&Media::Hangup);
                Err(Ending::Operator)
            }
            Input::Outcome(job, outcome) => self.outcome(now, job, outcome),
            Input::Measured { ping, queues, cores, advice } => {
                self.pong(ping, queues, cores, advice);
                Ok(())
            }
            Input::Say(text) => self.tell(now, Event::SayRequested { text }),
            Input::Inform(text) => self.tell(now, Event::Informed { text }),
            Input::Transferred { to, briefing } => {
                self.has_handed_over(now);
                self.send(&Media::Transfer { to: &to, briefing: briefing.as_deref() });
                Err(Ending::Transferred)
            }
            Input::Agent(successor) => self.succeed(now, *successor),
            Input::ModelsSwitched => self.tell(now, Event::ModelsSwitched),
            Input::ReplyWords(most) => self.tell(now, Event::ReplyWords { most }),
            Input::Timeout => self.timeouts(now),
        };
        self.go_on(now, flow);
    }

    fn go_on(&mut self, now: CallTime, flow: Flow) {
        if let Err(ending) = flow.and_then(|()| self.play(now)) {
            self.over = true;
            self.outputs.push_back(Output::Ended(ending));
        }
    }

    /// The next output, if there is one.
    pub fn poll_output(&mut self) -> Option<Output> {
        let output = self.outputs.pop_front()?;
        if let Output::Wire(message) = &output {
            self.capturing.sent(message);
        }
        Some(output)
    }

    /// Ends the call, because it is over by itself or for a reason of the driver. Cancels all jobs, and
    /// reports how the call went.
    pub fn end(&mut self, now: CallTime, closing: Closing) {
        self.over = true;
        self.capturing.ends(now, &closing);
        self.tap.cut(now);
        self.cancel(|_| true);
        self.leave_tools(now);
        self.conversation.end(now);
        self.report_the_last_turn(now);
        self.sum_up(now, closing);
    }

    /// The turn that is going on, for log lines.
    #[must_use]
    pub fn turn(&self) -> TurnId {
        self.conversation.turn()
    }

    /// When the agent's voice breaks off if no more audio comes; `None` while nothing of a reply was played.
    /// The sooner this is, the more urgent is the work that keeps the voice going.
    #[must_use]
    pub fn voice_lasts_until(&self) -> Option<CallTime> {
        self.voice_lasts_until
    }

    /// Passes an event to the conversation and carries out its decisions.
    fn tell(&mut self, now: CallTime, event: Event) -> Flow {
        self.conversation.handle(now, event);
        self.act(now)
    }

    fn send(&mut self, media: &Media<'_>) {
        let messages = self.line.media(media);
        self.wire(messages);
    }

    /// Sends what the codec itself answers to what it decoded.
    fn send_replies(&mut self) {
        let replies = self.line.replies();
        self.wire(replies);
    }

    fn wire(&mut self, messages: Vec<WireOut>) {
        self.outputs.extend(messages.into_iter().map(Output::Wire));
    }

    fn happened(&mut self, happened: Happened) {
        self.outputs.push_back(Output::Happened(Box::new(happened)));
    }
}
