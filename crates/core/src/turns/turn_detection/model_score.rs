//! The score of how complete a caller's words are, from the rules and the language model. Knows two
//! figures; no words, no silence and no model.

use super::completeness::Ruling;
use super::endpoint::EndpointPolicy;

impl EndpointPolicy {
    /// The score of words, 0 to 1: the weighted mean of the rules' score and the model's `probability` that
    /// the turn ends here, if it is known. Where the rules are certain that more comes, the model cannot
    /// overrule them; it can always say that more comes.
    #[must_use]
    pub fn score(&self, ruling: Ruling, probability: Option<f32>) -> f32 {
        let Some(probability) = probability else { return ruling.score };
        let model = score_of(probability, self.model_threshold);
        let weight = self.model_weight.clamp(0.0, 1.0);
        (ruling.score * (1.0 - weight) + model * weight).min(ruling.most)
    }
}

/// A model's probability of an end on the scale of the rules: a probability of `threshold` becomes 0.5. In
/// between, the odds are divided by the odds at the threshold, because the scales of models differ: one
/// that was trained on whole turns says 0.9, a large model of texts 0.03, and both are sure.
fn score_of(probability: f32, threshold: f32) -> f32 {
    let threshold = threshold.clamp(0.000_1, 0.999_9);
    let probability = probability.clamp(0.0, 1.0);
    let (end, more) = (probability * (1.0 - threshold), (1.0 - probability) * threshold);
    end / (end + more)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::completeness::{COMPLETE, Context, OPEN, Ruling, UNFINISHED};
    use super::*;

    fn policy(model_threshold: f32, model_weight: f32) -> EndpointPolicy {
        let ms = Duration::from_millis;
        EndpointPolicy {
            complete: ms(250),
            open: ms(500),
            unfinished: ms(1500),
            longest: ms(2000),
            model_threshold,
            model_weight,
            number_lengths: vec![7, 10],
        }
    }

    fn judge(text: &str) -> Ruling {
        let context = Context { number_lengths: &[7, 10], ..Context::default() };
        super::super::completeness::judge(text, context)
    }

    fn score(text: &str, probability: f32) -> f32 {
        policy(0.2, 0.5).score(judge(text), Some(probability))
    }

    #[test]
    fn the_threshold_is_where_the_model_says_neither() {
        assert_eq!(score_of(0.0, 0.03), 0.0);
        assert!((score_of(0.03, 0.03) - 0.5).abs() < 1e-6);
        assert_eq!(score_of(1.0, 0.03), 1.0);
        assert!((score_of(0.5, 0.5) - 0.5).abs() < 1e-6);
        assert!(score_of(0.02, 0.03) < 0.5 && score_of(0.04, 0.03) > 0.5);
        // Four times the odds say four to one.
        assert!((score_of(0.5, 0.2) - 0.8).abs() < 1e-6);
    }

    #[test]
    fn without_a_weight_or_without_a_word_of_the_model_the_rules_decide() {
        for text in ["Do you have parking?", "Hello.", "My number is"] {
            let rules = judge(text).score;
            assert_eq!(policy(0.2, 0.0).score(judge(text), Some(0.9)), rules);
            assert_eq!(policy(0.2, 1.0).score(judge(text), None), rules);
        }
    }

    #[test]
    fn the_model_makes_words_more_complete_and_less() {
        assert!(score("Hello.", 0.9) > OPEN);
        assert!(score("Hello.", 0.01) < OPEN);
        assert!(score("I need an appointment.", 0.01) < COMPLETE);
        assert!(score("Well, yes,", 0.99) > UNFINISHED);
    }

    #[test]
    fn a_number_is_never_cut_short_by_the_model() {
        let said = "five five five two one nine zero four four eight";
        let words: Vec<&str> = said.split(' ').collect();
        for n in 3..10 {
            let so_far = words[..n].join(" ");
            assert_eq!(score(&so_far, 1.0), judge(&so_far).score, "{n} digits");
        }
        assert_eq!(score("My number is five", 1.0), UNFINISHED);
        assert_eq!(score("I would like to come on Tuesday and", 1.0), UNFINISHED);
        assert!(score(said, 0.0) < COMPLETE, "there may be an extension");
    }

    #[test]
    fn no_threshold_and_no_probability_makes_it_no_number() {
        for threshold in [0.0, 0.5, 1.0] {
            for probability in [0.0, 0.5, 1.0] {
                assert!((0.0..=1.0).contains(&score_of(probability, threshold)));
            }
        }
    }
}
