//! Takes what was told from the queue, makes events of it and keeps them in the spool. Must not know how they
//! are sent.

use std::sync::atomic::Ordering::Relaxed;

use crate::event::{Event, Told, event};
use crate::shared::Shared;
use crate::signing::Signer;

/// The most events that are kept at once.
const BATCH: usize = 64;

/// How often a batch is tried to be kept, a look apart, before it is lost.
const TRIES: u32 = 30;

/// Runs until the queue ends.
pub(crate) fn run(shared: &Shared) {
    while let Some(batch) = shared.queue.next(BATCH) {
        let events: Vec<(String, Event)> = batch.iter().filter_map(|told| named(shared, told)).collect();
        keep(shared, &events);
        shared.wake();
    }
}

fn named(shared: &Shared, told: &Told) -> Option<(String, Event)> {
    let event = event(told, shared.options.words)?;
    Some((Signer::id(told.at), event))
}

fn keep(shared: &Shared, events: &[(String, Event)]) {
    let most = (shared.options.most_rows, shared.options.most_bytes);
    for _ in 0..TRIES {
        // Who says that it is gone does so, and empties the spool, with the same lock.
        let kept = shared
            .with_spool(|spool| (!shared.gone.load(Relaxed)).then(|| spool.keep(events, most)))
            .transpose();
        match kept {
            Ok(None) => {
                shared.given_up.fetch_add(events.len() as u64, Relaxed);
                return;
            }
            Ok(Some(dropped)) => {
                shared.spool_works();
                shared.dropped(dropped);
                return;
            }
            Err(error) => shared.spool_fails(error.to_string()),
        }
        if shared.queue.pause(shared.options.look) {
            break;
        }
    }
    shared.lost.fetch_add(events.len() as u64, Relaxed);
}
