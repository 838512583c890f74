//! What happens when the caller makes a sound while the agent speaks: pause, confirm, resume.

use offhook_core::turns::{Action, BargeInPolicy, Event, Phrases, Settings};

use crate::support::simulation::{AT, MS, Simulation, settings};

const WHOLE: &str = "You said 4 words. Is there anything else?";

fn with(barge_in: BargeInPolicy) -> Simulation {
    Simulation::answering_with(Settings { barge_in, ..settings() })
}

/// The number of pauses.
fn pauses(call: &Simulation) -> usize {
    call.times(|a| matches!(a, Action::Pause)).len()
}

/// Complaint 1: callers keep hearing buffered audio after they cut in.
#[test]
fn complaint_1_nothing_is_heard_after_the_caller_cut_in() {
    let mut call = Simulation::answering();
    call.caller_says(AT(7000), MS(1500), "No, wait, on Sunday.");
    call.run(AT(30_000));
    // 160 ms of speech from 7,000 on pause the agent; the first word, which ends at 7,375, confirms.
    assert_eq!(call.silenced(), [AT(7160), AT(7500)]);
    let sent_later =
        call.done.iter().filter(|(at, _)| *at >= AT(7160)).filter_map(|(_, action)| match action {
            Action::Send { chunk, .. } => call.turn_of(*chunk),
            _ => None,
        });
    assert!(sent_later.clone().count() > 0);
    let new = call.turn_of(offhook_core::ids::ChunkId(3)).unwrap();
    assert!(sent_later.into_iter().all(|turn| turn > new), "a piece of the cut reply was sent again");
}

/// Complaint 8: the history holds words that the caller never heard.
#[test]
fn complaint_8_the_history_holds_only_what_was_heard() {
    let mut call = Simulation::answering();
    call.caller_says(AT(7000), MS(1500), "No, wait, on Sunday.");
    let reports = call.run(AT(30_000));
    assert_eq!(reports[1].reply, "You said 4");
    assert!(reports[1].interrupted && !reports[1].heard_estimated);
    assert_eq!(call.agent_lines()[1], "You said 4");
    // The next prompt holds only these words too.
    let prompt: Vec<&str> = call.prompts.last().unwrap().iter().map(|m| m.text.as_str()).collect();
    assert_eq!(prompt[2..], ["When do you open?", "You said 4", "No, wait, on Sunday."]);
}

/// Complaint 2: "mm-hm" stops the agent, or a limit of two words makes it ignore "wait".
#[test]
fn complaint_2_mm_hm_does_not_stop_the_agent() {
    for backchannel in ["Mm-hm.", "Okay.", "Yeah.", "Right."] {
        let mut call = Simulation::answering();
        call.caller_says(AT(6800), MS(140), backchannel);
        let reports = call.run(AT(30_000));
        assert_eq!(reports[1].reply, WHOLE);
        assert_eq!((reports[1].hiccups, call.silenced().len()), (0, 0));
    }
}

/// Complaint 2: "mm-hm" stops the agent, or a limit of two words makes it ignore "wait".
#[test]
fn complaint_2_a_long_mm_hm_is_a_hiccup_at_most() {
    let mut call = Simulation::answering();
    call.caller_says(AT(6800), MS(400), "Mm-hm.");
    let reports = call.run(AT(30_000));
    assert_eq!((reports[1].reply.as_str(), reports[1].hiccups, reports[1].interrupted), (WHOLE, 1, false));
    assert_eq!(reports.len(), 2, "and no turn of its own");
}

/// Complaint 2: "mm-hm" stops the agent, or a limit of two words makes it ignore "wait".
#[test]
fn complaint_2_but_a_short_no_stops_it() {
    let mut call = Simulation::answering();
    call.caller_says(AT(6800), MS(140), "No.");
    let reports = call.run(AT(30_000));
    assert!(reports[1].interrupted);
    assert_eq!(reports[2].heard, "No.");
    // As soon as the word is known: the pause is seen at 7,060, the transcript takes 40 ms.
    assert_eq!(call.times(|a| matches!(a, Action::ClearPlayback)), [AT(7100)]);
}

