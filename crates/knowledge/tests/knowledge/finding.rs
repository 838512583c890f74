//! Which passages a question finds.

use offhook_knowledge::{Found, Knowledge};

use crate::knowledge;

fn clinic() -> Knowledge {
    knowledge(&[
        ("prices.md", "# Prices\n\n## Whitening\n\n$310, one hour.\n\n## Crown\n\n$1,250, two visits."),
        ("parking.md", "# Parking\n\nBehind the building, free for two hours."),
        ("policies.txt", "Cancellations are free until the day before.\n\nChildren are welcome."),
    ])
}

fn sources(knowledge: &Knowledge, question: &str) -> Vec<String> {
    match knowledge.find(question).unwrap() {
        Found::Passages(passages) => passages.into_iter().map(|passage| passage.source()).collect(),
        Found::Nothing => vec!["nothing".to_owned()],
        Found::NotAsked => Vec::new(),
    }
}

#[test]
fn a_question_finds_the_passage_under_its_heading() {
    assert_eq!(sources(&clinic(), "How much is a whitening?"), ["prices.md#Whitening"]);
    assert_eq!(sources(&clinic(), "Um, hi, where can I park?"), ["parking.md#Parking"]);
    assert_eq!(sources(&clinic(), "Until when can I cancel?"), ["policies.txt"]);
}

#[test]
fn a_word_that_was_misheard_finds_the_word_that_is_nearest() {
    assert_eq!(sources(&clinic(), "How much is a whitning?"), ["prices.md#Whitening"]);
    assert_eq!(sources(&clinic(), "Are childrin allowed?"), ["policies.txt"]);
}

#[test]
fn a_question_about_something_else_finds_nothing() {
    assert_eq!(sources(&clinic(), "Do you have a sauna?"), ["nothing"]);
    assert_eq!(sources(&clinic(), "How much are veneers?"), ["nothing"]);
}

#[test]
fn words_that_ask_nothing_are_not_looked_up() {
    for said in ["My name is Marion Tucker.", "Yes, please.", "Tuesday at ten.", "", "?", "\u{0}\"*"] {
        assert_eq!(sources(&clinic(), said), [""; 0], "{said}");
    }
}

#[test]
fn what_is_wanted_of_a_thing_counts_less_than_the_thing() {
    assert_eq!(sources(&clinic(), "What are your prices?").len(), 2);
    assert_eq!(sources(&clinic(), "What is the price of a crown?")[0], "prices.md#Crown");
}

#[test]
fn two_documents_that_say_different_things_are_told() {
    let two = knowledge(&[
        ("a.md", "Deposit: $20.\n\nParking: free."),
        ("b.md", "- Deposit: $30\n- Parking: Free"),
        ("c.md", "# Hall\n\nDeposit: $500."),
    ]);
    let told: Vec<String> = two.conflicts().iter().map(ToString::to_string).collect();
    assert_eq!(told, ["Deposit is \"$20\" in a.md, but \"$30\" in b.md"]);
    assert_eq!(sources(&two, "How much is the deposit?").len(), 3);
}
