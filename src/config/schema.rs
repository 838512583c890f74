//! From TOML to `Config`: the only place that knows every key, its unit, its default and its limits.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::limits;
use super::lines::lines;
use super::secrets::{password_hash, secret};
use super::toml_reader::Reader;
use super::{
    Admin, Config, Llm, Log, Persona, Playback, Server, Stt, after_call, agents, api, models, otlp, quality,
    records, tls, tools, turn_taking, webhooks,
};
use crate::engine::whisper::{languages, published};
use crate::engine::{Sampling, TemplateChoice};
use crate::files::search_path;
use crate::media::ear::EarSettings;
use crate::telemetry::logging;

/// Reads every key. The reader keeps the problems; a wrong key gets its default.
pub(super) fn read(r: &mut Reader, base: &Path) -> Config {
    let server = server(r, base);
    let lines = lines(r, base, server.bind);
    let llm = llm(r, base);
    let persona = Persona::read(r, base);
    let agents = Arc::new(agents::agents(r, base, &persona));
    let tools = tools::tools(r, base, &agents);
    let Persona { agent, tts, vad, endpoint, barge_in, speculation, manners, keys } = persona;
    let config = Config {
        server,
        lines,
        admin: secret(r, base, "admin.token").map_or(Admin::Nobody, Admin::Bearer),
        password: password_hash(r, base, "admin.password"),
        api: api::api(r, base),
        agent,
        agents,
        stt: stt(r, base),
        quality: quality::quality(r, &llm),
        llm,
        tts,
        audio: EarSettings {
            dc: true,
            echo_guard: r.switch("audio.echo_guard", true),
            noise_suppression: r.switch("audio.noise_suppression", false),
            level: r.switch("audio.level", true),
        },
        vad,
        endpoint,
        barge_in,
        speculation,
        manners,
        keys,
        playback: Playback { lead: r.millis("playback.lead_ms", 160, 40..=200) },
        log: Log {
            level: r.text("log.level", "info", |level| {
                let allowed = "off, error, warn, info, debug, trace, or a filter such as \"offhook=debug\"";
                logging::filter(level).is_none().then(|| allowed.to_owned())
            }),
            json: r.switch("log.json", false),
            traces: r.file("log.traces", base),
            captures: r.switch("log.captures", false),
        },
        records: records::records(r, base),
        otlp: otlp::otlp(r, base),
        webhooks: webhooks::webhooks(r, base),
        lookup: webhooks::lookup(r, base),
        after_call: after_call::after_call(r, base),
        tools,
        faults: quality::faults(r),
    };
    check_together(r, &config);
    config
}

fn server(r: &mut Reader, base: &Path) -> Server {
    let bind = r.text("server.bind", "127.0.0.1", |text| {
        text.parse::<IpAddr>()
            .err()
            .map(|_| "an IP address such as \"127.0.0.1\" (this machine) or \"0.0.0.0\" (all)".into())
    });
    Server {
        bind: bind.parse().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        port: r.integer("server.port", 8080, 0..=65_535) as u16,
        tls: tls::tls(r, base),
        max_calls: r.integer("server.max_calls", 8, 1..=10_000) as usize,
        max_calls_per_peer: Some(r.integer("server.max_calls_per_peer", 0, 0..=10_000) as usize)
            .filter(|&most| most > 0),
        max_waiting: r.integer("server.max_waiting", 64, 1..=10_000) as usize,
        max_connections: r.integer("server.max_connections", 512, 1..=100_000) as usize,
        max_messages_per_s: r.integer("server.max_messages_per_s", 200, 60..=10_000) as u32,
        max_message_bytes: r.integer("server.max_message_bytes", 65_536, 1024..=1_048_576) as usize,
        start_timeout: r.millis("server.start_timeout_ms", 10_000, 100..=60_000),
        idle_timeout: r.millis("server.idle_timeout_ms", 30_000, 1000..=3_600_000),
        send_timeout: r.millis("server.send_timeout_ms", 5000, 100..=60_000),
        drain_timeout: r.millis("server.drain_timeout_ms", 60_000, 0..=86_400_000),
    }
}

