//! Sessions: how long they live, how many there are, and what opens them.

use std::time::Duration;

use offhook_login::{Begun, IDLE, LIFE, MOST_SESSIONS, Sessions};
use proptest::prelude::*;

const START: Duration = Duration::from_secs(100);
const MOMENT: Duration = Duration::from_secs(1);

/// Different for each number, and in both halves.
fn random(of: usize) -> [u8; 64] {
    let mut random = std::array::from_fn(|at| at as u8);
    random[..8].copy_from_slice(&of.to_le_bytes());
    random[32..40].copy_from_slice(&of.to_be_bytes());
    random
}

#[test]
fn a_session_is_known_by_its_name_and_has_its_own_token() {
    let mut sessions = Sessions::default();
    let first = sessions.begin(random(1), START);
    let second = sessions.begin(random(2), START);
    assert_eq!((first.name.len(), first.csrf.len()), (43, 43), "256 bits each");
    assert!(first.name != second.name && first.csrf != second.csrf && first.name != first.csrf);
    assert_eq!(sessions.csrf_of(&first.name, START), Some(first.csrf.as_str()));
    assert!(sessions.has(&first.name, &first.csrf, START));
    for wrong in ["", "x", &second.csrf, &first.name, &first.csrf[1..]] {
        assert!(!sessions.has(&first.name, wrong, START), "{wrong}");
    }
    for nobody in ["", "x", &first.csrf, &first.name.to_lowercase(), &"x".repeat(1 << 20)] {
        assert_eq!(sessions.csrf_of(nobody, START), None, "{nobody:.50}");
    }
}

#[test]
fn a_session_that_is_used_lives_on_until_its_life_is_over() {
    let mut sessions = Sessions::default();
    let Begun { name, .. } = sessions.begin(random(1), START);
    let mut now = START;
    while now + IDLE - MOMENT < START + LIFE {
        now += IDLE - MOMENT;
        assert!(sessions.csrf_of(&name, now).is_some(), "{now:?}");
    }
    assert!(sessions.csrf_of(&name, START + LIFE - MOMENT).is_some());
    assert!(sessions.csrf_of(&name, START + LIFE).is_none());
    assert!(sessions.csrf_of(&name, START).is_none(), "it does not come back");
}

#[test]
fn a_session_that_is_not_used_ends_and_so_does_one_that_is_logged_out() {
    let mut sessions = Sessions::default();
    let idle = sessions.begin(random(1), START);
    let out = sessions.begin(random(2), START);
    sessions.end(&out.name);
    sessions.end("nobody");
    assert!(sessions.csrf_of(&out.name, START).is_none());
    assert!(sessions.csrf_of(&idle.name, START + IDLE).is_none());
    assert_eq!(sessions.count(), 0);
}

proptest! {
    /// However many log in, log out and come back, there are never too many, none outlives its limits, and a
    /// name opens its own session alone.
    #[test]
    fn sessions_are_few_and_end(steps in prop::collection::vec((0_u8..4, 0_usize..200, 0_u64..2000), 1..400)) {
        let mut sessions = Sessions::default();
        let mut begun: Vec<(Begun, Duration, Duration)> = Vec::new();
        let mut now = START;
        for (at, (step, which, seconds)) in steps.into_iter().enumerate() {
            now += Duration::from_secs(seconds);
            let known = begun.len();
            match step {
                0 | 1 => begun.push((sessions.begin(random(at), now), now, now)),
                2 if known > 0 => sessions.end(&begun.swap_remove(which % known).0.name),
                3 if known > 0 => {
                    let (session, began, used) = &mut begun[which % known];
                    let csrf = sessions.csrf_of(&session.name, now).map(str::to_owned);
                    if csrf.is_some() {
                        prop_assert_eq!(csrf.as_deref(), Some(session.csrf.as_str()));
                        prop_assert!(now - *used < IDLE && now - *began < LIFE);
                        *used = now;
                    }
                }
                _ => {}
            }
            prop_assert!(sessions.count() <= MOST_SESSIONS);
        }
    }
}
