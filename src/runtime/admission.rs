//! The sockets that have not sent their start message yet, and how many sockets each address has open. The
//! places of calls are the registry's. Must not know credentials or routes.

use std::net::IpAddr;
use std::sync::Arc;

use dashmap::DashMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::registry::Refused;

/// The limits, and the current counts.
#[derive(Debug)]
pub struct Admission {
    max_waiting: usize,
    max_per_peer: Option<usize>,
    waiting: Arc<Semaphore>,
    peers: Arc<DashMap<IpAddr, usize>>,
}

/// A socket of a peer, counted until this is dropped.
#[derive(Debug)]
pub struct ConnectionPermit {
    peer: IpAddr,
    peers: Arc<DashMap<IpAddr, usize>>,
    /// Held until the start message has come.
    waiting: Option<OwnedSemaphorePermit>,
}

impl Admission {
    /// At most `max_waiting` sockets without a start message, and `max_per_peer` of one address.
    #[must_use]
    pub fn new(max_waiting: usize, max_per_peer: Option<usize>) -> Self {
        let waiting = Arc::new(Semaphore::new(max_waiting));
        Self { max_waiting, max_per_peer, waiting, peers: Arc::default() }
    }

    /// Admits one more socket of `peer`.
    ///
    /// # Errors
    /// If the peer has too many sockets, or too many sockets wait.
    pub fn enter(&self, peer: IpAddr) -> Result<ConnectionPermit, Refused> {
        let waiting = self.waiting.clone().try_acquire_owned();
        let waiting = waiting.map_err(|_| Refused::Crowded(self.max_waiting))?;
        let mut sockets = self.peers.entry(peer).or_insert(0);
        if let Some(most) = self.max_per_peer.filter(|&most| *sockets >= most) {
            return Err(Refused::Peer(most));
        }
        *sockets += 1;
        Ok(ConnectionPermit { peer, peers: self.peers.clone(), waiting: Some(waiting) })
    }

    /// Whether no socket is open.
    #[must_use]
    pub fn are_empty(&self) -> bool {
        self.peers.is_empty()
    }
}

impl ConnectionPermit {
    /// The start message has come: the socket no longer counts as waiting.
    pub fn begun(&mut self) {
        self.waiting = None;
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.peers.remove_if_mut(&self.peer, |_, sockets| {
            *sockets = sockets.saturating_sub(1);
            *sockets == 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const BOB: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn an_address_has_so_many_sockets_and_no_more() {
        let admission = Admission::new(10, Some(2));
        let visits = [admission.enter(ALICE).unwrap(), admission.enter(ALICE).unwrap()];
        assert_eq!(admission.enter(ALICE).err(), Some(Refused::Peer(2)));
        assert!(admission.enter(BOB).is_ok());
        drop(visits);
        assert!(admission.peers.is_empty());
        assert!(admission.enter(ALICE).is_ok());
    }

    #[test]
    fn who_does_not_begin_does_not_keep_calls_out() {
        let admission = Admission::new(1, None);
        let mut visit = admission.enter(ALICE).unwrap();
        assert_eq!(admission.enter(BOB).err(), Some(Refused::Crowded(1)));
        visit.begun();
        assert!(admission.enter(BOB).is_ok());
    }
}
