//! Tests of the manifest: the one that ships, and what is wrong with others.

use std::collections::BTreeSet;
use std::path::Component;

use proptest::prelude::*;

use super::*;
use crate::contents::Form;
use crate::entries::{Kind, Memory, ModelFile};

fn shipped() -> Manifest {
    Manifest::built_in().unwrap()
}

fn entry(name: &str, files: &str) -> String {
    format!(
        "[[model]]\nname = \"{name}\"\nkind = \"language\"\npurpose = \"tests\"\nlicence = \"MIT\"\n\
         licence_url = \"https://a.example/licence\"\nfiles = {files}\n"
    )
}

fn one_file(rest: &str) -> String {
    entry("a", &format!("[{{ file = \"a.gguf\", url = \"https://a.example/a\"{rest} }}]"))
}

fn mistakes(text: &str) -> String {
    Manifest::parse(text, "mine.toml").unwrap_err().to_string()
}

#[test]
fn the_manifest_that_ships_is_sound_and_makes_no_sum_up() {
    let manifest = shipped();
    let files: Vec<&ModelFile> = manifest.models().iter().flat_map(|model| &model.files).collect();
    assert!(files.len() > 30, "{}", files.len());
    for file in &files {
        assert_eq!(file.sha256.is_some(), file.sum_from.is_some(), "{}", file.file);
        assert!(file.urls.iter().all(|url| url.starts_with("https://")), "{}", file.file);
    }
    let kinds: BTreeSet<Kind> = manifest.models().iter().map(|model| model.kind).collect();
    assert_eq!(kinds.len(), 3);
    for model in manifest.models() {
        let first = Form::of(model.kind, &model.files[0].file);
        let expected = match model.kind {
            Kind::Recogniser => Form::Ggml,
            Kind::Language => Form::Gguf,
            Kind::Voice => Form::Onnx,
        };
        assert_eq!(first, expected, "{}: its first file is the one that is configured", model.name);
        let is_named_so = |file: &ModelFile| file.urls.iter().all(|url| url.ends_with(&file.file));
        assert!(model.files.iter().all(is_named_so), "{}: --offline expects the published name", model.name);
    }
}

#[test]
fn a_voice_has_its_description_and_gated_families_say_so() {
    for model in shipped().models() {
        if model.kind == Kind::Voice {
            let names: Vec<&str> = model.files.iter().map(|file| file.file.as_str()).collect();
            assert_eq!(names[1], format!("{}.json", names[0]));
        }
        let is_gated = ["gemma", "llama"].iter().any(|family| model.name.starts_with(family));
        assert_eq!(model.terms, is_gated, "{}", model.name);
    }
}

#[test]
fn every_mistake_names_the_entry_and_what_to_write() {
    for (text, told) in [
        (entry("a/b", "[]"), vec!["a/b: name: write small letters", "a/b: files: there is none"]),
        (one_file(", bytes = 0"), vec!["a: a.gguf: bytes: it is 0; leave it out"]),
        (one_file(", bytes = 99999999999999"), vec!["a: a.gguf: bytes: no file may be larger"]),
        (
            one_file(", sha256 = \"abc\", sum_from = \"b\""),
            vec!["a: a.gguf: sha256: write 64 hexadecimal digits"],
        ),
        (one_file(&format!(", sha256 = \"{}\"", "0".repeat(64))), vec!["a: a.gguf: sum_from: missing"]),
        (one_file(", sum_from = \"b\""), vec!["a: a.gguf: sum_from: there is no sha256"]),
        (one_file("") + &one_file(""), vec!["a: two models have this name"]),
        (
            entry("a", "[{ file = \"../a\", url = \"https://a.example/a\" }]"),
            vec!["a: ../a: file: write a plain name"],
        ),
        (
            entry("a", "[{ file = \"-a\", url = \"https://a.example/a\" }]"),
            vec!["a: -a: file: write a plain name"],
        ),
        (
            entry("a", "[{ file = \"a.part\", url = \"https://a.example/a\" }]"),
            vec!["names with .part are offhook's own"],
        ),
        (entry("a", "[{ file = \"a.gguf\", url = [] }]"), vec!["a: a.gguf: url: the list is empty"]),
        (
            entry("a", "[{ file = \"a.gguf\", url = \"http://a.example/a\" }]"),
            vec!["a: a.gguf: url:", "write https://"],
        ),
        (entry("a", "[{ file = \"a.gguf\", url = 7 }]"), vec!["mine.toml", "expected an address"]),
        (one_file(", sum = \"b\""), vec!["mine.toml", "unknown field `sum`", "sha256"]),
        ("[[models]]".to_owned(), vec!["mine.toml", "unknown field `models`"]),
    ] {
        let all = mistakes(&text);
        for part in told {
            assert!(all.contains(part), "{all}\nlacks {part}");
        }
    }
}

