//! No text and no question does harm.

use offhook_knowledge::{Document, Found, Knowledge};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_cut_into_passages_that_are_not_too_long_and_any_question_has_an_end(
        text in "(\\PC|\n|# |\\| |- ){0,300}", question in "\\PC{0,80}",
    ) {
        let documents = ["a.md", "b.txt"].map(|name| Document { name: name.to_owned(), text: text.clone() });
        let knowledge = Knowledge::new(&documents).unwrap();
        for passage in knowledge.passages() {
            prop_assert!(!passage.text.is_empty() && passage.text.chars().count() <= 600);
        }
        if let Found::Passages(found) = knowledge.find(&question).unwrap() {
            prop_assert!((1..=3).contains(&found.len()));
        }
    }

    #[test]
    fn a_passage_is_found_by_its_own_words(words in prop::collection::vec("[a-z]{6,9}", 4..8)) {
        let text = words.join(" ");
        let other = Document { name: "other.txt".to_owned(), text: "Nothing of this kind.".to_owned() };
        let knowledge = Knowledge::new(&[other, Document { name: "it.txt".to_owned(), text: text.clone() }]).unwrap();
        let Found::Passages(found) = knowledge.find(&text).unwrap() else { unreachable!("{text}") };
        prop_assert_eq!(&found[0].document, "it.txt");
    }
}
