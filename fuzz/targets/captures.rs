//! The properties of captures of calls: read, written again, and run, if they are short. Must not know where
//! bytes come from.

use std::path::Path;
use std::sync::OnceLock;

use offhook::call::again::run_again;
use offhook::call::capture::{Line, What};
use offhook::dialogue::CountTokens;
use offhook::turns::Settings;
use offhook::units::CallTime;

use super::files::short;

/// The longest message about a capture, in bytes.
const MAX_PROBLEM: usize = 4096;

/// A call hears silence, frame by frame, between two lines: that of a minute is enough here.
const LONGEST: CallTime = CallTime::from_millis(60_000);

fn settings() -> &'static Settings {
    static SETTINGS: OnceLock<Settings> = OnceLock::new();
    SETTINGS.get_or_init(|| {
        let config = offhook::config::parse("", "fuzz", Path::new("")).expect("the defaults");
        offhook::config::call::settings(&config)
    })
}

/// Captures of calls.
pub fn capture(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = Vec::new();
    for text in text.lines().filter(|line| !line.is_empty()).take(2000) {
        match Line::read(text) {
            Ok(line) => {
                let written = line.to_text();
                assert!(!written.contains('\n'));
                assert_eq!(Line::read(&written).expect("it was written").to_text(), written);
                lines.push(line);
            }
            Err(problem) => short(&problem.to_string(), MAX_PROBLEM + 3 * text.len()),
        }
    }
    if lines.iter().any(|line| line.at > LONGEST) {
        return;
    }
    let Some((at, head)) = lines.iter().find_map(|line| match &line.what {
        What::Call(head) => Some((line.at, head)),
        What::In(_) | What::Out(_) => None,
    }) else {
        return;
    };
    let words = CountTokens::new(|text| text.split_whitespace().count());
    match head.begin(at, settings().clone(), words) {
        Ok(call) => {
            let again = run_again(call, &lines).expect("no line is late");
            assert!(again.received + again.sent <= lines.len());
        }
        Err(problem) => short(&problem.to_string(), MAX_PROBLEM + 3 * text.len()),
    }
}