fn stt(r: &mut Reader, base: &Path) -> Stt {
    Stt {
        model: search_path::find(base, &whisper_model(r)),
        threads: r.integer("stt.threads", 1, limits::wide(&limits::THREADS)) as usize,
        window_margin: Some(r.millis("stt.window_margin_ms", 0, limits::wide(&limits::WINDOW_MARGIN_MS)))
            .filter(|m| !m.is_zero()),
        second_look: r.switch("stt.second_look", true),
        language: r.text("stt.language", languages::ENGLISH, languages::problem),
        initial_prompt: r.text("stt.initial_prompt", "", |_| None),
        partial_pace: partial_pace(r),
        commit_after: r.millis("stt.commit_after_ms", 6000, 500..=28_000),
        max_piece: r.millis("stt.max_piece_ms", 20_000, 2000..=22_000),
        max_utterance: r.millis("stt.max_utterance_ms", 60_000, 1000..=600_000),
    }
}

fn partial_pace(r: &mut Reader) -> Option<Duration> {
    let pace = r.millis("stt.partial_ms", 400, 0..=10_000);
    if (1..100).contains(&pace.as_millis()) {
        r.refuse("stt.partial_ms", pace.as_millis().to_string(), "0, or from 100 to 10000".to_owned());
    }
    Some(pace).filter(|pace| !pace.is_zero())
}

fn whisper_model(r: &mut Reader) -> PathBuf {
    let value = r.text("stt.model", published::SHIPPED, |value| {
        let unknown = published::file_of(value).is_none();
        unknown.then(|| format!("one of {}, or the path of a .bin file", published::NAMES.join(", ")))
    });
    // A wrong model is replaced by the default: later problems are then about a model, and not about a
    // folder.
    published::file_of(&value).unwrap_or_else(|| PathBuf::from(published::SHIPPED))
}

fn llm(r: &mut Reader, base: &Path) -> Llm {
    let name = r.text("llm.name", "main", models::check_name);
    let stand_ins = models::stand_ins(r, base, &name);
    Llm {
        in_use: models::in_use(r, &name, &stand_ins),
        smart: models::smart(r, &name, &stand_ins),
        model: path(r, base, "llm.model", "models/demo/phi3-frontdesk.gguf"),
        chat_template: TemplateChoice::of(&r.text("llm.chat_template", "", |_| None), base),
        thinking: r.switch("llm.thinking", false),
        stand_ins,
        name,
        fallback_after: r.millis("llm.fallback_after_ms", 1000, 100..=60_000),
        threads: r.integer("llm.threads", 1, limits::wide(&limits::THREADS)) as usize,
        kernels: models::kernels(r),
        context_tokens: r.integer("llm.context_tokens", 1024, 128..=131_072) as usize,
        sampling: Sampling {
            max_tokens: r.integer("llm.max_tokens", 60, limits::wide(&limits::MAX_TOKENS)) as usize,
            time_limit: Some(r.millis("llm.reply_timeout_ms", 30_000, 0..=600_000)).filter(|t| !t.is_zero()),
            temperature: r.number("llm.temperature", 0.0, limits::TEMPERATURE) as f32,
            top_k: r.integer("llm.top_k", 0, 0..=100_000) as usize,
            top_p: r.number("llm.top_p", 1.0, 0.01..=1.0) as f32,
            min_p: r.number("llm.min_p", 0.0, 0.0..=1.0) as f32,
            repetition_penalty: r.number("llm.repetition_penalty", 1.0, 1.0..=2.0) as f32,
            speakable: r.switch("llm.speakable_only", true),
            seed: r.integer("llm.seed", 0, 0..=i64::MAX as u64),
            stop: r.texts("llm.stop", &["\n\n", "\nQ:"]),
            guide: None,
        },
        cache_mb: r.integer("llm.cache_mb", 2048, 1..=1_000_000) as usize,
        cached_answers: NonZeroUsize::new(r.integer("llm.cached_answers", 0, 0..=1_000_000) as usize),
        prepared_answers: NonZeroUsize::new(r.integer("llm.prepared_answers", 50, 0..=1_000) as usize),
        longest_step: r.millis("llm.longest_step_ms", 50, 5..=1000),
        first_token_timeout: r.millis("llm.first_token_timeout_ms", 4000, 100..=60_000),
    }
}

