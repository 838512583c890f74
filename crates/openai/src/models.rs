//! `GET /v1/models` and `GET /v1/models/ID`. Must not know what a model is good for. An id that is not served
//! is [`ApiError::unknown_model`](crate::ApiError::unknown_model).

use serde::Serialize;

use crate::out;

/// A model that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Model<'a> {
    /// Its name, as requests give it.
    pub id: &'a str,
    /// Since when it is there, in seconds since 1970.
    pub created: u64,
}

impl Model<'_> {
    /// The document of one model.
    #[must_use]
    pub fn body(&self) -> String {
        out::json(&self.entry())
    }

    fn entry(&self) -> Entry<'_> {
        Entry { id: self.id, object: "model", created: self.created, owned_by: "offhook" }
    }
}

/// The document of all models, in their order.
#[must_use]
pub fn list(models: &[Model<'_>]) -> String {
    out::json(&List { object: "list", data: models.iter().map(Model::entry).collect() })
}

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}
