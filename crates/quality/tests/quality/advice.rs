//! Every rule of advice at its figure and just below it; and what holds for all of them.

use std::collections::{BTreeMap, BTreeSet};

use offhook_quality::advice::{
    Advice, ENOUGH_TURNS, Figures, KEYS, Latency, Losses, MOST, Set, Work, advise,
};
use proptest::prelude::*;

use super::{cases, figure};

/// A server about which there is nothing to say.
fn calm() -> Figures {
    Figures {
        uptime_s: 7200.0,
        turns: ENOUGH_TURNS,
        most_calls: 6,
        p95: Latency { v2v_ms: 600.0, endpoint_ms: 250.0, ..Latency::default() },
        cores: 4,
        busy: 0.49,
        free_memory: 999_000_000,
        resident: 200_000_000,
        ..Figures::default()
    }
}

/// The same with cores in use.
fn busy() -> Figures {
    Figures { busy: 0.8, ..calm() }
}

fn losses(losses: Losses) -> Figures {
    Figures { losses, ..calm() }
}

fn p95(p95: Latency) -> Figures {
    Figures { p95: Latency { v2v_ms: 900.0, endpoint_ms: 250.0, ..p95 }, ..calm() }
}

fn slow_model(ms: f64) -> Figures {
    p95(Latency { llm_first_token_ms: ms, ..Latency::default() })
}

fn slow_voice(ms: f64, real_time: f64) -> Figures {
    let slow = p95(Latency { tts_first_audio_ms: ms, ..Latency::default() });
    Figures { tts_real_time: real_time, ..slow }
}

fn slow_recogniser(ms: f64, real_time: f64) -> Figures {
    let slow = p95(Latency { stt_ms: ms, ..Latency::default() });
    Figures { stt_real_time: real_time, ..slow }
}

fn rereading(reused_tokens: u64, prompt_tokens: u64, first_token_ms: f64) -> Figures {
    let set = Set { context_tokens: Some(1000), ..Set::default() };
    Figures { prompt_tokens, reused_tokens, set, ..slow_model(first_token_ms) }
}

fn silence(endpoint_ms: f64, v2v_ms: f64, set: Set) -> Figures {
    Figures { p95: Latency { endpoint_ms, v2v_ms, ..Latency::default() }, set, ..calm() }
}

const SHIPPED: Set = Set {
    stt_threads: None,
    llm_threads: None,
    context_tokens: None,
    echo_guard: None,
    complete_ms: Some(250),
    open_ms: Some(500),
    unfinished_ms: Some(1500),
    max_tries: None,
};

fn waits(kind: &str, waited_ms: f64) -> BTreeMap<String, Work> {
    BTreeMap::from([(kind.to_owned(), Work { jobs: 20, waited_ms, held_ms: 1000.0, dropped: 0 })])
}

fn partials(jobs: u64, dropped: u64) -> BTreeMap<String, Work> {
    BTreeMap::from([("partial".to_owned(), Work { jobs, dropped, ..Work::default() })])
}

fn threads(figures: Figures, stt_threads: usize, llm_threads: usize) -> Figures {
    let set = Set { stt_threads: Some(stt_threads), llm_threads: Some(llm_threads), ..figures.set };
    Figures { set, ..figures }
}

