//! Sends events, one after the other, and says what becomes of each. Several lanes run beside each other.
//! Must not know how an event came into the spool.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::clock::millis;
use crate::options::Trouble;
use crate::post::{Answer, Poster};
use crate::shared::Shared;
use crate::spool::{Kept, Next};

/// Runs until all is to end.
pub(crate) fn run(shared: &Shared, poster: &Poster) {
    while let Some(event) = shared.claim() {
        let next = send(shared, poster, &event);
        shared.settle(&event, next);
    }
}

fn send(shared: &Shared, poster: &Poster, event: &Kept) -> Next {
    let options = &shared.options;
    // The time is that of this try: end points refuse what was signed long ago.
    let headers = options.signer.headers(&event.webhook, (options.clock)(), event.body.as_bytes());
    match poster.post(event.body.clone(), &headers, options.timeout) {
        Answer::Taken => {
            shared.delivered.fetch_add(1, Relaxed);
            shared.takes();
            Next::Done
        }
        Answer::Later(problem, asked) => {
            let now = millis((options.clock)());
            let age = Duration::from_millis(u64::try_from(now.saturating_sub(event.at)).unwrap_or_default());
            match options.retries.pause(event.tries.saturating_add(1), age, asked, chance()) {
                Some(pause) => {
                    shared.retried.fetch_add(1, Relaxed);
                    shared.waits(problem);
                    Next::Again(now.saturating_add(millis(pause)))
                }
                None => given_up(shared, event, problem),
            }
        }
        Answer::Never(problem) => given_up(shared, event, problem),
        Answer::Gone => {
            gone(shared);
            Next::Done
        }
    }
}

fn given_up(shared: &Shared, event: &Kept, problem: String) -> Next {
    shared.given_up.fetch_add(1, Relaxed);
    shared.tell(&Trouble::GivenUp { kind: event.kind.clone(), call: event.call.clone(), problem });
    Next::Done
}

/// Nothing more is sent: all that waits is given up.
fn gone(shared: &Shared) {
    let cleared = shared.with_spool(|spool| (!shared.gone.swap(true, Relaxed)).then(|| spool.clear()));
    let Some(cleared) = cleared else { return };
    shared.tell(&Trouble::Gone { address: shared.options.endpoint.shown() });
    match cleared {
        Ok(count) => drop(shared.given_up.fetch_add(count, Relaxed)),
        Err(error) => shared.spool_fails(error.to_string()),
    }
}

/// A number from 0 to 1.
fn chance() -> f64 {
    let mut random = [0; 2];
    // Without randomness of the system, all wait as long as each other.
    let filled = SystemRandom::new().fill(&mut random);
    filled.map_or(0.5, |()| f64::from(u16::from_le_bytes(random)) / f64::from(u16::MAX))
}
