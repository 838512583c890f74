//! Tools that the server carries out: their results are answered by themselves, no caller waits in silence,
//! and what ends the call waits for its words.

use offhook_core::dialogue::Role;
use offhook_core::dialogue::tools::{Conduct, Moment, Tools};
use offhook_core::ids::ToolCallId;
use offhook_core::report::{Happened, ToolEnd, ToolRun, TurnReport};
use offhook_core::turns::{Action, Event, Farewell, Settings};
use offhook_core::units::CallTime;

use crate::support::settings::{lively, own_tools, without_speculation};
use crate::support::simulation::{AT, MS, Simulation, settings};
use crate::support::whole_call::{Engines, Peer, WholeCall};

fn call_of(tool: &str, day: &str) -> String {
    format!("<tool_call>\n{{\"name\": \"{tool}\", \"arguments\": {{\"day\": \"{day}\"}}}}\n</tool_call>")
}

/// A call in which the caller has asked by 6,000, these are the model's answers, and tools take so many
/// milliseconds.
fn asked<S: AsRef<str>>(settings: Settings, tools: Tools, takes: Option<u64>, answers: &[S]) -> Simulation {
    let mut call = Simulation::new(Settings { tools, ..settings });
    call.delays.tool = takes.map(MS);
    call.run(AT(5000));
    call.answers = answers.iter().map(|text| text.as_ref().to_owned()).collect();
    call.caller_says(AT(5000), MS(1000), "Book me for Tuesday.");
    call
}

fn simple<S: AsRef<str>>(takes: Option<u64>, answers: &[S]) -> Simulation {
    asked(settings(), own_tools(), takes, answers)
}

/// What was carried out, and when.
fn ran(call: &Simulation) -> Vec<(CallTime, String)> {
    let ran = |(at, action): &(CallTime, Action)| match action {
        Action::RunTool { call, .. } => Some((*at, call.call.name.clone())),
        _ => None,
    };
    call.done.iter().filter_map(ran).collect()
}

fn said(reports: &[TurnReport]) -> Vec<&str> {
    reports.iter().map(|report| report.reply.as_str()).collect()
}

/// When the caller had heard the last sound of the agent.
fn heard_until(call: &Simulation) -> CallTime {
    call.sounds().last().expect("a sound").1
}

#[test]
fn the_agent_has_its_tools_from_the_first_word_on() {
    let call = simple::<&str>(None, &[]);
    let system = call.conversation.history().messages()[0].text.clone();
    assert!(system.contains("<tools>") && system.contains("\"transfer\""), "{system}");
}

#[test]
fn a_result_is_answered_by_itself() {
    let mut call = simple(Some(50), &[call_of("book", "Tuesday"), "You are booked for Tuesday.".to_owned()]);
    let reports = call.run(AT(15_000));
    assert_eq!(said(&reports[2..]), ["You are booked for Tuesday."]);
    assert_eq!(ran(&call).len(), 1);
    let last = call.prompts.last().unwrap();
    assert_eq!((last.last().unwrap().role, last.last().unwrap().text.as_str()), (Role::Tool, "book done"));
}

#[test]
fn a_result_that_comes_while_the_words_before_the_call_are_spoken_is_answered_behind_them() {
    let answer = format!("One moment, I write that down for you. {}", call_of("book", "Tuesday"));
    let mut call = simple(Some(50), &[&answer, "You are booked."]);
    let reports = call.run(AT(15_000));
    assert_eq!(said(&reports[1..]), ["One moment, I write that down for you.", "You are booked."]);
    assert!(reports.iter().all(|report| !report.interrupted && !report.failed));
}

#[test]
fn a_tool_that_takes_its_time_never_leaves_the_caller_in_silence() {
    let answers = [call_of("book", "Tuesday"), "You are booked.".to_owned()];
    let mut call = asked(lively(), own_tools(), Some(9000), &answers);
    let reports = call.run(AT(30_000));
    let said = said(&reports[2..]);
    assert_eq!(said[..3], ["I look into the book.", "One moment, please.", "You are booked."], "{said:?}");
}

#[test]
fn a_quick_tool_needs_no_filler() {
    let mut call =
        asked(lively(), own_tools(), Some(300), &[call_of("book", "Tuesday"), "You are booked.".to_owned()]);
    let reports = call.run(AT(12_000));
    assert_eq!(said(&reports[2..3]), ["You are booked."]);
}

#[test]
fn a_doubled_call_is_made_once_and_its_result_is_told_again() {
    let book = call_of("book", "Tuesday");
    let doubled = "<tool_call>\n{\"name\": \"book\", \"arguments\": {\"day\":\"Tuesday\"}}\n</tool_call>";
    let mut call = simple(Some(50), &[&book, doubled, "You are booked."]);
    let reports = call.run(AT(15_000));
    assert_eq!(ran(&call).len(), 1);
    assert_eq!(said(&reports[2..]).last(), Some(&"You are booked."));
}