/// A rule's key, the figures at which it speaks, and figures at which it is silent: each lacks a little of
/// one thing.
type Case = (&'static str, Figures, Vec<Figures>);

fn of_losses() -> Vec<Case> {
    let full = || losses(Losses { refused_full: 7, ..Losses::default() });
    let memory = || losses(Losses { refused_memory: 3, ..Losses::default() });
    vec![
        ("records.file", losses(Losses { records_lost: 1, records_dropped: 1, ..Losses::default() }), vec![]),
        ("records.batch_events", losses(Losses { records_dropped: 12, ..Losses::default() }), vec![calm()]),
        ("log.level", losses(Losses { log_lines: 1200, ..Losses::default() }), vec![calm()]),
        ("llm.cache_mb", Figures { free_memory: 1_000_000_000, ..memory() }, vec![calm()]),
        ("llm.context_tokens", memory(), vec![calm()]),
        (
            "server.max_calls",
            Figures { busy: 0.59, ..full() },
            vec![
                Figures { busy: 0.6, ..full() },
                Figures { busy: 0.0, ..full() },
                Figures { work: waits("transcript", 500.0), ..full() },
                Figures { p95: Latency { v2v_ms: 1001.0, ..Latency::default() }, ..full() },
            ],
        ),
    ]
}

fn of_load() -> Vec<Case> {
    let late_frames = |ms| Latency { first_frame_ms: ms, ..calm().p95 };
    let late = |ms| Latency { v2v_ms: ms, ..calm().p95 };
    let idle = BTreeMap::from([("transcript".to_owned(), Work { jobs: 20, ..Work::default() })]);
    vec![
        (
            "llm.cache_mb",
            Figures { free_memory: 255_000_000, ..calm() },
            vec![Figures { free_memory: 256_000_000, ..calm() }, Figures { free_memory: 0, ..calm() }],
        ),
        (
            "server.max_calls",
            Figures { p95: late_frames(60.0), ..busy() },
            vec![
                Figures { p95: late_frames(59.0), ..busy() },
                Figures { p95: late_frames(60.0), busy: 0.79, ..calm() },
                Figures { p95: late_frames(60.0), most_calls: 1, ..busy() },
            ],
        ),
        (
            "server.max_calls",
            Figures { p95: late_frames(60.0), work: waits("first_speech", 500.0), ..calm() },
            vec![
                Figures { work: waits("first_speech", 500.0), ..calm() },
                Figures { p95: late_frames(60.0), work: waits("first_speech", 499.0), ..calm() },
                Figures { p95: late_frames(60.0), work: waits("decode", 500.0), ..calm() },
                Figures { p95: late_frames(60.0), work: idle, ..calm() },
            ],
        ),
        (
            "server.max_calls",
            Figures { p95: late(1500.0), ..busy() },
            vec![Figures { p95: late(1499.0), ..busy() }],
        ),
        (
            "stt.partial_ms",
            Figures { work: partials(20, 20), ..busy() },
            vec![
                Figures { work: partials(21, 20), ..busy() },
                Figures { work: partials(19, 19), ..busy() },
                Figures { work: partials(20, 20), ..calm() },
            ],
        ),
    ]
}

fn of_engines() -> Vec<Case> {
    let filled = |fillers| Figures { fillers, ..slow_model(200.0) };
    let slow_model_with_threads = |threads: usize| self::threads(slow_model(500.0), 1, threads);
    vec![
        (
            "llm.context_tokens",
            rereading(4999, 10_000, 300.0),
            vec![
                rereading(5000, 10_000, 300.0),
                rereading(4900, 9_999, 300.0),
                rereading(4999, 10_000, 299.0),
                Figures { set: Set::default(), ..rereading(4999, 10_000, 300.0) },
            ],
        ),
        ("llm.model", slow_model(500.0), vec![slow_model(499.0)]),
        ("llm.model", filled(0.25), vec![filled(0.249), Figures { fillers: 0.5, ..slow_voice(300.0, 0.1) }]),
        ("llm.threads", slow_model_with_threads(3), vec![self::threads(slow_model(499.0), 1, 3)]),
        ("llm.model", slow_model_with_threads(4), vec![]),
        ("llm.model", Figures { busy: 0.5, ..slow_model_with_threads(3) }, vec![]),
        ("llm.model", Figures { work: waits("transcript", 100.0), ..slow_model_with_threads(3) }, vec![]),
        ("tts.voice", slow_voice(300.0, 0.5), vec![slow_voice(299.0, 0.5), slow_voice(300.0, 0.49)]),
        (
            "stt.model",
            slow_recogniser(150.0, 0.3),
            vec![slow_recogniser(149.0, 0.3), slow_recogniser(150.0, 0.29)],
        ),
        ("stt.threads", threads(slow_recogniser(150.0, 0.3), 3, 1), vec![]),
        ("stt.model", threads(slow_recogniser(150.0, 0.3), 4, 1), vec![]),
    ]
}

fn of_turns() -> Vec<Case> {
    let (complete, open) = (Set { complete_ms: Some(400), ..SHIPPED }, Set { open_ms: Some(900), ..SHIPPED });
    let unfinished = Set { unfinished_ms: Some(2000), ..SHIPPED };
    let pauses = |false_interruptions| Figures { false_interruptions, ..calm() };
    let echo = Set { echo_guard: Some(false), ..Set::default() };
    let drafts = |used, wasted| Figures { busy: 0.7, drafts_used: used, drafts_wasted: wasted, ..calm() };
    let off = Set { max_tries: Some(0), ..Set::default() };
    vec![
        (
            "endpoint.complete_ms",
            silence(400.0, 800.0, complete),
            vec![
                silence(400.0, 801.0, complete),
                silence(250.0, 400.0, complete),
                silence(250.0, 400.0, SHIPPED),
                silence(400.0, 800.0, Set { open_ms: None, ..complete }),
            ],
        ),
        ("endpoint.open_ms", silence(900.0, 1000.0, open), vec![silence(500.0, 900.0, open)]),
        (
            "endpoint.unfinished_ms",
            silence(1600.0, 1800.0, unfinished),
            vec![silence(1500.0, 1800.0, unfinished), silence(1500.0, 1800.0, SHIPPED)],
        ),
        ("barge_in.min_speech_ms", pauses(2), vec![pauses(1)]),
        ("audio.echo_guard", Figures { set: echo, ..pauses(2) }, vec![Figures { set: echo, ..calm() }]),
        (
            "agent.max_reply_words",
            Figures { interruptions: 0.3, ..calm() },
            vec![Figures { interruptions: 0.29, ..calm() }],
        ),
        (
            "speculation.max_tries",
            drafts(10, 10),
            vec![drafts(10, 9), drafts(11, 10), Figures { busy: 0.69, ..drafts(10, 10) }],
        ),
        (
            "speculation.max_tries",
            Figures { set: off, ..slow_model(200.0) },
            vec![
                Figures { set: off, ..slow_model(199.0) },
                Figures { set: off, busy: 0.5, ..slow_model(200.0) },
                slow_model(200.0),
            ],
        ),
    ]
}

fn all_cases() -> Vec<Case> {
    [of_losses(), of_load(), of_engines(), of_turns()].concat()
}

fn keys(figures: &Figures) -> Vec<&'static str> {
    advise(figures).iter().map(|advice| advice.key).collect()
}

