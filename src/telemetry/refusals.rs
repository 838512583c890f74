//! Sums up refusals. The first refusal of a peer is logged as it is, as is the first for another reason. The
//! refusals that follow within a minute become one line with their number. A thousand wrong tokens a second
//! must not hide the calls in the log. Gets the time as an argument; must not know why a client is refused.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::time::Duration;

/// How long refusals after the first are summed up.
const WINDOW: Duration = Duration::from_secs(60);

/// The maximum number of peers that are counted separately, each for each provider. Refusals of further peers
/// are summed up together.
const MOST_PEERS: usize = 1024;

/// The maximum number of reasons whose first refusal is logged, for each peer.
const MOST_REASONS: usize = 4;

/// The maximum number of characters of a reason.
const MOST_CHARACTERS: usize = 200;

/// The kinds of refusals, which are summed up separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// There is no room for another call.
    NoRoom,
    /// The credential is missing or wrong.
    NotOpened,
    /// The socket was opened, but no call came of it.
    NeverStood,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::NoRoom, Self::NotOpened, Self::NeverStood];

    /// A word for metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoRoom => "no_room",
            Self::NotOpened => "not_authorised",
            Self::NeverStood => "never_began",
        }
    }

    /// The text of its log line.
    #[must_use]
    pub const fn told(self) -> &'static str {
        match self {
            Self::NoRoom => "a call was refused",
            Self::NotOpened => "a socket was not opened",
            Self::NeverStood => "a socket was closed before its call began",
        }
    }
}

/// The refusals after the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// Their kind.
    pub kind: Kind,
    /// The provider.
    pub line: &'static str,
    /// The peer; `None` if there were too many to count separately.
    pub peer: Option<IpAddr>,
    /// Their number, without those that were logged before.
    pub more: u64,
    /// The reason of the last one.
    pub last: String,
}

/// A kind, a provider and a peer.
type Key = (Kind, &'static str, Option<IpAddr>);

#[derive(Debug, Default)]
struct Counted {
    since: Duration,
    /// The reasons that have been logged once.
    reasons: Vec<String>,
    more: u64,
    last: String,
}

/// The refusals of the last minute.
#[derive(Debug, Default)]
pub struct Refusals {
    in_all: BTreeMap<Kind, u64>,
    counted: HashMap<Key, Counted>,
}

impl Refusals {
    /// Counts a refusal at `now`; true if it is to be logged as it is.
    #[must_use]
    pub fn is_first(
        &mut self,
        kind: Kind,
        line: &'static str,
        peer: IpAddr,
        reason: &str,
        now: Duration,
    ) -> bool {
        *self.in_all.entry(kind).or_default() += 1;
        let mut key = (kind, line, Some(peer));
        if self.counted.len() >= MOST_PEERS && !self.counted.contains_key(&key) {
            key = (kind, line, None);
        }
        let counted = self.counted.entry(key).or_insert_with(|| Counted { since: now, ..Counted::default() });
        let reason: String = reason.chars().take(MOST_CHARACTERS).collect();
        if counted.reasons.len() < MOST_REASONS && !counted.reasons.contains(&reason) {
            counted.reasons.push(reason);
            return true;
        }
        counted.more += 1;
        counted.last = reason;
        false
    }

    /// The sums that are due at `now`. While refusals continue, there is one sum a minute. After a minute
    /// without any, the next refusal counts as a first one again.
    pub fn due(&mut self, now: Duration) -> Vec<Sum> {
        self.sums(|counted| now.saturating_sub(counted.since) >= WINDOW, now)
    }

    /// The number of refusals of this kind since the start.
    #[must_use]
    pub fn in_all(&self, kind: Kind) -> u64 {
        self.in_all.get(&kind).copied().unwrap_or_default()
    }

    /// All sums, at shutdown.
    pub fn all(&mut self) -> Vec<Sum> {
        self.sums(|_| true, Duration::ZERO)
    }

    fn sums(&mut self, is_due: impl Fn(&Counted) -> bool, now: Duration) -> Vec<Sum> {
        let mut sums = Vec::new();
        self.counted.retain(|&(kind, line, peer), counted| {
            if !is_due(counted) {
                return true;
            }
            counted.since = now;
            let more = std::mem::take(&mut counted.more);
            if more > 0 {
                sums.push(Sum { kind, line, peer, more, last: std::mem::take(&mut counted.last) });
            }
            more > 0
        });
        sums
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn peer(n: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(n))
    }

    /// Fault: 3,000 wrong tokens were 3,000 WARN lines in 0.7 s.
    #[test]
    fn the_first_is_told_and_the_others_are_one_line_a_minute() {
        let mut refusals = Refusals::default();
        let first = |refusals: &mut Refusals, n: u64, at| {
            (0..n)
                .filter(|_| refusals.is_first(Kind::NotOpened, "twilio", peer(1), "wrong token", at))
                .count()
        };
        assert_eq!(first(&mut refusals, 3000, S(0)), 1);
        assert_eq!(refusals.due(S(59)), []);
        // Other kinds, providers and peers are logged separately.
        assert!(refusals.is_first(Kind::NoRoom, "twilio", peer(1), "full", S(59)));
        assert!(refusals.is_first(Kind::NotOpened, "plivo", peer(1), "no token", S(59)));
        assert!(refusals.is_first(Kind::NotOpened, "twilio", peer(2), "no token", S(59)));
        let sum = |more| Sum {
            kind: Kind::NotOpened,
            line: "twilio",
            peer: Some(peer(1)),
            more,
            last: "wrong token".into(),
        };
        assert_eq!(refusals.due(S(60)), [sum(2999)]);
        // Refusals continue: only the sum is logged.
        assert_eq!(first(&mut refusals, 10, S(61)), 0);
        assert_eq!(refusals.due(S(119)), []);
        assert_eq!(refusals.due(S(120)), [sum(10)]);
        // Refusals have stopped, and are forgotten.
        assert_eq!(refusals.due(S(180)), []);
        assert!(refusals.counted.is_empty());
        assert_eq!(first(&mut refusals, 1, S(181)), 1);
    }

    #[test]
    fn the_first_for_another_reason_is_told_while_reasons_are_few() {
        let mut refusals = Refusals::default();
        let mut told = |reason: &str| refusals.is_first(Kind::NotOpened, "asterisk", peer(1), reason, S(0));
        assert!(told("no authorization") && told("wrong user or password") && !told("no authorization"));
        assert_eq!((0..100).filter(|n| told(&n.to_string())).count(), MOST_REASONS - 2);
    }

    #[test]
    fn what_is_left_at_the_end_is_told() {
        let mut refusals = Refusals::default();
        for _ in 0..3 {
            let _ = refusals.is_first(Kind::NeverStood, "call", peer(1), &"x".repeat(1000), S(5));
        }
        let all = refusals.all();
        assert_eq!((all.len(), all[0].more, all[0].last.len()), (1, 2, MOST_CHARACTERS));
    }

    /// Fault: a client with many addresses still filled the log, or the memory.
    #[test]
    fn peers_without_number_are_summed_up_together() {
        let mut refusals = Refusals::default();
        let told = (0..100_000)
            .filter(|&n| refusals.is_first(Kind::NotOpened, "call", peer(n), "wrong", S(1)))
            .count();
        assert_eq!(told, MOST_PEERS + 1, "and one of those that are counted together");
        assert!(refusals.counted.len() <= MOST_PEERS + 1);
        let sums = refusals.due(S(61));
        assert_eq!(sums.len(), 1);
        assert_eq!((sums[0].peer, sums[0].more), (None, 100_000 - MOST_PEERS as u64 - 1));
    }
}
