//! Tests of the sampler: which tokens each setting lets through, whatever the logits.

use proptest::prelude::*;

use super::*;

fn warm(seed: u64) -> Sampling {
    Sampling { temperature: 1.0, seed, ..Sampling::default() }
}

fn unbiased() -> Arc<[(u32, f32)]> {
    Arc::new([])
}

fn draws_with(sampling: &Sampling, bias: &Arc<[(u32, f32)]>, logits: &[f32], n: usize) -> Vec<u32> {
    let mut sampler = Sampler::new(sampling, Arc::clone(bias));
    (0..n).map(|_| sampler.choose(logits.to_vec(), &[]).unwrap()).collect()
}

fn draws(sampling: &Sampling, logits: &[f32], n: usize) -> Vec<u32> {
    draws_with(sampling, &unbiased(), logits, n)
}

/// The probability of each token, at temperature 1.
fn probabilities(logits: &[f32]) -> Vec<f32> {
    let best = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f32> = logits.iter().map(|logit| (logit - best).exp()).collect();
    let total: f32 = weights.iter().sum();
    weights.iter().map(|weight| weight / total).collect()
}

#[test]
fn at_temperature_zero_the_likeliest_is_taken_and_of_equals_the_first() {
    assert_eq!(draws(&Sampling::default(), &[0.5, 2.0, 2.0, f32::NAN], 3), [1, 1, 1]);
}

proptest! {
    #[test]
    fn of_any_number_of_logits_the_first_of_the_highest_is_taken(
        logits in prop::collection::vec(prop::sample::select(&[-1.5, 0.5, 2.0, 7.0, f32::NAN][..]), 1..70),
    ) {
        let rank = |logit: f32| if logit.is_nan() { f32::NEG_INFINITY } else { logit };
        let mut best = None;
        for (token, logit) in (0_u32..).zip(&logits) {
            if rank(*logit) > best.map_or(f32::NEG_INFINITY, |(_, logit)| logit) {
                best = Some((token, *logit));
            }
        }
        let chosen = Sampler::new(&Sampling::default(), unbiased()).choose(logits, &[]);
        prop_assert_eq!(chosen, best.map(|(token, _)| token));
    }
}

#[test]
fn a_seed_gives_the_same_tokens_again_and_another_seed_others() {
    let logits = [1.0; 16];
    let first = draws(&warm(7), &logits, 20);
    assert_eq!(first, draws(&warm(7), &logits, 20));
    assert_ne!(first, draws(&warm(8), &logits, 20));
}

#[test]
fn tokens_come_as_often_as_their_probability_says() {
    let logits = [0.0, 3.0_f32.ln()];
    for sampling in [warm(3), Sampling { top_k: 2, ..warm(3) }, Sampling { min_p: 0.1, ..warm(3) }] {
        let ones = draws(&sampling, &logits, 4000).iter().filter(|&&t| t == 1).count();
        assert!((2900..3100).contains(&ones), "{ones}");
    }
}

#[test]
fn the_nucleus_leaves_out_the_unlikely() {
    let logits = [0.0, 10.0, 9.5, -5.0];
    let nucleus = |top_p| Sampling { top_p, ..warm(5) };
    assert!(draws(&nucleus(0.9), &logits, 200).iter().all(|t| [1, 2].contains(t)));
    assert!(draws(&nucleus(0.0), &logits, 20).iter().all(|t| *t == 1));
}

#[test]
fn a_token_that_was_said_becomes_less_likely_whatever_its_sign() {
    let sampling = Sampling { repetition_penalty: 2.0, ..Sampling::default() };
    let mut sampler = Sampler::new(&sampling, unbiased());
    assert_eq!(sampler.choose(vec![1.9, 2.0], &[1]), Some(0));
    assert_eq!(sampler.choose(vec![-1.1, -1.0], &[1, 1, 9]), Some(0));
}

