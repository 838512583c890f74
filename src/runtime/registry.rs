//! The running calls: their names, their number, and whether new ones are accepted. Must not know what a call
//! does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

pub use super::orders::{NotOrdered, Order};
pub use super::refused::{Overload, Refused};

use super::orders::MOST_ORDERS;
use crate::engine::Room;
use crate::engine::cpu_time::CpuTime;
use crate::ids::CallId;
use crate::streams::dialect::Dialect;
use crate::streams::transfer::Leg;

/// All calls of this process.
#[derive(Debug)]
pub struct Registry {
    max_calls: usize,
    places: Arc<Semaphore>,
    draining: AtomicBool,
    /// The running calls.
    names: Arc<DashMap<CallId, Running>>,
    /// The calls by their provider's own names for them.
    lines: Arc<DashMap<LineCall, Arc<CancellationToken>>>,
}

/// A provider, and its name of a call.
type LineCall = (Option<Dialect>, String);

/// What others see of a running call.
#[derive(Debug, Clone)]
struct Running {
    /// Its processor time.
    spent: CpuTime,
    /// Cancelled to end it.
    hang_up: CancellationToken,
    orders: mpsc::Sender<Order>,
    /// The caller's side.
    leg: Leg,
}

/// A call's place; free again when dropped.
#[derive(Debug)]
pub struct Place {
    names: Arc<DashMap<CallId, Running>>,
    name: Option<CallId>,
    running: Running,
    orders: mpsc::Receiver<Order>,
    lines: Arc<DashMap<LineCall, Arc<CancellationToken>>>,
    line: Option<LineCall>,
    /// Cancelled when a newer socket brings the same call.
    taken_over: Arc<CancellationToken>,
    /// The rooms that its engines keep for it.
    rooms: Vec<Room>,
    _permit: OwnedSemaphorePermit,
}

impl Registry {
    /// Room for `max_calls`.
    #[must_use]
    pub fn new(max_calls: usize) -> Self {
        Self {
            max_calls,
            places: Arc::new(Semaphore::new(max_calls)),
            draining: AtomicBool::new(false),
            names: Arc::default(),
            lines: Arc::default(),
        }
    }

    /// Whether a new call would be accepted now.
    ///
    /// # Errors
    /// Why it would be refused.
    pub fn has_room(&self) -> Result<(), Refused> {
        if self.is_draining() {
            Err(Refused::Draining)
        } else if self.places.available_permits() == 0 {
            Err(Refused::Full(self.max_calls))
        } else {
            Ok(())
        }
    }

    /// A place for one more call.
    ///
    /// # Errors
    /// If no more calls are accepted.
    pub fn admit(&self) -> Result<Place, Refused> {
        if self.is_draining() {
            return Err(Refused::Draining);
        }
        let permit = self.places.clone().try_acquire_owned().map_err(|_| Refused::Full(self.max_calls))?;
        let (sender, orders) = mpsc::channel(MOST_ORDERS);
        let running = Running {
            spent: CpuTime::default(),
            hang_up: CancellationToken::default(),
            orders: sender,
            leg: Leg::default(),
        };
        Ok(Place {
            names: self.names.clone(),
            name: None,
            running,
            orders,
            lines: self.lines.clone(),
            line: None,
            taken_over: Arc::default(),
            rooms: Vec::new(),
            _permit: permit,
        })
    }

    /// Accepts no new calls from now on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// True once no new calls are accepted.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// The processor time of a running call.
    #[must_use]
    pub fn spent(&self, call: &CallId) -> Duration {
        self.names.get(call).map_or(Duration::ZERO, |running| running.spent.total())
    }

    /// Ends a running call; false if there is none of this name.
    #[must_use]
    pub fn hang_up(&self, call: &CallId) -> bool {
        let running = self.names.get(call);
        running.iter().for_each(|running| running.hang_up.cancel());
        running.is_some()
    }

    /// The caller's side of a running call; `None` if there is none of this name.
    #[must_use]
    pub fn leg(&self, call: &CallId) -> Option<Leg> {
        self.names.get(call).map(|running| running.leg.clone())
    }

    /// Gives a running call an order.
    ///
    /// # Errors
    /// Why it does not get it.
    pub fn order(&self, call: &CallId, order: Order) -> Result<(), NotOrdered> {
        let running = self.names.get(call).ok_or(NotOrdered::NoCall)?;
        running.orders.try_send(order).map_err(|error| match error {
            TrySendError::Full(_) => NotOrdered::TooMany,
            TrySendError::Closed(_) => NotOrdered::NoCall,
        })
    }

    /// Calls that have a place.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.max_calls - self.places.available_permits()
    }
}

impl Place {
    /// Gets the processor time of the call.
    #[must_use]
    pub fn spent(&self) -> CpuTime {
        self.running.spent.clone()
    }

    /// Cancelled when an operator ends the call.
    #[must_use]
    pub fn hung_up(&self) -> CancellationToken {
        self.running.hang_up.clone()
    }

    /// Gives orders to the call.
    #[must_use]
    pub fn order_sender(&self) -> mpsc::Sender<Order> {
        self.running.orders.clone()
    }

