//! The pages of the console: the files of `static/`, built into the program. They are plain HTML, CSS and
//! modules of JavaScript, as a browser takes them; nothing builds or changes them. PURE; must not know HTTP.

/// A file as it is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Its name; there are no folders.
    pub name: &'static str,
    /// Its contents.
    pub bytes: &'static [u8],
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(File { name: $name, bytes: include_bytes!(concat!("../static/", $name)) }),*]
    };
}

/// The first page. It names all others under `/console/`.
pub const PAGE: File = File { name: "index.html", bytes: include_bytes!("../static/index.html") };

/// The other pages, and what all of them need.
const FILES: [File; 62] = files![
    "agent.css",
    "agent.html",
    "agent.js",
    "agent_fields.js",
    "agent_tools.js",
    "api.js",
    "ask.js",
    "call.js",
    "call_after.js",
    "call_facts.js",
    "call_list.js",
    "call_turns.js",
    "call_view.js",
    "calls.css",
    "calls.html",
    "calls.js",
    "captions.js",
    "capture_worklet.js",
    "choices.js",
    "door.js",
    "element.js",
    "engines.js",
    "event_stream.js",
    "events.js",
    "floor.js",
    "health.css",
    "health.html",
    "health.js",
    "health_parts.js",
    "keypad.js",
    "latency_bars.js",
    "live.html",
    "live.js",
    "live_words.js",
    "login.html",
    "login.js",
    "meters.js",
    "microphone.js",
    "pages.css",
    "pieces.js",
    "player.js",
    "player_worklet.js",
    "polling.js",
    "protocol.js",
    "ready.js",
    "recorded_caller.js",
    "recording.js",
    "rehearsal.js",
    "resampler.js",
    "session.js",
    "sparkline.js",
    "style.css",
    "summary.js",
    "talk.js",
    "timeline.js",
    "trial.js",
    "trial_banner.js",
    "troubles.js",
    "waterfall.js",
    "wav.js",
    "waveform.js",
    "words.js"
];

/// What a browser may do on these pages (the header `Content-Security-Policy`): nothing but what comes from
/// this server. Words of callers that look like a script do nothing.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                          media-src 'self' blob:; img-src 'self' data:; worker-src 'self'; base-uri 'none'; \
                          form-action 'none'; frame-ancestors 'none'";

/// The file of this name.
#[must_use]
pub fn file(name: &str) -> Option<File> {
    FILES.into_iter().find(|file| file.name == name)
}

impl File {
    /// Its media type, by its extension.
    #[must_use]
    pub fn media_type(&self) -> &'static str {
        match self.name.rsplit_once('.') {
            Some((_, "html")) => "text/html; charset=utf-8",
            Some((_, "css")) => "text/css; charset=utf-8",
            Some((_, "js")) => "text/javascript; charset=utf-8",
            Some(_) | None => "application/octet-stream",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn text(file: File) -> &'static str {
        std::str::from_utf8(file.bytes).expect("UTF-8")
    }

    #[test]
    fn every_file_of_the_folder_is_served_and_has_a_type() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("static");
        let there: BTreeSet<String> = std::fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .collect();
        let served = FILES.iter().chain([&PAGE]).map(|file| file.name.to_owned()).collect();
        assert_eq!(there, served);
        assert!(FILES.iter().chain([&PAGE]).all(|file| !file.media_type().contains("octet-stream")));
    }

    #[test]
    fn what_a_file_names_is_served_and_nothing_comes_from_elsewhere() {
        for file in FILES.into_iter().chain([PAGE]) {
            for (start, _) in text(file).match_indices("/console/") {
                let rest = &text(file)[start + "/console/".len()..];
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"._".contains(c));
                let name = &rest[..end.unwrap_or(rest.len())];
                let routes = ["login", "logout", "session", "agents.json"];
                assert!(
                    routes.contains(&name) || name.starts_with("callers") || super::file(name).is_some(),
                    "{}: {name}",
                    file.name
                );
            }
            for (start, _) in text(file).match_indices("from \"./") {
                let rest = &text(file)[start + "from \"./".len()..];
                let name = &rest[..rest.find('"').expect("the end of a text")];
                assert!(super::file(name).is_some(), "{} imports {name}", file.name);
            }
            // The namespace of SVG is a name and no address; the others are told to a person.
            let told = ["http://www.w3.org/2000/svg", "http://localhost", "http://127.0.0.1"];
            let left = told.iter().fold(text(file).to_owned(), |text, known| text.replace(known, ""));
            let elsewhere = ["http://", "https://", "\"//", "innerHTML", "eval("];
            let found = elsewhere.iter().find(|word| left.contains(*word));
            assert_eq!(found, None, "{}", file.name);
        }
    }

    #[test]
    fn a_path_is_no_name() {
        assert!(file("../Cargo.toml").is_none() && file("").is_none() && file("index.html").is_none());
    }
}
