//! A whole call as a state machine, from the socket's messages to the messages for the socket: it owns the
//! conversation, what listens, what paces, and everything between them. PURE: it reads no clock, opens no socket, starts
//! no thread. Engines are jobs that it asks for and outcomes that it is told.
//!
//! Use: after [`Call::new`], each [`Call::handle`] and [`Call::end`], take all that [`Call::poll_output`] gives; then wait
//! for an input, but not beyond [`Call::poll_timeout`]. The server's driver is `runtime/task.rs`; simulations are driven
//! by a [`crate::timeline`].

mod actions;
mod ending;
mod inbound;
mod job;
mod jobs;
pub mod line;
pub mod log;
mod outcomes;
mod reports;
mod timeouts;
pub mod tolerance;
mod traced;
mod voice;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

pub use ending::Ending;
pub use job::{Job, JobId, Outcome};
pub use traced::TraceSink;

use self::jobs::Jobs;
use self::line::Line;
use self::log::CallLog;
use self::tolerance::Tolerance;
use self::traced::Traced;
use self::voice::Voice;
use crate::dialogue::CountTokens;
use crate::ids::{CallId, TurnId};
use crate::media::echo::EchoGuard;
use crate::media::keepalive::KeepAlive;
use crate::media::listener::Listener;
use crate::media::pacer::Pacer;
use crate::report::{CoreUse, Happened};
use crate::streams::{Inbound, Media, Start, Wire, WireOut};
use crate::turns::{Event, Settings, Timer};
use crate::units::CallTime;

/// What comes to a call.
#[derive(Debug)]
pub enum Input<'a> {
    /// A message of the socket.
    Message(Wire<'a>),
    /// The socket's own pings and pongs.
    SignOfLife,
    /// The socket was closed in order.
    Closed,
    /// What came of a job.
    Outcome(JobId, Outcome),
    /// What [`Output::Measure`] asked for.
    Measured {
        /// The ping that asked.
        ping: String,
        /// Per queue of the driver's, the entries waiting in it.
        queues: BTreeMap<String, u64>,
        /// Per kind of work what it waited for cores and held them.
        cores: BTreeMap<String, CoreUse>,
    },
    /// Another language model is the one in use.
    ModelsSwitched,
    /// The time has come that [`Call::poll_timeout`] named.
    Timeout,
}

/// What a call wants done, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Send a message.
    Wire(WireOut),
    /// Ask the peer for a sign of life: a WebSocket's ping.
    Ping,
    /// Give a job to an engine.
    Begin(JobId, Job),
    /// A job that was only prepared is wanted for certain.
    Want(JobId),
    /// Break a job off: what comes of it is of no use.
    Cancel(JobId),
    /// Answer with [`Input::Measured`].
    Measure {
        /// The ping that asks.
        ping: String,
    },
    /// Tell whoever follows calls.
    Happened(Box<Happened>),
    /// The call is over: [`Call::end`] it.
    Ended(Ending),
}

/// What a call waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A deadline of the conversation.
    Turn(Timer),
    /// The next frame of the agent's voice, or room for it in the line's buffer.
    Playback,
    /// The caller's audio is late from then on.
    AudioLate,
    /// The peer is to be asked for a sign of life.
    Ping,
    /// The peer counts as gone.
    Idle,
}

/// What a call is begun with.
pub struct Setup {
    /// The server's name of it.
    pub id: CallId,
    /// What its conversation is set to.
    pub settings: Settings,
    /// Counts tokens as the language model does.
    pub count: CountTokens,
    /// What hears the caller.
    pub listener: Listener,
    /// How much audio may lie ready in the gateway's buffer.
    pub lead: Duration,
    /// How much quieter the agent's voice comes back on a line that echoes, in dB.
    pub echo_loss_db: Option<f32>,
    /// A peer that gives no sign for so long is gone.
    pub idle_timeout: Duration,
    /// A line whose buffer is full for longer is not believed.
    pub send_timeout: Duration,
    /// The language model for which `endpoint.model_threshold` is set: what another means by a probability is not known.
    pub judge: String,
    /// Takes the trace.
    pub trace: Option<TraceSink>,
}

/// The reply that engines work on.
#[derive(Debug, Clone, Copy)]
struct Reply {
    turn: TurnId,
    /// Somebody waits for it.
    wanted: bool,
    /// It has given a piece to the voice.
    spoke: bool,
}

