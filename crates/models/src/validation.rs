//! Whether the entries of a manifest are sound: names that are safe as the names of files, addresses that
//! files may come from, sums with a source. Must not know where a manifest was read.

use std::collections::BTreeMap;

use offhook_files::readable;

use crate::address::Address;
use crate::contents;
use crate::entries::{Model, ModelFile};
use crate::sums::Sum;

/// The longest name of a model or a file. Folders take 255 bytes, and other endings are added.
const LONGEST_NAME: usize = 120;

/// The longest purpose or licence.
const LONGEST_LINE: usize = 200;

/// The endings of files that are kept beside a model's.
const OWN_ENDINGS: [&str; 4] = [".part", ".part.json", ".lock", ".sha256"];

/// The most mistakes that are told, and the most characters of each: texts of a manifest are quoted in them.
const MOST_MISTAKES: usize = 30;
const LONGEST_MISTAKE: usize = 400;

/// What is wrong with the entries, each with its remedy.
pub(crate) fn mistakes(models: &[Model]) -> Vec<String> {
    let all = all_mistakes(models);
    let more = all.len().saturating_sub(MOST_MISTAKES);
    let told = all.iter().take(MOST_MISTAKES).map(|mistake| readable(mistake, LONGEST_MISTAKE));
    told.chain((more > 0).then(|| format!("and {more} more"))).collect()
}

fn all_mistakes(models: &[Model]) -> Vec<String> {
    let mut found = Vec::new();
    let mut names = BTreeMap::new();
    for model in models {
        let seen: &mut usize = names.entry(model.name.as_str()).or_default();
        *seen += 1;
        if *seen == 2 {
            found.push(format!("{}: two models have this name; rename one", model.name));
        }
        found.extend(of_model(model).into_iter().map(|mistake| format!("{}: {mistake}", model.name)));
    }
    found.extend(disagreements(models));
    found
}

fn of_model(model: &Model) -> Vec<String> {
    let mut found = Vec::new();
    let is_kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ['-', '.', '_'].contains(&c);
    if !is_safe(&model.name) || !model.name.chars().all(is_kebab) {
        found.push("name: write small letters, digits and hyphens, as in \"whisper-tiny.en\"".to_owned());
    }
    for (key, value) in [("purpose", &model.purpose), ("licence", &model.licence)] {
        if value.trim().is_empty() || value.len() > LONGEST_LINE || value.contains(char::is_control) {
            found.push(format!("{key}: write one line of at most {LONGEST_LINE} bytes"));
        }
    }
    if let Err(error) = Address::new(&model.licence_url) {
        found.push(format!("licence_url: {error}"));
    }
    if model.memory_mib == Some(0) {
        found.push("memory_mib: it is 0; leave it out if nobody measured it".to_owned());
    }
    if model.files.is_empty() {
        found.push(
            "files: there is none; write files = [{ file = \"NAME\", url = \"https://…\" }]".to_owned(),
        );
    }
    for (at, file) in model.files.iter().enumerate() {
        if model.files.iter().take(at).any(|before| before.file == file.file) {
            found.push(format!("files: {} is named twice; remove one", file.file));
        }
        found.extend(of_file(file).into_iter().map(|mistake| format!("{}: {mistake}", file.file)));
    }
    found
}

fn of_file(file: &ModelFile) -> Vec<String> {
    let mut found = Vec::new();
    if !is_safe(&file.file) {
        found.push(
            "file: write a plain name of letters, digits, \".\", \"-\" and \"_\", without folders".to_owned(),
        );
    }
    if let Some(ending) = OWN_ENDINGS.iter().find(|ending| file.file.ends_with(**ending)) {
        found.push(format!("file: names with {ending} are offhook's own beside a model; take another name"));
    }
    if file.urls.is_empty() {
        found.push("url: the list is empty; write at least one address".to_owned());
    }
    for url in &file.urls {
        if let Err(error) = Address::new(url) {
            found.push(format!("url: {error}"));
        }
    }
    match file.bytes {
        Some(0) => found.push("bytes: it is 0; leave it out if it is not known".to_owned()),
        Some(bytes) if bytes > contents::LARGEST => {
            found.push(format!("bytes: no file may be larger than {} bytes", contents::LARGEST));
        }
        Some(_) | None => {}
    }
    match (&file.sha256, &file.sum_from) {
        (Some(sum), _) if sum.parse::<Sum>().is_err() => {
            found.push("sha256: write 64 hexadecimal digits, as `sha256sum FILE` prints them".to_owned());
        }
        (Some(_), None) => found.push("sum_from: missing; say who says that this is the sum".to_owned()),
        (None, Some(_)) => found.push("sum_from: there is no sha256; add it, or remove sum_from".to_owned()),
        (Some(_), Some(from)) if from.trim().is_empty() => {
            found.push("sum_from: it is empty; say who says that this is the sum".to_owned());
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    found
}

/// A name that stays in its folder, is no option of a command, and is not hidden.
fn is_safe(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ['-', '.', '_'].contains(&c);
    name.len() <= LONGEST_NAME
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(is_plain)
        && !name.contains("..")
}

/// Two models may share a file, but a name in the folder is one file only.
fn disagreements(models: &[Model]) -> Vec<String> {
    let mut first: BTreeMap<&str, (&str, &ModelFile)> = BTreeMap::new();
    let mut found = Vec::new();
    for model in models {
        for file in &model.files {
            let (other, before) = *first.entry(&file.file).or_insert((&model.name, file));
            if before != file && other != model.name {
                found.push(format!(
                    "{}: {} is another file there than in {other}, but the folder has room for one of this \
                     name; rename it, or give the model the name {other:?} to replace that one",
                    model.name, file.file
                ));
            }
        }
    }
    found
}
