//! The documents of transfers under /transfer/NAME/, which providers fetch: the name is the credential, for
//! one call and some minutes. Must not know how calls are transferred.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, RawQuery, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::app::App;
use crate::config::Line;
use crate::runtime::clock::since_1970;
use crate::runtime::transfers::Offer;
use crate::streams::transfer::documents::{self, Document, WayBack};
use crate::streams::transfer::{BRIEFING_AUDIO, Outcome, Wanted, reads_xml};

/// The largest report of a provider, in bytes.
const MOST_BYTES: usize = 16 * 1024;

/// How long a caller has to come back.
const VALID: Duration = Duration::from_secs(120);

/// These documents are for one call.
const PRIVATE: [(HeaderName, &str); 2] =
    [(header::CACHE_CONTROL, "no-store"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];

/// The route, if providers know an address of this server.
pub(super) fn routes(app: &App) -> Router<App> {
    if app.config.lines.public_url.is_none() {
        return Router::new();
    }
    // Providers fetch with either method.
    Router::new()
        .route("/transfer/{name}/{document}", get(document).post(document))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
}

async fn document(
    State(app): State<App>,
    Path((name, document)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let offer = app.transfers.offer(&name);
    if document == BRIEFING_AUDIO {
        let audio = offer.and_then(|offer| offer.briefing);
        return audio.map_or_else(nothing, |audio| {
            (PRIVATE, [(header::CONTENT_TYPE, "audio/wav")], Bytes::from_owner(audio)).into_response()
        });
    }
    let Some((wanted, is_xml)) = Wanted::named(&document) else { return nothing() };
    let Some(offer) = offer else {
        // A conversation may last longer than its documents: then it ends, and is no error to be read out.
        return if wanted == Wanted::After { told(documents::over(is_xml)) } else { nothing() };
    };
    if reads_xml(offer.dialect) != is_xml {
        return nothing();
    }
    match wanted {
        Wanted::Dial => {
            let orders = documents::orders(offer.dialect, &offer.to, &offer.hosted);
            orders.map_or_else(nothing, |orders| told(Some(orders)))
        }
        Wanted::Briefing => {
            let briefing = documents::briefing(offer.dialect, &offer.hosted);
            briefing.filter(|_| offer.hosted.briefing).map_or_else(nothing, |it| told(Some(it)))
        }
        Wanted::After => {
            let body = String::from_utf8_lossy(&body);
            let report = match (is_xml, query) {
                (true, Some(query)) => format!("{query}&{body}"),
                (true, None) | (false, _) => body.into_owned(),
            };
            after(&app, &name, offer, &report)
        }
    }
}

/// What follows the second call, once.
fn after(app: &App, name: &str, offer: Offer, report: &str) -> Response {
    let outcome = Outcome::read(offer.dialect, report);
    let gateway = offer.dialect.name();
    match outcome {
        Outcome::Open => return told(None),
        Outcome::Over => tracing::debug!(gateway, "a transferred call is over"),
        Outcome::Unreached(why) => {
            tracing::warn!(gateway, why, to = %offer.to, "nobody took a transferred call: the caller comes back");
        }
    }
    app.transfers.forget(name);
    let line = app.config.lines.taken.get(&offer.dialect).filter(|_| offer.hosted.back);
    let Some(stream) = line.and_then(|line| stream(app, &offer, line)) else {
        return told(documents::over(reads_xml(offer.dialect)));
    };
    told(documents::after(offer.dialect, outcome, &WayBack { stream, leg: offer.leg, agent: offer.agent }))
}

/// The address of the line's socket, with a token if it asks for one.
fn stream(app: &App, offer: &Offer, line: &Line) -> Option<String> {
    let url = app.config.lines.public_url.as_ref()?;
    let path = format!("/{}", offer.dialect.name());
    let Some(tokens) = &line.tokens else { return Some(url.of(&path)) };
    let mut nonce = [0; 16];
    SystemRandom::new().fill(&mut nonce).ok()?;
    Some(url.of(&format!("{path}/{}", tokens.issue(since_1970() + VALID, nonce))))
}

fn told(document: Option<Document>) -> Response {
    match document {
        Some(Document { media_type, text }) => {
            (PRIVATE, [(header::CONTENT_TYPE, media_type)], text).into_response()
        }
        None => (StatusCode::NO_CONTENT, PRIVATE).into_response(),
    }
}

fn nothing() -> Response {
    (StatusCode::NOT_FOUND, PRIVATE, "there is no such document\n").into_response()
}
