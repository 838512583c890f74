//! The language models that stand in for the first, by name and in order. Knows no engine and opens no file.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::toml_reader::Reader;
use crate::engine::{KernelChoice, TemplateChoice};
use crate::files::search_path;

/// The most stand-ins: more would only wait for each other's cores.
const MOST: usize = 8;

/// A language model with the name by which it is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedModel {
    /// Letters, digits, `-` and `_`.
    pub name: String,
    /// A GGUF file.
    pub path: PathBuf,
    /// Replaces the chat template of the file.
    pub chat_template: Option<TemplateChoice>,
}

/// The allowed names, if this is not one.
pub(super) fn check_name(name: &str) -> Option<String> {
    let right = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_name = (1..=32).contains(&name.len()) && name.chars().all(right);
    (!is_name).then(|| "1 to 32 letters, digits, - and _".to_owned())
}

/// `llm.stand_ins`; `first` is the name of the first model.
pub(super) fn stand_ins(r: &mut Reader, base: &Path, first: &str) -> Vec<NamedModel> {
    let key = "llm.stand_ins";
    let tables = r.tables(key, "a list such as [{ name = \"small\", model = \"models/small.gguf\" }]");
    if tables.len() > MOST {
        r.refuse(key, format!("{} models", tables.len()), format!("at most {MOST}"));
    }
    let mut models: Vec<NamedModel> = Vec::new();
    for (i, table) in tables.iter().take(MOST).enumerate() {
        let key = format!("{key}[{i}]");
        let known = ["name", "model", "chat_template"];
        for unknown in table.keys().filter(|name| !known.contains(&name.as_str())) {
            let told = format!("unknown key; known keys are {}", known.join(", "));
            r.refuse(&format!("{key}.{unknown}"), String::new(), told);
        }
        let name = text(r, table, &key, "name", check_name);
        let no_path = |path: &str| path.is_empty().then(|| "the path of a model file".to_owned());
        let path = text(r, table, &key, "model", no_path);
        let template =
            table.contains_key("chat_template").then(|| text(r, table, &key, "chat_template", |_| None));
        let (Some(name), Some(path)) = (name, path) else { continue };
        if name == first || models.iter().any(|known| known.name == name) {
            let allowed = "a name that no other model has (llm.name is the first's)".to_owned();
            r.refuse(&format!("{key}.name"), format!("\"{name}\""), allowed);
        }
        let chat_template = template.flatten().and_then(|text| TemplateChoice::of(&text, base));
        models.push(NamedModel { name, path: search_path::find(base, Path::new(&path)), chat_template });
    }
    models
}

/// `llm.use`: one of these names; the first if it is empty.
pub(super) fn in_use(r: &mut Reader, first: &str, stand_ins: &[NamedModel]) -> String {
    named(r, "llm.use", first, stand_ins).unwrap_or_else(|| first.to_owned())
}

/// `llm.smart`: one of these names; none if it is empty.
pub(super) fn smart(r: &mut Reader, first: &str, stand_ins: &[NamedModel]) -> Option<String> {
    named(r, "llm.smart", first, stand_ins)
}

fn named(r: &mut Reader, key: &str, first: &str, stand_ins: &[NamedModel]) -> Option<String> {
    let names: Vec<&str> = std::iter::once(first).chain(stand_ins.iter().map(|m| m.name.as_str())).collect();
    let unknown = |name: &str| (!name.is_empty() && !names.contains(&name)).then(|| names.join(", "));
    Some(r.text(key, "", unknown)).filter(|name| !name.is_empty())
}

pub(super) fn kernels(r: &mut Reader) -> KernelChoice {
    let names = KernelChoice::ALL.map(|choice| format!("\"{}\"", choice.name())).join(", ");
    let name = r.text("llm.kernels", KernelChoice::default().name(), |value| {
        KernelChoice::named(value).is_none().then(|| format!("one of {names}"))
    });
    KernelChoice::named(&name).unwrap_or_default()
}

fn text(
    r: &mut Reader,
    table: &Table,
    key: &str,
    name: &str,
    check: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let key = format!("{key}.{name}");
    let problem = match table.get(name) {
        Some(Value::String(text)) => match check(text) {
            None => return Some(text.clone()),
            Some(allowed) => (format!("\"{text}\""), allowed),
        },
        Some(other) => (other.to_string(), "a text in quotes".to_owned()),
        None => (String::new(), "is missing; each model has a name and a model (its file)".to_owned()),
    };
    r.refuse(&key, problem.0, problem.1);
    None
}

#[cfg(test)]
mod tests {
    use super::super::{Llm, parse};
    use super::*;

