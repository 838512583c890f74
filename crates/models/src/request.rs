//! One request for a file, or for the rest of it: redirects, the token, and what the answer means. Must not
//! know where the bytes go, nor how often it is tried.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::{Client as Http, RequestBuilder, Response};
use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, IF_RANGE, LOCATION, RANGE,
    RETRY_AFTER, TRANSFER_ENCODING,
};
use reqwest::redirect::Policy;

use crate::address::Address;
use crate::options::{PullOptions, Token};
use crate::problem::Problem;
use crate::sums::Sum;

/// The most redirects that are followed.
const MOST_REDIRECTS: usize = 5;

/// The longest name of a version that is remembered.
const LONGEST_ETAG: usize = 256;

/// Hugging Face's names for the sum of the file that it redirects to.
const LINKED_ETAG: HeaderName = HeaderName::from_static("x-linked-etag");

/// Why a request brought no file.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It may go well later; after the time that the server asked for, if it did.
    Passing(Problem, Option<Duration>),
    /// It stays so.
    Final(Problem),
    /// The server has no rest that fits what is there.
    Anew,
}

impl<P: Into<Problem>> From<P> for Failure {
    fn from(problem: P) -> Self {
        Self::Final(problem.into())
    }
}

/// The rest of a file that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rest {
    /// From this byte on.
    pub(crate) from: u64,
    /// If it is still this version.
    pub(crate) etag: Option<String>,
}

/// An answer with the file, or with the rest of it.
pub(crate) struct Answer {
    /// The bytes.
    pub(crate) body: Response,
    /// The place in the file where they begin.
    pub(crate) from: u64,
    /// The length of the whole file.
    pub(crate) total: Option<u64>,
    /// The server's name for this version.
    pub(crate) etag: Option<String>,
    /// The sum that the server announces.
    pub(crate) announced: Option<Sum>,
    /// Whether the protocol says where the bytes end.
    pub(crate) has_end: bool,
}

/// Makes requests.
pub(crate) struct Client<'a> {
    http: Http,
    options: &'a PullOptions,
}

impl<'a> Client<'a> {
    /// A client for `address`, and for where it redirects to.
    ///
    /// # Errors
    /// If this system has no certificates to trust.
    pub(crate) fn new(address: &Address, options: &'a PullOptions) -> Result<Self, Problem> {
        // Fails where a crypto provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Http::builder()
            .redirect(Policy::none())
            .connect_timeout(options.stall)
            // Between two reads, and until the headers are there: not for the whole.
            .timeout(options.stall)
            .user_agent(concat!("offhook/", env!("CARGO_PKG_VERSION")));
        // A proxy cannot reach what is on this machine.
        let builder = if address.is_plain_and_local() { builder.no_proxy() } else { builder };
        let http = builder.build().map_err(|error| Problem::Client(chain(&error)))?;
        Ok(Self { http, options })
    }

    /// Asks for a file, or for the rest of it.
    ///
    /// # Errors
    /// If the answer has no bytes of it.
    pub(crate) fn get(&self, address: &Address, rest: Option<&Rest>) -> Result<Answer, Failure> {
        let mut at = address.clone();
        let mut token = self.options.token.as_ref();
        let mut announced = None;
        for _ in 0..=MOST_REDIRECTS {
            let header = token.and_then(|token| token.header_for(&at));
            let mut request = self.http.get(at.url().clone()).header(ACCEPT_ENCODING, "identity");
            if let Some(header) = header {
                request = request.header(AUTHORIZATION, header);
            }
            let response = send(with_rest(request, rest), &at, self.options)?;
            // Whoever redirects names the sum, if anybody does.
            if at.is_at(address) {
                announced = announced.or_else(|| sum_of(&response));
            }
            if !is_redirect(response.status()) {
                return answer(response, rest, announced, address, self.options);
            }
            let to = at.redirected(response.headers().get(LOCATION)).map_err(Problem::from)?;
            // What it was for has been left, and does not get it again.
            token = token.filter(|_| to.is_at(address));
            at = to;
        }
        Err(Problem::Redirects { address: address.to_string(), most: MOST_REDIRECTS }.into())
    }
}

fn with_rest(request: RequestBuilder, rest: Option<&Rest>) -> RequestBuilder {
    let Some(rest) = rest else { return request };
    let request = request.header(RANGE, format!("bytes={}-", rest.from));
    match &rest.etag {
        Some(etag) => request.header(IF_RANGE, etag),
        None => request,
    }
}

fn send(request: RequestBuilder, at: &Address, options: &PullOptions) -> Result<Response, Failure> {
    request.send().map_err(|error| {
        let server = at.server();
        let problem = if error.is_builder() {
            return Failure::Final(Problem::Client(chain(&error)));
        } else if error.is_timeout() && !error.is_connect() {
            Problem::Stalled { server, came: "no answer", window: options.stall }
        } else {
            Problem::NoAnswer { server, reason: chain(&error.without_url()), address: at.to_string() }
        };
        Failure::Passing(problem, None)
    })
}

