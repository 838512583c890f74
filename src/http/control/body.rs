//! The body of a request, as JSON in one form. Must not know what is asked for.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use super::problems::Problem;

/// A form of bodies.
pub(super) trait Form: DeserializeOwned {
    /// An example of it.
    const EXAMPLE: &'static str;
}

/// A body in this form.
pub(super) struct Body<T>(pub(super) T);

impl<T: Form, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let refused = |rejection: JsonRejection| {
            // 422 is for settings that are understood and cannot be used.
            let status = match rejection.status() {
                StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
                status => status,
            };
            Problem::new(status, format!("expected {}: {}", T::EXAMPLE, rejection.body_text()))
        };
        Json::from_request(request, state).await.map(|Json(value)| Self(value)).map_err(refused)
    }
}