    fn read(stand_ins: &str) -> Result<Llm, Vec<String>> {
        let text = format!("[llm]\nmodel = \"a.gguf\"\n{stand_ins}");
        let told =
            |error: super::super::ConfigError| error.problems.iter().map(ToString::to_string).collect();
        parse(&text, "test", Path::new("/m")).map(|config| config.llm).map_err(told)
    }

    #[test]
    fn models_keep_the_order_in_which_they_are_written() {
        let inline =
            "stand_ins = [{ name = \"z\", model = \"z.gguf\" }, { name = \"b\", model = \"/b.gguf\" }]";
        let tables = "[[llm.stand_ins]]\nname = \"z\"\nmodel = \"z.gguf\"\n\
                      [[llm.stand_ins]]\nname = \"b\"\nmodel = \"/b.gguf\"";
        for text in [inline, tables] {
            let llm = read(text).expect(text);
            let models: Vec<(&str, &Path)> = llm.models().collect();
            let expected = [
                ("main", Path::new("/m/a.gguf")),
                ("z", Path::new("/m/z.gguf")),
                ("b", Path::new("/b.gguf")),
            ];
            assert_eq!(models, expected);
        }
        assert_eq!(read("").expect("one model").models().count(), 1);
    }

    #[test]
    fn each_model_may_have_a_chat_template_of_its_own() {
        let llm = read(
            "chat_template = \"chatml\"\nstand_ins = [{ name = \"b\", model = \"b.gguf\", chat_template = \
             \"b.jinja\" }, { name = \"c\", model = \"c.gguf\" }]",
        )
        .expect("three models");
        let of = |path: &str| llm.template_of(&Path::new("/m").join(path)).cloned();
        assert_eq!(of("a.gguf"), Some(TemplateChoice::BuiltIn("chatml")));
        assert_eq!(of("b.gguf"), Some(TemplateChoice::File("/m/b.jinja".into())));
        assert_eq!((of("c.gguf"), of("d.gguf")), (None, None));
    }

    #[test]
    fn a_model_that_cannot_be_told_from_others_is_refused() {
        let same = read("name = \"a\"\nstand_ins = [{ name = \"a\", model = \"b.gguf\" }]").unwrap_err();
        assert!(
            same[0].starts_with("llm.stand_ins[0].name = \"a\": allowed is a name that no other"),
            "{same:?}"
        );
        let text = "stand_ins = [{ name = \"b\", model = \"b\" }, { name = \"b\", model = \"c\" }]";
        assert_eq!(read(text).unwrap_err().len(), 1);
    }

    #[test]
    fn what_is_wrong_with_a_model_is_told_with_its_place() {
        for (text, told) in [
            ("name = \"\"", "llm.name = \"\": allowed is 1 to 32 letters"),
            ("stand_ins = \"b.gguf\"", "llm.stand_ins = \"b.gguf\": allowed is a list such as"),
            ("stand_ins = [\"b.gguf\"]", "llm.stand_ins = [\"b.gguf\"]: allowed is a list such as"),
            (
                "stand_ins = [{ name = \"b b\", model = \"b\" }]",
                "llm.stand_ins[0].name = \"b b\": allowed is 1",
            ),
            ("stand_ins = [{ model = \"b\" }]", "llm.stand_ins[0].name: is missing"),
            ("stand_ins = [{ name = \"b\", model = 1 }]", "llm.stand_ins[0].model = 1: allowed is a text"),
            (
                "stand_ins = [{ name = \"b\", model = \"\" }]",
                "llm.stand_ins[0].model = \"\": allowed is the path",
            ),
            ("stand_ins = [{ name = \"b\", model = \"b\", x = 1 }]", "llm.stand_ins[0].x: unknown key"),
        ] {
            let problems = read(text).unwrap_err();
            assert!(problems.len() == 1 && problems[0].starts_with(told), "{text}: {problems:?}");
        }
    }

    #[test]
    fn the_model_in_use_is_the_first_or_the_one_that_is_named() {
        let models = "stand_ins = [{ name = \"b\", model = \"b\" }]";
        assert_eq!(read(models).expect("two models").in_use, "main");
        assert_eq!(read(&format!("{models}\nuse = \"b\"")).expect("two models").in_use, "b");
        let problems = read(&format!("{models}\nuse = \"c\"")).unwrap_err();
        assert_eq!(problems, ["llm.use = \"c\": allowed is main, b"]);
    }

    #[test]
    fn whoever_stands_in_must_have_time_to() {
        let model = "stand_ins = [{ name = \"b\", model = \"b\" }]";
        let problems = read(&format!("{model}\nfirst_token_timeout_ms = 900")).unwrap_err();
        assert_eq!(
            problems,
            ["llm.fallback_after_ms = 1000: allowed is less than llm.first_token_timeout_ms, 900"]
        );
        assert!(read("first_token_timeout_ms = 900").is_ok(), "there is nobody to stand in");
    }
}