/// Complaint 2: "mm-hm" stops the agent, or a limit of two words makes it ignore "wait".
#[test]
fn complaint_2_a_limit_of_two_words_does_not_ignore_wait() {
    let mut call = with(BargeInPolicy { min_words: 2, ..BargeInPolicy::default() });
    call.caller_says(AT(6800), MS(300), "Wait!");
    assert!(call.run(AT(30_000))[1].interrupted);
}

#[test]
fn one_word_is_not_enough_where_two_are_asked_for() {
    let mut call = with(BargeInPolicy { min_words: 2, ..BargeInPolicy::default() });
    call.caller_says(AT(6800), MS(300), "Tuesday.");
    let reports = call.run(AT(30_000));
    assert_eq!((reports[1].reply.as_str(), reports[1].hiccups), (WHOLE, 1));
}

#[test]
fn after_a_cough_the_agent_goes_on_from_the_word_that_was_cut() {
    let mut call = Simulation::answering();
    // Paused at 7,000, in the middle of "words."; the pause is seen at 7,320, no words at 7,360.
    call.caller_says(AT(6840), MS(360), "");
    let reports = call.run(AT(30_000));
    assert_eq!((reports[1].reply.as_str(), reports[1].hiccups), (WHOLE, 1));
    assert_eq!(call.silenced(), [AT(7000)]);
    assert_eq!(call.sounded(AT(30_000)), format!("Hello, this is the clinic. {WHOLE}"));
    let again = call.done.iter().find_map(|(at, action)| match action {
        Action::Send { from, .. } if !from.is_zero() => Some((*at, *from)),
        _ => None,
    });
    assert_eq!(again, Some((AT(7360), MS(660))));
}

#[test]
fn noise_that_does_not_end_is_spoken_over_after_the_deadline() {
    let mut call = Simulation::answering();
    call.caller_says(AT(6600), MS(20_000), "");
    let reports = call.run(AT(60_000));
    assert_eq!((reports[1].reply.as_str(), reports[1].hiccups), (WHOLE, 1));
    let resumed = call.times(|a| matches!(a, Action::Send { from, .. } if !from.is_zero()))[0];
    assert!(resumed >= AT(6760 + 800) && resumed <= AT(6760 + 900), "{resumed}");
}

#[test]
fn words_after_the_agent_resumed_still_stop_it() {
    let mut call = Simulation::answering();
    // Nothing is understood for 1.4 s, then there are words.
    call.caller_says(AT(6400), MS(2800), "Mmmmm but listen");
    call.caller_says_late(AT(6400), MS(1), "", AT(20_000));
    let reports = call.run(AT(30_000));
    assert!(reports[1].interrupted, "{reports:?}");
}

#[test]
fn a_slow_recogniser_is_waited_for_before_the_agent_resumes() {
    let mut call = Simulation::answering();
    call.run(AT(6300));
    call.delays.transcript = MS(700);
    call.caller_says(AT(6600), MS(3000), "Stop it please now");
    let reports = call.run(AT(30_000));
    assert!(reports[1].interrupted);
    assert_eq!(reports[1].hiccups, 0);
}

#[test]
fn cutting_in_on_every_word_leaves_just_the_words_before_it() {
    // The end of each word after the first sound at 6,250; the pause between the sentences is 220 ms.
    let words = [
        (240, "You"),
        (540, "said"),
        (660, "4"),
        (1080, "words."),
        (1480, "Is"),
        (1840, "there"),
        (2380, "anything"),
    ];
    for position in (240..2700).step_by(20) {
        let mut call = Simulation::answering();
        // The pause comes 160 ms after the start.
        call.caller_says(AT(6250 + position - 160), MS(900), "Stop, stop, stop.");
        let reports = call.run(AT(30_000));
        let over: Vec<&str> =
            words.iter().filter(|(end, _)| *end <= position).map(|(_, word)| *word).collect();
        assert_eq!(reports[1].reply, over.join(" "), "cut after {position} ms");
        assert_eq!(call.agent_lines()[1], over.join(" "));
    }
}

#[test]
fn a_caller_who_cuts_in_twice_pauses_twice() {
    let mut call = Simulation::answering();
    call.caller_says(AT(6400), MS(300), "");
    call.caller_says(AT(7600), MS(300), "");
    let reports = call.run(AT(30_000));
    assert_eq!((reports[1].reply.as_str(), reports[1].hiccups, pauses(&call)), (WHOLE, 2, 2));
}