/// One call.
pub struct Call {
    id: CallId,
    line: Line,
    tolerance: Tolerance,
    conversation: Traced,
    listener: Listener,
    echo: EchoGuard,
    pacer: Pacer,
    keep_alive: KeepAlive,
    jobs: Jobs,
    voice: Voice,
    reply: Option<Reply>,
    log: CallLog,
    /// Which language model answers a turn that is not reported yet.
    models: BTreeMap<TurnId, String>,
    judge: String,
    send_timeout: Duration,
    /// When the voice breaks off if nothing more comes; nothing before it began.
    voice_lasts_until: Option<CallTime>,
    /// The caller's audio is late, and the conversation knows it.
    stalled: bool,
    over: bool,
    outputs: VecDeque<Output>,
}

/// Goes on, or tells why the call is over.
type Flow = Result<(), Ending>;

impl Call {
    /// A call that begins at `now`, as `start` says on `line`; `early` came in the same message, from a peer of which
    /// `tolerance` was taken before.
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
            lead,
            echo_loss_db,
            idle_timeout,
            send_timeout,
            judge,
            trace,
        } = setup;
        let listener = if line.has_gaps() { listener.on_a_line_with_gaps(now) } else { listener };
        let mut call = Self {
            conversation: Traced::new(settings, count, &id, trace),
            id,
            line,
            tolerance,
            listener,
            echo: EchoGuard::new(echo_loss_db),
            pacer: Pacer::new(lead),
            keep_alive: KeepAlive::new(idle_timeout, now),
            jobs: Jobs::default(),
            voice: Voice::default(),
            reply: None,
            log: CallLog::new(start.client_id.clone(), start.custom.clone()),
            models: BTreeMap::new(),
            judge,
            send_timeout,
            voice_lasts_until: None,
            stalled: false,
            over: false,
            outputs: VecDeque::new(),
        };
        let flow = call.begin(now, start, early);
        call.go_on(now, flow);
        call
    }

    fn begin(&mut self, now: CallTime, start: &Start, early: Vec<Inbound>) -> Flow {
        let (id, client_id) = (self.id.clone(), start.client_id.as_deref());
        self.send(&Media::Started { call_id: id.as_str(), client_id });
        let (client_id, data) = (start.client_id.clone(), start.custom.clone());
        self.happened(Happened::Started { rate: start.format.rate, client_id, data });
        if let Some(prompt) = &start.agent.system_prompt {
            self.read_own_prompt(prompt);
        }
        self.tell(now, Event::CallStarted)?;
        early.into_iter().try_for_each(|inbound| self.inbound(now, inbound))
    }

    /// Takes what came at `now`.
    pub fn handle(&mut self, now: CallTime, input: Input<'_>) {
        if self.over {
            return;
        }
        let flow = match input {
            Input::Message(wire) => self.message(now, wire),
            Input::SignOfLife => {
                self.keep_alive.heard(now);
                Ok(())
            }
            Input::Closed => Err(Ending::HungUp),
            Input::Outcome(job, outcome) => self.outcome(now, job, outcome),
            Input::Measured { ping, queues, cores } => {
                self.pong(ping, queues, cores);
                Ok(())
            }
            Input::ModelsSwitched => self.tell(now, Event::ModelsSwitched),
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

    /// What is to be done next, if anything.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The call is over, because it said so or for a reason of the driver's: breaks off what is under way, and tells
    /// how it all went.
    pub fn end(&mut self, now: CallTime) {
        self.over = true;
        self.cancel(|_| true);
        self.conversation.end(now);
        self.report_the_last_turn(now);
        self.sum_up(now);
    }

    /// When the agent's voice breaks off if nothing more comes; nothing while none of a reply was played. What keeps
    /// it going is the more urgent the sooner that is.
    #[must_use]
    pub fn voice_lasts_until(&self) -> Option<CallTime> {
        self.voice_lasts_until
    }

    /// Tells the conversation, and does what it decides.
    fn tell(&mut self, now: CallTime, event: Event) -> Flow {
        self.conversation.handle(now, event);
        self.act(now)
    }

    fn send(&mut self, media: &Media<'_>) {
        let messages = self.line.media(media);
        self.wire(messages);
    }

    fn wire(&mut self, messages: Vec<WireOut>) {
        self.outputs.extend(messages.into_iter().map(Output::Wire));
    }

    fn happened(&mut self, happened: Happened) {
        self.outputs.push_back(Output::Happened(Box::new(happened)));
    }
}
