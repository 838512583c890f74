//! Who may use the interface, and how often: clients with a key, or without keys the programs of this
//! machine. Must not know what is asked for.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::rates::{Limits, Used};
use crate::access::Secret;
use crate::config::Api;

/// Why a client is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// The server has no keys, and the client is not a program of this machine.
    NoKeys,
    /// A key is needed, and none was sent.
    NoKey,
    /// The key is not known.
    WrongKey,
    /// The limit of the key is reached; the time after which it may ask again.
    TooMany(Duration),
}

/// The clients.
#[derive(Debug)]
pub(super) struct Clients {
    keys: Option<Secret>,
    limits: Limits,
    /// Of each key in its order, or of all programs of this machine together.
    used: Mutex<Vec<Used>>,
}

impl Clients {
    pub(super) fn of(api: &Api) -> Self {
        let limits = Limits { per_minute: api.requests_per_minute, per_day: api.requests_per_day };
        let count = api.keys.as_ref().map_or(1, Secret::count);
        Self { keys: api.keys.clone(), limits, used: Mutex::new(vec![Used::default(); count]) }
    }

    /// Counts a request of the client with this key. `on_this_machine`: nobody else can have sent it.
    ///
    /// # Errors
    /// Why it is not served.
    pub(super) fn count(
        &self,
        key: Option<&str>,
        on_this_machine: bool,
        now: Duration,
    ) -> Result<(), Denied> {
        let place = match (&self.keys, key) {
            (Some(keys), Some(key)) => keys.place_of(key).ok_or(Denied::WrongKey)?,
            (Some(_), None) => return Err(Denied::NoKey),
            // Clients of OpenAI's always send a key; here, any will do.
            (None, _) if on_this_machine => 0,
            (None, _) => return Err(Denied::NoKeys),
        };
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = used.get_mut(place).map(|used| used.count(now, self.limits));
        counted.unwrap_or(Ok(())).map_err(Denied::TooMany)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(5);

    fn clients(keys: Option<&str>) -> Clients {
        let api = Api {
            keys: keys.map(|keys| Secret::of(keys).unwrap()),
            requests_per_minute: 2,
            requests_per_day: None,
            at_once: 1,
            max_upload: 1,
            max_audio: NOW,
            timeout: NOW,
        };
        Clients::of(&api)
    }

    #[test]
    fn without_keys_only_this_machine_is_served() {
        let clients = clients(None);
        assert_eq!(clients.count(Some("sk-anything"), true, NOW), Ok(()));
        assert_eq!(clients.count(None, true, NOW), Ok(()));
        assert_eq!(clients.count(Some("sk-anything"), false, NOW), Err(Denied::NoKeys));
    }

    #[test]
    fn each_key_has_its_own_limit_and_nobody_comes_in_without_one() {
        let clients = clients(Some("key-of-one\nkey-of-two"));
        for _ in 0..2 {
            assert_eq!(clients.count(Some("key-of-one"), false, NOW), Ok(()));
        }
        let wait = Duration::from_secs(30);
        assert_eq!(clients.count(Some("key-of-one"), true, NOW), Err(Denied::TooMany(wait)));
        assert_eq!(clients.count(Some("key-of-two"), false, NOW), Ok(()));
        assert_eq!(clients.count(Some("key-of-none"), true, NOW), Err(Denied::WrongKey));
        assert_eq!(clients.count(None, true, NOW), Err(Denied::NoKey));
    }
}
