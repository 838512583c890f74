//! A request for a transcription, checked once, from the text fields of a form. Must not know files. Fields
//! that are in no list are ignored.

use std::str::FromStr;

use crate::error::ApiError;
use crate::input::check_name;
use crate::text::shown;

/// The most text fields of a form.
pub const MOST_FIELDS: usize = 100;

/// The most characters of the prompt. A recogniser reads the end of it, some 200 tokens.
pub const MOST_PROMPT_CHARACTERS: usize = 10_000;

/// The form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseFormat {
    /// An object with the text.
    Json,
    /// An object with the text, its segments and its words.
    VerboseJson,
    /// The text.
    Text,
    /// Subtitles: SubRip.
    Srt,
    /// Subtitles: WebVTT.
    Vtt,
}

impl ResponseFormat {
    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json | Self::VerboseJson => crate::out::JSON,
            Self::Text => "text/plain; charset=utf-8",
            Self::Srt => "application/x-subrip; charset=utf-8",
            Self::Vtt => "text/vtt; charset=utf-8",
        }
    }
}

impl FromStr for ResponseFormat {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        match name {
            "json" => Ok(Self::Json),
            "verbose_json" => Ok(Self::VerboseJson),
            "text" => Ok(Self::Text),
            "srt" => Ok(Self::Srt),
            "vtt" => Ok(Self::Vtt),
            _ => Err(()),
        }
    }
}

/// For what times are given in [`ResponseFormat::VerboseJson`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Granularities {
    /// For each word.
    pub word: bool,
    /// For each segment.
    pub segment: bool,
}

/// How files are to be transcribed.
#[derive(Debug, Clone, PartialEq)]
pub struct TranscriptionRequest {
    /// The name of the model, 1 to 256 characters. Whether it is served is the caller's to say.
    pub model: String,
    /// The language, in ISO 639: `en`, `yue`. Unknown if nothing is said.
    pub language: Option<String>,
    /// Text that could have come before, for names and style; empty if there is none.
    pub prompt: String,
    /// The form of the answer; JSON if nothing is said.
    pub format: ResponseFormat,
    /// 0 to 1; `None` leaves it to the recogniser.
    pub temperature: Option<f64>,
    /// For what times are given: for segments if nothing is said.
    pub granularities: Granularities,
    /// Whether the answer is a stream of events; [`ResponseFormat::Json`] or [`ResponseFormat::Text`] then.
    pub stream: bool,
}

impl TranscriptionRequest {
    /// Reads the text fields of a form, in any order. A list may be written as `name[]`, as the official
    /// clients do, or as `name`.
    ///
    /// # Errors
    /// If a field is missing, there twice or out of its range, if there are too many, or if something is
    /// asked for that is not supported.
    pub fn read(fields: impl IntoIterator<Item = (String, String)>) -> Result<Self, ApiError> {
        let mut found = Found::default();
        for (count, (name, value)) in fields.into_iter().enumerate() {
            if count == MOST_FIELDS {
                let message = format!("the form has more than {MOST_FIELDS} fields; send fewer");
                return Err(ApiError::unreadable(message));
            }
            found.add(&name, value)?;
        }
        found.check()
    }
}

/// The fields as they come.
#[derive(Default)]
struct Found {
    model: Option<String>,
    language: Option<String>,
    prompt: Option<String>,
    format: Option<String>,
    temperature: Option<String>,
    stream: Option<String>,
    granularities: Option<Granularities>,
}

impl Found {
    fn add(&mut self, name: &str, value: String) -> Result<(), ApiError> {
        let name = name.split('[').next().unwrap_or_default();
        let place = match name {
            "model" => &mut self.model,
            "language" => &mut self.language,
            "prompt" => &mut self.prompt,
            "response_format" => &mut self.format,
            "temperature" => &mut self.temperature,
            "stream" => &mut self.stream,
            "timestamp_granularities" => return self.add_granularity(name, &value),
            "include" => return refuse_included(name, &value),
            _ => return Ok(()),
        };
        if place.is_some() {
            return Err(ApiError::invalid(name, format!("'{name}' is there twice; send it once")));
        }
        *place = Some(value);
        Ok(())
    }

