//! The forms of lists of models.

use offhook_openai::models::{Model, list};
use serde_json::json;

use super::json as read;

pub(super) const MODELS: [Model<'_>; 2] =
    [Model { id: "front-desk", created: 1_780_000_000 }, Model { id: "whisper-tiny.en", created: 0 }];

#[test]
fn models_are_listed_in_their_order() {
    let listed = read(&list(&MODELS));
    assert_eq!(listed["object"], "list");
    assert_eq!(listed["data"][0], read(&MODELS[0].body()));
    assert_eq!(listed["data"][1]["id"], "whisper-tiny.en");
    assert_eq!(read(&list(&[])), json!({"object": "list", "data": []}));
}

#[test]
fn a_model_belongs_to_offhook() {
    let expected =
        json!({"id": "front-desk", "object": "model", "created": 1_780_000_000, "owned_by": "offhook"});
    assert_eq!(read(&MODELS[0].body()), expected);
}
