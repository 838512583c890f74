//! What is put into a conversation.

use offhook_core::dialogue::{Message, Role};

use crate::knowledge;

const DOCUMENTS: [(&str, &str); 2] =
    [("prices.md", "# Whitening\n\n$310."), ("hours.md", "# Hours\n\nMonday: 9 to 5. Sunday: closed.")];

/// The roles and words of a conversation with what was looked up, and its sources.
fn informed(said: &[(Role, &str)], most: usize) -> (Vec<(Role, String)>, Vec<String>) {
    let message = |(role, text): &(Role, &str)| Message { role: *role, text: (*text).to_owned() };
    let messages: Vec<Message> = said.iter().map(message).collect();
    let looked_up = knowledge(&DOCUMENTS).look_up(&messages, most).unwrap();
    let messages = looked_up.inform(messages);
    (messages.into_iter().map(|message| (message.role, message.text)).collect(), looked_up.sources)
}

#[test]
fn what_was_found_stands_before_the_last_question_and_before_no_other() {
    let (messages, sources) = informed(
        &[
            (Role::System, "You are a desk."),
            (Role::User, "When are you open on Monday?"),
            (Role::Assistant, "From nine to five."),
            (Role::User, "And how much is a whitening?"),
        ],
        1_000,
    );
    assert_eq!(sources, ["prices.md#Whitening"]);
    assert_eq!(messages.len(), 5);
    let told = "Whitening: $310.\nWhat is not said here or above, you do not know.";
    assert_eq!(messages[3], (Role::System, told.to_owned()));
    assert_eq!(messages[4].0, Role::User);
}

#[test]
fn the_model_is_told_that_nothing_was_found_without_the_name_of_the_thing() {
    let (messages, sources) = informed(&[(Role::User, "Do you have a sauna?")], 1_000);
    assert!(sources.is_empty() && messages[0].0 == Role::System, "{messages:?}");
    assert!(messages[0].1.contains("you do not know") && !messages[0].1.contains("sauna"), "{messages:?}");
}

#[test]
fn a_short_question_goes_on_with_the_one_before() {
    let goes_on = [
        (Role::User, "What are your hours on Monday?"),
        (Role::Assistant, "From nine to five."),
        (Role::User, "And at the weekend?"),
    ];
    assert_eq!(informed(&goes_on, 1_000).1, ["hours.md#Hours"]);
}

#[test]
fn a_question_that_names_something_else_does_not_go_on_with_the_one_before() {
    let other = [
        (Role::User, "What are your hours on Monday?"),
        (Role::Assistant, "From nine to five."),
        (Role::User, "How much is a crown?"),
    ];
    assert_eq!(informed(&other, 1_000).1, [""; 0]);
}

#[test]
fn the_result_of_a_tool_keeps_what_was_looked_up_for_its_question() {
    let (messages, sources) = informed(
        &[(Role::User, "How much is a whitening?"), (Role::Assistant, "<tool_call>"), (Role::Tool, "done")],
        1_000,
    );
    assert_eq!(
        messages.iter().map(|message| message.0).collect::<Vec<_>>(),
        [Role::System, Role::User, Role::Assistant, Role::Tool]
    );
    assert_eq!(sources, ["prices.md#Whitening"]);
}

#[test]
fn there_is_never_more_than_there_is_room_for() {
    let (messages, _) = informed(&[(Role::User, "How much is a whitening?")], 8);
    assert!(messages[0].1.starts_with("Whitenin\n"), "{messages:?}");
    let (messages, sources) = informed(&[(Role::Assistant, "Hello.")], 8);
    assert!(messages.len() == 1 && sources.is_empty());
}