#[test]
fn every_rule_speaks_at_its_figure_and_is_silent_just_below_it() {
    for (key, at, below) in all_cases() {
        assert_eq!(keys(&at), [key], "{at:#?}");
        for figures in below {
            assert!(!keys(&figures).contains(&key), "{key} at {figures:#?}");
        }
    }
}

#[test]
fn nothing_is_said_about_a_server_that_does_well() {
    assert_eq!(advise(&calm()), []);
    assert_eq!(advise(&Figures::default()), []);
}

#[test]
fn with_few_turns_only_losses_and_refusals_are_told() {
    for (key, at, _) in all_cases() {
        let few = Figures { turns: ENOUGH_TURNS - 1, ..at };
        let is_loss = few.losses != Losses::default();
        assert_eq!(keys(&few), if is_loss { vec![key] } else { vec![] });
    }
}

#[test]
fn the_most_important_comes_first_and_at_most_five() {
    let all = Figures {
        losses: Losses { records_lost: 1, log_lines: 1, refused_memory: 1, ..Losses::default() },
        interruptions: 1.0,
        false_interruptions: 20,
        tts_real_time: 1.0,
        p95: Latency { tts_first_audio_ms: 900.0, llm_first_token_ms: 900.0, ..Latency::default() },
        ..calm()
    };
    let five = ["records.file", "log.level", "llm.context_tokens", "llm.model", "tts.voice"];
    assert_eq!(keys(&all), five);
    assert_eq!(five.len(), MOST);
}

#[test]
fn of_two_rules_with_one_key_the_more_important_one_speaks() {
    let refused = Losses { refused_memory: 1, ..Losses::default() };
    let both = advise(&Figures { losses: refused, ..rereading(4999, 10_000, 300.0) });
    assert_eq!(both.iter().map(|advice| advice.id).collect::<Vec<_>>(), ["refused_memory"]);
}