#[test]
fn logits_without_a_number_give_no_token() {
    assert_eq!(Sampler::new(&warm(1), unbiased()).choose(vec![f32::NAN; 3], &[]), None);
    let all_out: Arc<[(u32, f32)]> = (0..3).map(|token| (token, f32::NEG_INFINITY)).collect();
    assert_eq!(Sampler::new(&warm(1), all_out).choose(vec![f32::INFINITY; 3], &[]), None);
}

#[test]
fn a_bias_makes_a_token_more_or_less_likely() {
    let favour: Arc<[(u32, f32)]> = Arc::new([(0, 3.0), (99, 3.0)]);
    assert_eq!(draws_with(&Sampling::default(), &favour, &[0.0, 2.0], 1), [0]);
}

fn logits() -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(prop_oneof![-8.0_f32..8.0, Just(1.5_f32)], 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn top_k_lets_through_the_likeliest_and_no_more(logits in logits(), k in 1_usize..8, seed: u64) {
        let mut likeliest: Vec<(u32, f32)> = (0..).zip(logits.iter().copied()).collect();
        likeliest.sort_by(higher_first);
        likeliest.truncate(k);
        let drawn = draws(&Sampling { top_k: k, ..warm(seed) }, &logits, 60);
        prop_assert!(drawn.iter().all(|token| likeliest.iter().any(|(other, _)| other == token)));
    }

    #[test]
    fn min_p_lets_through_what_is_likely_enough(logits in logits(), min_p in 0.0_f32..1.0, seed: u64) {
        let all = probabilities(&logits);
        let floor = min_p * all.iter().copied().fold(0.0, f32::max);
        let drawn = draws(&Sampling { min_p, ..warm(seed) }, &logits, 60);
        prop_assert!(drawn.iter().all(|&token| all[token as usize] >= floor * 0.999));
    }

    #[test]
    fn what_is_kept_out_is_never_chosen(
        logits in logits(),
        mut out in prop::collection::vec(0_u32..60, 0..20),
        temperature in prop_oneof![Just(0.0_f32), 0.1_f32..3.0],
        seed: u64,
    ) {
        out.retain(|&token| token != 0);
        let bias: Arc<[(u32, f32)]> = out.iter().map(|&token| (token, f32::NEG_INFINITY)).collect();
        let drawn = draws_with(&Sampling { temperature, ..warm(seed) }, &bias, &logits, 30);
        prop_assert!(drawn.iter().all(|token| !out.contains(token)));
    }

    #[test]
    fn the_same_seed_draws_the_same_whatever_the_settings(
        logits in logits(), top_k in 0_usize..9, top_p in 0.01_f32..1.0, min_p in 0.0_f32..1.0, seed: u64,
    ) {
        let sampling = Sampling { top_k, top_p, min_p, ..warm(seed) };
        prop_assert_eq!(draws(&sampling, &logits, 20), draws(&sampling, &logits, 20));
    }

    #[test]
    fn greedy_asks_for_no_other_setting(
        logits in logits(), top_k in 0_usize..9, top_p in 0.01_f32..1.0, min_p in 0.0_f32..1.0, seed: u64,
    ) {
        let greedy = Sampling { temperature: 0.0, top_k, top_p, min_p, ..warm(seed) };
        prop_assert_eq!(draws(&greedy, &logits, 3), draws(&Sampling::default(), &logits, 3));
    }
}

#[test]
fn the_probability_of_a_token_is_its_share_whatever_else_is_no_number() {
    let logits = [1000.0, 1000.0 + 3.0_f32.ln(), f32::NAN, f32::NEG_INFINITY];
    let probability = |token| probability_of([token].into_iter(), &logits);
    assert!((probability(1).unwrap() - 0.75).abs() < 1e-4);
    assert_eq!((probability(2), probability(3), probability(4)), (None, Some(0.0), None));
    assert_eq!(probability_of([0, 1, 9].into_iter(), &logits), Some(1.0));
}
