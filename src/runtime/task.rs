//! One call's task: waits for its socket, its engines and the clock, and carries out the call's outputs.
//! Decides nothing.

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use super::call_span::CallSpan;
use super::clock::Clock;
use super::close_reason::{CloseReason, LineDead};
use super::hands::Hands;
use super::jobs::Jobs;
use super::outbound::Outbound;
use super::registry::Order;
use super::services::Services;
use super::sinks::QUEUE;
use super::socket_reader::SocketReader;
use crate::call::{Call, Closing, Ending, Input, Job, JobId, Outcome, Output};
use crate::config::call::Known;
use crate::engine::cpu_time::CpuTime;
use crate::ids::CallId;
use crate::report::Happened;
use crate::streams::Wire;
use crate::streams::transfer::Leg;
use crate::units::CallTime;

/// Everything around one call.
pub(super) struct Task<'t> {
    pub(super) id: CallId,
    pub(super) span: CallSpan,
    pub(super) clock: Clock,
    /// The processor time of this task and of its jobs.
    pub(super) spent: CpuTime,
    /// Those of its agent.
    pub(super) services: Services,
    /// What was looked up of the caller.
    pub(super) known: Known,
    /// The client has brought its own agent.
    pub(super) own_agent: bool,
    /// The agent that an operator wants to go on.
    pub(super) ordered: Option<String>,
    pub(super) outbound: &'t mut Outbound,
    pub(super) incoming: &'t mut SocketReader,
    /// The caller's side, as the gateway names it.
    pub(super) leg: Leg,
    /// Cancelled when a newer socket brings the same call.
    pub(super) taken_over: CancellationToken,
    /// Cancelled when an operator ends the call.
    pub(super) hung_up: CancellationToken,
    /// Gives orders to this call.
    pub(super) own_orders: mpsc::Sender<Order>,
    /// What operators want of the call.
    pub(super) orders: mpsc::Receiver<Order>,
    /// Runs once, after the call has told the gateway that it started.
    pub(super) started: &'t (dyn Fn() + Send + Sync),
}

impl Task<'_> {
    /// Runs the call that `begin` makes to its end. Its socket is left open.
    pub(super) async fn run(mut self, begin: impl FnOnce(CallTime) -> Call) -> CloseReason {
        let (outcomes, mut inbox) = mpsc::channel(QUEUE);
        let hands =
            Hands::new(self.id.clone(), self.leg.clone(), self.services.clone(), self.own_orders.clone());
        // Who brings an agent brings its facts.
        let knowledge = self.services.knowledge().filter(|_| !self.own_agent);
        let session = self.id.as_str().to_owned();
        let mut jobs = Jobs::new(session, &self.services, knowledge, outcomes, hands, self.spent.clone());
        let mut call = begin(self.clock.now());
        let end = self.until_the_end(&mut call, &mut jobs, &mut inbox).await;
        let end = unless_transferred(end, &self.services, &self.leg).await;
        let now = self.clock.now();
        call.end(now, Closing { end: end.end(), cpu: self.spent.total() });
        // The socket may be gone, but the followers are still told.
        while let Some(output) = call.poll_output() {
            if let Output::Happened(happened) = &output
                && let Happened::Ended(summary) = &**happened
            {
                end.told(summary, now);
            }
            let _ = self.put(&mut call, &mut jobs, &inbox, output);
        }
        jobs.end();
        end
    }

    async fn until_the_end(
        &mut self,
        call: &mut Call,
        jobs: &mut Jobs,
        inbox: &mut mpsc::Receiver<(JobId, Outcome)>,
    ) -> CloseReason {
        loop {
            self.follow_orders(call, jobs);
            let wake = match self.serve(call, jobs, inbox) {
                Ok(wake) => self.clock.instant(wake),
                Err(end) => return end,
            };
            let stop = &self.services.stop;
            tokio::select! {
                biased;
                () = self.taken_over.cancelled() => return CloseReason::TakenOver,
                () = stop.cancelled() => return CloseReason::Drained,
                // It ends the call, so it is read once.
                () = self.hung_up.cancelled() => self.handle(call, jobs, Input::HangUp),
                Some(order) = self.orders.recv() => self.handle(call, jobs, match order {
                    Order::Say(text) => Input::Say(text),
                    Order::Inform(text) => Input::Inform(text),
                    Order::Transferred { to, briefing } => Input::Transferred { to, briefing },
                    Order::Agent(name) => {
                        self.ordered = Some(name);
                        continue;
                    }
                }),
                message = self.incoming.next() => match message {
                    Ok(message) => self.handle(call, jobs, input(&message)),
                    Err(end) => return end,
                },
                Some((job, outcome)) = inbox.recv() => {
                    jobs.brought(job, &outcome);
                    self.handle(call, jobs, Input::Outcome(job, outcome));
                }
                () = tokio::time::sleep_until(wake) => {
                    if self.outbound.is_dead() {
                        return LineDead.into();
                    }
                    self.handle(call, jobs, Input::Timeout);
                }
            }
        }
    }

    /// Gives the call an input, after it was told of a switch of models.
    fn handle(&mut self, call: &mut Call, jobs: &mut Jobs, input: Input<'_>) {
        let _turn = self.span.of_turn(call.turn()).enter();
        if jobs.models_switched() {
            call.handle(self.clock.now(), Input::ModelsSwitched);
        }
        if let Some(words) = jobs.reply_words_changed() {
            let longest = self.services.config.agent.max_reply_words;
            let most = words.map_or(longest, |words| words.min(longest));
            call.handle(self.clock.now(), Input::ReplyWords(most));
        }
        call.handle(self.clock.now(), input);
    }

    /// Carries out the call's outputs. Returns the time at which the call wants to be woken.
    fn serve(
        &mut self,
        call: &mut Call,
        jobs: &mut Jobs,
        inbox: &mpsc::Receiver<(JobId, Outcome)>,
    ) -> Result<CallTime, CloseReason> {
        let turn = self.span.of_turn(call.turn()).clone().entered();
        while let Some(output) = call.poll_output() {
            self.put(call, jobs, inbox, output)?;
        }
        drop(turn);
        jobs.voice_lasts(call.voice_lasts_until().map(|end| end.since(self.clock.now())));
        Ok(call.poll_timeout().0)
    }

    fn put(
        &mut self,
        call: &mut Call,
        jobs: &mut Jobs,
        inbox: &mpsc::Receiver<(JobId, Outcome)>,
        output: Output,
    ) -> Result<(), CloseReason> {
        match output {
            Output::Wire(message) => self.outbound.send(message)?,
            Output::Ping => self.outbound.ping()?,
            Output::Begin(id, job) => {
                let outcome = match self.next_agent(&job) {
                    Some(name) => Some(self.hand_over(call, jobs, &name)),
                    None => jobs.begin(id, job),
                };
                if let Some(outcome) = outcome {
                    call.handle(self.clock.now(), Input::Outcome(id, outcome));
                }
            }
            Output::Want(id) => jobs.want(id),
            Output::Cancel(id) => jobs.cancel(id),
            Output::Measure { ping } => {
                let queues = BTreeMap::from([
                    ("results".to_owned(), inbox.len() as u64),
                    ("socket".to_owned(), self.outbound.queued() as u64),
                ]);
                let cores = self.services.engines.meters().into_iter();
                let cores = cores.map(|(work, used)| (work.name().to_owned(), used)).collect();
                let advice = self.services.monitor.advice().iter().map(ToString::to_string).collect();
                call.handle(self.clock.now(), Input::Measured { ping, queues, cores, advice });
            }
            Output::Happened(happened) => {
                let of = if let Happened::Turn(over) = &*happened { over.turn.turn } else { call.turn() };
                self.span.of_turn(of).in_scope(|| self.services.tell(&self.id, &happened));
                if matches!(*happened, Happened::Started(_)) {
                    (self.started)();
                }
            }
            Output::Ended(ending) => return Err(ending.into()),
        }
        Ok(())
    }
}

