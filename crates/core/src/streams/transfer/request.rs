//! The requests that transfer a call, provider by provider. Must not know how requests are sent.
//!
//! Sources: Twilio's "Update a Call resource" (`Twiml`), Telnyx's "Transfer call", Vonage's "Modify an
//! in-progress call" and its NCCO reference (`connect`), Plivo's "Transfer a call", jambonz' "Updating a
//! call" (`call_hook`).

use serde_json::{Value, json};

use super::super::api::{Account, Api, Body, Method, NoSuchName, Proof, Request, named};
use super::super::dialect::Dialect;
use super::{Destination, Hosted, Number, Party, Wanted, documents};

/// Why there is no request for a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoTransfer {
    /// The call has a name that cannot be used.
    #[error(transparent)]
    Name(#[from] NoSuchName),
    /// The provider fetches a document, and nobody serves it.
    #[error("the provider fetches what to do from this server")]
    NoDocument,
    /// The provider plays nothing to a SIP address.
    #[error("Vonage plays a briefing to telephone numbers only: transfer to a SIP address without one")]
    NoBriefing,
}

impl Api {
    /// The request that transfers `call`, which is the provider's id of the call, with the documents that
    /// are hosted for it.
    ///
    /// # Errors
    /// If the id would lead to another URL, or if this provider cannot do it so.
    pub fn transfer(
        &self,
        call: &str,
        to: &Destination,
        hosted: Option<&Hosted>,
    ) -> Result<Request, NoTransfer> {
        named(call)?;
        let base = &self.base;
        Ok(match &self.account {
            Account::Twilio { sid, token } => Request {
                method: Method::Post,
                url: format!("{base}/2010-04-01/Accounts/{sid}/Calls/{call}.json"),
                proof: Proof::Basic(sid.clone(), token.current().to_owned()),
                body: Body::Form("Twiml", documents::twiml(to, hosted)),
            },
            Account::Telnyx { key } => Request {
                method: Method::Post,
                url: format!("{base}/v2/calls/{call}/actions/transfer"),
                proof: Proof::Bearer(key.current().to_owned()),
                body: Body::Json(telnyx(to, hosted)),
            },
            Account::Plivo { id, token } => Request {
                method: Method::Post,
                url: format!("{base}/v1/Account/{id}/Call/{call}/"),
                proof: Proof::Basic(id.clone(), token.current().to_owned()),
                body: Body::Json(json!({
                    "legs": "aleg",
                    "aleg_url": orders(hosted, Dialect::Plivo)?,
                    "aleg_method": "GET",
                })),
            },
            Account::Vonage { application, key } => Request {
                method: Method::Put,
                url: format!("{base}/v1/calls/{call}"),
                proof: Proof::Signed(application.clone(), key.clone()),
                body: Body::Json(vonage(to, hosted)?),
            },
            Account::Jambonz { sid, key } => Request {
                method: Method::Put,
                url: format!("{base}/v1/Accounts/{sid}/Calls/{call}"),
                proof: Proof::Bearer(key.current().to_owned()),
                body: Body::Json(json!({
                    "call_hook": {"url": orders(hosted, Dialect::Jambonz)?, "method": "GET"},
                })),
            },
        })
    }
}

/// The address of the document that says whom to call.
fn orders(hosted: Option<&Hosted>, dialect: Dialect) -> Result<String, NoTransfer> {
    hosted.map(|hosted| hosted.address(Wanted::Dial, dialect)).ok_or(NoTransfer::NoDocument)
}

/// Telnyx shows the called number if no caller id is given. A failed transfer leaves the call as it is.
fn telnyx(to: &Destination, hosted: Option<&Hosted>) -> Value {
    let mut body = json!({"to": to.to_string()});
    if let Some(Number(caller_id)) = &to.caller_id {
        body["from"] = json!(caller_id);
    }
    if let Some(hosted) = hosted.filter(|hosted| hosted.briefing) {
        body["audio_url"] = json!(hosted.audio());
    }
    body
}

fn vonage(to: &Destination, hosted: Option<&Hosted>) -> Result<Value, NoTransfer> {
    let briefing = hosted.filter(|hosted| hosted.briefing);
    let endpoint = match (&to.party, briefing) {
        (Party::Number(number), None) => json!({"type": "phone", "number": number.digits()}),
        (Party::Number(number), Some(hosted)) => json!({
            "type": "phone",
            "number": number.digits(),
            "onAnswer": {"url": hosted.address(Wanted::Briefing, Dialect::Vonage)},
        }),
        (Party::Sip(uri), None) => json!({"type": "sip", "uri": uri}),
        (Party::Sip(_), Some(_)) => return Err(NoTransfer::NoBriefing),
    };
    let mut connect = json!({"action": "connect", "endpoint": [endpoint]});
    match &to.caller_id {
        Some(number) => connect["from"] = json!(number.digits()),
        // Without either, the caller is unknown, and many telephones do not ring.
        None => connect["randomFromNumber"] = json!(true),
    }
    if let Some(hosted) = hosted.filter(|hosted| hosted.back) {
        connect["eventType"] = json!("synchronous");
        connect["eventUrl"] = json!([hosted.address(Wanted::After, Dialect::Vonage)]);
    }
    Ok(json!({"action": "transfer", "destination": {"type": "ncco", "ncco": [connect]}}))
}