    /// What operators want of the call; once. Then the place has nothing more to give.
    pub fn orders(&mut self) -> mpsc::Receiver<Order> {
        let (_, none) = mpsc::channel(1);
        std::mem::replace(&mut self.orders, none)
    }

    /// Keeps these rooms until the place is dropped.
    pub fn hold(&mut self, rooms: Vec<Room>) {
        self.rooms = rooms;
    }

    /// The caller's side of the call, before it has a name.
    pub fn stands_for(&mut self, leg: Leg) {
        self.running.leg = leg;
    }

    /// Gives the call the wanted name, or that name with a number if another call has it: a gateway that
    /// repeats a name must not mix up two callers.
    pub fn name(&mut self, wanted: &str) -> CallId {
        let numbered =
            |n: u32| if n == 1 { CallId::new(wanted) } else { CallId::new(&format!("{n}-{wanted}")) };
        for name in (1..).map(numbered) {
            if let Entry::Vacant(free) = self.names.entry(name.clone()) {
                free.insert(self.running.clone());
                self.name = Some(name.clone());
                return name;
            }
        }
        CallId::new(wanted)
    }
}

impl Place {
    /// Registers the provider's name of this call. An older socket with the same call is told to end: its
    /// gateway has dialled again, and two agents must not speak to one caller.
    pub fn take_over(&mut self, dialect: Option<Dialect>, call: &str) {
        let call = (dialect, call.to_owned());
        if let Some(before) = self.lines.insert(call.clone(), self.taken_over.clone()) {
            before.cancel();
        }
        self.line = Some(call);
    }

    /// Cancelled when a newer socket brings the same call.
    #[must_use]
    pub fn taken_over(&self) -> CancellationToken {
        CancellationToken::clone(&self.taken_over)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A newer socket that took over keeps its entry.
        if let Some(line) = self.line.take() {
            self.lines.remove_if(&line, |_, newest| Arc::ptr_eq(newest, &self.taken_over));
        }
        if let Some(name) = &self.name {
            self.names.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_too_many_is_refused_until_another_ends() {
        let registry = Registry::new(1);
        let place = registry.admit().expect("room");
        assert_eq!(registry.admit().err(), Some(Refused::Full(1)));
        drop(place);
        assert!(registry.admit().is_ok());
    }

    #[test]
    fn two_calls_never_share_a_name() {
        let registry = Registry::new(3);
        let mut places: Vec<Place> = (0..3).map(|_| registry.admit().expect("room")).collect();
        let names: Vec<CallId> = places.iter_mut().map(|place| place.name("CA1")).collect();
        assert_eq!(names.iter().map(CallId::as_str).collect::<Vec<_>>(), ["CA1", "2-CA1", "3-CA1"]);
        places.clear();
        assert_eq!(registry.admit().expect("room").name("CA1").as_str(), "CA1");
    }

    /// Fault: a second socket with the name of a running call started a second agent, and both talked.
    #[test]
    fn a_newer_socket_of_the_same_call_takes_over() {
        let registry = Registry::new(3);
        let mut first = registry.admit().expect("room");
        let mut other = registry.admit().expect("room");
        first.take_over(Some(Dialect::Twilio), "CA1");
        other.take_over(Some(Dialect::Plivo), "CA1");
        assert!(!first.taken_over().is_cancelled(), "another line's call of the same name is another call");
        let mut second = registry.admit().expect("room");
        second.take_over(Some(Dialect::Twilio), "CA1");
        assert!(first.taken_over().is_cancelled());
        drop(first);
        let mut third = registry.admit().expect("room");
        third.take_over(Some(Dialect::Twilio), "CA1");
        assert!(second.taken_over().is_cancelled(), "the end of the first has not forgotten the second");
        assert!(!other.taken_over().is_cancelled());
    }

    #[test]
    fn an_operator_ends_the_call_of_this_name_and_no_other() {
        let registry = Registry::new(2);
        let mut places: Vec<Place> = (0..2).map(|_| registry.admit().expect("room")).collect();
        let names: Vec<CallId> = places.iter_mut().map(|place| place.name("CA1")).collect();
        assert!(registry.hang_up(&names[1]));
        assert_eq!(
            places.iter().map(|place| place.hung_up().is_cancelled()).collect::<Vec<_>>(),
            [false, true]
        );
        places.clear();
        assert!(!registry.hang_up(&names[1]));
    }

    #[test]
    fn a_running_call_is_known_with_its_callers_side() {
        let registry = Registry::new(1);
        let mut place = registry.admit().expect("room");
        let leg = Leg { dialect: Some(Dialect::Twilio), call: Some("CA1".to_owned()), ..Leg::default() };
        place.stands_for(leg.clone());
        let name = place.name("CA1");
        assert_eq!(registry.leg(&name), Some(leg));
        drop(place);
        assert_eq!(registry.leg(&name), None);
    }

    #[test]
    fn a_draining_house_takes_no_new_calls() {
        let registry = Registry::new(1);
        registry.drain();
        assert_eq!(registry.admit().err(), Some(Refused::Draining));
    }
}