#[test]
fn a_call_of_another_day_is_another_call_and_so_is_one_of_the_first_day_again() {
    let [tuesday, wednesday] = ["Tuesday", "Wednesday"].map(|day| call_of("book", day));
    let mut call = simple(Some(50), &[&tuesday, "Done.", &wednesday, "So be it.", &tuesday, "Fine."]);
    call.caller_says(AT(9000), MS(1000), "No, for Wednesday.");
    call.caller_says(AT(13_000), MS(1000), "Sorry, for Tuesday after all.");
    call.run(AT(25_000));
    assert_eq!(ran(&call).len(), 3);
}

#[test]
fn a_model_that_calls_again_and_again_is_stopped() {
    let days: Vec<String> = (0..30).map(|day| call_of("book", &day.to_string())).collect();
    let mut call = simple(Some(50), &days.iter().map(String::as_str).collect::<Vec<_>>());
    call.run(AT(60_000));
    let count = ran(&call).len();
    assert!((2..=8).contains(&count), "{count}");
}

#[test]
fn what_belongs_behind_the_words_is_carried_out_once_they_were_heard() {
    let answer = format!("Please hold while I connect you to the practice. {}", call_of("transfer", ""));
    let mut call = simple(None, &[answer]);
    let reports = call.run(AT(20_000));
    let ran = ran(&call);
    let before = call.sounds().into_iter().filter(|(from, _)| *from < ran[0].0);
    let heard = before.max_by_key(|(_, until)| *until).expect("words").1;
    assert_eq!(said(&reports[1..2]), ["Please hold while I connect you to the practice."]);
    assert!(ran.len() == 1 && ran[0].0 >= heard, "{ran:?}, heard until {heard}");
}

#[test]
fn where_the_model_says_nothing_the_tool_has_its_own_words() {
    let mut call = simple(None, &[&call_of("transfer", "")]);
    let reports = call.run(AT(20_000));
    // While it takes its time, the line is kept alive.
    assert_eq!(said(&reports[1..3]), ["I connect you.", "One moment, please."]);
    assert_eq!(ran(&call).len(), 1);
}

#[test]
fn a_caller_who_cuts_in_is_not_transferred() {
    let answer = format!("Please hold while I connect you to the practice. {}", call_of("transfer", ""));
    let mut call = simple(None, &[&answer, "All right."]);
    call.caller_says(AT(7500), MS(1500), "No wait, I have another question.");
    call.run(AT(20_000));
    assert_eq!(ran(&call), []);
    let history: Vec<&str> = call.conversation.history().lines().map(|line| line.text.as_str()).collect();
    assert!(history.iter().all(|line| !line.contains("transfer")), "{history:?}");
}

#[test]
fn a_cough_does_not_cost_the_caller_the_transfer() {
    let answer = format!("Please hold while I connect you to the practice. {}", call_of("transfer", ""));
    let mut call = simple(None, &[&answer]);
    call.run(AT(6500));
    // A sound without words, from the last moment of the reply until after its end.
    let end = call.sounds().last().map_or(AT(9000), |(_, until)| *until);
    call.at(end, Event::SpeechStarted { at: end });
    call.at(end + MS(300), Event::SpeechEnded { at: end + MS(300) });
    call.run(AT(30_000));
    assert_eq!(ran(&call).len(), 1);
}

#[test]
fn a_tool_that_failed_may_be_called_again() {
    let book = call_of("book", "Tuesday");
    let mut call = simple(None, &[&book, "It did not work.", &book, "Now it did."]);
    call.run(AT(7500));
    let failed = |call: u32, failed| Event::ToolDone { call: ToolCallId(call), output: "x".into(), failed };
    call.at(AT(7500), failed(0, true));
    call.caller_says(AT(11_000), MS(1000), "Please try again.");
    call.at(AT(13_500), failed(1, false));
    call.run(AT(25_000));
    assert_eq!(ran(&call).len(), 2);
}

#[test]
fn a_goodbye_waits_for_what_a_tool_brings() {
    let book = format!("I book that. {}", call_of("book", "Tuesday"));
    let mut call = simple(Some(5000), &[&book, "Goodbye.", "It did not work, I am sorry."]);
    call.caller_says(AT(8000), MS(1000), "Thank you, bye.");
    let reports = call.run(AT(16_000));
    assert!(said(&reports).contains(&"It did not work, I am sorry."), "{:?}", said(&reports));
    let told = reports.iter().position(|report| report.reply.starts_with("It did not"));
    assert!(told.is_some() && call.hung_up().is_none_or(|(at, _)| at > AT(12_000)));
}

#[test]
fn the_agent_hangs_up_behind_its_goodbye() {
    let mut call = simple(None, &[&format!("You are welcome. Take care. {}", call_of("hang_up", ""))]);
    call.run(AT(20_000));
    let (at, why) = call.hung_up().expect("the end of the call");
    assert!(at >= heard_until(&call));
    assert_eq!(why, Farewell::AllWasSaid);
}

