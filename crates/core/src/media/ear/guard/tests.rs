//! What the echo guard does with samples: nothing on a clean line, and much on one with an echo.

use proptest::prelude::*;

use super::*;
use crate::audio::level::rms_dbfs;

const AT: fn(usize) -> CallTime = |frames| CallTime::from_millis(frames as u64 * 20);

/// A sound like speech: noise under syllables, of about -20 dBFS.
fn voice(seed: u32, frames: usize) -> Vec<i16> {
    let mut state = seed;
    let mut last = 0.0;
    (0..frames * FRAME_SAMPLES)
        .map(|n| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            last = 0.9 * last + ((state >> 8) as f32 / (1 << 23) as f32 - 1.0) * 3000.0;
            (last * (n as f32 * 0.003 + seed as f32).sin().max(0.0)) as i16
        })
        .collect()
}

fn delayed(samples: &[i16], delay: usize, gain: f32) -> Vec<i16> {
    let at = |n: usize| n.checked_sub(delay).and_then(|n| samples.get(n)).copied().unwrap_or(0);
    (0..samples.len()).map(|n| (f32::from(at(n)) * gain) as i16).collect()
}

/// Hears `heard` in messages of this length while `sent` plays. Returns what is left.
fn through(guard: &mut EchoGuard, sent: &[i16], heard: &[i16], message: usize) -> Vec<i16> {
    for (n, frame) in sent.chunks(FRAME_SAMPLES).enumerate() {
        // A frame is sent as it plays: the messages below come in the same order.
        let mut frame = frame.to_vec();
        frame.resize(FRAME_SAMPLES, 0);
        guard.reference.sent(AT(n), &frame);
        if n * FRAME_SAMPLES > LONGEST {
            break;
        }
    }
    let mut left = Vec::new();
    let mut known = LONGEST / FRAME_SAMPLES + 2;
    for piece in heard.chunks(message) {
        let mut piece = piece.to_vec();
        let end = left.len() + piece.len();
        while known * FRAME_SAMPLES < end + FRAME_SAMPLES {
            let frame = sent.get(known * FRAME_SAMPLES..).unwrap_or_default();
            guard.sent(AT(known), &frame[..frame.len().min(FRAME_SAMPLES)]);
            known += 1;
        }
        guard.hear(&mut piece, CallTime::from_micros(end as u64 * 125));
        left.extend(piece);
    }
    left
}

#[test]
fn on_a_line_without_echo_every_sample_passes_as_it_came() {
    let (agent, caller) = (voice(1, 400), voice(7, 400));
    for message in [160, 80, 333] {
        let mut guard = EchoGuard::new(false);
        assert_eq!(through(&mut guard, &agent, &caller, message), caller, "{message}");
        assert_eq!(guard.echo(), None);
    }
}

#[test]
fn silence_stays_silence_while_the_agent_speaks() {
    let mut guard = EchoGuard::new(false);
    assert_eq!(through(&mut guard, &voice(1, 300), &[0; 48_000], 160), [0; 48_000]);
}

#[test]
fn an_echo_is_found_within_a_second_at_its_delay_and_taken_out() {
    for (delay, message) in [(400, 160), (1203, 160), (3201, 333), (7000, 80)] {
        let agent = voice(1, 300);
        let mut guard = EchoGuard::new(false);
        let left = through(&mut guard, &agent, &delayed(&agent, delay, 0.1), message);
        let echo = guard.echo().expect("an echo");
        assert!((echo.delay_ms - delay as f32 / 8.0).abs() <= 2.0, "{echo:?} for {delay}");
        assert!((echo.loss_db - 20.0).abs() < 1.5 && echo.enhancement_db > 10.0, "{echo:?}");
        let loudest = left[delay + 8000..].chunks(160).map(rms_dbfs).fold(-100.0, f32::max);
        assert!(loudest < -60.0, "{loudest} at {delay}");
    }
}

#[test]
fn a_caller_over_the_echo_gets_through() {
    let (agent, mut caller) = (voice(1, 400), voice(7, 400));
    caller[..32_000].fill(0);
    let both: Vec<i16> =
        delayed(&agent, 1200, 0.1).iter().zip(&caller).map(|(echo, voice)| echo + voice).collect();
    let left = through(&mut EchoGuard::new(false), &agent, &both, 160);
    let wrong: Vec<i16> = left.iter().zip(&caller).map(|(left, voice)| left.saturating_sub(*voice)).collect();
    let (voice, wrong) = (rms_dbfs(&caller[32_000..]), rms_dbfs(&wrong[32_000..]));
    assert!(wrong < voice - 15.0, "{wrong} in {voice}");
}

