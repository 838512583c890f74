//! Asks a provider's API, with patience, and to hang up a second and a third time. Must not know what is
//! asked: that is `streams::api`.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use ring::rand::SystemRandom;

use super::clock::since_1970;
use crate::access::NoKey;
use crate::streams::api::{Api, Body, Method, NoSuchName, Proof, Request};

/// An answer takes no longer, or there is none.
const TIMEOUT: Duration = Duration::from_secs(2);

/// How long is waited before each further try.
const WAITS: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(1)];

/// Why the API did not do it.
#[derive(Debug, thiserror::Error)]
pub enum ProviderApiError {
    /// The call cannot be named.
    #[error(transparent)]
    Name(#[from] NoSuchName),
    /// The request cannot be signed.
    #[error("the request cannot be signed")]
    Key(#[from] NoKey),
    /// No answer.
    #[error("no answer: {0}")]
    Request(#[from] reqwest::Error),
    /// An answer that says no.
    #[error("the API answered {0}")]
    Refused(StatusCode),
}

/// The way to the providers' APIs.
#[derive(Debug, Clone)]
pub struct ProviderApi {
    client: Client,
}

impl ProviderApi {
    /// A way that is not used yet.
    ///
    /// # Errors
    /// If this system has no certificates to trust.
    pub fn new() -> Result<Self, reqwest::Error> {
        // Fails where a provider is installed already, which will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A redirect would make a GET of a POST, and a page that says 200 of the answer.
        let client = Client::builder()
            .redirect(Policy::none())
            .timeout(TIMEOUT)
            .user_agent(concat!("offhook/", env!("CARGO_PKG_VERSION")));
        Ok(Self { client: client.build()? })
    }

    /// Ends `call`, by the provider's name of it. That it had ended already is as good.
    ///
    /// # Errors
    /// Why it may still stand.
    pub async fn hang_up(&self, api: &Api, call: &str) -> Result<(), ProviderApiError> {
        let request = api.hang_up(call)?;
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

    /// Presses `keys` in `call`; false where nobody can. Asked once: keys that are pressed twice are wrong.
    ///
    /// # Errors
    /// Why they may not have been.
    pub async fn press(&self, api: &Api, call: &str, keys: &str) -> Result<bool, ProviderApiError> {
        let Some(request) = api.press(call, keys)? else { return Ok(false) };
        let answer = self.request(&request)?.send().await.map_err(reqwest::Error::without_url)?;
        let status = answer.status();
        if status.is_success() { Ok(true) } else { Err(ProviderApiError::Refused(status)) }
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
            Body::Form(name, value) => builder.form(&[(name, value)]),
            Body::Json(value) => builder.json(value),
        })
    }
}

/// Telnyx's code for a call that has ended already, with a 422.
const TELNYX_HAS_ENDED: &str = "90018";

/// Whether the call has ended, now or before.
async fn is_over(answer: Response) -> Result<(), StatusCode> {
    let status = answer.status();
    match status {
        StatusCode::NOT_FOUND => {
            // Most of all a caller who hung up at the same moment; but it may be the wrong account.
            tracing::warn!("the line's API does not know the call: it is over, or of another account");
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

/// It may be another answer in a moment.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}
