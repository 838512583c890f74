//! The requests to a provider's own API during a call: to press the opening keys, and to hang up.

use tracing::Instrument as _;

use super::services::Services;
use crate::streams::dialect::Dialect;

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
    ) -> Result<(), String> {
        let api = self.line(dialect).and_then(|line| line.api.as_ref());
        let (Some(provider_api), Some(api), Some(call)) = (&self.provider_api, api, call) else {
            return Err("no account with the caller's provider is configured".to_owned());
        };
        match provider_api.press(api, call, keys).await {
            Ok(true) => Ok(()),
            Ok(false) => Err("the caller's provider presses no keys".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Presses the opening keys of a call (`agent.opening_keys`), in a task of its own: the call does not
    /// wait for it.
    pub fn press_opening_keys(&self, dialect: Option<Dialect>, call: Option<&str>) {
        let keys = self.config.agent.opening_keys.clone();
        let api = self.line(dialect).and_then(|line| line.api.clone());
        let (Some(provider_api), Some(api), Some(call)) =
            (self.provider_api.clone(), api, call.map(str::to_owned))
        else {
            return;
        };
        if keys.is_empty() {
            return;
        }
        let press = async move {
            match provider_api.press(&api, &call, &keys).await {
                Ok(true) => tracing::debug!("the opening keys were pressed"),
                Ok(false) => tracing::warn!("the provider cannot press keys: agent.opening_keys is not sent"),
                Err(error) => tracing::error!(%error, "the opening keys could not be pressed"),
            }
        };
        tokio::spawn(press.in_current_span());
    }
}