#[test]
fn two_models_may_share_a_file_but_not_a_name_for_different_files() {
    let file = |url: &str| format!("[{{ file = \"a.gguf\", url = \"https://a.example/{url}\" }}]");
    assert!(Manifest::parse(&(entry("a", &file("1")) + &entry("b", &file("1"))), "").is_ok());
    let told = mistakes(&(entry("a", &file("1")) + &entry("b", &file("2"))));
    assert!(told.contains("b: a.gguf is another file there than in a"), "{told}");
}

#[test]
fn an_entry_of_ones_own_replaces_the_one_of_that_name() {
    let before = shipped().models().len();
    let own = |name: &str| {
        let files =
            format!("[{{ file = \"{name}.gguf\", url = \"http://127.0.0.1:1/a\", bytes = 3145728 }}]");
        Manifest::parse(&entry(name, &files), "mine.toml").unwrap()
    };
    let both =
        shipped().with(own("gemma3-1b-it"), "mine.toml").unwrap().with(own("mine"), "mine.toml").unwrap();
    assert_eq!(both.models().len(), before + 1);
    assert_eq!(both.find("gemma3-1b-it").unwrap().memory(), Some(Memory::Computed(3)));
    assert_eq!(shipped().find("gemma3-1b-it").unwrap().files[0].file, "gemma-3-1b-it-Q4_K_M.gguf");
}

#[test]
fn memory_is_measured_or_computed_or_not_known() {
    let memory = |text: &str| Manifest::parse(text, "").unwrap().models()[0].memory();
    let measured = one_file("").replace("licence =", "memory_mib = 12\nlicence =");
    assert_eq!(memory(&measured), Some(Memory::Measured(12)));
    assert_eq!(memory(&one_file(", bytes = 1048577")), Some(Memory::Computed(2)));
    assert_eq!(memory(&one_file("")), None);
}

#[test]
fn a_name_that_is_nearly_right_is_understood() {
    let manifest = shipped();
    let closest = |name: &str| manifest.closest(name).map(|model| model.name.as_str());
    assert_eq!(closest("gemma3-1b"), Some("gemma3-1b-it"));
    assert_eq!(closest("Whisper-tiny-en"), Some("whisper-tiny.en"));
    assert_eq!(closest("qwen3-0.6"), Some("qwen3-0.6b"));
    assert_eq!(closest("xyzzy"), None);
    let told = manifest.find("gemma3-1b").unwrap_err().to_string();
    assert!(told.contains("did you mean \"gemma3-1b-it\"?"), "{told}");
    let told = manifest.find("xyzzy").unwrap_err().to_string();
    assert!(told.contains("offhook models list"), "{told}");
}

#[test]
fn the_model_of_a_file_is_found_by_its_name() {
    let manifest = shipped();
    let of = |file: &str| manifest.for_file(file).map(|model| model.name.as_str());
    assert_eq!(of("ggml-tiny.en.bin"), Some("whisper-tiny.en"));
    assert_eq!(of("en_US-joe-medium.onnx.json"), Some("piper-en-us-joe-medium"));
    assert_eq!(of("other.gguf"), None);
}

#[test]
fn a_manifest_that_cannot_be_read_is_named() {
    let told = Manifest::read(Path::new("/no/such/manifest.toml")).unwrap_err().to_string();
    assert!(told.starts_with("manifest /no/such/manifest.toml: "), "{told}");
}

proptest! {
    #[test]
    fn no_name_that_is_taken_leads_out_of_the_folder(name in r"[a-zA-Z0-9./\\\\_ é:~$-]{0,24}") {
        let files = format!("[{{ file = '{name}', url = \"https://a.example/a\" }}]");
        if let Ok(manifest) = Manifest::parse(&entry("a", &files), "") {
            let file = Path::new(&manifest.models()[0].files[0].file);
            let parts: Vec<Component<'_>> = file.components().collect();
            prop_assert!(matches!(parts[..], [Component::Normal(part)] if part == name.as_str()));
            prop_assert!(!name.starts_with(['.', '-', '~']));
        }
    }

    #[test]
    fn any_text_is_a_manifest_or_is_told_what_is_wrong(
        parts in prop::collection::vec(
            prop_oneof![
                "[ -~é\n]{0,12}",
                Just("[[model]]\n".to_owned()),
                Just("name = \"a\"\n".to_owned()),
                Just("kind = \"voice\"\n".to_owned()),
                Just("files = [{ file = \"a\", url = \"https://[\" }]\n".to_owned()),
                Just("url = []\n".to_owned()),
            ],
            0..12,
        ),
    ) {
        if let Err(error) = Manifest::parse(&parts.concat(), "mine.toml") {
            prop_assert!(error.to_string().starts_with("manifest mine.toml:"));
        }
    }
}