#[test]
fn the_agent_does_not_hang_up_before_it_has_told_what_a_tool_brought() {
    let both = format!("{}\n{}", call_of("book", "Tuesday"), call_of("hang_up", ""));
    // It need not call for it again.
    let mut call = simple(Some(400), &[&both, "You are booked."]);
    let reports = call.run(AT(20_000));
    assert!(said(&reports[1..]).contains(&"You are booked."), "{:?}", said(&reports));
    assert!(call.hung_up().is_some_and(|(at, _)| at >= heard_until(&call)));
}

#[test]
fn a_tool_goes_on_when_the_caller_takes_the_turn_unless_it_is_set_otherwise() {
    for cancelled in [false, true] {
        let mut tools = own_tools();
        let conduct =
            Conduct { moment: Moment::AtOnce, cancelled_by_the_caller: cancelled, ..Conduct::default() };
        tools.all[0].own = Some(conduct);
        let answers = [&call_of("book", "Tuesday"), "One moment.", "You are booked."].map(str::to_owned);
        let mut call = asked(settings(), tools, Some(6000), &answers);
        call.caller_says(AT(8000), MS(1500), "What does it cost, by the way?");
        let reports = call.run(AT(30_000));
        let was_cancelled = call.done.iter().any(|(_, action)| matches!(action, Action::CancelTool { .. }));
        assert_eq!(was_cancelled, cancelled);
        assert_eq!(said(&reports[1..]).contains(&"You are booked."), !cancelled, "{:?}", said(&reports));
    }
}

#[test]
fn a_result_that_comes_while_the_caller_speaks_waits_for_the_end_of_their_turn() {
    let answers = [&call_of("book", "Tuesday"), "You are booked, and it is free."].map(str::to_owned);
    let mut call = asked(settings(), own_tools(), Some(2500), &answers);
    call.caller_says(AT(8000), MS(2500), "What does it cost, by the way, for two?");
    let reports = call.run(AT(30_000));
    let last = reports.last().unwrap();
    assert_eq!((last.reply.as_str(), last.interrupted), ("You are booked, and it is free.", false));
    let begun = call.sounds().into_iter().map(|(from, _)| from).filter(|from| *from > AT(8200));
    assert!(begun.min().is_some_and(|from| from > AT(10_500)), "{:?}", call.sounds());
}

/// A result of a call that nobody has made changes nothing.
#[test]
fn a_result_that_nobody_awaits_is_not_answered() {
    let mut call = simple(None, &["Hello."]);
    call.at(AT(9000), Event::ToolDone { call: ToolCallId(9), output: "x".into(), failed: false });
    assert_eq!(call.run(AT(20_000)).len(), 2);
}

/// A whole call with these answers, in which the caller has asked by 6,080.
fn whole(answers: &[String]) -> WholeCall {
    let engines = Engines { answers: answers.iter().cloned().collect(), ..Engines::default() };
    let settings = Settings { tools: own_tools(), ..without_speculation() };
    let mut call = WholeCall::with(settings, Peer::Native(8000), engines);
    call.says(AT(5000), "When do you open?");
    call
}

fn runs(call: &WholeCall) -> Vec<&ToolRun> {
    let run = |(_, happened): &'_ (CallTime, Happened)| matches!(happened, Happened::ToolRan(_));
    let runs = call.happened.iter().filter(|one| run(one));
    runs.filter_map(|(_, happened)| if let Happened::ToolRan(run) = happened { Some(run) } else { None })
        .collect()
}

#[test]
fn what_a_tool_did_is_told_with_its_time() {
    let mut call = whole(&[call_of("book", "Tuesday"), "You are booked.".to_owned()]);
    call.run(AT(12_000));
    let [run] = runs(&call)[..] else { panic!("{:?}", call.happened) };
    assert_eq!((run.name.as_str(), run.end, run.output.as_str()), ("book", ToolEnd::Done, "book done"));
    assert!((run.took_ms - 500.0).abs() < 1.0, "{run:?}");
    let watched = call.watched();
    let tools: Vec<&String> = watched.iter().filter(|line| line.starts_with("book ")).collect();
    assert_eq!(tools, [&format!("book {} began", run.id), &format!("book {} ended: done", run.id)]);
    assert!(call.heard_text().ends_with("You are booked."));
}

#[test]
fn a_tool_that_fails_is_told_to_the_model_and_to_the_followers() {
    let mut call = whole(&[call_of("book", "Tuesday"), "I could not book it.".to_owned()]);
    call.engines.tool_fails = true;
    call.run(AT(12_000));
    let [run] = runs(&call)[..] else { panic!("{:?}", call.happened) };
    assert_eq!(run.end, ToolEnd::Failed);
    let told = call.prompts.last().unwrap().last().unwrap();
    assert!(told.role == Role::Tool && told.text.starts_with("It failed: "), "{told:?}");
    assert_eq!(call.failures(), ["tool_failed"]);
}

#[test]
fn what_is_under_way_when_the_caller_hangs_up_is_told_as_unknown() {
    let mut call = whole(&[call_of("book", "Tuesday")]);
    call.engines.tool = MS(60_000);
    call.run(AT(9000));
    call.hangs_up();
    assert_eq!(runs(&call).iter().map(|run| run.end).collect::<Vec<_>>(), [ToolEnd::Unknown]);
}
