//! Routes with their description (OpenAPI 3.1): a route that is not described cannot be added. What holds for
//! all of them is described here, once. Must not know what a route does.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn_with_state, map_response};
use axum::{Extension, Router};
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::Tag;
use utoipa::openapi::{Components, Content, Info, License, OpenApi, Ref, RefOr, Response, Schema};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::problems::{Problem, in_our_form};
use crate::app::App;
use crate::http::admin::administrators;

/// Where the routes are.
const UNDER: &str = "/api/v1";

/// The largest request, in bytes: a whole configuration is smaller.
const MOST_BYTES: usize = 256 * 1024;

/// The names of the ways in.
const TOKEN: &str = "token";
const SESSION: &str = "session";
const CSRF: &str = "csrf";

/// What the routes are about.
pub(super) const SERVER: &str = "server";
pub(super) const CALLS: &str = "calls";
pub(super) const AGENT: &str = "agent";
pub(super) const RECORDS: &str = "records";

const TAGS: [(&str, &str); 4] = [
    (SERVER, "The whole server: its state, its health, its files."),
    (CALLS, "Running calls."),
    (AGENT, "The settings of the agent."),
    (RECORDS, "Calls of the past, if records are kept (records.file)."),
];

/// Refusals that no single route decides about: their names, statuses and reasons.
const STRANGER: (&str, &str, &str) =
    ("Stranger", "401", "No token of an administrator, and no session. Also for paths that are not there.");
const FORGED: (&str, &str, &str) = (
    "Forged",
    "403",
    "A session whose request may come from a page of another site: Origin, or X-CSRF-Token.",
);
const BUSY: (&str, &str, &str) =
    ("Busy", "503", "Too many requests of administrators at once, or the models are still being loaded.");
const NO_NAME: (&str, &str, &str) = ("NoName", "400", "The name in the path is not UTF-8.");
const TOO_LARGE: (&str, &str, &str) = ("TooLarge", "413", "The request has more than 256 KiB.");
const NO_JSON: (&str, &str, &str) = ("NoJson", "415", "Content-Type is not application/json.");

const ABOUT: &str = "What those who run an offhook server see and change: its state, running calls, the records \
     of past calls, the agent's settings. For administrators: with the token of admin.token, or in the session \
     of whoever has logged in to the console. With `offhook serve --open`, the programs of this machine need \
     neither.\n\nA field that is described is always there, with null for what is not known. Fields may be \
     added; none is removed or renamed within a version of this path. Refusals have the form of Refusal; a \
     program decides by their status.";

/// Routes, each with its description.
pub(super) struct Described(OpenApiRouter<App>);

impl Described {
    /// No routes yet.
    pub(super) fn new() -> Self {
        Self(OpenApiRouter::with_openapi(OpenApi::default()))
    }

    /// These, too: what `utoipa_axum::routes!` makes of handlers with their description.
    #[must_use]
    pub(super) fn with(self, routes: UtoipaMethodRouter<App>) -> Self {
        Self(self.0.routes(routes))
    }

    /// The description of all routes.
    pub(super) fn into_description(self) -> OpenApi {
        self.into_parts().1
    }

    /// The routes for administrators. Their description is an extension of every request.
    pub(super) fn into_router(self, app: &App) -> Router<App> {
        let (routes, description) = self.into_parts();
        let routes = routes
            .fallback(async || Problem::new(StatusCode::NOT_FOUND, "there is no such path (docs/control.md)"))
            .layer(Extension(Arc::new(description)))
            .layer(DefaultBodyLimit::max(MOST_BYTES))
            .layer(from_fn_with_state(app.clone(), administrators))
            .layer(map_response(in_our_form));
        Router::new().nest(UNDER, routes)
    }

    fn into_parts(self) -> (Router<App>, OpenApi) {
        let (routes, described) = self.0.split_for_parts();
        let license = License::builder().name("Apache-2.0 OR MIT").identifier(Some("Apache-2.0 OR MIT"));
        let info = Info::builder()
            .title("offhook: the interface for those who run the server")
            .version("1")
            .description(Some(ABOUT))
            .license(Some(license.build()));
        let tags = TAGS.map(|(name, about)| Tag::builder().name(name).description(Some(about)).build());
        let whole = OpenApi::builder().info(info.build()).tags(Some(tags)).build();
        let mut whole = whole.nest(UNDER, described);
        whole.paths.paths.values_mut().for_each(complete);
        let components = whole.components.get_or_insert_with(Components::new);
        components.schemas.values_mut().for_each(complete_schema);
        for (name, _, why) in [STRANGER, FORGED, BUSY, NO_NAME, TOO_LARGE, NO_JSON] {
            let content = Content::new(Some(Ref::from_schema_name("Refusal")));
            let answer = Response::builder().description(why).content("application/json", content);
            components.responses.insert(name.to_owned(), answer.build().into());
        }
        ways_in(components);
        (routes, whole)
    }
}

/// Adds to all operations of a path what holds whatever they do.
fn complete(item: &mut PathItem) {
    let PathItem { get, put, post, patch, delete, .. } = item;
    for operation in get.iter_mut() {
        allow(operation, SecurityRequirement::new(SESSION, NO_SCOPES));
    }
    for operation in [put, post, patch, delete].into_iter().flatten() {
        allow(operation, SecurityRequirement::new(SESSION, NO_SCOPES).add(CSRF, NO_SCOPES));
    }
}

const NO_SCOPES: [&str; 0] = [];

fn allow(operation: &mut Operation, by_session: SecurityRequirement) {
    operation.security = Some(vec![SecurityRequirement::new(TOKEN, NO_SCOPES), by_session]);
    let in_path = |parameter: &RefOr<_>| match parameter {
        RefOr::T(utoipa::openapi::path::Parameter { parameter_in, .. }) => *parameter_in == ParameterIn::Path,
        RefOr::Ref(_) => false,
    };
    let has_name = operation.parameters.iter().flatten().any(in_path);
    let has_body = operation.request_body.is_some();
    let of_all = [(STRANGER, true), (FORGED, true), (BUSY, true)];
    let of_some = [(NO_NAME, has_name), (TOO_LARGE, has_body), (NO_JSON, has_body)];
    for ((name, status, _), _) in of_all.into_iter().chain(of_some).filter(|(_, can_be)| *can_be) {
        let answers = &mut operation.responses.responses;
        answers.entry(status.to_owned()).or_insert_with(|| RefOr::Ref(Ref::from_response_name(name)));
    }
}

/// Whatever is written here has all its fields, also those that may be missing where other programs write
/// them. What is read here refuses unknown fields, by which it is known.
fn complete_schema(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(object)) = schema else { return };
    let is_read =
        matches!(object.additional_properties.as_deref(), Some(AdditionalProperties::FreeForm(false)));
    if !is_read {
        object.required = object.properties.keys().cloned().collect();
    }
}

fn ways_in(components: &mut Components) {
    let token = Http::builder().scheme(HttpAuthScheme::Bearer).description(Some("The token of admin.token."));
    let cookie = "Who has logged in to the console. At this machine without TLS, the cookie is \"offhook\".";
    let csrf = "The csrf of GET /console/session. Origin must be the server's own address, too.";
    let session = ApiKey::Cookie(ApiKeyValue::with_description("__Host-offhook", cookie));
    let csrf = ApiKey::Header(ApiKeyValue::with_description("X-CSRF-Token", csrf));
    components.add_security_scheme(TOKEN, SecurityScheme::Http(token.build()));
    components.add_security_scheme(SESSION, SecurityScheme::ApiKey(session));
    components.add_security_scheme(CSRF, SecurityScheme::ApiKey(csrf));
}
