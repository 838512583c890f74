//! The requests to a provider's own API during a call: to press the opening keys, and to hang up.

use tracing::Instrument as _;

use super::provider_api::ProviderApiError;
use super::services::Services;
use crate::streams::dialect::Dialect;

/// Why keys were not pressed.
#[derive(Debug, thiserror::Error)]
pub enum NotPressed {
    /// The provider's API cannot be asked about this call.
    #[error("no account with the caller's provider is configured")]
    NoAccount,
    /// The provider cannot.
    #[error("the caller's provider presses no keys")]
    Impossible,
    /// It was asked in vain.
    #[error(transparent)]
    Api(#[from] ProviderApiError),
}

impl Services {
    /// Ends a call after the goodbye, if the protocol of `dialect` has no message for it and there is an
    /// account with its provider. A call that failed is not ended this way: the provider's own instructions
    /// may still help the caller.
    pub async fn hang_up(&self, dialect: Option<Dialect>, call: Option<&str>) {
        let api = self.line(dialect).and_then(|line| line.api.as_ref());
        let (Some(provider_api), Some(api), Some(call)) = (&self.provider_api, api, call) else { return };
        match provider_api.hang_up(api, call).await {
            Ok(()) => tracing::debug!("the provider has hung up"),
            Err(error) => tracing::error!(%error, "the provider could not be asked to hang up"),
        }
    }

    /// Presses keys in a call.
    ///
    /// # Errors
    /// Why they were not pressed, for people.
    pub async fn press(
        &self,
        dialect: Option<Dialect>,
        call: Option<&str>,
        keys: &str,
    ) -> Result<(), NotPressed> {
        let api = self.line(dialect).and_then(|line| line.api.as_ref());
        let (Some(provider_api), Some(api), Some(call)) = (&self.provider_api, api, call) else {
            return Err(NotPressed::NoAccount);
        };
        if provider_api.press(api, call, keys).await? { Ok(()) } else { Err(NotPressed::Impossible) }
    }

    /// Presses the opening keys of a call (`agent.opening_keys`), in a task of its own: the call does not
    /// wait for it. Calls that come over no provider have none.
    pub fn press_opening_keys(&self, dialect: Option<Dialect>, call: Option<&str>) {
        if self.config.agent.opening_keys.is_empty() {
            return;
        }
        let (services, call) = (self.clone(), call.map(str::to_owned));
        let press = async move {
            let keys = &services.config.agent.opening_keys;
            match services.press(dialect, call.as_deref(), keys).await {
                Ok(()) => tracing::debug!("the opening keys were pressed"),
                Err(NotPressed::NoAccount) => {}
                Err(error @ NotPressed::Impossible) => {
                    tracing::warn!(%error, "agent.opening_keys is not sent");
                }
                Err(NotPressed::Api(error)) => {
                    tracing::error!(%error, "the opening keys could not be pressed")
                }
            }
        };
        tokio::spawn(press.in_current_span());
    }
}
