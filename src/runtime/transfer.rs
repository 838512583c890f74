//! The transfer of a running call, by its gateway's own means. Must not know who wants it, and ends no call:
//! whoever asked gives the call the order that it gets.

use std::sync::Arc;
use std::time::Duration;

use super::briefing::{self, NoBriefing};
use super::orders::Order;
use super::provider_api::{ProviderApiError, TRANSFER_TIMEOUT};
use super::services::Services;
use super::transfers::{Asking, NotKept, Offer, Transfers};
use crate::access::{Check, PublicUrl};
use crate::config::Line;
use crate::streams::dialect::Dialect;
use crate::streams::transfer::{Destination, Hosted, Leg, NoTransfer, asks_what_follows, fetches_its_orders};

/// Why a call was not transferred. It goes on.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The gateway has no means for it.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The gateway is asked through its API, and there is no account.
    #[error("a transfer is asked for through {gateway}'s API: set {keys}")]
    NoAccount {
        /// The gateway's name.
        gateway: &'static str,
        /// The keys of the configuration.
        keys: &'static str,
    },
    /// The provider fetches something from this server, and does not know its address.
    #[error("{0} from this server: set server.public_url")]
    NoPublicUrl(&'static str),
    /// The gateway has not named the call.
    #[error("the gateway has not told the provider's id of this call (docs/gateways.md)")]
    NoName,
    /// It cannot be asked so.
    #[error(transparent)]
    Request(#[from] NoTransfer),
    /// Nobody is left to be transferred.
    #[error("the call has ended before its provider was asked")]
    Over,
    /// It is being transferred.
    #[error("a transfer of this call is under way")]
    UnderWay,
    /// No documents are kept for it.
    #[error(transparent)]
    NotKept(#[from] NotKept),
    /// There is no briefing.
    #[error(transparent)]
    Briefing(#[from] NoBriefing),
    /// The provider has refused it, or has not answered.
    #[error("the provider has not transferred the call: {0}")]
    Provider(#[from] ProviderApiError),
}

/// The longest time that a transfer takes.
pub const LONGEST: Duration = briefing::PATIENCE.saturating_add(TRANSFER_TIMEOUT);

/// Why Asterisk cannot.
const ASTERISK: &str = "Asterisk's socket has no command for a transfer, and belongs to another channel than the \
                        caller's: let the dialplan do it (docs/gateways.md)";

/// Why others cannot.
const OTHERS: &str = "this call came over no telephone line";

impl Services {
    /// Transfers a call to another party, which hears `briefing` first if there is one. Returns the order
    /// that the call must get at once; nobody may hang up. Do not drop the future: the provider may have been
    /// asked already.
    ///
    /// # Errors
    /// Why the call goes on here. After a late answer it may have been transferred all the same; then its
    /// gateway closes the socket.
    pub async fn transfer(
        &self,
        leg: &Leg,
        to: &Destination,
        briefing: Option<&str>,
    ) -> Result<Order, TransferError> {
        let briefing = briefing.map(str::trim).filter(|text| !text.is_empty());
        let length = briefing.map_or(0, |text| text.chars().count());
        if length > briefing::LONGEST {
            return Err(NoBriefing::TooLong(length).into());
        }
        let order = Order::Transferred { to: to.to_string(), briefing: briefing.map(str::to_owned) };
        let dialect = match leg.dialect {
            // Its client is told, and carries it out.
            Some(Dialect::Native) => return Ok(order),
            Some(Dialect::Asterisk) => return Err(TransferError::Unsupported(ASTERISK)),
            Some(Dialect::Realtime) | None => return Err(TransferError::Unsupported(OTHERS)),
            Some(dialect) => dialect,
        };
        let line = self.line(Some(dialect));
        let account = line.and_then(|line| Some((line, line.api.as_ref()?, self.provider_api.as_ref()?)));
        let (line, api, client) = account
            .ok_or(TransferError::NoAccount { gateway: dialect.name(), keys: keys_of_account(dialect) })?;
        let call = leg.call.as_deref().ok_or(TransferError::NoName)?;
        let url = self.config.lines.public_url.as_ref();
        let place = place(dialect, line, url, briefing.is_some())?;
        let hosted = place.as_ref().map(|(_, hosted)| hosted);
        // Before anybody is asked: the request may be impossible.
        let request = api.transfer(call, to, hosted)?;
        let asking = self.transfers.ask(dialect, call).ok_or(TransferError::UnderWay)?;
        if let Some((name, hosted)) = &place {
            let briefing = match briefing {
                Some(text) => Some(self.brief(text, &asking).await?),
                None => None,
            };
            let (to, hosted, leg) = (to.clone(), hosted.clone(), leg.clone());
            let agent = self.config.has_several_agents().then(|| self.config.agent.name.clone());
            self.transfers.keep(name, Offer { dialect, to, hosted, leg, agent, briefing })?;
        }
        let forget = |place: Option<(String, Hosted)>| {
            place.iter().for_each(|(name, _)| self.transfers.forget(name));
        };
        if !self.transfers.go_ahead(&asking) {
            forget(place);
            return Err(over());
        }
        if let Err(error) = client.transfer(&request).await {
            forget(place.filter(|_| !error.may_be_done()));
            tracing::warn!(%error, "the provider has not transferred the call");
            return Err(error.into());
        }
        tracing::info!(%to, briefed = briefing.is_some(), "the provider transfers the call");
        asking.taken();
        Ok(order)
    }

    /// Speaks a briefing, as long as there is a call to be transferred.
    async fn brief(&self, text: &str, asking: &Asking) -> Result<Arc<[u8]>, TransferError> {
        tokio::select! {
            made = briefing::speak(&self.engines, &self.config.tts, text) => Ok(made?),
            () = asking.in_vain() => Err(over()),
        }
    }
}

fn over() -> TransferError {
    tracing::info!("the call ended during the briefing of its transfer: its provider is not asked");
    TransferError::Over
}

/// Where the documents of a transfer will be, with their name; `None` if nobody needs any.
fn place(
    dialect: Dialect,
    line: &Line,
    url: Option<&PublicUrl>,
    briefed: bool,
) -> Result<Option<(String, Hosted)>, TransferError> {
    let back = asks_what_follows(dialect) && can_come_back(line);
    let Some(url) = url else {
        return match (briefed, fetches_its_orders(dialect)) {
            (true, _) => Err(TransferError::NoPublicUrl("the provider fetches the briefing")),
            (false, true) => Err(TransferError::NoPublicUrl("the provider fetches whom to call")),
            (false, false) => Ok(None),
        };
    };
    if !briefed && !back && !fetches_its_orders(dialect) {
        return Ok(None);
    }
    let name = Transfers::name()?;
    let base = url.of_web(&format!("/transfer/{name}"));
    Ok(Some((name, Hosted { base, briefing: briefed, back })))
}

/// Whether a document of ours can make the gateway open this line again: no secret is written into one.
fn can_come_back(line: &Line) -> bool {
    line.checks.iter().all(|check| match check {
        Check::Twilio { .. } | Check::Plivo { .. } | Check::Jwt(_) | Check::PathToken(_) => true,
        Check::Basic(_) | Check::Bearer(_) | Check::Header(..) => false,
    })
}

const fn keys_of_account(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Twilio => "twilio.account_sid and twilio.auth_token",
        Dialect::Telnyx => "telnyx.api_key",
        Dialect::Plivo => "plivo.auth_id and plivo.auth_token",
        Dialect::Vonage => "vonage.application_id and vonage.private_key",
        Dialect::Jambonz => "jambonz.account_sid and jambonz.api_key",
        // They have no account; none of them is asked.
        Dialect::Native | Dialect::Asterisk | Dialect::Realtime => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line that is configured so, and the address of the server.
    fn line(dialect: Dialect, keys: &str, url: &str) -> (Line, Option<PublicUrl>) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), "offhook:0123456789\n").unwrap();
        let name = dialect.name();
        let server = format!("[server]\nlines = [\"{name}\"]\npublic_url = \"{url}\"\n");
        let text = format!("{server}[{name}]\ninsecure = true\n{keys}\n");
        let config = crate::config::parse(&text, "test", folder.path()).unwrap();
        (config.lines.taken[&dialect].clone(), config.lines.public_url)
    }

    fn placed(dialect: Dialect, keys: &str, url: &str, briefed: bool) -> Result<Option<Hosted>, String> {
        let (line, url) = line(dialect, keys, url);
        let placed = place(dialect, &line, url.as_ref(), briefed);
        placed.map(|placed| placed.map(|(_, hosted)| hosted)).map_err(|error| error.to_string())
    }

    const URL: &str = "wss://voice.example.com/phone";

    #[test]
    fn documents_are_hosted_where_a_provider_fetches_some() {
        let twilio = placed(Dialect::Twilio, "", URL, false).unwrap().unwrap();
        assert!(twilio.base.starts_with("https://voice.example.com/phone/transfer/"), "{}", twilio.base);
        assert!(twilio.back && !twilio.briefing);
        assert_eq!(placed(Dialect::Telnyx, "", URL, false), Ok(None));
        let telnyx = placed(Dialect::Telnyx, "", URL, true).unwrap().unwrap();
        assert!(telnyx.briefing && !telnyx.back, "its own application decides what follows");
    }

    #[test]
    fn a_caller_comes_back_only_where_no_secret_has_to_be_written_down() {
        let back = |keys| placed(Dialect::Jambonz, keys, URL, false).unwrap().unwrap().back;
        assert!(back("") && back("path_secret = \"file:secret\""));
        assert!(!back("basic = \"file:secret\""));
        assert!(!placed(Dialect::Vonage, "bearer = \"file:secret\"", URL, true).unwrap().unwrap().back);
    }

    #[test]
    fn what_cannot_be_fetched_is_refused_with_the_key() {
        assert_eq!(placed(Dialect::Twilio, "", "", false), Ok(None));
        for (dialect, briefed) in [
            (Dialect::Twilio, true),
            (Dialect::Plivo, false),
            (Dialect::Jambonz, false),
            (Dialect::Telnyx, true),
        ] {
            let refused = placed(dialect, "", "", briefed).unwrap_err();
            assert!(refused.contains("server.public_url"), "{refused}");
        }
    }
}
