//! The description of /api/v1 as a document: that it is whole, and the copy of it in docs/. With
//! `OFFHOOK_WRITE_GOLDEN=1` the copy is written, to be looked at before it is committed.

use std::collections::{BTreeMap, BTreeSet};
use std::{env, fs};

use serde_json::{Map, Value};

use crate::support::server::root;

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

fn described() -> Value {
    serde_json::to_value(offhook::http::description()).unwrap()
}

/// Every `$ref` of a document.
fn references(of: &Value) -> Vec<&str> {
    match of {
        Value::Object(fields) => {
            let own = fields.get("$ref").and_then(Value::as_str);
            own.into_iter().chain(fields.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

fn object(of: &Value) -> &Map<String, Value> {
    of.as_object().unwrap_or_else(|| panic!("no object: {of}"))
}

fn texts(of: &Value) -> Vec<&str> {
    of.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn the_description_is_the_one_that_was_looked_at() {
    let path = root().join("docs/openapi.json");
    let found = format!("{}\n", serde_json::to_string_pretty(&offhook::http::description()).unwrap());
    if env::var_os("OFFHOOK_WRITE_GOLDEN").is_some() {
        fs::write(&path, &found).unwrap();
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    let differs = found.lines().zip(known.lines()).position(|(found, known)| found != known);
    assert!(
        found == known,
        "the description differs from docs/openapi.json, first in line {:?}: OFFHOOK_WRITE_GOLDEN=1 writes it anew",
        differs.map(|line| line + 1)
    );
}

#[test]
fn whatever_the_description_refers_to_is_there_and_nothing_is_there_for_nothing() {
    let described = described();
    assert!(described["openapi"].as_str().unwrap().starts_with("3.1."));
    let referred: BTreeSet<&str> = references(&described).into_iter().collect();
    assert!(referred.len() > 20, "{referred:?}");
    for reference in &referred {
        let pointer = reference.strip_prefix('#').expect("a reference within the document");
        assert!(described.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    for kind in ["schemas", "responses"] {
        for (name, component) in object(&described["components"][kind]) {
            let reference = format!("#/components/{kind}/{name}");
            assert!(referred.contains(reference.as_str()), "nothing refers to {reference}");
            assert!(component["description"].is_string(), "{reference} does not say what it is");
        }
    }
}

#[test]
fn every_schema_is_one_and_says_what_each_field_is() {
    for (name, schema) in object(&described()["components"]["schemas"]) {
        if let Err(error) = jsonschema::draft202012::meta::validate(schema) {
            panic!("{name} is no schema: {error}");
        }
        for (field, about) in schema["properties"].as_object().into_iter().flatten() {
            // What may be null is described beside the form that it has otherwise.
            let says = |about: &Value| about["description"].is_string() || about["$ref"].is_string();
            assert!(says(about) || says(&about["oneOf"][0]), "{name}.{field}: {about}");
        }
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_and_says_who_may_use_it_and_what_comes_back() {
    let described = described();
    let known_tags: Vec<&str> =
        described["tags"].as_array().unwrap().iter().filter_map(|tag| tag["name"].as_str()).collect();
    let ways = object(&described["components"]["securitySchemes"]);
    let mut names = BTreeMap::new();
    let mut used_tags = BTreeSet::new();
    for (path, item) in object(&described["paths"]) {
        assert!(path.starts_with("/api/v1/"), "{path}");
        let operations: Vec<_> =
            object(item).iter().filter(|(method, _)| METHODS.contains(&method.as_str())).collect();
        assert!(!operations.is_empty(), "{path} has no operation");
        for (method, operation) in operations {
            let at = format!("{method} {path}");
            let name = operation["operationId"].as_str().unwrap_or_else(|| panic!("{at} has no name"));
            assert_eq!(names.insert(name.to_owned(), at.clone()), None, "{name} is {at}, too");
            assert!(operation["summary"].as_str().is_some_and(|told| told.ends_with('.')), "{at}");
            let tags = texts(&operation["tags"]);
            assert!(tags.len() == 1 && known_tags.contains(&tags[0]), "{at}: {tags:?}");
            used_tags.extend(tags.iter().map(|tag| (*tag).to_owned()));
            // What is in braces is a parameter, and each parameter says what it is.
            let parameters: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().collect();
            let in_path =
                parameters.iter().filter(|one| one["in"] == "path").filter_map(|one| one["name"].as_str());
            let braces: Vec<&str> =
                path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
            assert_eq!(in_path.collect::<Vec<_>>(), braces, "{at}");
            assert!(parameters.iter().all(|one| one["description"].is_string()), "{at}");
            // A session that changes something shows its token, too.
            let security: Vec<Vec<&String>> = operation["security"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|way| object(way).keys().collect())
                .collect();
            let known = security.iter().flatten().all(|way| ways.contains_key(*way));
            assert!(known && security.len() == 2, "{at}: {security:?}");
            let by_session = security.iter().find(|way| way.iter().any(|one| *one == "session")).unwrap();
            assert_eq!(by_session.iter().any(|one| *one == "csrf"), method != "get", "{at}");
            let answers = object(&operation["responses"]);
            for status in ["401", "403", "503"] {
                assert!(answers.contains_key(status), "{at} has no {status}");
            }
            assert!(answers.keys().any(|status| status.starts_with('2')), "{at} never succeeds");
        }
    }
    assert!(names.len() > 10 && used_tags.len() == known_tags.len(), "{names:?} {used_tags:?}");
}
