//! Attempts at a password: what one address may do, what all may do, and that nobody locks others out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use offhook_login::{ALL_BURST, ALL_EVERY, Attempts, MOST_KNOWN, MOST_PEERS, PEER_BURST, PEER_EVERY};
use proptest::prelude::*;

const START: Duration = Duration::from_secs(7);

fn peer(of: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(0x0A00_0000 + of))
}

#[test]
fn an_address_has_a_few_attempts_and_then_one_from_time_to_time() {
    let mut attempts = Attempts::default();
    for _ in 0..PEER_BURST {
        assert_eq!(attempts.begin(peer(1), START), Ok(()));
    }
    assert_eq!(attempts.begin(peer(1), START), Err(PEER_EVERY));
    let later = START + PEER_EVERY / 3;
    assert_eq!(attempts.begin(peer(1), later), Err(PEER_EVERY - PEER_EVERY / 3), "waiting costs nothing");
    assert_eq!(attempts.begin(peer(1), START + PEER_EVERY), Ok(()));
    assert!(attempts.begin(peer(1), START + PEER_EVERY).is_err());
    assert_eq!(attempts.begin(peer(2), START), Ok(()), "others are not locked out");
}

#[test]
fn a_right_password_forgives_the_wrong_ones() {
    let mut attempts = Attempts::default();
    for _ in 0..3 {
        for _ in 0..PEER_BURST {
            assert_eq!(attempts.begin(peer(1), START), Ok(()));
        }
        attempts.succeeded(peer(1), START);
    }
}

#[test]
fn a_crowd_of_strangers_is_slowed_down_and_does_not_lock_out_those_who_were_inside() {
    let mut attempts = Attempts::default();
    attempts.begin(peer(0), START).unwrap();
    attempts.succeeded(peer(0), START);
    let taken = (1..10_000).filter(|&of| attempts.begin(peer(of), START).is_ok()).count();
    assert_eq!(taken, ALL_BURST as usize - 1);
    assert_eq!(attempts.begin(peer(20_000), START), Err(ALL_EVERY));
    assert_eq!(attempts.begin(peer(0), START), Ok(()));
}

#[test]
fn the_addresses_of_one_network_of_version_6_are_one() {
    let mut attempts = Attempts::default();
    let six = |last| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last));
    for last in 0..PEER_BURST as u16 {
        assert_eq!(attempts.begin(six(last), START), Ok(()));
    }
    assert!(attempts.begin(six(99), START).is_err());
    let mapped = |of| IpAddr::V6(Ipv4Addr::from_bits(of).to_ipv6_mapped());
    assert_eq!(attempts.begin(mapped(1), START), Ok(()));
    assert_eq!(attempts.begin(mapped(2), START), Ok(()));
}

proptest! {
    /// Whoever tries, in whatever order: no address and no crowd gets more than its share, a guess more or
    /// less waits as long as it was told, and the memory has its limit.
    #[test]
    fn nobody_gets_more_attempts_than_the_limits(
        steps in prop::collection::vec((0_u32..60, 0_u64..4000, prop::bool::weighted(0.02)), 1..600)
    ) {
        let mut attempts = Attempts::default();
        let (mut now, mut taken) = (START, vec![0_u32; 60]);
        let mut strangers = 0_u32;
        let mut inside = [false; 60];
        for (of, millis, right) in steps {
            now += Duration::from_millis(millis);
            let share = |burst: u32, every: Duration| {
                burst + ((now - START).as_millis() / every.as_millis()) as u32
            };
            match attempts.begin(peer(of), now) {
                Ok(()) if right => {
                    attempts.succeeded(peer(of), now);
                    (inside[of as usize], taken[of as usize]) = (true, 0);
                }
                Ok(()) => {
                    taken[of as usize] += 1;
                    strangers += u32::from(!inside[of as usize]);
                    prop_assert!(taken[of as usize] <= share(PEER_BURST, PEER_EVERY));
                    prop_assert!(strangers <= share(ALL_BURST, ALL_EVERY));
                }
                Err(wait) => {
                    prop_assert!(!wait.is_zero());
                    prop_assert!(wait <= PEER_EVERY);
                }
            }
            prop_assert!(attempts.remembered() <= MOST_PEERS + MOST_KNOWN);
        }
    }
}

#[test]
fn the_memory_has_its_limit() {
    let mut attempts = Attempts::default();
    for of in 0..5 * MOST_PEERS as u32 {
        let now = START + ALL_EVERY * of;
        assert_eq!(attempts.begin(peer(of), now), Ok(()));
        if of % 3 == 0 {
            attempts.succeeded(peer(of), now);
        }
        assert!(attempts.remembered() <= MOST_PEERS + MOST_KNOWN);
    }
}