fn path(r: &mut Reader, base: &Path, key: &str, default: &str) -> PathBuf {
    let path = r.text(key, default, |v| v.is_empty().then(|| "the path of a model file".to_owned()));
    search_path::find(base, Path::new(&path))
}

/// Checks of keys against each other.
fn check_together(r: &mut Reader, c: &Config) {
    let most = c.llm.context_tokens / 2;
    if c.llm.sampling.max_tokens > most {
        r.refuse(
            "llm.max_tokens",
            c.llm.sampling.max_tokens.to_string(),
            format!("at most half of llm.context_tokens, {most}"),
        );
    }
    // Without stand-ins, the key only matters if it is in the file.
    let meant = !c.llm.stand_ins.is_empty() || r.says("llm.fallback_after_ms");
    if meant && c.llm.fallback_after >= c.llm.first_token_timeout {
        r.refuse(
            "llm.fallback_after_ms",
            c.llm.fallback_after.as_millis().to_string(),
            format!("less than llm.first_token_timeout_ms, {}", c.llm.first_token_timeout.as_millis()),
        );
    }
    if c.llm.cached_answers.is_some() && c.stt.language != languages::ENGLISH {
        r.refuse(
            "llm.cached_answers",
            c.llm.cached_answers.map_or(0, NonZeroUsize::get).to_string(),
            "0 with another stt.language than \"en\": which questions mean the same is known in English only"
                .to_owned(),
        );
    }
    if c.log.captures && c.log.traces.is_none() {
        r.refuse(
            "log.captures",
            "true".to_owned(),
            "true only with a folder for traces (log.traces)".to_owned(),
        );
    }
    turn_taking::check_together(r, c);
    agents::check_together(r, c);
    after_call::check_together(r, c);
}

#[cfg(test)]
mod tests {
    use super::super::lines::holds_secrets;
    use super::super::{DEFAULT_CONFIG, Secrets, parse};
    use super::*;
    use crate::speakable::Dictionary;

