//! Answers that are given again: two callers ask the same, one after the other.

use serde_json::{Value, json};

use super::own_agent::{start, turn};
use super::strangers::run;
use crate::support::server::{Server, configured};

#[test]
fn the_second_who_asks_gets_the_answer_of_the_first_and_who_brings_other_facts_does_not() {
    let server = Server::start(&configured(&[("llm.cached_answers", "100")], &[]));
    run(async {
        let quiet = || json!({"greeting": ""});
        let first = turn(start(&server, quiet()).await).await;
        assert_eq!(first["tokens"].get("cached"), None, "{first}");
        let second = turn(start(&server, quiet()).await).await;
        assert_eq!(second["tokens"]["cached"], "exact", "{second}");
        assert_eq!((&second["heard"], &second["reply"]), (&first["heard"], &first["reply"]));
        let facts = "You are the front desk of Corner Bakery. Hours: Monday to Friday nine thirty to five.";
        let other: Value = turn(start(&server, json!({"greeting": "", "system_prompt": facts})).await).await;
        assert_eq!(other["tokens"].get("cached"), None, "{other}");
        assert!(other["reply"].as_str().unwrap().contains("nine thirty"), "{other}");
    });
}