#[test]
fn two_people_who_talk_at_once_take_the_turn() {
    let mut call = Simulation::answering();
    // Their words come as one stream, with hardly a pause.
    call.caller_says(AT(6400), MS(1500), "Can you ask I already about did Friday?");
    call.caller_says(AT(8000), MS(700), "That is what I said.");
    let reports = call.run(AT(30_000));
    assert!(reports[1].interrupted);
    assert_eq!(reports.len(), 3);
    assert!(reports[2].heard.starts_with("Can you ask") && reports[2].heard.ends_with("what I said."));
}

#[test]
fn a_protected_greeting_is_spoken_to_its_end_and_what_was_said_meanwhile_is_answered() {
    let barge_in = BargeInPolicy { protect_greeting: true, ..BargeInPolicy::default() };
    let mut call = Simulation::new(Settings { barge_in, ..settings() });
    call.caller_says(AT(300), MS(600), "When do you open?");
    let reports = call.run(AT(20_000));
    assert_eq!(reports[0].reply, "Hello, this is the clinic.");
    assert!(!reports[0].interrupted);
    assert_eq!((reports[1].heard.as_str(), reports[1].reply.as_str()), ("When do you open?", WHOLE));
    assert!(call.silenced().is_empty());
}

/// What the law wants said is said before any greeting, and nobody can cut it off.
#[test]
fn a_disclosure_comes_before_the_greeting_and_is_spoken_to_its_end() {
    let phrases = Phrases { disclosure: "This call is recorded.".into(), ..settings().phrases };
    let mut call = Simulation::new(Settings { phrases, ..settings() });
    call.caller_says(AT(300), MS(600), "When do you open?");
    let reports = call.run(AT(20_000));
    assert_eq!(reports[0].reply, "This call is recorded. Hello, this is the clinic.");
    assert!(!reports[0].interrupted);
    assert_eq!((reports[1].heard.as_str(), reports[1].reply.as_str()), ("When do you open?", WHOLE));
    let phrases =
        Phrases { greeting: String::new(), disclosure: "I am a machine.".into(), ..settings().phrases };
    let reports = Simulation::new(Settings { phrases, ..settings() }).run(AT(9000));
    assert_eq!(reports[0].reply, "I am a machine.");
}

#[test]
fn the_greeting_can_be_cut_if_it_is_not_protected() {
    let mut call = Simulation::new(settings());
    call.caller_says(AT(300), MS(600), "When do you open?");
    let reports = call.run(AT(20_000));
    assert!(reports[0].interrupted);
    assert_eq!(reports[1].heard, "When do you open?");
}

#[test]
fn what_is_quieter_than_the_agents_own_echo_is_no_speech() {
    let mut call = Simulation::answering();
    call.at(AT(6660), Event::SpeechStarted { at: AT(6600) });
    call.at(AT(6760), Event::SpeechSustained { level: -40.0, echo: Some(-32.0) });
    call.caller_says_late(AT(6600), MS(700), "You said 4 words", AT(7420));
    let reports = call.run(AT(30_000));
    assert_eq!((reports[1].reply.as_str(), reports.len()), (WHOLE, 2));
    assert!(call.silenced().is_empty());
}

#[test]
fn what_is_louder_than_the_echo_is() {
    let mut call = Simulation::answering();
    call.at(AT(6660), Event::SpeechStarted { at: AT(6600) });
    call.at(AT(6760), Event::SpeechSustained { level: -20.0, echo: Some(-32.0) });
    call.caller_says_late(AT(6600), MS(700), "Wait a moment please", AT(7420));
    assert!(call.run(AT(30_000))[1].interrupted);
}

#[test]
fn a_yeah_right_after_the_agent_is_an_answer() {
    let mut call = Simulation::answering();
    // The agent's last word ends at 8,990.
    call.caller_says(AT(8900), MS(300), "Yeah.");
    let reports = call.run(AT(30_000));
    assert_eq!(reports[1].reply, WHOLE);
    assert_eq!(reports[2].heard, "Yeah.");
}