    fn add_granularity(&mut self, name: &str, value: &str) -> Result<(), ApiError> {
        let all = self.granularities.get_or_insert(Granularities { word: false, segment: false });
        match value {
            "word" => all.word = true,
            "segment" => all.segment = true,
            other => {
                let message = format!("'{name}' must be 'word' or 'segment', not '{}'", shown(other));
                return Err(ApiError::invalid(name, message));
            }
        }
        Ok(())
    }

    fn check(self) -> Result<TranscriptionRequest, ApiError> {
        let expected = "the name of a model (GET /v1/models lists them)";
        let model = self.model.ok_or_else(|| ApiError::missing("model", expected))?;
        check_name("model", &model)?;
        let format =
            given(self.format).map_or(Ok(ResponseFormat::Json), |name| format("response_format", &name))?;
        let stream = given(self.stream).map_or(Ok(false), |value| flag("stream", &value))?;
        if stream && !matches!(format, ResponseFormat::Json | ResponseFormat::Text) {
            let message = "'stream' needs the 'response_format' json or text; leave one of the two out";
            return Err(ApiError::unsupported("stream", message));
        }
        if self.granularities.is_some() && format != ResponseFormat::VerboseJson {
            let message = "'timestamp_granularities' needs 'response_format' to be verbose_json";
            return Err(ApiError::invalid("timestamp_granularities", message));
        }
        Ok(TranscriptionRequest {
            model,
            language: given(self.language).map(|code| language("language", &code)).transpose()?,
            prompt: prompt("prompt", self.prompt.unwrap_or_default())?,
            format,
            temperature: given(self.temperature)
                .map(|value| temperature("temperature", &value))
                .transpose()?,
            granularities: self.granularities.unwrap_or(Granularities { word: false, segment: true }),
            stream,
        })
    }
}

/// Forms send a field without a value as an empty text.
fn given(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.is_empty())
}

fn refuse_included(name: &str, value: &str) -> Result<(), ApiError> {
    if value.is_empty() {
        return Ok(());
    }
    let message = format!("'{name}' is '{}', which is not given here; leave it out", shown(value));
    Err(ApiError::unsupported(name, message))
}

fn format(name: &str, value: &str) -> Result<ResponseFormat, ApiError> {
    value.parse().map_err(|()| {
        let choose = "choose json, text, srt, verbose_json or vtt";
        if value == "diarized_json" {
            let message =
                format!("'{name}' is 'diarized_json', but speakers are not told apart here; {choose}");
            return ApiError::unsupported(name, message);
        }
        ApiError::invalid(name, format!("'{name}' is '{}'; {choose}", shown(value)))
    })
}

fn flag(name: &str, value: &str) -> Result<bool, ApiError> {
    match value {
        "true" | "True" | "1" => Ok(true),
        "false" | "False" | "0" => Ok(false),
        other => {
            let message = format!("'{name}' must be 'true' or 'false', not '{}'", shown(other));
            Err(ApiError::invalid(name, message))
        }
    }
}

/// A code of two or three letters; a region behind it ("en-US") says nothing to a recogniser.
fn language(name: &str, value: &str) -> Result<String, ApiError> {
    let code = value.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    if !matches!(code.len(), 2 | 3) || !code.bytes().all(|byte| byte.is_ascii_lowercase()) {
        let message = format!("'{name}' is '{}'; it must be a code of ISO 639 such as 'en'", shown(value));
        return Err(ApiError::invalid(name, message));
    }
    Ok(code)
}

fn prompt(name: &str, value: String) -> Result<String, ApiError> {
    let characters = value.chars().count();
    if characters > MOST_PROMPT_CHARACTERS {
        let message = format!(
            "'{name}' has {characters} characters, and {MOST_PROMPT_CHARACTERS} is the most; send the \
             end only"
        );
        return Err(ApiError::too_long(name, message));
    }
    Ok(value)
}

fn temperature(name: &str, value: &str) -> Result<f64, ApiError> {
    let number = value.trim().parse().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| {
        ApiError::invalid(name, format!("'{name}' must be a number from 0 to 1, not '{}'", shown(value)))
    })
}