fn is_redirect(status: StatusCode) -> bool {
    [301, 302, 303, 307, 308].contains(&status.as_u16())
}

fn answer(
    response: Response,
    rest: Option<&Rest>,
    announced: Option<Sum>,
    address: &Address,
    options: &PullOptions,
) -> Result<Answer, Failure> {
    let status = response.status();
    if status == StatusCode::RANGE_NOT_SATISFIABLE && rest.is_some() {
        return Err(Failure::Anew);
    }
    let is_file = status == StatusCode::OK || (status == StatusCode::PARTIAL_CONTENT && rest.is_some());
    if !is_file {
        return Err(refusal(&response, address, options));
    }
    if text_of(&response, &CONTENT_TYPE).is_some_and(|kind| is_page(&kind)) {
        return Err(Problem::Page { address: address.to_string() }.into());
    }
    let length = response.content_length();
    let (from, total) = if status == StatusCode::OK {
        (0, length)
    } else {
        let range = text_of(&response, &CONTENT_RANGE).and_then(|range| content_range(&range));
        let (from, total) = range.ok_or(Failure::Anew)?;
        (from, total.or_else(|| from.checked_add(length?)))
    };
    let is_chunked = text_of(&response, &TRANSFER_ENCODING).is_some_and(|coding| coding.contains("chunked"));
    let has_end = length.is_some() || is_chunked;
    let etag = text_of(&response, &ETAG).filter(|etag| etag.starts_with('"') && etag.len() <= LONGEST_ETAG);
    Ok(Answer { body: response, from, total, etag, announced, has_end })
}

/// What an answer without a file means.
fn refusal(response: &Response, address: &Address, options: &PullOptions) -> Failure {
    let (code, shown) = (response.status(), address.to_string());
    let status = code.as_u16();
    if code == StatusCode::TOO_MANY_REQUESTS || code.is_server_error() {
        let wait = text_of(response, &RETRY_AFTER).and_then(|seconds| seconds.trim().parse().ok());
        return match wait.map(Duration::from_secs) {
            Some(wait) if wait > options.longest_wait => {
                Problem::Later { address: shown, status, wait }.into()
            }
            wait => Failure::Passing(Problem::Status { address: shown, status }, wait),
        };
    }
    match status {
        401 | 403 => {
            let remedy = remedy(options.token.as_ref(), address);
            Problem::Refused { address: shown, status, remedy }.into()
        }
        404 | 410 => Problem::NotThere { address: shown, status }.into(),
        408 => Failure::Passing(Problem::Status { address: shown, status }, None),
        _ => Problem::Status { address: shown, status }.into(),
    }
}

fn remedy(token: Option<&Token>, address: &Address) -> String {
    let terms = "its publisher may want agreement to the terms: open the model's page in a browser and agree";
    match token {
        None => format!("{terms}, then give a token of your account in OFFHOOK_HF_TOKEN or HF_TOKEN"),
        Some(token) if token.header_for(address).is_some() => {
            format!("{terms} with the account of the token that was sent; or the token has expired")
        }
        Some(token) => format!("{terms}; the token was not sent, because it is for {}", token.server()),
    }
}

fn text_of(response: &Response, name: &HeaderName) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

fn is_page(kind: &str) -> bool {
    let kind = kind.trim_start().to_lowercase();
    kind.starts_with("text/html") || kind.starts_with("application/xhtml")
}

fn sum_of(response: &Response) -> Option<Sum> {
    text_of(response, &LINKED_ETAG)?.trim().trim_matches('"').parse().ok()
}

/// `bytes 100-199/1000` as the first byte and the length of the whole.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes")?.trim_start().split_once('/')?;
    let from = range.split_once('-')?.0.trim().parse().ok()?;
    Some((from, total.trim().parse().ok()))
}

/// An error with its reasons; the first alone says only that something failed.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut reason = error.source();
    while let Some(error) = reason {
        let text = error.to_string();
        if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
        reason = error.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_place_that_is_read_is_the_one_that_was_written(from: u64, to: u64, total: u64, junk in ".{0,40}") {
            prop_assert_eq!(content_range(&format!("bytes {from}-{to}/{total}")), Some((from, Some(total))));
            // Whatever a server writes, it is a place or none.
            let _ = content_range(&junk);
        }
    }

    #[test]
    fn the_place_of_a_rest_is_read_or_is_unknown() {
        assert_eq!(content_range("bytes 100-199/1000"), Some((100, Some(1000))));
        assert_eq!(content_range("bytes 0-0/*"), Some((0, None)));
        for bad in
            ["", "bytes", "bytes */1000", "bytes -1-2/3", "lines 1-2/3", "bytes 99999999999999999999-1/2"]
        {
            assert_eq!(content_range(bad), None, "{bad}");
        }
    }
}
