//! Attacks of strangers on a server, all at once, during a call: each is refused or dropped within its limit,
//! and the call is answered to its end.

use serde_json::Value;

use crate::support::server::{configured, run, text};

#[test]
fn a_call_goes_on_while_strangers_do_their_worst() {
    // Shorter limits, so that the siege ends with the call.
    let keys = [("server.start_timeout_ms", "4000"), ("server.idle_timeout_ms", "9000")];
    let configuration = configured(&keys, &[]);
    let config = configuration.path.display().to_string();
    let output = run(&["bench", "siege", "--json", "--config", &config], "");
    let told = text(&output.stdout);
    let rows: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let calls: Vec<&Value> = rows.iter().filter(|row| row["call"].is_string()).collect();
    assert_eq!(calls.len(), 2, "{told}{}", text(&output.stderr));
    for call in calls {
        assert_eq!((&call["turns"], &call["unanswered"]), (&8.into(), &0.into()), "{call}");
        assert_eq!((&call["lost_answers"], &call["lost_ms"]), (&0.into(), &0.0.into()), "{call}");
    }
    let attacks: Vec<&Value> = rows.iter().filter(|row| row["attack"].is_string()).collect();
    assert_eq!(attacks.len(), 10, "{told}");
    for attack in attacks {
        let turned_away = attack["attack"] == "wrong credentials";
        assert!(turned_away || attack["dropped"].as_u64() > Some(0), "none got in: {attack}");
        assert_eq!(attack["left"], 0, "{attack}");
        assert_eq!(
            attack["refused"].as_u64().unwrap() + attack["dropped"].as_u64().unwrap(),
            attack["opened"],
            "{attack}"
        );
    }
    // The exit code is not checked: it also depends on the latency, and so on other load of the machine.
}
