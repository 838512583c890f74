//! How texts are cut into passages.

use crate::knowledge;

fn told(name: &str, text: &str) -> Vec<String> {
    knowledge(&[(name, text)]).passages().iter().map(|passage| passage.told()).collect()
}

#[test]
fn a_passage_is_read_behind_its_headings() {
    let text =
        "# Clinic\n\nWe treat animals.\n\n## Hours\n\nMonday to Friday:\neight to *six*.\n\n## Prices\n";
    let expected = ["Clinic: We treat animals.", "Clinic, Hours: Monday to Friday: eight to six."];
    assert_eq!(told("a.md", text), expected);
}

#[test]
fn a_heading_ends_those_below_it() {
    let text = "# A\n\n## B\n\none\n\n# C\n\ntwo\n\n### D\n\nthree\n\n## E\n\nfour";
    assert_eq!(told("a.md", text), ["A, B: one", "C: two", "C, D: three", "C, E: four"]);
}

#[test]
fn items_and_rows_are_lines_of_one_passage() {
    let list = "- cleaning: $90\n- crown\n  - gold: $900\n";
    assert_eq!(told("a.md", list), ["cleaning: $90\ncrown\ngold: $900"]);
    let table = "| item | price |\n|---|---|\n| cleaning | $90 |\n| crown | $900 |\n";
    assert_eq!(told("a.md", table), ["cleaning: $90\ncrown: $900"]);
    let wide =
        "| item | price | lasts |\n|---|---|---|\n| cleaning | $90 | 1 hour |\n| check | | 10 minutes |\n";
    assert_eq!(told("a.md", wide), ["cleaning: price $90, lasts 1 hour\ncheck: lasts 10 minutes"]);
}

#[test]
fn what_only_a_browser_shows_is_left_out() {
    let text =
        "<div>\n\n[Prices](prices.html) are **fair**.<br>\n\n---\n\n![a dog](dog.png) `code`\n\n</div>\n";
    assert_eq!(told("a.md", text), ["Prices are fair.\na dog code"]);
}

#[test]
fn a_plain_text_is_cut_at_its_empty_lines_and_its_signs_stay() {
    assert_eq!(told("a.txt", "# 1 *dog*\nand\n\n\n two "), ["# 1 *dog*\nand\ntwo"]);
}

#[test]
fn a_long_text_is_cut_behind_a_sentence_or_between_words_or_anywhere() {
    let sentences = "Nine words are in each of all these sentences. ".repeat(40);
    let passages = told("a.txt", &sentences);
    assert!(passages.len() == 4 && passages.iter().all(|text| text.ends_with("sentences.")), "{passages:?}");
    let words = told("a.txt", &"word ".repeat(300));
    assert!(words.iter().all(|text| text.ends_with("word") && text.starts_with("word")), "{words:?}");
    let signs = told("a.txt", &"\u{e9}".repeat(1_300));
    assert_eq!(signs.iter().map(|text| text.chars().count()).collect::<Vec<_>>(), [600, 600, 100]);
}
