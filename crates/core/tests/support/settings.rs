//! The settings of simulated calls: those of the shipped configuration, without the manners that would make
//! the agent speak up in unrelated tests.

use std::time::Duration;

use offhook_core::dialogue::CountTokens;
use offhook_core::dialogue::tools::{Conduct, Moment, Tool, ToolChoice, Tools};
use offhook_core::turns::{
    BargeInPolicy, EndpointPolicy, KeysPolicy, Listening, Manners, Phrases, ReadAhead, Settings,
    SpeculationPolicy,
};

use super::simulation::MS;

pub fn settings() -> Settings {
    Settings {
        language: &offhook_core::language::ENGLISH,
        system_prompt: "You help.".into(),
        phrases: Phrases {
            disclosure: String::new(),
            greeting: "Hello, this is the clinic.".into(),
            fallback: "I am sorry, could you say that again?".into(),
            not_understood: "Sorry, I did not catch that.".into(),
            fillers: vec!["One moment, please.".into()],
            idle: vec!["Are you still there?".into(), "I am still here.".into()],
            idle_goodbye: "Nobody is there. Goodbye.".into(),
            length_warning: "We have one minute left.".into(),
            length_goodbye: "Our time is over. Goodbye.".into(),
            hold: "I am having trouble. Please hold on.".into(),
            give_up_goodbye: "I cannot help you now. Goodbye.".into(),
            goodbyes: Vec::new(),
        },
        endpoint: EndpointPolicy {
            complete: MS(250),
            open: MS(500),
            unfinished: MS(1500),
            longest: MS(2000),
            model_threshold: 0.5,
            model_weight: 0.0,
            number_lengths: vec![7, 10],
        },
        barge_in: BargeInPolicy::default(),
        listening: Listening {
            partial_pace: Some(MS(400)),
            commit_after: MS(6000),
            max_piece: MS(20_000),
            max_utterance: MS(60_000),
        },
        speculation: tries(2),
        manners: Manners {
            idle_after: None,
            filler_after: None,
            max_call: None,
            warn_before: Duration::from_secs(60),
            give_up_after: 3,
        },
        keys: KeysPolicy { gap: MS(2500), end: Some('#') },
        first_token_timeout: Duration::from_secs(4),
        models: 1,
        fallback_after: MS(1000),
        max_reply_words: 120,
        prompt_tokens: 1000,
        tool_tokens: 100,
        tools: Tools::default(),
    }
}

/// [`settings`] without answers that are prepared ahead.
pub fn without_speculation() -> Settings {
    Settings { speculation: tries(0), ..settings() }
}

/// A policy that prepares at most `max_tries` answers in one turn.
pub fn tries(max_tries: u32) -> SpeculationPolicy {
    SpeculationPolicy { max_tries, read_ahead: ReadAhead::Newest }
}

/// Counts words as tokens.
pub fn words() -> CountTokens {
    CountTokens::new(|text| text.split_whitespace().count())
}

/// [`settings`] with two models and end-of-turn scores.
pub fn everything() -> Settings {
    let mut settings = Settings { models: 2, ..settings() };
    settings.endpoint.model_weight = 0.5;
    settings
}

/// [`everything`], and the agent speaks up on its own: a filler, prompts.
pub fn lively() -> Settings {
    let mut settings = everything();
    settings.manners.filler_after = Some(MS(1500));
    settings.manners.idle_after = Some(MS(6000));
    settings
}

/// Tools for booking, of which a reply may call those of this choice.
pub fn tools(choice: ToolChoice) -> Tools {
    let tool = |name: &str| {
        let parameters = serde_json::json!({"type": "object", "properties": {"day": {"type": "string"}}});
        Tool { name: name.to_owned(), description: None, parameters, own: None }
    };
    Tools { all: vec![tool("book"), tool("cancel")], choice }
}

/// Tools of the server: one that books, one that transfers once its words were heard, one that hangs up.
pub fn own_tools() -> Tools {
    let conduct = |moment, say: &str| Conduct { moment, say: say.to_owned(), ..Conduct::default() };
    let own = [
        ("book", conduct(Moment::AtOnce, "I look into the book.")),
        ("transfer", conduct(Moment::BehindTheWords, "I connect you.")),
        ("hang_up", conduct(Moment::HangsUp, "Goodbye.")),
    ];
    let tool = |(name, own): (&str, Conduct)| {
        let parameters = serde_json::json!({"type": "object", "properties": {"day": {"type": "string"}}});
        Tool { name: name.to_owned(), description: None, parameters, own: Some(own) }
    };
    Tools { all: own.into_iter().map(tool).collect(), choice: ToolChoice::Auto }
}
