//! An agent that looks its facts up in a folder.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::own_agent::{start, turn};
use super::programs::ask;
use super::strangers;
use crate::support::server::{Configuration, Server, configured, run, text};

const TOKEN: &str = "a token for administrators";

/// A clinic whose prompt has no hours, and the folder that has them.
fn clinic(hours: &str) -> (Configuration, PathBuf) {
    let keys = [
        ("agent.system_prompt", "\"You are the front desk of Corner Clinic. Address: 9 Maple Road.\""),
        ("agent.knowledge", "\"documents\""),
        ("llm.cached_answers", "100"),
        ("records.file", "\"calls.db\""),
        ("records.batch_ms", "100"),
        ("admin.token", "\"file:token\""),
    ];
    let configuration = configured(&keys, &[("token", TOKEN)]);
    let folder = configuration.path.with_file_name("documents");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("hours.md"), format!("# Hours\n\n{hours}\n")).unwrap();
    fs::write(folder.join("parking.txt"), "Parking: behind the building.").unwrap();
    (configuration, folder)
}

fn reload(server: &Server) -> Value {
    let headers = format!("Authorization: Bearer {TOKEN}\r\n");
    ask(server, "POST", "/api/v1/reload", &headers, b"").json()
}

#[test]
fn an_answer_from_a_folder_tells_its_source_and_dies_with_what_the_folder_says() {
    let (configuration, folder) = clinic("Monday to Friday nine thirty to five.");
    let server = Server::start(&configuration);
    let quiet = || json!({"greeting": ""});
    strangers::run(async {
        let first = turn(start(&server, quiet()).await).await;
        assert!(first["reply"].as_str().unwrap().contains("nine thirty"), "{first}");
        assert_eq!(first["sources"], json!(["hours.md#Hours"]));
        let again = turn(start(&server, quiet()).await).await;
        assert_eq!((&again["tokens"]["cached"], &again["sources"]), (&json!("exact"), &first["sources"]));
        // Who brings an agent brings its facts.
        let own = "You are the front desk of Corner Bakery. Hours: Monday to Friday eight to two.";
        let own = turn(start(&server, json!({"greeting": "", "system_prompt": own})).await).await;
        assert!(own["reply"].as_str().unwrap().contains("eight") && own.get("sources").is_none(), "{own}");

        assert_eq!(reload(&server)["taken_over"], json!([]));
        fs::write(folder.join("hours.md"), "# Hours\n\nMonday to Friday ten fifteen to five.\n").unwrap();
        assert_eq!(reload(&server)["taken_over"], json!(["agent.knowledge"]));
        let other = turn(start(&server, quiet()).await).await;
        assert!(other["reply"].as_str().unwrap().contains("ten fifteen"), "{other}");
        assert_eq!(other["tokens"].get("cached"), None, "{other}");

        // A folder that cannot be read changes nothing.
        fs::write(folder.join("hours.md"), [0xff]).unwrap();
        let refused = reload(&server);
        assert_eq!(refused["problems"][0]["key"], "agent.knowledge", "{refused}");
        let same = turn(start(&server, quiet()).await).await;
        assert!(same["reply"].as_str().unwrap().contains("ten fifteen"), "{same}");
    });
    drop(server);
    let config = configuration.path.to_str().unwrap();
    let shown = |more: &[&str]| {
        let output = run(&[&["--config", config, "calls", "show"], more].concat(), "");
        text(&output.stdout) + &text(&output.stderr)
    };
    let kept = shown(&["#1"]);
    assert!(kept.contains("from hours.md#Hours"), "{kept}");
    let kept = shown(&["#2", "--json"]);
    assert!(kept.contains("\"cached\":\"exact\""), "{kept}");
}

#[test]
fn a_folder_is_checked_before_calls_are_taken_and_asked_by_hand() {
    let (configuration, folder) = clinic("Monday: 9 to 5.");
    let config = configuration.path.to_str().unwrap();
    fs::write(folder.join("old.md"), "# Hours\n\nMonday: 8 to 5.").unwrap();
    fs::write(folder.join("menu.pdf"), "%PDF").unwrap();
    let checked = run(&["--config", config, "config", "check"], "");
    let told = text(&checked.stdout) + &text(&checked.stderr);
    assert!(checked.status.success(), "{told}");
    assert!(
        told.contains("not menu.pdf") && told.contains("Monday is \"9 to 5\" in hours.md#Hours"),
        "{told}"
    );

    let found = run(&["--config", config, "knowledge", "Where can I park?"], "");
    assert_eq!(text(&found.stdout), "parking.txt\n  Parking: behind the building.\n");
    let nothing = run(&["--config", config, "knowledge", "Do you have a sauna?"], "");
    assert_eq!(nothing.status.code(), Some(1));
    let listed = text(&run(&["--config", config, "knowledge"], "").stdout);
    assert!(listed.contains("hours.md") && listed.contains("parking.txt"), "{listed}");

    fs::remove_dir_all(&folder).unwrap();
    let refused = run(&["--config", config, "config", "check"], "");
    let told = text(&refused.stdout) + &text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(64), "{told}");
    assert!(told.contains("agent.knowledge") && told.contains("documents cannot be read"), "{told}");
}