impl Task<'_> {
    /// The agent to whom this job hands the call over, if it is one of that kind.
    fn next_agent(&self, job: &Job) -> Option<String> {
        let Job::CallTool { call, .. } = job else { return None };
        self.services.toolbox.next_agent(&self.services.config, call)
    }

    /// Another agent goes on, because this one wants it. What comes of it is for the model.
    fn hand_over(&mut self, call: &mut Call, jobs: &mut Jobs, name: &str) -> Outcome {
        match self.change_agent(call, jobs, name) {
            Ok(()) => Outcome::Returned(format!(
                "You are {name} now, and the caller is with you. Go on with what the caller wants."
            )),
            Err(problem) => Outcome::Failed(problem),
        }
    }

    /// Another agent goes on, because an operator wants it, as soon as nothing is being said.
    fn follow_orders(&mut self, call: &mut Call, jobs: &mut Jobs) {
        let Some(name) = self.ordered.take_if(|_| call.is_between_replies()) else { return };
        if self.own_agent {
            tracing::warn!(agent = name, "the client has brought its own agent: no other one goes on");
        } else if name != self.services.config.agent.name
            && let Err(problem) = self.change_agent(call, jobs, &name)
        {
            // The operator was told what agents there are; one may be gone by now.
            tracing::error!(agent = name, problem, "the agent does not go on with the call");
        }
    }

    /// Another agent goes on.
    fn change_agent(&mut self, call: &mut Call, jobs: &mut Jobs, name: &str) -> Result<(), String> {
        let services = self.services.for_agent(name).ok_or_else(|| format!("there is no agent {name:?}"))?;
        let successor = services.successor(&self.known);
        call.handle(self.clock.now(), Input::Agent(Box::new(successor)));
        if call.agent() != Some(name) {
            return Err(format!("the instructions of {name} leave no room to talk"));
        }
        jobs.are_for(&services);
        self.services = services;
        Ok(())
    }
}

/// The reason of the end. A gateway that transfers a call closes the socket, perhaps before its API has
/// answered: then nobody has hung up.
async fn unless_transferred(end: CloseReason, services: &Services, leg: &Leg) -> CloseReason {
    // The call goes on, on a newer socket, and so does its transfer.
    if matches!(end, CloseReason::TakenOver) {
        return end;
    }
    let gone = match &end {
        CloseReason::Call(Ending::HungUp | Ending::SaidGoodbye(_) | Ending::Transferred)
        | CloseReason::Lost(_)
        | CloseReason::Dead(_) => true,
        CloseReason::Call(
            Ending::Requested
            | Ending::Operator
            | Ending::Refused(_)
            | Ending::TooMuchAudio
            | Ending::Idle(_),
        )
        | CloseReason::Broken(_)
        | CloseReason::Refused(_)
        | CloseReason::Flood(_)
        | CloseReason::Excess(_)
        | CloseReason::NoPlace(_)
        | CloseReason::NoStart(_)
        | CloseReason::TakenOver
        | CloseReason::Drained => false,
    };
    if gone && services.transfers.was_taken(leg).await {
        return Ending::Transferred.into();
    }
    services.transfers.is_over(leg);
    end
}

fn input(message: &Message) -> Input<'_> {
    match message {
        Message::Text(text) => Input::Message(Wire::Text(text)),
        Message::Binary(bytes) => Input::Message(Wire::Binary(bytes)),
        Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Input::SignOfLife,
        Message::Close(_) => Input::Closed,
    }
}