#[test]
fn a_click_while_the_agent_speaks_changes_nothing() {
    let mut call = Simulation::answering();
    call.caller_says(AT(6800), MS(100), "");
    let reports = call.run(AT(30_000));
    assert_eq!((reports[1].reply.as_str(), reports[1].hiccups), (WHOLE, 0));
}

#[test]
fn a_client_can_ask_for_quiet() {
    let mut call = Simulation::answering();
    call.at(AT(7000), Event::InterruptRequested);
    let reports = call.run(AT(30_000));
    assert!(reports[1].interrupted);
    assert_eq!(call.times(|a| matches!(a, Action::ClearPlayback)), [AT(7000)]);
}

#[test]
fn nobody_is_talked_over_an_answer_that_is_ready_waits_for_a_caller_who_goes_on() {
    let mut call = Simulation::answering();
    call.delays.synthesis = MS(200);
    // The caller goes on at 6,300: the turn is over, but nothing was heard yet.
    call.caller_says(AT(6300), MS(1500), "And on Sunday too?");
    let reports = call.run(AT(30_000));
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert_eq!(reports[1].heard, "When do you open? And on Sunday too?");
    let first_sound = call.times(|a| matches!(a, Action::Send { .. }))[1];
    assert!(first_sound >= AT(7800), "{first_sound}");
}

/// Complaint 13: cancelling a synthesis under its lock lets two renderings run at once.
#[test]
fn complaint_13_a_synthesis_that_was_cancelled_is_not_heard_beside_the_next() {
    let mut call = Simulation::answering();
    call.delays.synthesis = MS(900);
    call.caller_says(AT(7200), MS(900), "Sorry, what are your prices?");
    let reports = call.run(AT(30_000));
    let last = reports.last().unwrap();
    assert_eq!(last.reply.matches("You said").count(), 1);
    assert_eq!(call.sounded(AT(30_000)).matches("anything else?").count(), 1);
}

#[test]
fn what_is_said_into_a_protected_greeting_is_not_lost_by_what_follows_it() {
    let barge_in = BargeInPolicy { protect_greeting: true, ..BargeInPolicy::default() };
    let mut call = Simulation::new(Settings { barge_in, ..settings() });
    call.caller_says(AT(100), MS(500), "When do you open?");
    call.caller_says(AT(1100), MS(200), "Mm-hm.");
    let reports = call.run(AT(20_000));
    assert_eq!(reports[1].heard, "When do you open?");
}

#[test]
fn the_echo_of_the_agents_last_words_is_no_turn() {
    let mut call = Simulation::answering();
    call.at(AT(8660), Event::SpeechStarted { at: AT(8600) });
    call.at(AT(8760), Event::SpeechSustained { level: -40.0, echo: Some(-32.0) });
    call.caller_says_late(AT(8600), MS(500), "there anything else?", AT(9220));
    assert_eq!(call.run(AT(30_000)).len(), 2);
}

#[test]
fn what_is_added_before_the_answer_is_heard_belongs_to_the_question() {
    let mut call = Simulation::after_the_greeting();
    call.delays.synthesis = MS(900);
    call.caller_says(AT(5000), MS(1000), "Is it ninety?");
    call.caller_says(AT(6400), MS(300), "Right.");
    let reports = call.run(AT(30_000));
    assert_eq!(reports[1].heard, "Is it ninety? Right.");
}

#[test]
fn a_busy_machine_that_skips_looks_does_not_make_the_agent_talk_over_the_caller() {
    let mut call = Simulation::answering();
    call.run(AT(6300));
    call.busy = true;
    call.caller_says(AT(6600), MS(1200), "Can I come on Tuesday?");
    let reports = call.run(AT(30_000));
    assert_eq!((reports[1].hiccups, reports[1].interrupted), (0, true));
}

#[test]
fn a_cut_in_the_first_word_is_told_though_nothing_was_heard_of_it() {
    let mut call = Simulation::answering();
    call.caller_says(AT(6250), MS(900), "Stop, stop, stop.");
    let reports = call.run(AT(30_000));
    assert_eq!((reports[1].reply.as_str(), reports[1].interrupted), ("", true));
    assert_eq!(reports[2].heard, "When do you open? Stop, stop, stop.");
}
