//! The language models of a running server: the switch from one to another, and their memory for calls.

use std::fs;
use std::time::Duration;

use serde_json::json;

use super::own_agent;
use super::strangers::{closed, hear, run, say, started};
use crate::support::server::{Server, configured, root};

#[test]
fn another_model_is_asked_after_a_hangup_signal_and_no_call_ends_for_it() {
    let twin =
        format!("[{{ name = \"twin\", model = \"{}/models/demo/phi3-frontdesk.gguf\" }}]", root().display());
    let configuration = configured(&[("llm.stand_ins", &twin)], &[]);
    let server = Server::start(&configuration);
    run(async {
        let before = own_agent::turn(own_agent::start(&server, json!({"greeting": ""})).await).await;
        assert_eq!(before["model"], "main");
        let standing = started(&server).await;

        let text = fs::read_to_string(&configuration.path).unwrap();
        assert!(text.contains("use = \"\""));
        fs::write(&configuration.path, text.replace("use = \"\"", "use = \"twin\"")).unwrap();
        server.hang_up_signal();
        // The signal takes a moment; until then, the first model answers.
        let mut model = json!("main");
        for _ in 0..4 {
            let socket = own_agent::start(&server, json!({"greeting": ""})).await;
            model = own_agent::turn(socket).await["model"].clone();
            if model == "twin" {
                break;
            }
        }
        assert_eq!(model, "twin");
        let mut standing = standing;
        say(&mut standing, &json!({"type": "session.end"})).await;
        hear(&mut standing, "session.summary").await;
        closed(standing).await;
    });
}

#[test]
fn a_call_whose_memory_is_not_there_is_refused_until_another_ends() {
    // The demo model needs 6.2 MiB per call.
    let server = Server::start(&configured(&[("llm.cache_mb", "8")], &[]));
    run(async {
        let mut only = started(&server).await;
        assert_eq!(server.knock("/offhook", &[]), 503);
        assert!(server.get("/readyz").contains("200"), "it is only full");
        say(&mut only, &json!({"type": "session.end"})).await;
        closed(only).await;
        for _ in 0..100 {
            if server.knock("/offhook", &[]) == 101 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the memory was not given back");
    });
}