    fn problems(text: &str) -> Vec<String> {
        match parse(text, "test", Path::new("")) {
            Ok(_) => Vec::new(),
            Err(error) => error.problems.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn captures_need_a_folder_for_traces() {
        let alone = problems("[log]\ncaptures = true");
        assert!(alone.len() == 1 && alone[0].contains("log.traces"), "{alone:?}");
        assert!(problems("[log]\ntraces = \"t\"\ncaptures = true").is_empty());
    }

    #[test]
    fn pronunciations_are_read_and_a_wrong_one_is_named() {
        let right = parse("[tts]\npronounce = { Nguyen = \"win\" }", "test", Path::new(""));
        assert_ne!(*right.expect("a configuration").tts.pronounce, Dictionary::default());
        let section = "[tts.pronounce]\n\"St. Ives\" = \"saint ives\"";
        assert!(problems(section).is_empty(), "{:?}", problems(section));
        for (wrong, told) in [("{ A1 = \"a 1\" }", "\"A1\""), ("{ a = 1 }", "Nguyen"), ("[\"a\"]", "Nguyen")]
        {
            let problems = problems(&format!("[tts]\npronounce = {wrong}"));
            assert!(problems.len() == 1 && problems[0].contains(told), "{problems:?}");
            assert!(problems[0].contains("tts.pronounce"), "{problems:?}");
        }
    }

    #[test]
    fn the_shipped_file_says_the_defaults() {
        let shipped = parse(DEFAULT_CONFIG, "config.toml", Path::new("")).expect("config.toml is right");
        let mut empty = parse("", "empty", Path::new("")).expect("an empty file is right");
        // The agent alone has defaults that are not worth repeating in code.
        empty.agent = shipped.agent.clone();
        empty.agents = shipped.agents.clone();
        assert_eq!(shipped, empty);
    }

    #[test]
    fn the_shipped_file_names_every_key() {
        let mut reader = Reader::new(DEFAULT_CONFIG.parse().expect("TOML"), holds_secrets, Secrets::Read);
        read(&mut reader, Path::new(""));
        let table: toml::Table = DEFAULT_CONFIG.parse().expect("TOML");
        for key in reader.asked_keys() {
            let (section, name) = key.split_once('.').expect("a section");
            assert!(table[section].get(name).is_some(), "config.toml does not mention {key}");
        }
    }

    #[test]
    fn a_value_out_of_range_is_named_with_what_is_allowed() {
        assert_eq!(
            problems("[vad]\naggressiveness = 7"),
            ["vad.aggressiveness = 7: allowed is a whole number from 0 to 3"]
        );
        assert_eq!(problems("[server]\nport = \"http\"").len(), 1);
        assert_eq!(problems("[server]\nbind = \"localhost\"").len(), 1);
    }

    #[test]
    fn a_value_in_a_log_filter_is_a_text_and_no_expression() {
        // As a regular expression, the first is invalid, and the second takes minutes and gigabytes.
        for value in ["(", &format!("(a|b)*a{}", "(a|b)".repeat(24))] {
            let text = format!("[log]\nlevel = \"info,[call{{name={value}}}]=debug\"");
            assert_eq!(problems(&text), Vec::<String>::new());
        }
        assert_eq!(problems("[log]\nlevel = \"offhook=loud\"").len(), 1);
    }

    #[test]
    fn a_log_filter_of_other_letters_is_refused() {
        assert_eq!(problems("[log]\nlevel = \"d\u{e9}bug,[\u{1F600}{x=1}]=trace\"").len(), 1);
        assert_eq!(problems("[log]\nlevel = \"debug\u{fffd}=info\"").len(), 1);
    }

    #[test]
    fn a_recogniser_can_be_named() {
        let named = parse("[stt]\nmodel = \"base.en\"", "test", Path::new("/etc")).expect("a name");
        assert_eq!(named.stt.model, Path::new("/etc/models/ggml-base.en.bin"));
        assert!(problems("[stt]\nmodel = \"bass\"")[0].contains("allowed is one of tiny.en, "));
    }

    #[test]
    fn a_language_is_a_code_or_auto() {
        let spoken = parse("[stt]\nlanguage = \"de\"", "test", Path::new("")).expect("a code");
        assert_eq!(spoken.stt.language, "de");
        assert_eq!(
            problems("[stt]\nlanguage = \"German\""),
            [
                "stt.language = \"German\": allowed is \"auto\", or a code such as \"en\", \"de\", \"es\" or \"fr\"; \
                 german is \"de\""
            ]
        );
    }

    #[test]
    fn a_misspelt_key_is_met_with_the_right_one() {
        assert_eq!(
            problems("[endpoint]\ncomplet_ms = 300"),
            ["endpoint.complet_ms: unknown key; did you mean endpoint.complete_ms?"]
        );
        assert!(problems("[modem]\nx = 1")[0].starts_with("[modem]: unknown section"));
        assert!(problems("port = 1")[0].contains("a key inside one of the sections"));
    }

    #[test]
    fn every_problem_is_told_at_once() {
        assert_eq!(problems("[vad]\nstart_ms = 0\nstop_ms = -4\n[tts]\nspeed = 9").len(), 3);
    }

    #[test]
    fn keys_that_contradict_each_other_are_told() {
        assert_eq!(
            problems("[endpoint]\ncomplete_ms = 600"),
            ["endpoint.open_ms = 500: allowed is at least endpoint.complete_ms, 600"]
        );
        assert_eq!(
            problems("[llm]\ntop_k = -1\nmin_p = 1.5\nreply_timeout_ms = -5\nspeakable_only = 1").len(),
            4
        );
        assert!(problems("[llm]\nmax_tokens = 900")[0].contains("half of llm.context_tokens"));
    }

    #[test]
    fn broken_toml_is_told_with_its_line() {
        assert!(problems("[server\nport = 1")[0].contains("line 1"));
    }
}
