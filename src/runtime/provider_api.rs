//! Sends requests to a provider's API, with a timeout; a request to hang up is retried twice, and nothing
//! else is. Must not know what is asked: `streams::api` does.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use ring::rand::SystemRandom;

use super::clock::since_1970;
use super::http_client;
use crate::access::NoKey;
use crate::streams::api::{Api, Body, Method, NoSuchName, Proof, Request};

/// The timeout of a request.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The timeout of a transfer. The caller waits, and the provider fetches a document of ours meanwhile.
pub(super) const TRANSFER_TIMEOUT: Duration = Duration::from_secs(5);

/// The most bytes of a provider's reason that the log gets.
const MOST_OF_A_REASON: usize = 500;

/// The wait before each retry.
const WAITS: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(1)];

/// Why a request to the API failed.
#[derive(Debug, thiserror::Error)]
pub enum ProviderApiError {
    /// The call's name cannot be used.
    #[error(transparent)]
    Name(#[from] NoSuchName),
    /// The request cannot be signed.
    #[error("the request cannot be signed")]
    Key(#[from] NoKey),
    /// No answer.
    #[error("no answer: {0}")]
    Request(#[from] reqwest::Error),
    /// The API answered with an error.
    #[error("the API answered {0}")]
    Refused(StatusCode),
}

impl ProviderApiError {
    /// True if what was asked for may be done all the same: no answer came, or one of somebody before the
    /// API.
    #[must_use]
    pub fn may_be_done(&self) -> bool {
        match self {
            Self::Request(error) => !error.is_connect() && !error.is_builder(),
            Self::Refused(status) => status.is_server_error(),
            Self::Name(_) | Self::Key(_) => false,
        }
    }
}

/// The client of the providers' APIs.
#[derive(Debug, Clone)]
pub struct ProviderApi {
    client: Client,
}

impl ProviderApi {
    /// A new client.
    ///
    /// # Errors
    /// If this system has no certificates to trust.
    pub fn new() -> Result<Self, reqwest::Error> {
        Ok(Self { client: http_client::builder().timeout(TIMEOUT).build()? })
    }

    /// Ends `call`, which is the provider's name of the call. A call that has ended already is a success.
    ///
    /// # Errors
    /// Why the call may still be running.
    pub async fn hang_up(&self, api: &Api, call: &str) -> Result<(), ProviderApiError> {
        let Some(request) = api.hang_up(call)? else { return Ok(()) };
        let mut waits = WAITS.into_iter();
        loop {
            let (error, again) = match self.request(&request)?.send().await {
                Ok(answer) => match is_over(answer).await {
                    Ok(()) => return Ok(()),
                    Err(status) => (ProviderApiError::Refused(status), is_passing(status)),
                },
                Err(error) => (error.without_url().into(), true),
            };
            match waits.next().filter(|_| again) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error),
            }
        }
    }

    /// Presses `keys` in `call`; false if this provider cannot. There is no retry: keys that are pressed
    /// twice are wrong.
    ///
    /// # Errors
    /// Why the keys may not have been pressed.
    pub async fn press(&self, api: &Api, call: &str, keys: &str) -> Result<bool, ProviderApiError> {
        let Some(request) = api.press(call, keys)? else { return Ok(false) };
        let answer = self.request(&request)?.send().await.map_err(reqwest::Error::without_url)?;
        let status = answer.status();
        if status.is_success() { Ok(true) } else { Err(ProviderApiError::Refused(status)) }
    }

    /// Transfers a call. There is no retry: a call that is dialled twice is wrong.
    ///
    /// # Errors
    /// Why the call may not be transferred.
    pub async fn transfer(&self, request: &Request) -> Result<(), ProviderApiError> {
        let asked = self.request(request)?.timeout(TRANSFER_TIMEOUT).send();
        let answer = asked.await.map_err(reqwest::Error::without_url)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        if let Ok(reason) = answer.text().await {
            let reason: String = reason.chars().take(MOST_OF_A_REASON).collect();
            tracing::warn!(%status, reason, "the provider's API says why it does not transfer a call");
        }
        Err(ProviderApiError::Refused(status))
    }

    fn request(&self, request: &Request) -> Result<RequestBuilder, NoKey> {
        let Request { method, url, proof, body } = request;
        let builder = match method {
            Method::Post => self.client.post(url),
            Method::Put => self.client.put(url),
            Method::Delete => self.client.delete(url),
        };
        let builder = match proof {
            Proof::Basic(user, password) => builder.basic_auth(user, Some(password)),
            Proof::Bearer(token) => builder.bearer_auth(token),
            Proof::Signed(application, key) => {
                builder.bearer_auth(key.token(application, since_1970(), &SystemRandom::new())?)
            }
        };
        Ok(match body {
            Body::None => builder,
            Body::Form(name, value) => builder.form(&[(*name, value.as_str())]),
            Body::Json(value) => builder.json(value),
        })
    }
}

/// Telnyx's error code for a call that has ended already, in an answer with status 422.
const TELNYX_HAS_ENDED: &str = "90018";

/// Whether the call has ended, now or before.
async fn is_over(answer: Response) -> Result<(), StatusCode> {
    let status = answer.status();
    match status {
        StatusCode::NOT_FOUND => {
            // Mostly a caller who hung up at the same moment, but it may be the wrong account.
            tracing::warn!("the provider's API does not know the call: it is over, or another account's");
            Ok(())
        }
        StatusCode::UNPROCESSABLE_ENTITY => {
            let reason = answer.text().await.unwrap_or_default();
            if reason.contains(TELNYX_HAS_ENDED) { Ok(()) } else { Err(status) }
        }
        _ if status.is_success() => Ok(()),
        _ => Err(status),
    }
}

/// Whether a retry may succeed.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}
