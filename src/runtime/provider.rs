//! What the provider of a line is asked for a call over its own API: to press the opening keys, and to hang up.

use tracing::Instrument as _;

use super::services::Services;
use crate::streams::dialect::Dialect;

impl Services {
    /// Ends a call that was said goodbye to, where the socket of `dialect` has no word for it and there is
    /// an account with its provider. After a failure nobody is asked to: the line's own instructions may
    /// still help the caller.
    pub async fn hang_up(&self, dialect: Option<Dialect>, call: Option<&str>) {
        let api = self.line(dialect).and_then(|line| line.api.as_ref());
        let (Some(provider_api), Some(api), Some(call)) = (&self.provider_api, api, call) else { return };
        match provider_api.hang_up(api, call).await {
            Ok(()) => tracing::debug!("the line has hung up"),
            Err(error) => tracing::error!(%error, "the line could not be asked to hang up"),
        }
    }

    /// Presses the keys with which a call is to begin (`agent.opening_keys`), beside the call: it does not
    /// wait for them.
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
                Ok(false) => tracing::warn!("this line cannot press keys: agent.opening_keys is not sent"),
                Err(error) => tracing::error!(%error, "the opening keys could not be pressed"),
            }
        };
        tokio::spawn(press.in_current_span());
    }
}