#[test]
fn an_advice_is_one_sentence_with_its_figure_and_its_key() {
    let sentence = |figures| advise(&figures)[0].to_string();
    assert_eq!(
        sentence(threads(slow_model(640.0), 1, 1)),
        "in 5 of 100 turns, the first word took the model more than 640 ms, with 49 % of the cores in use: \
         give a step more threads than 1, at most 4 (llm.threads)"
    );
    assert_eq!(
        sentence(losses(Losses { refused_full: 7, ..Losses::default() })),
        "7 calls found all lines busy in 2 hours, with 49 % of the cores in use: take more calls at once \
         (server.max_calls)"
    );
    assert_eq!(
        sentence(Figures {
            p95: Latency { first_frame_ms: 75.0, ..calm().p95 },
            work: waits("transcript", 600.0),
            ..calm()
        }),
        "5 of 100 replies left more than 75 ms after their first speech was there, and urgent work waited 60 % \
         as long for cores as it held them: take fewer calls at once than 6 (server.max_calls)"
    );
}

#[test]
fn every_key_is_one_of_the_list_and_every_key_of_the_list_is_used() {
    let used: BTreeSet<&str> = all_cases().iter().flat_map(|(_, at, _)| keys(at)).collect();
    assert_eq!(used, BTreeSet::from(KEYS));
}

#[test]
fn every_key_is_in_the_configuration() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../config.toml")).unwrap();
    let (mut section, mut known) = ("", BTreeSet::new());
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name;
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            known.insert(format!("{section}.{key}"));
        }
    }
    assert!(known.len() > 100, "the file is written in another way");
    for key in KEYS {
        assert!(known.contains(key), "{key} is not in config.toml");
    }
}

fn work() -> impl Strategy<Value = BTreeMap<String, Work>> {
    let kind = prop::sample::select(vec!["transcript", "first_speech", "urgent_decode", "partial"]);
    let work = (any::<u64>(), figure(), figure(), any::<u64>())
        .prop_map(|(jobs, waited_ms, held_ms, dropped)| Work { jobs, waited_ms, held_ms, dropped });
    prop::collection::btree_map(kind.prop_map(str::to_owned), work, 0..4)
}

fn set() -> impl Strategy<Value = Set> {
    let small = || prop::option::of(0..3000_u64);
    (prop::option::of(0..9_usize), small(), small(), small(), prop::option::of(any::<bool>())).prop_map(
        |(threads, tokens, complete_ms, open_ms, echo_guard)| Set {
            stt_threads: threads,
            llm_threads: threads,
            context_tokens: tokens,
            echo_guard,
            complete_ms,
            open_ms,
            unfinished_ms: open_ms,
            max_tries: threads.map(|_| 0),
        },
    )
}

prop_compose! {
    fn any_figures()(
        turns in any::<u64>(),
        counts in prop::array::uniform7(prop_oneof![Just(0), 0..100_u64, any::<u64>()]),
        (shares, ms) in (prop::array::uniform6(figure()), prop::array::uniform6(figure())),
        (work, set) in (work(), set()),
        (cores, most_calls, losses) in (0..65_usize, any::<usize>(), prop::array::uniform5(0..2_u64)),
    ) -> Figures {
        let [v2v_ms, endpoint_ms, stt_ms, llm_first_token_ms, tts_first_audio_ms, first_frame_ms] = ms;
        let [fillers, interruptions, busy, stt_real_time, tts_real_time, uptime_s] = shares;
        let [false_interruptions, prompt_tokens, reused_tokens, free_memory, resident, ..] = counts;
        let [records_dropped, records_lost, log_lines, refused_full, refused_memory] = losses;
        Figures {
            uptime_s, turns, most_calls, fillers, interruptions, false_interruptions, prompt_tokens,
            reused_tokens, cores, busy, work, stt_real_time, tts_real_time, free_memory, resident, set,
            drafts_used: counts[5],
            drafts_wasted: counts[6],
            p95: Latency {
                v2v_ms, endpoint_ms, stt_ms, llm_first_token_ms, tts_first_audio_ms, first_frame_ms,
            },
            losses: Losses { records_dropped, records_lost, log_lines, refused_full, refused_memory },
        }
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn whatever_the_figures_no_key_is_named_twice_and_none_that_is_not_known(figures in any_figures()) {
        let advice = advise(&figures);
        let named: BTreeSet<&str> = advice.iter().map(|advice| advice.key).collect();
        prop_assert!(advice.len() <= MOST && named.len() == advice.len());
        prop_assert!(named.iter().all(|key| KEYS.contains(key)));
        let whole = |Advice { because, change, .. }: &Advice| !because.is_empty() && !change.is_empty();
        prop_assert!(advice.iter().all(whole));
    }
}
