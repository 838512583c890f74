//! What the interface for those who run the server does with agents, and with the file that has them, against
//! its description.

use serde_json::{Value, json};

use super::described::{Asked, Walk};
use crate::support::server::Server;

/// The agents, and which of them goes on with this call.
pub(super) fn walk(walk: &mut Walk, server: &Server, id: &str) {
    walk.refused(server, "list_agents", &Asked { query: "?x=1", ..Asked::default() }, 400);
    let change = |agent: &str| Asked { id, ..Asked::json(&json!({"agent": agent})) };
    walk.right(server, "change_agent", &change("main"));
    let told = walk.refused(server, "change_agent", &change("nobody"), 422);
    assert!(told.contains("there are: main"), "{told}");
    walk.refused(server, "change_agent", &Asked { id, ..Asked::json(&json!({"name": "main"})) }, 400);
}

/// The answer to what a caller has asked, and to what nobody has.
pub(super) fn kept_answers(walk: &mut Walk, server: &Server, heard: &Value) {
    let ask = |question: &Value| Asked::json(&json!({"question": question}));
    let told = walk.right(server, "quick_answer", &ask(heard)).json();
    assert!(told["answer"].as_str().unwrap().contains("eight thirty"), "{told}");
    assert!(told["by"] == "exact" && told["model"] == "main", "{told}");
    let figures = walk.right(server, "cache_stats", &Asked::default()).json();
    assert!(figures["most"] == 100 && figures["models"][0]["kept"] == 1, "{figures}");
    walk.refused(server, "cache_stats", &Asked { query: "?x=1", ..Asked::default() }, 400);
    let told = walk.refused(server, "quick_answer", &ask(&json!("How much is a crown?")), 404);
    assert!(told.contains("nobody has asked"), "{told}");
    let told = walk.refused(server, "quick_answer", &ask(&json!("How much is it?")), 404);
    assert!(told.contains("depends on what was said before"), "{told}");
    walk.refused(server, "quick_answer", &ask(&json!(1)), 400);
    let nobody = Asked::json(&json!({"question": "How much is a crown?", "agent": "nobody"}));
    let told = walk.refused(server, "quick_answer", &nobody, 422);
    assert!(told.contains("there are: main"), "{told}");
    written_answers(walk, server, heard);
}

/// Answers as they are written: one that is kept comes at once, another one from the model.
fn written_answers(walk: &mut Walk, server: &Server, heard: &Value) {
    let kept = walk.right(server, "stream_answer", &Asked::json(&json!({"question": heard}))).events();
    let kinds: Vec<&Value> = kept.iter().map(|event| &event["type"]).collect();
    assert_eq!(kinds, ["text", "done"]);
    assert!(kept[1]["cached"] == "exact" && kept[1]["answer"] == kept[0]["text"], "{kept:?}");

    let line = |by: &str, text: &str| json!({"by": by, "text": text});
    let before = [line("caller", "When are you open on Friday?"), line("agent", "From eight to two.")];
    let goes_on = json!({"question": "And on Sunday?", "before": before, "agent": "main"});
    let written = walk.right(server, "stream_answer", &Asked::json(&goes_on)).events();
    let (done, texts) = written.split_last().unwrap();
    let text: String = texts.iter().map(|event| event["text"].as_str().unwrap()).collect();
    assert!(done["type"] == "done" && texts.len() > 1 && done["answer"] == text.trim(), "{written:?}");
    assert!(text.contains("closed") && done["cached"].is_null(), "{written:?}");

    let none = json!({"question": "Hello?", "agent": "nobody"});
    walk.refused(server, "stream_answer", &Asked::json(&none), 422);
    let long = "é".repeat(1_001);
    for wrong in [json!({"question": long}), json!({"question": "x", "before": [line("caller", &long)]})] {
        walk.refused(server, "stream_answer", &Asked::json(&wrong), 400);
    }
    let many = json!({"question": "x", "before": vec![line("caller", "x"); 101]});
    walk.refused(server, "stream_answer", &Asked::json(&many), 400);
    walk.refused(server, "stream_answer", &Asked::json(&json!({"before": []})), 400);
}

/// The agent's settings and what is read again, with a file that is right, wrong, and gone.
pub(super) fn files_of(walk: &mut Walk, server: &Server, path: &std::path::Path) {
    let nothing = Asked::default();
    let right = json!({"agent.greeting": "Bakery."});
    let wrong = json!({"endpoint.complete_ms": 1, "admin.token": "x"});
    for changes in [&right, &wrong] {
        walk.right(server, "check_agent", &Asked::json(&json!({"changes": changes})));
    }
    for name in ["check_agent", "try_agent"] {
        walk.refused(server, name, &Asked::json(&json!({"changes": 1})), 400);
    }
    walk.right(server, "try_agent", &Asked::json(&json!({"changes": right})));
    for untried in [&wrong, &json!({"tts.speed": 1.1})] {
        walk.refused(server, "try_agent", &Asked::json(&json!({"changes": untried})), 422);
    }
    let version = walk.right(server, "get_agent", &nothing).json()["version"].clone();
    let save = |changes: &Value| Asked::json(&json!({"version": version, "changes": changes}));
    walk.refused(server, "save_agent", &Asked::json(&json!({"changes": right})), 400);
    walk.refused(server, "save_agent", &save(&wrong), 422);
    walk.right(server, "save_agent", &save(&right));
    walk.refused(server, "save_agent", &save(&right), 409);
    walk.right(server, "reload", &nothing);
    let text = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, "[agent]\ngreeting = 1\n").unwrap();
    let told = walk.refused(server, "reload", &nothing, 422);
    assert!(told.contains("line 2: agent.greeting"), "{told}");
    std::fs::remove_file(path).unwrap();
    walk.refused(server, "get_agent", &nothing, 409);
    for name in ["check_agent", "try_agent"] {
        walk.refused(server, name, &Asked::json(&json!({"changes": {}})), 409);
    }
    walk.refused(server, "reload", &nothing, 422);
    std::fs::write(path, text).unwrap();
}
