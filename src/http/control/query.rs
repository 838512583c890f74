//! The parameters of a request: each is taken by its name, once, and what nobody took is refused, so that a
//! misspelt filter is not an answer to another question. Must not know what they mean.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;

use super::problems::Problem;

/// How much of a foreign text is told again.
const TOLD: usize = 40;

/// The parameters of a request that were not taken yet.
pub(super) struct Parameters {
    left: Vec<(String, String)>,
    /// The names that were asked for.
    known: Vec<&'static str>,
}

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let pairs = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Query(left) = pairs.map_err(|error| wrong(error.body_text()))?;
        Ok(Self { left, known: Vec::new() })
    }
}

impl Parameters {
    /// The value of this parameter, if it is there: one that `is_right`, which `allowed` says in words. What
    /// a form was sent with and left empty is not there.
    pub(super) fn take<T: FromStr>(
        &mut self,
        name: &'static str,
        allowed: &str,
        is_right: impl FnOnce(&T) -> bool,
    ) -> Result<Option<T>, Problem> {
        self.known.push(name);
        let mut values = self.left.extract_if(.., |(own, _)| own == name).map(|(_, value)| value);
        let value = values.next();
        if values.count() > 0 {
            return Err(wrong(format!("{name}: it is there more than once, and is taken once")));
        }
        let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(None) };
        let read = value.parse().ok().filter(is_right);
        read.map(Some).ok_or_else(|| wrong(format!("{name} = {:?}: allowed is {allowed}", told(&value))))
    }

    /// Refuses what was not taken.
    pub(super) fn nothing_else(self) -> Result<(), Problem> {
        let Some((name, _)) = self.left.first() else { return Ok(()) };
        let known = if self.known.is_empty() {
            "none is known here".to_owned()
        } else {
            format!("known are {}", self.known.join(", "))
        };
        Err(wrong(format!("{:?}: there is no such parameter; {known}", told(name))))
    }
}

fn told(text: &str) -> String {
    text.chars().take(TOLD).collect()
}

fn wrong(why: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, why)
}
