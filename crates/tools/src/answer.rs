//! The answer to an HTTP request, as text: judged by its status and its type, read up to a limit. Must not
//! know what was asked.

use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};

use crate::error::ToolError;
use crate::limits::Limits;
use crate::text;

/// How much of a refusal's text is read, in bytes, and shown, in characters.
const REFUSAL_READ: usize = 4096;
const REFUSAL_SHOWN: usize = 300;

/// What an answer says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Text,
    /// Text in the letters of western Europe, one byte each.
    Latin1,
    /// It does not say.
    Unsaid,
}

/// The text of an answer.
pub(crate) async fn text_of(mut response: Response, limits: &Limits) -> Result<String, ToolError> {
    let status = response.status();
    let kind = kind(&response);
    if status.is_redirection() {
        return Err(ToolError::Redirected(status.as_u16()));
    }
    if !status.is_success() {
        let said = match kind {
            Ok(kind) => {
                let (bytes, _) = read(&mut response, REFUSAL_READ).await.unwrap_or_default();
                // The end may be within a letter.
                decoded(kind, &bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned())
            }
            Err(_) => String::new(),
        };
        let said = if is_html(&said) { String::new() } else { text::shown(&said, REFUSAL_SHOWN) };
        return Err(ToolError::Refused { status: status.as_u16(), said });
    }
    let kind = kind?;
    let too_large = ToolError::TooLarge(limits.longest_answer);
    if response.content_length().is_some_and(|length| length > limits.longest_answer as u64) {
        return Err(too_large);
    }
    let (bytes, all) = read(&mut response, limits.longest_answer).await?;
    if !all {
        return Err(too_large);
    }
    readable(kind, &bytes)
}

/// The first bytes of an answer, and whether these are all.
async fn read(response: &mut Response, most: usize) -> Result<(Vec<u8>, bool), ToolError> {
    let mut bytes = Vec::new();
    loop {
        let chunk = response.chunk().await.map_err(|error| {
            let why = text::reasons(&error.without_url());
            ToolError::Broken(format!("the answer broke off after {} bytes: {why}", bytes.len()))
        })?;
        let Some(chunk) = chunk else { return Ok((bytes, true)) };
        let room = most - bytes.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            return Ok((bytes, false));
        }
    }
}

fn kind(response: &Response) -> Result<Kind, ToolError> {
    let header = |name| response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
    if let Some(encoding) = header(CONTENT_ENCODING).filter(|e| !e.eq_ignore_ascii_case("identity")) {
        return Err(no_text(&format!("the answer is packed ({})", text::shown(&encoding, 40))));
    }
    let Some(content_type) = header(CONTENT_TYPE) else { return Ok(Kind::Unsaid) };
    let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    let kind = parts.next().unwrap_or_default();
    let charset =
        parts.find_map(|part| part.strip_prefix("charset=").map(|c| c.trim_matches('"').to_owned()));
    let is_json = kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"));
    let is_text = kind.starts_with("text/") && kind != "text/html";
    match charset.as_deref() {
        _ if kind.is_empty() => Ok(Kind::Unsaid),
        _ if !is_json && !is_text => Err(no_text(&format!("the answer is {}", text::shown(&kind, 60)))),
        None | Some("utf-8" | "utf8" | "us-ascii") if is_json => Ok(Kind::Json),
        None | Some("utf-8" | "utf8" | "us-ascii") => Ok(Kind::Text),
        Some("iso-8859-1" | "latin1" | "windows-1252") if is_text => Ok(Kind::Latin1),
        Some(other) => Err(no_text(&format!("the answer's letters are {}", text::shown(other, 40)))),
    }
}

fn no_text(what: &str) -> ToolError {
    ToolError::NoText(what.to_owned())
}

fn decoded(kind: Kind, bytes: &[u8]) -> Result<String, ToolError> {
    match kind {
        Kind::Latin1 => Ok(bytes.iter().map(|&byte| char::from(byte)).collect()),
        Kind::Json | Kind::Text | Kind::Unsaid => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(no_text("the answer is not UTF-8")),
        },
    }
}

/// An answer that says it is text, and is a page or a picture, is neither.
fn readable(kind: Kind, bytes: &[u8]) -> Result<String, ToolError> {
    let said = decoded(kind, bytes)?;
    let json = text::compact_json(said.trim_start_matches('\u{feff}'));
    match (kind, json) {
        (Kind::Json, None) if said.trim().is_empty() => Ok(String::new()),
        (Kind::Json, None) => {
            Err(ToolError::Broken("the answer says that it is JSON, and is not".to_owned()))
        }
        (_, Some(json)) => Ok(json),
        (_, None) if is_html(&said) => Err(no_text("the answer is a page (HTML)")),
        (_, None) if is_binary(&said) => Err(no_text("the answer is binary")),
        (_, None) => Ok(text::clean(&said)),
    }
}

fn is_html(text: &str) -> bool {
    let beginning: String = text.trim_start().chars().take(15).collect::<String>().to_ascii_lowercase();
    beginning.starts_with("<!doctype html") || beginning.starts_with("<html")
}

fn is_binary(text: &str) -> bool {
    text.contains('\0')
}