#[test]
fn an_echo_that_is_gone_is_forgotten_and_the_caller_passes_as_he_speaks() {
    let (agent, caller) = (voice(1, 800), voice(7, 800));
    let mut heard = delayed(&agent, 1200, 0.1);
    let mut guard = EchoGuard::new(false);
    assert!(through(&mut guard, &agent[..48_000], &heard[..48_000], 160).len() == 48_000);
    assert!(guard.echo().is_some());
    heard[48_000..].copy_from_slice(&caller[48_000..]);
    let mut guard = EchoGuard::new(false);
    let left = through(&mut guard, &agent, &heard, 160);
    assert_eq!(guard.echo(), None);
    assert_eq!(left[112_000..], heard[112_000..]);
}

#[test]
fn an_echo_that_is_not_heard_while_a_caller_speaks_over_it_for_a_second_stays_known() {
    let (agent, caller) = (voice(1, 600), voice(7, 600));
    let mut heard = delayed(&agent, 1200, 0.03);
    for start in [32_000, 48_000, 64_000, 80_000] {
        for (heard, caller) in heard[start..].iter_mut().zip(&caller[start..]).take(8000) {
            *heard += caller;
        }
    }
    let mut guard = EchoGuard::new(false);
    through(&mut guard, &agent, &heard, 160);
    assert!(guard.echo().is_some_and(|echo| (echo.delay_ms - 150.0).abs() <= 2.0));
}

#[test]
fn on_a_line_with_gaps_silence_while_the_agent_speaks_ends_the_suspicion() {
    let agent = voice(1, 600);
    let mut guard = EchoGuard::new(true);
    for (n, frame) in agent.chunks(FRAME_SAMPLES).enumerate() {
        guard.sent(AT(n), frame);
        if n % 100 == 99 {
            // A click on the line now and then, and nothing between.
            guard.hear(&mut [300; FRAME_SAMPLES], AT(n + 1));
        }
    }
    assert!(guard.agent_frames >= CLEAN_AFTER, "{}", guard.agent_frames);
    // Somebody who sounds like the agent passes at once.
    let mut heard = agent[580 * FRAME_SAMPLES..584 * FRAME_SAMPLES].to_vec();
    let before = heard.clone();
    guard.hear(&mut heard, AT(605));
    assert_eq!(heard, before);
}

#[test]
fn after_a_clear_the_caller_is_not_compared_with_what_was_never_played() {
    let agent = voice(1, 400);
    let mut guard = EchoGuard::new(false);
    through(&mut guard, &agent[..48_000], &delayed(&agent, 1200, 0.1)[..48_000], 160);
    // Half a second was sent ahead and is cleared at once. Somebody says the same words.
    guard.sent(AT(300), &agent[..4000]);
    guard.clear(AT(300));
    let mut heard = delayed(&agent, 1200, 0.1)[..4800].to_vec();
    let before = heard.clone();
    for (n, frame) in heard.chunks_mut(160).enumerate() {
        guard.hear(frame, AT(301 + n));
    }
    assert_eq!(heard[1600..], before[1600..]);
}

/// What may happen to a guard.
#[derive(Debug, Clone)]
enum Step {
    Sent { ahead_ms: u64, samples: Vec<i16> },
    Clear,
    Heard { samples: Vec<i16> },
    Later { ms: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let samples = || prop_oneof![prop::collection::vec(any::<i16>(), 0..700), Just(voice(3, 4))];
    prop_oneof![
        (0_u64..500, samples()).prop_map(|(ahead_ms, samples)| Step::Sent { ahead_ms, samples }),
        samples().prop_map(|samples| Step::Heard { samples }),
        samples().prop_map(|samples| Step::Heard { samples }),
        Just(Step::Clear),
        (0_u64..300).prop_map(|ms| Step::Later { ms }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn any_order_of_sending_hearing_and_clearing_is_borne_and_nothing_grows(
        steps in prop::collection::vec(step(), 0..120),
        gaps: bool,
    ) {
        let mut guard = EchoGuard::new(gaps);
        let mut now = CallTime::from_millis(100);
        for step in steps {
            match step {
                Step::Sent { ahead_ms, samples } => {
                    guard.sent(now + std::time::Duration::from_millis(ahead_ms), &samples);
                }
                Step::Clear => guard.clear(now),
                Step::Heard { mut samples } => guard.hear(&mut samples, now),
                Step::Later { ms } => now += std::time::Duration::from_millis(ms),
            }
            prop_assert!(guard.left.len() < FRAME_SAMPLES && guard.heard.len() < FRAME_SAMPLES + CONTEXT);
            prop_assert!(guard.delay.is_none_or(|delay| delay <= LONGEST + 2 * FRAME_SAMPLES));
            prop_assert!((0.0..=1.0).contains(&guard.gain));
        }
    }
}
